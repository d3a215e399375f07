import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import StoreError
from penstock.model.digest import digest_bytes
from penstock.stores import writing
from penstock.stores.disk import Disk
from penstock.stores.writing import Finished, Writer


class Kept:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[Finished] = []

    def writer(self, name: str = "w") -> Writer:
        return Writer(Disk(), self.folder / name, self.folder, self.done.append)

    def close(self) -> None:
        for one in self.done:
            os.close(one.fd)


@given(sizes=st.lists(st.integers(0, 40), max_size=12), scale=st.sampled_from([1, 60, 100_000]))
def test_bytes_arrive_in_order_however_they_are_cut(tmp_path_factory: pytest.TempPathFactory, sizes, scale) -> None:
    folder = tmp_path_factory.mktemp("w")
    kept = Kept(folder)
    parts = [os.urandom(size * scale) for size in sizes]
    with kept.writer() as writer:
        for part in parts:
            writer.write(part)
        blob = writer.finish()
    whole = b"".join(parts)
    assert (blob.digest, blob.size) == (digest_bytes(whole), len(whole))
    assert (folder / "w").read_bytes() == whole
    assert (folder / "w").stat().st_mode & 0o777 == 0o400
    kept.close()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(10, dtype=">i8"),
        np.zeros((0, 5)),
        np.arange(20)[::3],
        np.array(7.5),
    ],
    ids=["matrix", "fortran", "big-endian", "empty", "strided", "scalar"],
)
def test_arrays_are_written_as_their_bytes(tmp_path: Path, array: np.ndarray) -> None:
    kept = Kept(tmp_path)
    with kept.writer() as writer:
        assert writer.write(array) == array.nbytes
        writer.finish()
    assert (tmp_path / "w").read_bytes() == array.tobytes()
    kept.close()


def test_large_writes_are_not_copied(tmp_path: Path) -> None:
    seen: list[int] = []

    class Watching(Disk):
        def write(self, fd: int, data: memoryview) -> int:
            seen.append(np.frombuffer(data, "u1").__array_interface__["data"][0])
            return super().write(fd, data)

    array = np.zeros(5_000_000, "u1")
    done: list[Finished] = []
    with Writer(Watching(), tmp_path / "w", tmp_path, done.append) as writer:
        writer.write(array)
        writer.finish()
    assert seen == [array.__array_interface__["data"][0]]
    os.close(done[0].fd)


def test_short_writes_are_continued(tmp_path: Path) -> None:
    class Slow(Disk):
        def write(self, fd: int, data: memoryview) -> int:
            return super().write(fd, data[:1000])

    done: list[Finished] = []
    data = os.urandom(300_000)
    with Writer(Slow(), tmp_path / "w", tmp_path, done.append) as writer:
        writer.write(data)
        assert writer.finish().digest == digest_bytes(data)
    assert (tmp_path / "w").read_bytes() == data
    os.close(done[0].fd)


def test_libraries_may_close_it(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    with kept.writer() as writer:
        pickle.dump({"a": 1}, writer)
        writer.close()
        assert not writer.closed
        assert writer.writable()
        writer.write(b"!")
        blob = writer.finish()
    assert blob.size == len(pickle.dumps({"a": 1})) + 1
    kept.close()


def test_a_finished_blob_is_finished(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    with kept.writer() as writer:
        writer.write(b"x")
        assert writer.finish() == writer.finish()
        with pytest.raises(StoreError):
            writer.write(b"y")
    assert len(kept.done) == 1
    assert (tmp_path / "w").read_bytes() == b"x"
    kept.close()


def test_what_is_left_early_is_removed_and_closed(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    kept = Kept(tmp_path)
    with kept.writer() as writer:
        writer.write(b"x" * 1_000_000)
    assert os.listdir(tmp_path) == []
    assert kept.done == []
    assert not before or set(os.listdir("/proc/self/fd")) == before


def test_hashing_does_not_need_its_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "hash_threads", lambda: False)
    kept = Kept(tmp_path)
    data = os.urandom(3_000_000)
    with kept.writer() as writer:
        writer.write(data)
        assert writer.finish().digest == digest_bytes(data)
    kept.close()
