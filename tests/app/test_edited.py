"""Files that are edited while steps of this process run: only the steps whose code that changes are held up."""

from pathlib import Path

import pytest

from penstock.app.pipeline import Pipeline
from penstock.model.event import Begun, Event

LINE = """
import penstock as ps
import helping

@ps.source
def rows() -> list[int]:
    return [1, 2, 3]

@ps.step
def doubled(rows: list) -> list[int]:
    return [2 * one for one in rows]

@ps.step
def helped(rows: list) -> int:
    return helping.total(rows)

@ps.step
def last(doubled: list, helped: int) -> int:
    return sum(doubled) + helped
"""
HELPING = """
def total(rows):
    return sum(rows)

def other():
    return 1
"""


def states(folder: Path, name: str, old: str, new: str) -> dict[str, str]:
    (folder / "line.py").write_text(LINE)
    (folder / "helping.py").write_text(HELPING)
    path = folder / name

    def edit(event: Event) -> None:
        if isinstance(event, Begun) and event.step == "rows":
            path.write_text(path.read_text().replace(old, new))

    run = Pipeline.load(folder / "line.py", executor="inline").run(on_event=edit)
    return {name: one["status"] for name, one in run.steps.items()}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "held"),
    [
        ("helping.py", "return sum(rows)", "return 2 * sum(rows)", {"helped"}),
        ("helping.py", "return 1", "return 2", set()),
        ("helping.py", "def other", "# a remark\ndef other", set()),
        ("line.py", "2 * one", "3 * one", {"doubled"}),
        ("line.py", "sum(doubled)", "max(doubled)", {"last"}),
    ],
)
def test_only_what_the_edit_reaches_is_held_up(tmp_path: Path, name: str, old: str, new: str, held: set[str]) -> None:
    found = states(tmp_path, name, old, new)
    assert {step for step, status in found.items() if status == "failed"} == held
    blocked = {"last"} if held - {"last"} else set()
    assert {step for step, status in found.items() if status == "blocked"} == blocked
    again = Pipeline.load(tmp_path / "line.py", executor="inline").run()
    assert again.status == "succeeded"
    assert again["last"] == {"2 * sum(rows)": 24, "3 * one": 24, "max(doubled)": 12}.get(
        new.removeprefix("return "), 18
    )


def test_a_file_that_can_not_be_loaded_any_more_holds_up_what_lies_in_it(tmp_path: Path) -> None:
    found = states(tmp_path, "helping.py", "def other():", "def other(:")
    assert found["doubled"] == "succeeded"
    assert found["helped"] == "failed"
