"""Files and folders that a step returns."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.codecs import paths
from penstock.codecs.paths import PathCodec
from penstock.codecs.registry import Codecs
from penstock.errors import CodecError, Corrupt
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()


def content(path: Path) -> Any:
    if path.is_dir():
        return {
            one.relative_to(path).as_posix(): content(one) if one.is_file() else None for one in sorted(path.rglob("*"))
        }
    return path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "deep" / "empty").mkdir(parents=True)
    (made / "weights.bin").write_bytes(b"w" * 10_000)
    (made / "deep" / "notes.txt").write_text("hello")
    (made / "run.sh").write_text("#!/bin/sh\n")
    (made / "run.sh").chmod(0o755)
    (made / "link.txt").symlink_to(made / "deep" / "notes.txt")
    return made


class TestPathCodec(CodecContract):
    codec = PathCodec()

    def examples(self) -> list[Any]:
        import tempfile

        place = Path(tempfile.mkdtemp())
        for name, text in (
            ("a.csv", "a,b\n1,2\n"),
            ("b.csv", "a,b\n1,2\n"),
            ("large.bin", "x" * 100_000),
            ("none", ""),
        ):
            (place / name).write_text(text)
        for name in ("one", "two"):
            (place / name).mkdir()
            (place / name / "f").write_text("same")
        (place / "two" / "e").mkdir()
        return [place / name for name in ("a.csv", "b.csv", "large.bin", "none", "one", "two")]

    def same(self, left: Any, right: Any) -> None:
        assert left.name == right.name
        assert content(left) == content(right)

    def spoil(self, value: Any) -> None:
        for one in [value, *value.rglob("*")]:
            if one.is_file():
                one.write_text("spoilt")


def test_a_folder_comes_back_with_all_that_is_in_it(folder: Path) -> None:
    sink = MemorySink()
    stored = CODECS.encode(folder, sink)
    again = CODECS.decode(stored, sink.reader())
    assert again != folder
    assert again.name == "model"
    assert content(again) == content(folder)
    assert (again / "deep" / "empty").is_dir()
    assert stored.about.details["files"] == 4
    assert stored.codec == "path"


def test_where_and_when_do_not_count(folder: Path, tmp_path: Path) -> None:
    import shutil

    moved = shutil.copytree(folder, tmp_path / "elsewhere" / "model")
    os.utime(moved / "run.sh", (0, 0))
    assert CODECS.encode(moved, MemorySink()).digest == CODECS.encode(folder, MemorySink(small=0)).digest
    (moved / "deep" / "notes.txt").write_text("hallo")
    assert CODECS.encode(moved, MemorySink()).digest != CODECS.encode(folder, MemorySink()).digest


def test_a_path_that_is_read_can_not_harm_the_store(folder: Path) -> None:
    sink = MemorySink()
    stored = CODECS.encode(folder, sink)
    reader = sink.reader()
    weights = CODECS.decode(stored, reader) / "weights.bin"
    try:
        weights.write_bytes(b"harm")
    except PermissionError:
        pass
    assert (CODECS.decode(stored, reader) / "weights.bin").read_bytes() == b"w" * 10_000


def test_a_path_that_is_not_there_is_a_plain_value() -> None:
    gone = Path("no/such/file")
    sink = MemorySink()
    stored = CODECS.encode(gone, sink)
    assert stored.codec == "plain"
    assert CODECS.decode(stored, sink.reader()) == gone


def test_a_path_inside_a_value_is_stored_too(folder: Path) -> None:
    sink = MemorySink()
    stored = CODECS.encode({"model": folder, "gone": Path("no/such"), "n": 1}, sink)
    again = CODECS.decode(stored, sink.reader())
    assert content(again["model"]) == content(folder)
    assert again["gone"] == Path("no/such")


def test_the_working_folder_is_not_swallowed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for place in (Path(), tmp_path, Path("/")):
        with pytest.raises(CodecError, match="working folder"):
            CODECS.encode(place, MemorySink())


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CodecError, match="neither"):
        CODECS.encode(tmp_path / "pipe", MemorySink())
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "back").symlink_to(loop)
    with pytest.raises(CodecError, match="around"):
        CODECS.encode(loop, MemorySink())


def test_a_forged_name_does_not_lead_out() -> None:
    from penstock.codecs import plain
    from penstock.codecs.bytesio import blob_of, stored
    from penstock.model.artifact import Description

    sink = MemorySink()
    for name, relative in (("..", ""), ("a/b", ""), ("ok", "../out"), ("ok", "/out"), ("ok", "a/../../out")):
        root = plain.encode([bool(relative), name, [[relative, "blake3:0", False, 1, b"x"]]])
        with pytest.raises(Corrupt):
            PathCodec().decode(stored("path", blob_of(sink, root), Description("p")), sink.reader())


def test_folders_of_killed_processes_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    script = """
import os, sys
from penstock.codecs import paths
made = paths._room().name
print(made, flush=True)
if sys.argv[1:] == ["lives"]:
    input()
os._exit(0)
"""
    lives = subprocess.Popen(
        [sys.executable, "-c", script, "lives"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        kept = Path(lives.stdout.readline().strip())
        left = [
            Path(
                subprocess.run(
                    [sys.executable, "-c", script], capture_output=True, text=True, check=True
                ).stdout.strip()
            )
            for _ in range(2)
        ]
        assert all(one.is_dir() for one in [kept, *left]), "the young ones may be about to be locked"
        (left[0] / "file").write_text("x")
        monkeypatch.setattr(paths, "_YOUNG", -1.0)
        paths._sweep(tmp_path)
        assert [one.exists() for one in [kept, *left]] == [True, False, False]
    finally:
        lives.communicate("")
    paths._sweep(tmp_path)
    assert not kept.exists()
