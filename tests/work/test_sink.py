"""Few bytes travel with the value, many go to the store."""

import io
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.digest import digest_bytes
from penstock.stores.local import LocalStore
from penstock.work.sink import SMALL, StoreSink


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 64))
def test_bytes_come_back_wherever_they_went(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], small: int
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    sink = StoreSink(store, small)

    def write(file: io.RawIOBase) -> None:
        told = [file.write(part) for part in parts]
        assert told == [len(part) for part in parts]
        assert file.tell() == sum(told)
        file.flush()

    blob = sink.blob(write)  # type: ignore[arg-type]
    data = b"".join(parts)
    assert (blob.digest, blob.size) == (digest_bytes(data), len(data))
    if len(data) <= small:
        assert blob.data == data
        assert sink.stored == 0
    else:
        assert blob.data is None
        assert bytes(store.data(blob.digest)) == data
        assert sink.stored == len(data)


def test_buffers_of_any_form_are_counted_in_bytes(tmp_path: Path) -> None:
    import array

    numbers = array.array("d", range(100))
    sink = StoreSink(LocalStore(tmp_path), 10_000)
    blob = sink.blob(lambda file: file.write(memoryview(numbers)))
    assert blob.data == numbers.tobytes()
    strided = sink.blob(lambda file: file.write(memoryview(b"abcdef")[::2]))
    assert strided.data == b"ace"


def test_libraries_can_write_to_it(tmp_path: Path) -> None:
    import numpy as np
    import polars as pl

    store = LocalStore(tmp_path)
    sink = StoreSink(store)
    frame = pl.DataFrame({"a": range(50_000)})
    blob = sink.blob(frame.write_ipc)
    assert pl.read_ipc(bytes(store.data(blob.digest))).equals(frame)
    blob = sink.blob(lambda file: np.save(file, np.arange(3)))
    assert blob.data is not None
    assert np.load(io.BytesIO(blob.data)).tolist() == [0, 1, 2]
    blob = sink.blob(lambda file: pickle.dump({"x": "y" * SMALL}, file))
    assert pickle.loads(store.data(blob.digest)) == {"x": "y" * SMALL}


@pytest.mark.parametrize("size", [10, SMALL * 3])
def test_nothing_remains_of_a_blob_that_failed(tmp_path: Path, size: int) -> None:
    store = LocalStore(tmp_path)
    sink = StoreSink(store)

    def write(file: object) -> None:
        file.write(b"x" * size)  # type: ignore[attr-defined]
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        sink.blob(write)
    assert sink.stored == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]


@pytest.mark.parametrize("size", [0, 10, SMALL, SMALL + 1, SMALL * 5])
def test_files(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"z" * size)
    store = LocalStore(tmp_path / "store")
    sink = StoreSink(store)
    blob = sink.file(file)
    assert blob.digest == digest_bytes(b"z" * size)
    assert (blob.data is None) == (size > SMALL)
    assert (bytes(store.data(blob.digest)) if blob.data is None else blob.data) == b"z" * size
    assert sink.stored == (size if size > SMALL else 0)
