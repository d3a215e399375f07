"""Between codecs and store: verified reading, private memory, files that can't be closed."""

import io
from typing import Any

import pytest
from msgspec.structs import replace

from penstock.codecs.bytesio import Outlet, blob_of, private, read, stored, write_all
from penstock.errors import Corrupt
from penstock.model.artifact import Description
from penstock.model.digest import digest_bytes
from penstock.testing.codecs import MemorySink


def kept(data: bytes, sink: MemorySink) -> Any:
    return stored("raw", blob_of(sink, data), Description("bytes"))


@pytest.mark.parametrize("size", [0, 10, 2000, 5000, 3_000_000])
def test_bytes_are_read_as_they_were_written(size: int) -> None:
    sink, data = MemorySink(), bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    one = kept(data, sink)
    assert (one.size, one.blob) == (size, digest_bytes(data))
    assert read(one, sink.reader()) == data
    memory = private(one, sink.reader())
    assert memory[:] == data
    if size:
        memory[0] = 1
        assert read(one, sink.reader()) == data


def test_bytes_that_travel_with_a_value_are_verified() -> None:
    one = kept(b"good", MemorySink())
    assert one.data == b"good"
    with pytest.raises(Corrupt, match="bytes"):
        read(replace(one, data=b"evil"), MemorySink().reader())


def test_a_very_small_value_does_not_trouble_the_sink() -> None:
    assert blob_of(None, b"x").data == b"x"  # type: ignore[arg-type]


class Slow(io.BytesIO):
    """A file that takes a little at a time."""

    def write(self, data: Any) -> int:
        return super().write(memoryview(data)[:3])


def test_all_is_written_whatever_one_call_takes() -> None:
    file = Slow()
    write_all(file, b"0123456789")
    assert file.getvalue() == b"0123456789"


def test_an_outlet_counts_and_stays_open() -> None:
    taken: list[bytes] = []
    outlet = Outlet(lambda data: taken.append(bytes(data)))
    assert outlet.write(b"abc") == 3
    outlet.flush()
    outlet.close()
    assert outlet.write(memoryview(b"de")) == 2
    assert (outlet.tell(), outlet.closed, outlet.writable(), outlet.readable(), outlet.seekable()) == (
        5,
        False,
        True,
        False,
        False,
    )
    assert taken == [b"abc", b"de"]
