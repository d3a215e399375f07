"""The files of a repository that a command can read."""

import os
import subprocess
from pathlib import Path

import pytest

from penstock.model.code import Piece
from penstock.work.repository import copy_file, listing, pieces_of, with_files


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def test_outside_of_git(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.py",
        "src/b.py",
        ".hidden/c",
        "src/__pycache__/d.pyc",
        ".penstock/ledger.db",
        "env/pyvenv.cfg",
        "env/x",
    )
    os.mkfifo(tmp_path / "pipe")
    assert listing(tmp_path) == ["a.py", "src/b.py"]


@pytest.mark.needs("git")
def test_in_git_what_is_tracked_or_not_ignored(tmp_path: Path) -> None:
    write(tmp_path, "tracked.py", "new.py", "gone.py", "data/big.bin", ".hidden", "sp ace.py")
    (tmp_path / ".gitignore").write_text("data/\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "tracked.py", "gone.py"], cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    assert listing(tmp_path) == [".gitignore", ".hidden", "new.py", "sp ace.py", "tracked.py"]
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "inner.py")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "sub", check=True)
    assert "sub/inner.py" in listing(tmp_path)


def test_patterns_narrow(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "lib/b.py", "lib/deep/c.py", "notes.md")
    assert listing(tmp_path, ["lib"]) == ["lib/b.py", "lib/deep/c.py"]
    assert listing(tmp_path, ["./a.py", "lib/**/c.py"]) == ["a.py", "lib/deep/c.py"]
    assert listing(tmp_path, ["*.md"]) == ["notes.md"]
    assert listing(tmp_path, [], [str(tmp_path / "lib")]) == ["a.py", "notes.md"]


def test_content_programs_and_links_count(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    (tmp_path / "link").symlink_to("a.py")
    seen = []
    for edit in (
        lambda: None,
        lambda: (tmp_path / "a.py").write_text("other"),
        lambda: (tmp_path / "a.py").chmod(0o755),
        lambda: ((tmp_path / "link").unlink(), (tmp_path / "link").symlink_to("b.py")),
    ):
        edit()
        seen.append(tuple((one.name, one.digest) for one in pieces_of(tmp_path, listing(tmp_path))))
    assert len(set(seen)) == 4


def test_a_copy_is_what_was_hashed(tmp_path: Path) -> None:
    write(tmp_path / "from", "a.sh", "deep/b.txt", "valohai.yaml")
    (tmp_path / "from" / "a.sh").chmod(0o755)
    (tmp_path / "from" / "deep" / "b.txt").chmod(0o444)
    (tmp_path / "from" / "link").symlink_to("a.sh")
    (tmp_path / "to").mkdir()
    names = listing(tmp_path / "from")
    made = pieces_of(tmp_path / "from", names, tmp_path / "to", unread="valohai.yaml")
    assert made == pieces_of(tmp_path / "from", names, unread="valohai.yaml")
    assert [one.name for one in made] == ["a.sh", "deep/b.txt", "link"]
    assert os.access(tmp_path / "to" / "a.sh", os.X_OK)
    assert os.access(tmp_path / "to" / "deep" / "b.txt", os.W_OK)
    assert os.readlink(tmp_path / "to" / "link") == "a.sh"
    assert (tmp_path / "to" / "valohai.yaml").exists()


def test_many_files_are_told_by_folder(tmp_path: Path) -> None:
    write(tmp_path, *[f"data/{i % 3}/x{i}" for i in range(410)])
    before = pieces_of(tmp_path, listing(tmp_path))
    assert [one.name for one in before] == ["data/0/", "data/1/", "data/2/"]
    (tmp_path / "data" / "1" / "x1").write_text("other")
    after = pieces_of(tmp_path, listing(tmp_path))
    assert [one.name for one, other in zip(before, after, strict=True) if one != other] == ["data/1/"]


def test_a_closure_of_files() -> None:
    declared, file = Piece("declaration", "declaration", "d"), Piece("repository", "a", "f")
    assert with_files(declared, (file,)).pieces == (declared, file)
    assert with_files(declared, (file,)).digest != with_files(declared, ()).digest


def test_copying_hashes_content_alone(tmp_path: Path) -> None:
    write(tmp_path, "a")
    assert copy_file(tmp_path / "a", None) == copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "a"
