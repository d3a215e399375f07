"""Whatever else there is, by cloudpickle: marked as such, its large buffers as parts, its digest that of its state.

Reading such a value runs code that its bytes name. It is done in the processes that run steps, on bytes that match the
digest in the ledger; servers never do it.
"""

import io
import pickle
import shutil
import tempfile
from collections import ChainMap
from collections.abc import Iterator
from functools import cache
from typing import Any

from penstock.codecs import plain
from penstock.codecs.bytesio import blob_of, private, read, stored
from penstock.codecs.describe import json_safe, short_text, type_name
from penstock.codecs.tree import Part, pack, unpack
from penstock.errors import CodecError, Corrupt, PenstockError
from penstock.model.artifact import Description, Stored
from penstock.model.digest import combine
from penstock.ports import Reader, Sink
from penstock.values.state import StateError, state

__all__ = ["PickleCodec", "pickle_parts", "unpickle", "why_not"]

_PROTOCOL = 5
_IN_MEMORY = 1 << 26  # a longer pickle goes by way of a temporary file
_IN_BAND = 1 << 16  # buffers below this stay in the pickle
_SEARCH_DEPTH = 6
_SEARCH_ITEMS = 2000


class PickleCodec:
    """Any object that cloudpickle takes."""

    name = "pickle"

    def accepts(self, value: Any) -> bool:  # noqa: ARG002 - the last resort takes all and says later what it can't
        """Everything."""
        return True

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Pickle, large buffers out of band and without a copy. Raises `CodecError` with type and reason."""
        return pickle_parts(self.name, value, sink, self.describe(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The object; its arrays lie in private memory and may be written to."""
        return unpickle(stored, reader)

    def describe(self, value: Any) -> Description:
        """Type and text; parameters where it has `get_params`."""
        return Description(type_name(value), text=short_text(value), details=_details(value), pickled=True)


def _details(value: Any) -> dict[str, Any]:
    if callable(value) and hasattr(value, "__qualname__"):
        return {"name": json_safe(str(value.__qualname__))}
    return {}


def _refuse(file: Any) -> Any:
    raise pickle.PicklingError(f"{type(file).__name__} is an open file; read it, or return its path")


@cache
def _pickler() -> Any:
    """cloudpickle's pickler, but for open files, which it would quietly replace by their text."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        dispatch_table = ChainMap({io.TextIOWrapper: _refuse}, cloudpickle.Pickler.dispatch_table)

    return Pickler


def pickle_parts(codec: str, value: Any, sink: Sink, about: Description) -> Stored:
    """Store `value` by pickling it."""
    buffers: list[Any] = []

    def outside(buffer: pickle.PickleBuffer) -> bool:
        """Whether the buffer stays in the pickle."""
        try:
            raw = buffer.raw()
        except BufferError:  # not contiguous
            return True
        if raw.nbytes < _IN_BAND:
            return True
        buffers.append(raw)
        return False

    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        try:
            _pickler()(file, protocol=_PROTOCOL, buffer_callback=outside).dump(value)
        except PenstockError:
            raise
        except Exception as error:
            raise CodecError(f"a value of type `{type_name(value)}` can't be stored: {_reason(error)}") from None
        held = [Part(_body(file, sink)), *[Part(_raw(one, sink)) for one in buffers]]
    packed = pack(held, sink, _no_leaf)
    try:
        digest = combine("penstock.state", [type_name(value), state(value)])
    except StateError:
        digest = packed.digest
    return stored(codec, blob_of(sink, packed.root), about, digest=digest, parts=packed.parts, extra=packed.outside)


def _body(file: Any, sink: Sink) -> Stored:
    size = file.tell()
    file.seek(0)
    if size <= _IN_MEMORY:
        return _raw(file.read(), sink)
    blob = sink.blob(lambda out: shutil.copyfileobj(file, out, 1 << 20))
    return stored("raw", blob, Description("bytes"))


def _raw(data: Any, sink: Sink) -> Stored:
    return stored("raw", blob_of(sink, data), Description("bytes"))


def _no_leaf(value: Any, _: Sink) -> Stored:
    raise CodecError(f"a pickle's parts can't hold a {type_name(value)}")


def _no_part(stored: Stored, _: Reader) -> Any:
    raise Corrupt(f"a pickle refers to a {stored.codec}")


def unpickle(value: Stored, reader: Reader) -> Any:
    """The value of a stored pickle."""
    body, *buffers = [one.stored for one in unpack(read(value, reader), reader, _no_part)]
    memory = [private(one, reader) for one in buffers]
    try:
        return pickle.loads(read(body, reader), buffers=memory)
    except PenstockError:
        raise
    except Exception as error:
        raise CodecError(
            f"a stored `{value.about.type or 'value'}` can't be unpickled: {_reason(error)}",
            hint="The class or library that made it has changed or is not installed; run again to store it anew.",
        ) from error


def _reason(error: BaseException) -> str:
    try:
        text = str(error).strip()
    except Exception:  # the value's own exception class
        text = ""
    first = text.splitlines()[0][:300] if text else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value holds, with the text that leads there."""
    if isinstance(value, dict):
        yield from ((f"[{short_text(key)}]", one) for key, one in value.items())
    elif isinstance(value, list | tuple):
        names = getattr(value, "_fields", None)
        for number, one in enumerate(value):
            yield (f".{names[number]}" if names else f"[{number}]"), one
    elif isinstance(value, set | frozenset):
        yield from (("{…}", one) for one in value)
    else:
        attributes = dict(getattr(value, "__dict__", {})) if not isinstance(value, type) else {}
        for cls in type(value).__mro__:
            slots = vars(cls).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    attributes[name] = getattr(value, name)
        yield from ((f".{name}", one) for name, one in attributes.items())


def _storable(value: Any) -> bool:
    try:
        if plain.is_plain(value):
            return True
        _pickler()(io.BytesIO(), protocol=_PROTOCOL, buffer_callback=lambda _: False).dump(value)
    except Exception:  # whatever its reducer raises
        return False
    return True


def why_not(value: Any, name: str = "result") -> tuple[str, str]:
    """Where in a value lies what can't be stored, and its type: (`result["lock"][2]`, `_thread.lock`)."""
    if _storable(value):  # what failed was not the pickling
        return name, type_name(value)
    path, depth = name, 0
    seen = {id(value)}
    while depth < _SEARCH_DEPTH:
        for number, (step, one) in enumerate(_inside(value)):
            if number > _SEARCH_ITEMS:
                break
            if id(one) not in seen and not _storable(one):
                seen.add(id(one))
                value, path, depth = one, path + step, depth + 1
                break
        else:
            break
    return path, type_name(value)
