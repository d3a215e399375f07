"""What became of stored values, as documents."""

import re
from pathlib import Path

import polars as pl
import pytest

import penstock as ps
from penstock.app.differing import Comparer, data_change
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.errors import Corrupt


def test_tables() -> None:
    before = pl.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 3.0]})
    after = pl.DataFrame({"id": [2, 3, 4], "x": [2.5, 3.0, 4.0], "new": ["a", "b", "c"]})
    found = data_change(before, after, [["id"]])
    assert (found["by"], found["key"], found["rows"]) == ("key", ["id"], [3, 3])
    assert (found["added"], found["gone"], found["changed"]) == (1, 1, 1)
    assert found["columns_added"] == ["new"]
    assert found["columns"] == [
        {"column": "x", "count": 1, "examples": [{"row": 2, "before": 2.0, "after": 2.5}], "types": []}
    ]
    assert found["added_examples"] == [{"id": 4, "x": 4.0, "new": "c"}]


def test_long_texts_are_shown_where_they_begin_to_differ() -> None:
    before, after = "x" * 100_000 + "before" + "y" * 100_000, "x" * 100_000 + "after" + "y" * 100_000
    part = data_change(before, after)["parts"][0]
    assert part["before"].startswith("…" + "x" * 20 + "before")
    assert part["after"].startswith("…" + "x" * 20 + "after")
    assert len(part["after"]) < 60
    frames = [pl.DataFrame({"id": [1], "text": [text]}) for text in (before, after)]
    example = data_change(*frames)["columns"][0]["examples"][0]
    assert example == {"row": 0, "before": part["before"], "after": part["after"]}
    assert data_change("x" * 100, "x" * 101)["parts"][0]["before"] == "…" + "x" * 20


def test_plain_values_of_two_kinds_are_both_shown() -> None:
    assert data_change(1, "1")["parts"] == [{"part": "", "before": 1, "after": "1"}]
    assert data_change([1], {"a": 1})["parts"] == [{"part": "", "before": "list", "after": "dict"}]


def test_records_and_other_values() -> None:
    assert data_change([{"id": 1, "x": 1}], [{"id": 1, "x": 2}], [["id"]])["changed"] == 1
    found = data_change({"a": 1.0, "b": [1, 2]}, {"a": 2.0, "b": [1, 3]})
    assert (found["by"], found["changed"]) == ("", 2)
    assert found["parts"] == [
        {"part": "['a']", "before": 1.0, "after": 2.0},
        {"part": "['b'][1]", "before": 2, "after": 3},
    ]
    assert data_change(1, "x")["parts"][0]["after"] == "x"
    assert data_change(float("nan"), 1.0)["parts"][0]["after"] == 1.0


MODEL = """
import penstock as ps
from sklearn.linear_model import Ridge

@ps.train
def model(alpha: float = 1.0) -> Ridge:
    return Ridge(alpha=alpha).fit([[0.0], [1.0]], [0.0, 1.0])

@ps.step
def rows(n: int = 20_000) -> list[int]:
    return list(range(n))
"""


def test_models_by_their_state_and_what_was_written_down_of_them(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(MODEL)
    pipeline = ps.Pipeline.load(tmp_path / "p.py", executor="inline")
    one, other = pipeline.run(), pipeline.run(parameters={"model.alpha": 2.0, "rows.n": 20_001})
    settings = find_settings(tmp_path / "p.py")
    ledger, store = open_ledger(settings), open_store(settings)
    compare = Comparer(ledger, store)
    found = compare(one.stored("model"), other.stored("model"), [])
    whole = found["parts"][0]
    assert whole["part"] == ""
    assert re.fullmatch(r"a Ridge \(state [0-9a-f]{8}\)", str(whole["before"]))
    assert re.fullmatch(r"a Ridge \(state [0-9a-f]{8}\)", str(whole["after"])) and whole["after"] != whole["before"]
    assert {"part": "['params']['alpha']", "before": 1.0, "after": 2.0} in found["parts"]
    store.remove(one.stored("rows").blob)
    with pytest.raises(Corrupt):
        compare(one.stored("rows"), other.stored("rows"), [])
