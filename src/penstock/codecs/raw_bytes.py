"""Long byte strings, as they are."""

from typing import Any

from penstock.codecs.bytesio import blob_of, read, stored
from penstock.codecs.describe import short_text
from penstock.codecs.plain import LARGE_BYTES
from penstock.model.artifact import Description, Stored
from penstock.ports import Reader, Sink

__all__ = ["BytesCodec"]


class BytesCodec:
    """`bytes` that are long enough to be a blob of their own."""

    name = "bytes"

    def accepts(self, value: Any) -> bool:
        """Long `bytes`; short ones are plain values."""
        return type(value) is bytes and len(value) >= LARGE_BYTES

    def encode(self, value: Any, sink: Sink) -> Stored:
        """The bytes themselves."""
        return stored(self.name, blob_of(sink, value), self.describe(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """A copy of the bytes."""
        return bytes(read(stored, reader))

    def describe(self, value: Any) -> Description:
        """Their number and their beginning."""
        return Description("bytes", shape=(len(value),), text=short_text(value[:200]))
