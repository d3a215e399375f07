"""What every store must keep: a suite to inherit from.

    class TestMyStore(StoreContract):
        def make(self, folder):
            return MyStore(folder)

`make` is called more than once with the same folder: these objects stand for other processes on the same store.
Needs pytest.
"""

import array
import threading
import time
from pathlib import Path

import pytest

from penstock.errors import Corrupt, StoreError
from penstock.model.digest import digest_bytes
from penstock.ports import Blob, Store

__all__ = ["StoreContract"]

_ABSENT = digest_bytes(b"nobody wrote this")


def _write(store: Store, *parts: bytes) -> Blob:
    with store.writer() as writer:
        for part in parts:
            writer.write(part)
        return writer.finish()


def _kept(store: Store, *parts: bytes) -> Blob:
    blob = _write(store, *parts)
    store.sync()
    return blob


class StoreContract:
    """Inherit from it under a name that pytest collects, and say how the store is made.

    `grain` is how finely, in seconds, the store tells ages: blobs may seem so much younger than they are.
    """

    grain = 0.0

    def make(self, folder: Path) -> Store:
        """The store in a folder."""
        raise NotImplementedError

    def damage(self, store: Store, digest: str, data: bytes) -> None:
        """Put other bytes in a blob's place, behind the store's back. To be overridden where `path` is a copy."""
        path = store.path(digest)
        path.chmod(0o600)
        path.write_bytes(data)

    @pytest.mark.parametrize("size", [0, 1, 4095, 300_000, 3_000_001])
    def test_what_was_written_is_read(self, tmp_path: Path, size: int) -> None:
        """Bytes come back as they were, under the digest of their content."""
        data = bytes(range(251)) * (size // 251 + 1)
        store = self.make(tmp_path)
        blob = _kept(store, data[:size])
        assert blob.digest == digest_bytes(data[:size])
        assert blob.size == size
        assert blob.data is None
        assert bytes(self.make(tmp_path).data(blob.digest)) == data[:size]
        assert self.make(tmp_path).path(blob.digest).read_bytes() == data[:size]

    def test_many_writes_make_one_blob(self, tmp_path: Path) -> None:
        """How bytes were cut into writes does not matter; the position is told."""
        store = self.make(tmp_path)
        parts = [b"a" * 10, b"", b"b" * 400_000, b"c" * 7, b"d" * 2_000_000]
        with store.writer() as writer:
            assert [writer.write(part) for part in parts] == [len(part) for part in parts]
            writer.flush()
            assert writer.tell() == sum(map(len, parts))
            blob = writer.finish()
        assert blob.digest == digest_bytes(b"".join(parts))
        assert bytes(store.data(blob.digest)) == b"".join(parts)

    def test_any_buffer_can_be_written(self, tmp_path: Path) -> None:
        """Arrays, slices and strided views are written as their bytes, and may be reused at once."""
        numbers = array.array("d", [1.5, 2.5, 3.5])
        reused = bytearray(b"x" * 1_500_000)
        store = self.make(tmp_path)
        with store.writer() as writer:
            assert writer.write(numbers) == 24
            assert writer.write(memoryview(b"abcdef")[::2]) == 3
            assert writer.write(memoryview(b"abcdef")[2:4]) == 2
            assert writer.write(reused) == len(reused)
            reused[:] = b"y" * len(reused)
            blob = writer.finish()
        assert bytes(store.data(blob.digest)) == numbers.tobytes() + b"ace" + b"cd" + b"x" * 1_500_000

    def test_a_finished_blob_can_be_read_before_it_is_durable(self, tmp_path: Path) -> None:
        """Other processes of this run read at once; nobody is told that the blob is there before `sync`."""
        store, other = self.make(tmp_path), self.make(tmp_path)
        blob = _write(store, b"early")
        assert bytes(other.data(blob.digest)) == b"early"
        path = other.path(blob.digest)
        assert not other.has(blob.digest)
        assert blob.digest not in set(other.digests())
        store.sync()
        assert path.read_bytes() == b"early"
        assert other.has(blob.digest)
        assert set(other.digests()) == {blob.digest}

    def test_what_was_not_finished_leaves_nothing(self, tmp_path: Path) -> None:
        """Neither a block left early nor an error inside one makes a blob."""
        store = self.make(tmp_path)
        with store.writer() as writer:
            writer.write(b"half")
        with pytest.raises(ZeroDivisionError), store.writer() as writer:  # noqa: PT012 - the block is what is tested
            writer.write(b"half")
            raise ZeroDivisionError
        store.sync()
        assert list(store.digests()) == []
        assert not store.has(digest_bytes(b"half"))

    def test_equal_content_is_one_blob(self, tmp_path: Path) -> None:
        """Whoever writes it."""
        store, other = self.make(tmp_path), self.make(tmp_path)
        one, two = _write(store, b"same"), _write(other, b"sa", b"me")
        three = _write(store, b"same")
        store.sync()
        other.sync()
        assert one == two == three
        assert list(store.digests()) == [one.digest]
        assert _kept(store, b"same") == one

    def test_a_file_is_adopted_and_left_alone(self, tmp_path: Path) -> None:
        """The blob does not change with the file, nor the file with the blob."""
        file = tmp_path / "user.bin"
        file.write_bytes(b"u" * 100_000)
        file.chmod(0o640)
        store = self.make(tmp_path / "store")
        blob = store.adopt(file)
        store.sync()
        assert file.stat().st_mode & 0o777 == 0o640
        assert file.stat().st_nlink == 1
        with file.open("r+b") as handle:
            handle.write(b"changed")
        assert bytes(store.data(blob.digest)) == b"u" * 100_000
        assert blob == Blob(digest_bytes(b"u" * 100_000), 100_000)

    def test_only_files_are_adopted(self, tmp_path: Path) -> None:
        """A folder, and what is not there, is refused in words."""
        store = self.make(tmp_path / "store")
        for path in (tmp_path, tmp_path / "absent"):
            with pytest.raises(StoreError) as caught:
                store.adopt(path)
            assert str(path) in caught.value.what

    def test_what_is_absent_is_corrupt(self, tmp_path: Path) -> None:
        """Never an empty answer, and never another kind of error."""
        store = self.make(tmp_path)
        for ask in (store.data, store.path):
            with pytest.raises(Corrupt):
                ask(_ABSENT)
        assert not store.has(_ABSENT)
        assert not store.verify(_ABSENT)
        assert store.remove(_ABSENT) == 0

    @pytest.mark.parametrize("digest", ["", "../../etc/passwd", "blake3:" + "/" * 64, "blake3:" + "A" * 64, "x" * 71])
    def test_only_digests_are_addresses(self, tmp_path: Path, digest: str) -> None:
        """No text leads out of the store."""
        store = self.make(tmp_path)
        for ask in (store.data, store.path, store.has, store.verify, store.remove):
            with pytest.raises(StoreError):
                ask(digest)

    @pytest.mark.parametrize("change", ["flip", "cut", "empty", "double", "other"])
    def test_damage_is_found_and_put_aside(self, tmp_path: Path, change: str) -> None:
        """A damaged blob is never served, and its place is free for a good one."""
        good = bytes(range(256)) * 500
        store = self.make(tmp_path)
        blob = _kept(store, good)
        bad = {
            "flip": good[:1000] + bytes([good[1000] ^ 4]) + good[1001:],
            "cut": good[:-1],
            "empty": b"",
            "double": good + good,
            "other": bytes(len(good)),
        }[change]
        self.damage(store, blob.digest, bad)
        with pytest.raises(Corrupt):
            self.make(tmp_path).data(blob.digest)
        assert not store.has(blob.digest)
        assert not store.verify(blob.digest)
        assert _kept(store, good) == blob
        assert bytes(self.make(tmp_path).data(blob.digest)) == good
        assert store.verify(blob.digest)

    def test_verify_finds_damage(self, tmp_path: Path) -> None:
        """Even in a blob that was read before."""
        store = self.make(tmp_path)
        blob = _kept(store, b"read before")
        assert bytes(store.data(blob.digest)) == b"read before"
        assert store.verify(blob.digest)
        self.damage(store, blob.digest, b"read befooe")
        assert not store.verify(blob.digest)
        assert not store.has(blob.digest)

    def test_a_damaged_blob_is_replaced_by_a_writer(self, tmp_path: Path) -> None:
        """One of another size, at least, does not stand in the way of the good one."""
        store = self.make(tmp_path)
        blob = _kept(store, b"whole content")
        self.damage(store, blob.digest, b"whole")
        assert _kept(self.make(tmp_path), b"whole content") == blob
        assert bytes(self.make(tmp_path).data(blob.digest)) == b"whole content"

    def test_remove_frees(self, tmp_path: Path) -> None:
        """The bytes freed are told, once."""
        store = self.make(tmp_path)
        blob = _kept(store, b"r" * 1234)
        view = store.data(blob.digest)
        assert store.remove(blob.digest) == 1234
        assert store.remove(blob.digest) == 0
        assert not store.has(blob.digest)
        assert list(store.digests()) == []
        assert bytes(view) == b"r" * 1234  # whoever reads it may read on

    def test_only_what_is_old_enough_is_collected(self, tmp_path: Path) -> None:
        """Being found by a writer of the same bytes makes a blob young again."""
        store = self.make(tmp_path)
        old, fresh = _kept(store, b"old"), _kept(store, b"fresh" * 100)
        assert store.size(fresh.digest) == 500
        assert store.collect(old.digest, 3600.0) == 0
        assert store.has(old.digest)
        time.sleep(0.3 + 2 * self.grain)
        begun = time.monotonic()
        _kept(self.make(tmp_path), b"fresh" * 100)
        assert store.age(fresh.digest) <= time.monotonic() - begun + 0.1
        assert store.collect(fresh.digest, 3600.0) == 0
        assert store.collect(old.digest, 0.2) == 3
        assert set(store.digests()) == {fresh.digest}
        assert store.collect(old.digest, 0.0) == 0
        assert (store.size(old.digest), store.age(old.digest)) == (0, 0.0)

    def test_a_blob_is_there_for_all_once_it_is_durable(self, tmp_path: Path) -> None:
        """Other objects read it, know its size, list it, and may have it as a file at once."""
        blob = _kept(self.make(tmp_path), b"for all" * 1000)
        for _ in range(2):
            other = self.make(tmp_path)
            assert other.has(blob.digest)
            assert other.size(blob.digest) == 7000
            assert list(other.digests()) == [blob.digest]
            assert other.inspect(blob.digest) == "good"
            assert other.path(blob.digest).read_bytes() == b"for all" * 1000

    def test_what_was_not_synced_is_not_there(self, tmp_path: Path) -> None:
        """Of a process that ended too early, others have nothing."""
        store, other = self.make(tmp_path), self.make(tmp_path)
        blob = _write(store, b"never synced")
        assert not other.has(blob.digest)
        assert list(other.digests()) == []
        assert other.remove(blob.digest) == 0

    def test_a_file_lives_as_long_as_its_reader(self, tmp_path: Path) -> None:
        """Whoever holds it open reads on when the blob is removed, and a writer may write it anew."""
        store = self.make(tmp_path)
        blob = _kept(store, b"open" * 5000)
        with store.path(blob.digest).open("rb") as file:
            assert self.make(tmp_path).remove(blob.digest) == 20_000
            assert file.read() == b"open" * 5000
        assert _kept(self.make(tmp_path), b"open" * 5000) == blob
        assert bytes(self.make(tmp_path).data(blob.digest)) == b"open" * 5000

    def test_inspecting_moves_nothing(self, tmp_path: Path) -> None:
        """A damaged blob stays until it is verified; then it is counted among what was put aside."""
        store = self.make(tmp_path)
        blob = _kept(store, b"inspected")
        assert store.inspect(blob.digest) == "good"
        self.damage(store, blob.digest, b"inspektet")
        for _ in range(2):
            assert store.inspect(blob.digest) == "damaged"
        assert store.quarantined() == []
        assert not store.verify(blob.digest)
        assert store.inspect(blob.digest) == "gone"
        assert len(store.quarantined()) == 1
        assert store.inspect(_ABSENT) == "gone"

    def test_what_others_write_is_no_leftover(self, tmp_path: Path) -> None:
        """A process that lives may go on with its files."""
        store = self.make(tmp_path)
        with store.writer() as writer:
            writer.write(b"half")
            assert self.make(tmp_path).leftovers(3600.0) == []
            assert self.make(tmp_path).clean(3600.0) == 0
            writer.write(b"whole")
            blob = writer.finish()
        store.sync()
        assert bytes(store.data(blob.digest)) == b"halfwhole"

    def test_threads_write_at_once(self, tmp_path: Path) -> None:
        """One object serves several threads."""
        store = self.make(tmp_path)
        made: list[Blob] = []

        def work(number: int) -> None:
            for turn in range(10):
                made.append(_write(store, b"%d of %d" % (turn, number % 4)))
            store.sync()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 80
        assert set(store.digests()) == {blob.digest for blob in made}
        assert all(store.verify(blob.digest) for blob in made)
