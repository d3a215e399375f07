"""What is another now than it was in a run."""

from pathlib import Path

from penstock.app.since import ChangedFile, changed_files, changed_packages, code_changes, paths_of
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.code import Code, Piece
from penstock.model.step import Parameter, Step
from penstock.model.task import ABSENT, HiddenInput
from penstock.plan.files import digest_path
from penstock.testing.samples import make_execution, make_run


def step(**fields) -> Step:
    parameters = (Parameter("path", "path"), Parameter("other", "path"), Parameter("rate"))
    return Step("a", "source", lambda: None, parameters=parameters, **fields)


def test_files_that_changed(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("one")
    (tmp_path / "hidden.txt").write_text("one")
    done = make_execution(
        settings={
            "path": ("in.txt", digest_path(tmp_path / "in.txt")),
            "other": ("None", "NoneType:None"),
            "rate": ("0.1", "float:0.1"),
        },
        hidden=(
            HiddenInput(str(tmp_path / "hidden.txt"), "p.py:1", digest_path(tmp_path / "hidden.txt")),
            HiddenInput(str(tmp_path / "never.txt"), "p.py:2", ABSENT),
            HiddenInput(str(tmp_path / "moving.txt"), "p.py:3", ""),
            HiddenInput("$NOWHERE", "p.py:4", "blake3:1"),
        ),
    )
    assert list(paths_of(step(), done, tmp_path)) == ["path"]
    assert changed_files(step(), done, tmp_path, {}) == []
    (tmp_path / "in.txt").write_text("two")
    (tmp_path / "hidden.txt").unlink()
    (tmp_path / "never.txt").write_text("now")
    assert changed_files(step(), done, tmp_path, {}) == [
        ChangedFile("a", str(tmp_path / "in.txt"), "path"),
        ChangedFile("a", str(tmp_path / "hidden.txt"), "", gone=True),
        ChangedFile("a", str(tmp_path / "never.txt"), ""),
    ]


def test_code_that_changed(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    piece = Piece("function", "p.f", "1", "p.py", 3, "def f():\n    return 1")
    then = Code("then", (piece, Piece("package", "polars", "1.30")))
    now = Code(
        "now",
        (
            Piece("function", "p.f", "2", "p.py", 4, "def f():\n    return 2"),
            Piece("package", "polars", "1.31"),
        ),
    )
    ledger.save_codes([then])
    done = {"a": make_execution(code="then"), "c": make_execution("c", code="unknown")}
    steps = [step(code=now), Step("b", "step", lambda: None, code=now), Step("c", "step", lambda: None, code=now)]
    found = code_changes(ledger, done, steps)
    assert [one.what for one in found["a"]] == ["helper `f` changed", "polars 1.30 → 1.31"]
    assert [one.what for one in found["c"]] == ["its code changed"]
    assert "b" not in found
    assert code_changes(ledger, done, [step(code=then)]) == {}


def test_packages_that_changed() -> None:
    run = make_run(environment={"python": "3.11.7", "a": "1", "b": "1", "same": "1"})
    assert changed_packages(run, {"python": "3.12.1", "b": "2", "c": "3", "same": "1"}) == [
        ("python", "3.11.7", "3.12.1"),
        ("a", "1", ""),
        ("b", "1", "2"),
        ("c", "", "3"),
    ]
