"""The sources of a run come back as they were."""

from pathlib import Path

import msgspec
import pytest

import penstock as ps
from penstock.app.restoring import restore, snapshot_of
from penstock.app.settings import find_settings, open_ledger
from penstock.errors import Corrupt, NotFound
from penstock.ledger.sqlite import SqliteLedger
from penstock.testing.histories import begin
from penstock.testing.samples import make_run


def test_all_that_a_run_loaded_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    files = {
        "line.py": "import penstock as ps\nfrom lib.more import two\n@ps.step\ndef a() -> int:\n    return two()\n",
        "lib/__init__.py": "",
        "lib/more.py": "def two():  # é\r\n    return 2\r\n",
    }
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    (folder / "notes.txt").write_text("no source")
    (folder / "unused.py").write_text("nobody imports this")
    run = ps.Pipeline.load(folder / "line.py").run(executor="inline")
    (folder / "lib" / "more.py").unlink()
    ledger = open_ledger(find_settings(folder / "line.py"))
    assert restore(ledger.run(run.run), ledger, tmp_path / "again") == []
    found = {
        path.relative_to(tmp_path / "again").as_posix(): path.read_bytes().decode()
        for path in (tmp_path / "again").rglob("*")
        if path.is_file()
    }
    assert found == files


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(tmp_path / "ledger.db")


def stored(ledger: SqliteLedger, files: dict[str, str]):
    digest = ledger.put(msgspec.json.encode({path: ledger.put(text.encode()) for path, text in files.items()}))
    begin(ledger, make_run(snapshot=digest))
    return ledger.run("run-1")


@pytest.mark.parametrize("path", ["../above.py", "a/../../above.py"])
def test_no_file_is_written_outside(ledger: SqliteLedger, tmp_path: Path, path: str) -> None:
    with pytest.raises(Corrupt, match="outside"):
        restore(stored(ledger, {path: "x"}), ledger, tmp_path / "again")
    assert not (tmp_path / "above.py").exists()


def test_packages_outside_of_the_project_are_put_beside_it_once_they_changed(
    ledger: SqliteLedger, tmp_path: Path
) -> None:
    then = {
        "lib/__init__.py": "",
        "lib/in/__init__.py": "",
        "lib/in/a.py": "a",
        "lib/b.py": "b",
        "one.py": "1",
        "two.py": "2",
    }
    for name, text in then.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    run = stored(ledger, {**{str(tmp_path / name): text for name, text in then.items()}, "in.py": "own"})

    def restored(folder: str) -> set[str]:
        assert restore(run, ledger, tmp_path / folder) == []
        return {path.relative_to(tmp_path / folder).as_posix() for path in (tmp_path / folder).rglob("*.py")}

    assert restored("first") == {"in.py"}
    (tmp_path / "lib" / "in" / "a.py").write_text("other")
    (tmp_path / "two.py").unlink()
    assert restored("second") == {"in.py", "two.py", *[name for name in then if name.startswith("lib/")]}
    assert (tmp_path / "second" / "lib" / "in" / "a.py").read_text() == "a"


def test_a_package_whose_name_the_project_has_itself_is_told(ledger: SqliteLedger, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    outside = tmp_path / "lib" / "a.py"
    run = stored(ledger, {str(tmp_path / "lib" / "__init__.py"): "", str(outside): "a", "lib/b.py": "own"})
    assert str(outside) in restore(run, ledger, tmp_path / "again")
    assert not (tmp_path / "again" / "lib" / "a.py").exists()


def test_what_is_not_there(ledger: SqliteLedger) -> None:
    begin(ledger, make_run("run-2"))
    with pytest.raises(NotFound, match="stored no sources"):
        snapshot_of(ledger.run("run-2"), ledger)
    begin(ledger, make_run("run-3", snapshot="blake3:" + "0" * 64))
    with pytest.raises(Corrupt, match="list of its sources"):
        snapshot_of(ledger.run("run-3"), ledger)
