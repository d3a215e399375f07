import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3

from penstock.errors import StoreError
from penstock.stores import disk
from penstock.stores.disk import Disk, Names, hash_file, owner_alive, store_error


def test_new_files_are_for_this_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        fd = Disk().create(tmp_path / "f")
        Disk().mkdir(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    os.close(fd)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_new_file_is_new(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            Disk().create(tmp_path / name)
    assert not (tmp_path / "elsewhere").exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError) as caught:
        Disk().open(tmp_path / "link")
    assert caught.value.errno == errno.ELOOP


@pytest.mark.parametrize("size", [0, 1, 70_000, 1_500_000])
def test_files_are_copied_whole(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "source").write_bytes(data)
    source = os.open(tmp_path / "source", os.O_RDONLY)
    for name, copy in (("a", Disk().copy), ("b", Disk()._copy_in_kernel)):
        target = Disk().create(tmp_path / name)
        copy(source, target, size)
        os.close(target)
        os.lseek(source, 0, os.SEEK_SET)
        assert (tmp_path / name).read_bytes() == data
    os.close(source)


@pytest.mark.needs("proc")
def test_a_file_that_lies_about_its_size_is_copied(tmp_path: Path) -> None:
    source = os.open("/proc/self/cmdline", os.O_RDONLY)
    target = Disk().create(tmp_path / "t")
    Disk().copy(source, target, 0)
    os.close(source)
    os.close(target)
    assert (tmp_path / "t").read_bytes() == Path("/proc/self/cmdline").read_bytes() != b""


@pytest.mark.parametrize("size", [0, 5, 4096, 5 * 4096 + 17, 3_000_000])
def test_hashing_in_windows_is_hashing(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_WINDOW", 2 * 4096)  # more than one window in a small file
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    fd = os.open(tmp_path / "f", os.O_RDONLY)
    assert hash_file(fd, size) == blake3(data).hexdigest()
    os.close(fd)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "input/output error"),
        (errno.EMFILE, "too many files"),
        (errno.ENOTDIR, os.strerror(errno.ENOTDIR)),
    ],
)
def test_errors_are_told_in_words(number: int, words: str) -> None:
    error = store_error(OSError(number, os.strerror(number)), "Writing a blob", Path("/data/store"))
    assert isinstance(error, StoreError)
    assert words in error.what
    assert "/data/store" in error.what
    assert error.hint


def test_names_are_new_in_each_process() -> None:
    names = Names()
    drawn = [names.next() for _ in range(3)]
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, names.next().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    assert len({*drawn, theirs}) == 4
    assert theirs.startswith(f"{child}-")
    assert all(owner_alive(name) for name in drawn)
    assert not owner_alive(theirs)


@pytest.mark.parametrize("name", ["", "x", "-1-2", "99999999999999999999-a-1"])
def test_other_names_have_no_living_owner(name: str) -> None:
    assert not owner_alive(name)


def test_a_forked_child_hashes_with_one_thread() -> None:
    assert disk.hash_threads()
    child = os.fork()
    if not child:
        os._exit(0 if not disk.hash_threads() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
