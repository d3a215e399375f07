import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.errors import Corrupt, StoreError
from penstock.model.digest import digest_bytes
from penstock.ports import Store
from penstock.stores.disk import Disk
from penstock.stores.local import LocalStore
from penstock.testing.stores import StoreContract


class TestLocalStore(StoreContract):
    def make(self, folder: Path) -> LocalStore:
        return LocalStore(folder / "store")


def put(store: LocalStore, data: bytes, *, sync: bool = True) -> str:
    with store.writer() as writer:
        writer.write(data)
        digest = writer.finish().digest
    if sync:
        store.sync()
    return digest


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Recorder(Disk):
    """Records the calls that durability hangs on, and fails those that `fail` names."""

    def __init__(self, fail: str = "", number: int = errno.EIO, after: int = 0) -> None:
        self.calls: list[tuple[str, str]] = []
        self.fail = fail
        self.number = number
        self.after = after

    def _note(self, call: str, what: str) -> None:
        self.calls.append((call, what))
        if call == self.fail:
            self.after -= 1
            if self.after < 0:
                raise OSError(self.number, os.strerror(self.number))

    def create(self, path: Path) -> int:
        self._note("create", path.name)
        return super().create(path)

    def write(self, fd: int, data: memoryview) -> int:
        self._note("write", str(fd))
        return super().write(fd, data)

    def seal(self, fd: int) -> None:
        self._note("seal", str(fd))
        super().seal(fd)

    def fsync(self, fd: int) -> None:
        self._note("fsync", os.readlink(f"/proc/self/fd/{fd}").rsplit("/", 1)[-1])
        super().fsync(fd)

    def fsync_folder(self, path: Path) -> None:
        self._note("fsync_folder", path.name)
        super().fsync_folder(path)

    def link(self, source: Path, target: Path) -> None:
        self._note("link", f"{source.name} {target.name}")
        super().link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        self._note("rename", f"{source.name} {target.name}")
        super().rename(source, target)

    def mkdir(self, path: Path) -> None:
        self._note("mkdir", path.name)
        super().mkdir(path)

    def copy(self, source: int, target: int, size: int) -> None:
        self._note("copy", str(size))
        super().copy(source, target, size)


def test_it_is_a_store(tmp_path: Path) -> None:
    assert isinstance(LocalStore(tmp_path), Store)
    assert LocalStore(tmp_path).location == str(tmp_path)


def test_the_layout(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "new" / "store")
    assert not (tmp_path / "new").exists()  # reading commands make nothing
    assert list(store.digests()) == []
    before = os.umask(0)
    try:
        digest = put(store, b"content")
    finally:
        os.umask(before)
    name = digest.removeprefix("blake3:")
    assert files(store.folder) == [f"blobs/{name[:2]}/{name}"]
    for folder in ("", "blobs", f"blobs/{name[:2]}", "tmp", "pending"):
        assert stat.S_IMODE((store.folder / folder).stat().st_mode) == 0o700, folder
    assert stat.S_IMODE((store.folder / "blobs" / name[:2] / name).stat().st_mode) == 0o400


@pytest.mark.parametrize("made", range(4))
def test_a_process_killed_while_it_made_the_folders_leaves_a_store_that_works(tmp_path: Path, made: int) -> None:
    class Dies(Recorder):
        def mkdir(self, path: Path) -> None:
            if len(self.calls) == made:
                raise KeyboardInterrupt
            super().mkdir(path)

    with pytest.raises(KeyboardInterrupt):
        put(LocalStore(tmp_path / "store", disk=Dies()), b"first")
    store = LocalStore(tmp_path / "store")
    assert bytes(store.data(put(store, b"second"))) == b"second"


@pytest.mark.needs("proc")
def test_the_order_of_durability(tmp_path: Path) -> None:
    disk = Recorder()
    store = LocalStore(tmp_path / "store", disk=disk)
    digests = [put(store, b"%d" % number, sync=False) for number in range(5)]
    assert not [call for call, _ in disk.calls if call in ("fsync", "rename")]
    assert not any(store.has(digest) for digest in digests)
    store.sync()
    order = [call for call in disk.calls if call[0] in ("fsync", "rename", "fsync_folder")]
    for digest in digests:
        name = digest.removeprefix("blake3:")
        renamed = next(place for place, call in enumerate(order) if call[0] == "rename" and call[1].endswith(name))
        temporary = order[renamed][1].split()[0]
        assert ("fsync", temporary) in order[:renamed]
        assert ("fsync_folder", name[:2]) in order[renamed:]
    assert ("fsync_folder", "blobs") in order
    assert ("fsync_folder", "store") in order
    assert ("fsync_folder", tmp_path.name) in order
    disk.calls.clear()
    put(store, b"0")
    kinds = [call[0] for call in disk.calls]
    assert "fsync_folder" in kinds  # whoever relies on a blob that was there makes its name durable
    assert "rename" not in kinds
    disk.calls.clear()
    store.sync()
    assert disk.calls == []


@pytest.mark.parametrize(
    "call", ["create", "write", "seal", "link", "fsync", "rename", "fsync_folder", "mkdir", "copy"]
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.needs("proc")
def test_an_error_anywhere_leaves_nothing_behind(tmp_path: Path, call: str, number: int, after: int) -> None:
    """And nothing that was not fsynced is ever found under a final name; another try then works."""
    good = LocalStore(tmp_path / "store")
    kept = put(good, b"was there before")
    (tmp_path / "user").write_bytes(b"user's file")
    disk = Recorder(call, number, after)
    store = LocalStore(tmp_path / "store", disk=disk)
    contents = [b"one" * 200_000, b"two", b"three"]
    errors: list[StoreError] = []
    for turn in range(4):
        try:
            if turn < 3:
                put(store, contents[turn])
            else:
                store.adopt(tmp_path / "user")
                store.sync()
        except StoreError as error:
            errors.append(error)
    assert errors or after
    assert all(str(tmp_path / "store") in error.what and error.hint for error in errors)
    assert [name for name in files(good.folder) if not name.startswith("blobs/")] == []
    assert good.has(kept)
    for digest in list(good.digests()):
        assert good.verify(digest)
    disk.fail = ""
    for content in contents:
        assert bytes(store.data(put(store, content))) == content


@pytest.mark.needs("proc")
def test_an_fsync_that_failed_is_never_tried_again(tmp_path: Path) -> None:
    disk = Recorder("fsync")
    store = LocalStore(tmp_path, disk=disk)
    digest = put(store, b"lost", sync=False)
    with pytest.raises(StoreError, match="input/output error"):
        store.sync()
    disk.fail = ""
    store.sync()  # nothing is left that could be said to be durable
    assert not store.has(digest)
    with pytest.raises(Corrupt):
        store.data(digest)
    assert [call for call, _ in disk.calls].count("fsync") == 1


@pytest.mark.needs("proc")
def test_one_bad_blob_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    disk = Recorder("fsync", after=2)
    store = LocalStore(tmp_path, disk=disk)
    digests = [put(store, b"%d" % number, sync=False) for number in range(3)]
    with pytest.raises(StoreError):
        store.sync()
    assert sum(store.has(digest) for digest in digests) == 2


def test_many_small_blobs_do_not_run_out_of_files(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digests = [put(store, b"%d" % number, sync=False) for number in range(300)]
    assert len(os.listdir("/proc/self/fd")) < 150 if os.path.isdir("/proc/self/fd") else True
    assert all(bytes(store.data(digest)) == b"%d" % number for number, digest in enumerate(digests))
    store.sync()
    assert set(store.digests()) == set(digests)
    assert not files(store.folder / "tmp")
    assert not files(store.folder / "pending")


def test_a_damaged_blob_of_equal_size_is_replaced_where_the_store_is_told_to_look(tmp_path: Path) -> None:
    digest = put(LocalStore(tmp_path), b"good content")
    path = LocalStore(tmp_path).path(digest)
    path.chmod(0o600)
    path.write_bytes(b"evil content")
    put(LocalStore(tmp_path), b"good content")
    assert path.read_bytes() == b"evil content"
    put(LocalStore(tmp_path, recheck=True), b"good content")
    assert path.read_bytes() == b"good content"


def test_a_blob_collected_between_finish_and_sync_is_written_all_the_same(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digest = put(store, b"content")
    put(store, b"content", sync=False)
    LocalStore(tmp_path).remove(digest)
    store.sync()
    assert bytes(store.data(digest)) == b"content"


def test_a_blob_that_is_relied_on_again_is_young_again(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert store.age(digest_bytes(b"absent")) == 0.0
    digest = put(store, b"content")
    before = store.path(digest).stat()
    time.sleep(0.05)
    assert store.age(digest) >= 0.04
    put(store, b"content")
    after = store.path(digest).stat()
    assert after.st_ctime_ns > before.st_ctime_ns
    assert after.st_mtime_ns == before.st_mtime_ns  # what was verified stays verified


def test_a_blob_is_hashed_once(tmp_path: Path) -> None:
    digest = put(LocalStore(tmp_path), b"x" * 5000)
    store = LocalStore(tmp_path)
    store.data(digest)
    path = store.path(digest)
    times = path.stat()
    path.chmod(0o600)
    path.write_bytes(b"y" * 5000)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # damage that no time betrays
    assert bytes(LocalStore(tmp_path).data(digest)) == b"y" * 5000  # known: what this process hashed, it trusts
    assert not store.verify(digest)


def test_a_trusted_blob_is_not_hashed(tmp_path: Path) -> None:
    digest = put(LocalStore(tmp_path), b"x" * 500)
    path = LocalStore(tmp_path)._final(digest)
    path.chmod(0o600)
    path.write_bytes(b"y" * 500)
    store = LocalStore(tmp_path)
    store.trust(digest)
    assert bytes(store.data(digest)) == b"y" * 500
    with pytest.raises(Corrupt):
        LocalStore(tmp_path).data(digest)


def test_quarantine_keeps_what_was_found(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digest = put(store, b"good")
    path = store._final(digest)
    path.chmod(0o600)
    path.write_bytes(b"bad!")
    with pytest.raises(Corrupt, match="quarantine"):
        LocalStore(tmp_path).data(digest)
    assert [path.read_bytes() for path in (tmp_path / "quarantine").iterdir()] == [b"bad!"]


@pytest.mark.parametrize("inside", [(), ("x",)])
def test_a_folder_in_the_place_of_a_blob_is_damage(tmp_path: Path, inside: tuple[str, ...]) -> None:
    """It is put aside by who reads the blob, and gives way to who writes it."""
    digest = put(LocalStore(tmp_path), b"x" * 100)

    def spoil() -> None:
        final = LocalStore(tmp_path)._final(digest)
        final.unlink(missing_ok=True)
        final.mkdir()
        for name in inside:
            (final / name).touch()

    spoil()
    assert not LocalStore(tmp_path).has(digest)
    with pytest.raises(Corrupt, match="does not match its digest"):
        LocalStore(tmp_path).data(digest)
    spoil()
    assert not LocalStore(tmp_path).verify(digest)
    spoil()
    assert put(LocalStore(tmp_path), b"x" * 100) == digest
    assert bytes(LocalStore(tmp_path).data(digest)) == b"x" * 100
    assert len(LocalStore(tmp_path).quarantined()) == 3


def test_damage_is_passed_by_where_a_writer_has_the_bytes_anew(tmp_path: Path) -> None:
    """A reader that comes between a writer's end and its `sync` finds the new file, whatever lies in its place."""
    digest = put(LocalStore(tmp_path), b"x" * 100)
    final = LocalStore(tmp_path)._final(digest)
    final.chmod(0o600)
    final.write_bytes(b"short")
    writing = LocalStore(tmp_path)
    with writing.writer() as file:
        file.write(b"x" * 100)
        file.finish()
    assert bytes(LocalStore(tmp_path).data(digest)) == b"x" * 100
    writing.sync()
    assert LocalStore(tmp_path).verify(digest)


def test_a_link_in_the_place_of_a_blob_is_not_followed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    digest = put(store, b"secret")
    path = store._final(digest)
    (tmp_path / "outside").write_bytes(b"secret")
    path.unlink()
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(Corrupt):
        store.data(digest)
    assert not os.path.lexists(path)
    assert (tmp_path / "outside").read_bytes() == b"secret"


def test_leftovers_of_dead_processes_are_cleaned(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    kept = put(store, b"kept")
    code = (
        "import os, sys; from penstock.stores.local import LocalStore\n"
        f"s = LocalStore({str(tmp_path)!r})\n"
        "with s.writer() as w:\n  w.write(b'finished, never synced'); w.finish()\n"
        "w = s.writer(); w.__enter__(); w.write(b'x' * 500_000)\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    with store.writer() as writer:
        writer.write(b"m" * 300_000)
        left = files(tmp_path)
        assert len(left) == 5
        assert store.clean(older_than=3600) == 0  # young: perhaps of a process on another machine
        assert store.clean(older_than=-1) > 0
        writer.finish()
    store.sync()
    assert len(list(store.digests())) == 2
    assert not files(tmp_path / "tmp")
    assert store.has(kept)


def test_close_drops_what_was_not_synced(tmp_path: Path) -> None:
    store, reader = LocalStore(tmp_path), LocalStore(tmp_path)
    digest = put(store, b"unsynced", sync=False)
    assert reader.path(digest).read_bytes() == b"unsynced"
    assert reader.path(digest) == reader.path(digest)
    store.close()
    reader.close()
    assert files(tmp_path) == []


def test_a_forked_child_leaves_its_parents_blobs_alone(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digest = put(store, b"parent's", sync=False)
    child = os.fork()
    if not child:
        store.sync()
        store.close()
        os._exit(0 if not store.has(digest) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert bytes(store.data(digest)) == b"parent's"
    store.sync()
    assert store.has(digest)


def test_processes_write_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from penstock.stores.local import LocalStore\n"
        f"s = LocalStore({str(tmp_path)!r})\n"
        "for i in range(60):\n"
        "  with s.writer() as w:\n"
        "    w.write(b'%d' % (i % 40)); w.finish()\n"
        "  if i % 7 == int(sys.argv[1]): s.sync()\n"
        "s.sync()"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(number)]) for number in range(4)]
    assert [one.wait() for one in running] == [0] * 4
    store = LocalStore(tmp_path)
    assert set(store.digests()) == {digest_bytes(b"%d" % number) for number in range(40)}
    assert all(store.verify(digest) for digest in store.digests())
    assert [name for name in files(tmp_path) if not name.startswith("blobs/")] == []


@pytest.mark.needs("user")
def test_a_read_only_store_can_be_read(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    digest = put(store, b"content")
    for folder in [store.folder, *store.folder.rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o500)
    try:
        assert bytes(LocalStore(store.folder).data(digest)) == b"content"
        with pytest.raises(StoreError, match="permission denied"):
            put(LocalStore(store.folder), b"more")
    finally:
        for folder in [store.folder, *store.folder.rglob("*")]:
            if folder.is_dir():
                folder.chmod(0o700)
