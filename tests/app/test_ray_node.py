"""What a node makes of an order: the project from its archive, paths that lead to where they are."""

import os
import pickle
from pathlib import Path

import pytest

from penstock.app import ray_node
from penstock.app.ray_node import pack
from penstock.errors import ExecutorError
from penstock.model.task import Setting
from penstock.stores.local import LocalStore


def test_an_archive_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    files = {Path("b.py"): b"two", Path("a/c.py"): b"one"}
    assert pack(files) == pack(dict(reversed(files.items())))
    assert pack(files) != pack({**files, Path("b.py"): b"other"})
    outside = {Path("/etc/passwd"): b"x", Path("../up.py"): b"y"}
    assert pack({**files, **outside}) == pack(files)


def unpacked(tmp_path: Path, data: bytes, files: tuple = ()) -> Path:
    store = LocalStore(tmp_path / "store")
    with store.writer() as writer:
        writer.write(data)
        digest = writer.finish().digest
    store.sync()
    return ray_node._unpacked(store, digest, files, tmp_path / "home")


def test_it_is_unpacked_once_with_its_data(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    (tmp_path / "x.txt").write_text("rows")
    digest = store.adopt(tmp_path / "x.txt").digest
    store.sync()
    home = unpacked(tmp_path, pack({Path("a/c.py"): b"one"}), (("data/x.txt", digest),))
    assert (home / "a/c.py").read_bytes() == b"one"
    assert (home / "data/x.txt").read_text() == "rows"
    assert unpacked(tmp_path, pack({Path("a/c.py"): b"one"})) == home


@pytest.mark.parametrize("name", ["../../out.py", "/etc/out.py", "a/../../out.py"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    import io
    import zipfile

    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(ExecutorError, match="outside of it"):
        unpacked(tmp_path, whole.getvalue())
    assert not (tmp_path / "out.py").exists()


def test_paths_in_the_project_move_with_it() -> None:
    def moved(value, **fields):
        setting = Setting("x", "value", "", "", pickle.dumps(value), **fields)
        return pickle.loads(ray_node._moved(setting, "/from", Path("/to")).data)

    assert moved([Path("/from/a"), Path("/other/b")], within=(("a", "d"),)) == [Path("/to/a"), Path("/other/b")]
    assert moved(Path("/from/a")) == Path("/from/a")  # no path parameter: a value like any other


def test_projects_that_nobody_asked_for_go(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for one in (old, new):
        one.mkdir()
    os.utime(old, (1, 1))
    home = unpacked(tmp_path, pack({Path("c.py"): b"one"}))
    assert home.is_dir() and new.exists() and not old.exists()
