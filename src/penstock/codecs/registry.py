"""All codecs together: the cheapest test first, the most general codec last.

A codec is found by the value's type. The built-in ones look at what is in `sys.modules`, so a library is never imported
to find out that a value is not its own; what it takes to store one is imported when one is met.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from penstock.codecs import plain
from penstock.codecs.arrays import ArrayCodec, GeneratorCodec
from penstock.codecs.arrow_tables import ArrowCodec
from penstock.codecs.bytesio import blob_of, read, stored
from penstock.codecs.describe import describe_plain, type_name
from penstock.codecs.figures import FigureCodec, ImageCodec, PictureBytesCodec, PictureTextCodec
from penstock.codecs.models import BoosterCodec, ModelCodec, TensorCodec, WrapperCodec
from penstock.codecs.pandas_frames import PandasCodec
from penstock.codecs.paths import PathCodec
from penstock.codecs.pickled import PickleCodec, why_not
from penstock.codecs.polars_frames import PolarsCodec
from penstock.codecs.raw_bytes import BytesCodec
from penstock.codecs.sparse import SparseCodec
from penstock.codecs.tree import DecodeOne, EncodeOne, TreeCodec
from penstock.errors import CodecError, MissingExtra, distribution
from penstock.model.artifact import Description, Stored
from penstock.ports import Codec, Reader, Sink

__all__ = ["Codecs", "PlainCodec"]

_WORDS = frozenset({type(None), bool, int, float, str})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})


class PlainCodec:
    """Values of plain types only: see `penstock.codecs.plain`."""

    name = "plain"

    def accepts(self, value: Any) -> bool:
        """Whether all of it is plain."""
        return plain.is_plain(value)

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Canonical bytes."""
        try:
            data = plain.encode(value)
        except plain.NotPlain as error:
            raise CodecError(f"a plain value holds a `{type_name(error.value)}`") from None
        return stored("plain", blob_of(sink, data), describe_plain(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The value; no code is run that the bytes carry."""
        return plain.decode(read(stored, reader))

    def describe(self, value: Any) -> Description:
        """Type, length and a short text."""
        return describe_plain(value)


class Codecs:
    """Stores any value and reads it again. `extra` codecs are asked before the built-in ones, in their order."""

    def __init__(self, extra: Sequence[Codec] = ()) -> None:
        self._extra = tuple(extra)
        self._tree = TreeCodec(self._one, self.decode)
        self._plain = PlainCodec()
        made: list[Codec] = [make(self._one, self.decode) for make in _WITH_PARTS]
        alone: list[Codec] = [make() for make in _ALONE]
        self._leaves: tuple[Codec, ...] = (*made, *alone, PickleCodec())
        self._named: dict[str, Codec] = {
            one.name: one for one in (*self._leaves, self._tree, self._plain, *reversed(self._extra))
        }

    def named(self, name: str) -> Codec:
        """The codec of this name. Raises `CodecError`."""
        found = self._named.get(name)
        if found is None:
            raise CodecError(
                f"a value was stored by the codec `{name}`, which is not here",
                hint="Install the package that brings it; codecs are entry points under `penstock.codecs`.",
            )
        return found

    def __iter__(self) -> Iterator[Codec]:
        return iter(self._named.values())

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Store a value. Raises `CodecError` naming the type and the place inside the value that can't be stored."""
        try:
            return self._one(value, sink)
        except RecursionError:
            raise CodecError(
                f"a value of type `{type_name(value)}` is nested too deeply to be stored",
                hint=f"Python follows at most {sys.getrecursionlimit()} levels; keep it flat, or write it to a file.",
            ) from None
        except CodecError as error:
            path, kind = why_not(value)
            if path == "result":
                raise
            reason = error.what.removeprefix(f"a value of type `{kind}` can't be stored: ")
            raise CodecError(f"{path} is a `{kind}` and can't be stored: {reason}", hint=error.hint) from None

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The value again. Raises `Corrupt`, `CodecError`, or `MissingExtra` where its library is not here."""
        try:
            return self.named(stored.codec).decode(stored, reader)
        except ImportError as error:
            library = (error.name or str(error)).partition(".")[0]
            what = stored.about.type or f"value of the codec `{stored.codec}`"
            raise MissingExtra(
                f"reading a stored {what} needs {library}",
                hint=f"Install `{distribution(library)}` in this environment.",
            ) from None

    def _one(self, value: Any, sink: Sink) -> Stored:
        for extra in self._extra:
            if extra.accepts(value):
                return extra.encode(value, sink)
        kind = type(value)
        if kind in _WORDS and (kind is not str or value[:1] != "<"):
            return stored("plain", blob_of(sink, plain.encode(value)), describe_plain(value))
        if kind not in _CONTAINERS:
            for codec in self._leaves[:-1]:
                if codec.accepts(value):
                    return codec.encode(value, sink)
        try:
            return self._tree.encode(value, sink)
        except (plain.NotPlain, RecursionError):  # not a container, or one that holds itself, which pickle can follow
            return self._leaves[-1].encode(value, sink)


_WITH_PARTS: tuple[Callable[[EncodeOne, DecodeOne], Codec], ...] = (
    PolarsCodec,
    PandasCodec,
    ArrowCodec,
    ArrayCodec,
    GeneratorCodec,
    SparseCodec,
    BoosterCodec,
    WrapperCodec,
    TensorCodec,
)
_ALONE: tuple[Callable[[], Codec], ...] = (
    ModelCodec,
    FigureCodec,
    ImageCodec,
    PictureBytesCodec,
    PictureTextCodec,
    BytesCodec,
    PathCodec,
)
