"""Long byte strings are blobs as they are."""

from typing import Any

from penstock.codecs.plain import LARGE_BYTES
from penstock.codecs.raw_bytes import BytesCodec
from penstock.testing.codecs import CodecContract, MemorySink


class TestBytesCodec(CodecContract):
    codec = BytesCodec()

    def examples(self) -> list[Any]:
        return [b"a" * LARGE_BYTES, b"b" * LARGE_BYTES, bytes(range(256)) * 1000]


def test_the_blob_is_the_value() -> None:
    sink = MemorySink()
    value = b"x" * LARGE_BYTES
    assert sink.blobs[BytesCodec().encode(value, sink).blob] == value


def test_short_ones_and_others_are_not_taken() -> None:
    assert not any(map(BytesCodec().accepts, (b"short", "x" * LARGE_BYTES, bytearray(LARGE_BYTES))))
