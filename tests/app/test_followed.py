"""Rows of one run, for who works in Python; what they are is tested with `penstock trace`."""

from pathlib import Path

import pytest

from penstock.app.followed import Followed
from penstock.app.pipeline import Pipeline
from penstock.app.settings import open_ledger, open_store
from penstock.errors import NotFound, UnknownName
from penstock.model.trace import BUDGET

LINE = """
import penstock as ps

@ps.source(key="id")
def rows() -> list[dict]:
    return [{"id": 1, "x": 2.0}, {"id": 2, "x": 3.0}]

@ps.step
def kept(rows: list) -> list[dict]:
    return [{**one, "y": one["x"] * 2} for one in rows if one["id"] == 1]
"""


def test_a_row_a_cell_and_all_rows(tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(LINE)
    run = Pipeline.load(tmp_path / "line.py", executor="inline").run()
    settings = Pipeline.load(tmp_path / "line.py").settings
    followed = Followed(settings, open_ledger(settings), run.run, open_store(settings))
    assert followed.trace("2", "")["dropped_at"] == "kept" == run.trace("2")["dropped_at"]
    assert [one["source"] for one in followed.cell("1", "kept.y", "", BUDGET)["sources"]] == ["rows"]
    assert run.cell("1", "kept.y") == followed.cell("1", "kept.y", "", BUDGET)
    assert {one["step"] for one in followed.rows(())["accounts"]} >= {"kept"}
    assert (
        {one["step"] for one in followed.rows(("kept",))["accounts"]}
        == {"kept"}
        == {one["step"] for one in run.rows("kept")["accounts"]}
    )
    with pytest.raises(NotFound):
        followed.trace("3", "")
    with pytest.raises(UnknownName):
        followed.rows(("kpet",))
