"""Nested values: a plain skeleton whose leaves (frames, arrays, models, files) are stored each by its own codec.

The skeleton names a leaf by codec and digest of its content; a table beside it says where the leaf's bytes lie. So the
digest of the skeleton is the digest of the value, even where a leaf's bytes differ from one process to the next; equal
leaves are stored once; large ones are blobs of their own, mapped when they are read; small ones lie in the table.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import msgpack

from penstock.codecs import plain
from penstock.codecs.bytesio import blob_of, read, stored
from penstock.codecs.describe import describe_plain
from penstock.errors import Corrupt
from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.ports import Reader, Sink

__all__ = ["DecodeOne", "EncodeOne", "Packed", "Part", "TreeCodec", "is_container", "pack", "unpack"]

EncodeOne = Callable[[Any, Sink], Stored]
DecodeOne = Callable[[Stored, Reader], Any]

_SHOWN_LEAVES = 20
_MANY = 50


class Part:
    """A leaf that its owner has stored itself and will read itself."""

    __slots__ = ("stored",)

    def __init__(self, stored: Stored) -> None:
        self.stored = stored


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """A line of the table of leaves."""

    codec: str
    digest: str
    blob: str
    size: int
    parts: tuple[str, ...]
    data: bytes | None
    owned: bool
    type: str


class Packed(msgspec.Struct, frozen=True):
    """What packing gives: the skeleton, the root (skeleton and table), the digest of the content, the blobs outside the
    root and their bytes, and the leaves."""

    skeleton: bytes
    root: bytes
    digest: str
    parts: tuple[str, ...]
    outside: int
    leaves: tuple[Stored, ...]


_table = msgpack.Decoder(tuple[bytes, dict[bytes, _Entry]])


def pack(value: Any, sink: Sink, encode_one: EncodeOne) -> Packed:
    """Store the leaves of a value and give the bytes that hold the rest. Leaves are in the order in which they are met.

    Raises `NotPlain` for a value that is itself a leaf, and for one that holds so many pickled leaves that it had better
    be pickled whole.
    """
    found: dict[bytes, tuple[Stored, bool]] = {}
    met = [0]

    def leaf(one: Any) -> bytes:
        if one is value:
            raise plain.NotPlain(one)
        owned = isinstance(one, Part)
        kept = one.stored if owned else encode_one(one, sink)
        if kept.codec == "pickle" and not owned:
            met[0] += 1
            if met[0] > _MANY:
                raise plain.NotPlain(value)
        name = kept.identity.encode()
        found.setdefault(name, (kept, owned))
        return name

    skeleton = plain.encode(value, leaf)
    digest = digest_bytes(skeleton)
    table = {
        name: _Entry(one.codec, one.digest, one.blob, one.size, one.parts, one.data, owned, one.about.type)
        for name, (one, owned) in found.items()
    }
    parts: dict[str, None] = {}
    outside = 0
    for one, _ in found.values():
        outside += one.size - len(one.data or b"")
        parts.update(dict.fromkeys([*([one.blob] if one.data is None else []), *one.parts]))
    root = msgpack.encode((skeleton, table))
    return Packed(skeleton, root, digest, tuple(parts), outside, tuple(one for one, _ in found.values()))


def unpack(root: Any, reader: Reader, decode_one: DecodeOne) -> Any:
    """The value again, from its root. Equal leaves are decoded each time they are met, so that none is shared."""
    try:
        skeleton, table = _table.decode(root)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Corrupt(f"the table of a stored value can't be read: {error}") from None

    def leaf(name: bytes) -> Any:
        entry = table.get(name)
        if entry is None:
            raise Corrupt(f"a part of a stored value is not in its table: {name!r}")
        about = Description(type=entry.type)
        one = Stored(entry.codec, entry.digest, entry.blob, entry.size, entry.parts, entry.data, about)
        return Part(one) if entry.owned else decode_one(one, reader)

    return plain.decode(skeleton, leaf)


class TreeCodec:
    """Tuples, lists, dicts, sets, dataclasses and the like with something in them that is not plain."""

    name = "tree"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """Containers, and classes that are found by name."""
        return is_container(value)

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Store a nested value; one without leaves is stored as `plain`."""
        packed = pack(value, sink, self._encode_one)
        about = self.describe(value)
        if not packed.leaves:
            return stored("plain", blob_of(sink, packed.skeleton), about)
        about = _with_leaves(about, packed.leaves)
        blob = blob_of(sink, packed.root)
        return stored("tree", blob, about, digest=packed.digest, parts=packed.parts, extra=packed.outside)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The nested value, its leaves mapped where their codecs do."""
        return unpack(read(stored, reader), reader, self._decode_one)

    def describe(self, value: Any) -> Description:
        """Type, length and a short text."""
        return describe_plain(value)


def _with_leaves(about: Description, leaves: tuple[Stored, ...]) -> Description:
    shown: list[Mapping[str, Any]] = []
    for one in leaves[:_SHOWN_LEAVES]:
        line: dict[str, Any] = {"type": one.about.type, "digest": one.digest, "bytes": one.size}
        if one.about.rows is not None:
            line["rows"] = one.about.rows
        if one.about.shape:
            line["shape"] = list(one.about.shape)
        if one.about.pickled:
            line["pickled"] = True
        shown.append(line)
    details = {**about.details, "parts": shown, "part_count": len(leaves)}
    return msgspec.structs.replace(about, details=details, pickled=any(one.about.pickled for one in leaves))


def is_container(value: Any) -> bool:
    """Whether plain encoding knows this value's own level."""

    def leaf(one: Any) -> bytes:
        if one is value:
            raise plain.NotPlain(one)
        return b""

    try:
        plain.encode(value, leaf)
    except plain.NotPlain:
        return False
    except RecursionError:
        pass
    return True
