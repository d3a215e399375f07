"""Two runs held against each other: each difference that was put in is found, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import penstock as ps
from penstock.errors import Corrupt, NotFound
from penstock.report.run_diff import diff_view, keys_of, side_of

PIPELINE = """
import penstock as ps

@ps.source(key=["id", "day"])
def rows(n: int = 3) -> list[dict]:
    return [{"id": i, "day": 1, "x": i} for i in range(n)]

@ps.source(key="place")
def places() -> list[dict]:
    return [{"place": "a"}]

@ps.split
def sides(rows: list, places: list) -> dict[str, list]:
    return {"train": rows[1:], "test": rows[:1]}

@ps.train
def model(train: list, rate: float = 1.0, seed: ps.Seed = None) -> float:
    ps.figure("<svg xmlns='http://www.w3.org/2000/svg'/>", "fit")
    return rate * sum(one["x"] for one in train)

@ps.evaluate
def scores(model: float) -> dict[str, float]:
    return {"rmse": model, "odd": float("nan")}
"""


class Runs:
    """Runs of a pipeline that is edited between them."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "line.py"
        self.file.write_text(PIPELINE)
        self.results: list[Any] = []

    def run(self, *edits: tuple[str, str], **options: Any) -> Any:
        text = self.file.read_text()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        self.file.write_text(text)
        self.results.append(ps.Pipeline.load(self.file).run(executor="inline", **options))
        return self.results[-1]

    def diff(self, compare: Any = None, **options: Any) -> Any:
        ledger = self.results[-1]._ledger
        one, other = (side_of(ledger, result.run) for result in self.results[-2:])
        return diff_view(ledger, one, other, compare, **options)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    for result in made.results:
        result.close()


def changed(document: Any) -> dict[str, Any]:
    return {
        "steps": {one["step"]: one["state"] for one in document["steps"] if one["state"] != "equal"},
        "parameters": [f"{one['step']}.{one['parameter']}" for one in document["parameters"]],
        "artifacts": {one["artifact"]: one["state"] for one in document["artifacts"] if one["state"] != "equal"},
        "metrics": [one["metric"] for one in document["metrics"] if one["before"] != one["after"]],
        "figures": {one["name"]: one["state"] for one in document["figures"] if one["state"] != "equal"},
        "environment": document["environment"],
    }


NOTHING: dict[str, Any] = {
    "steps": {}, "parameters": [], "artifacts": {}, "metrics": [], "figures": {}, "environment": [],
}  # fmt: skip


def test_equal_runs(runs: Runs) -> None:
    runs.run()
    runs.run()
    assert changed(runs.diff()) == NOTHING


def test_a_parameter(runs: Runs) -> None:
    runs.run()
    runs.run(parameters={"model.rate": 2.0})
    document = runs.diff()
    assert changed(document) == {
        **NOTHING,
        "parameters": ["model.rate"],
        "artifacts": {"model": "changed", "scores": "changed"},
        "metrics": ["scores.rmse"],
    }
    assert document["parameters"][0] == {
        "step": "model", "parameter": "rate", "before": "1.0", "after": "2.0", "content": False,
    }  # fmt: skip


def test_code_by_step(runs: Runs) -> None:
    runs.run()
    runs.run(("return rate * sum", "return rate + sum"))
    document = runs.diff()
    assert changed(document)["steps"] == {"model": "changed"}
    (step,) = [one for one in document["steps"] if one["reasons"]]
    assert step["reasons"][0]["what"] == "its code changed (`model`)"
    assert "+    return rate + sum" in step["reasons"][0]["diff"]


def test_the_seed(runs: Runs) -> None:
    runs.run(seed=1)
    runs.run(seed=2)
    document = runs.diff()
    assert document["seeds"] == [1, 2]
    assert changed(document)["parameters"] == ["model.seed"]


def test_steps_that_came_and_went(runs: Runs) -> None:
    runs.run()
    runs.run(("def scores(model: float)", "def marks(model: float)"), ('\'/>", "fit"', "' x='1'/>\", \"curve\""))
    found = changed(runs.diff())
    assert found["steps"] == {"scores": "gone", "marks": "added", "model": "changed"}
    assert found["artifacts"] == {"scores": "gone", "marks": "added"}
    assert found["figures"] == {"fit": "gone", "curve": "added"}
    assert set(found["metrics"]) == {"scores.rmse", "marks.rmse"}


def test_data_is_looked_into_with_the_keys_of_sources_above(runs: Runs) -> None:
    runs.run()
    runs.run(parameters={"rows.n": 4})
    seen = {}

    def compare(before: Any, after: Any, keys: Any) -> Any:
        seen[after.digest] = keys
        return {"by": "key"}

    document = runs.diff(compare)
    states = {one["artifact"]: (one["state"], one["data"]) for one in document["artifacts"]}
    assert states["rows"] == states["sides.train"] == ("changed", {"by": "key"})
    assert states["places"] == states["sides.test"] == ("equal", None)
    rows, train = (runs.results[-1].stored(name).digest for name in ("rows", "sides.train"))
    assert seen[rows][0] == ("id", "day")
    assert seen[train][:2] == [("id", "day"), ("place",)]
    assert ("id", "day", "place") in seen[train]
    only = runs.diff(compare, artifacts=["rows"])
    assert [one["artifact"] for one in only["artifacts"] if one["data"]] == ["rows"]


def test_what_can_not_be_loaded_is_said(runs: Runs) -> None:
    runs.run()
    runs.run(parameters={"model.rate": 2.0})

    def compare(*_: Any) -> Any:
        raise Corrupt("the stored value is gone")

    document = runs.diff(compare)
    (model,) = [one for one in document["artifacts"] if one["artifact"] == "model"]
    assert (model["state"], model["data"], model["why"]) == (
        "changed", None, "it can't be loaded: the stored value is gone",
    )  # fmt: skip


def test_a_step_that_failed_has_its_parameters_all_the_same(runs: Runs) -> None:
    runs.run(parameters={"model.rate": 3.0})
    runs.run(("    ps.figure(", "    raise ValueError('no')\n    ps.figure("))
    document = runs.diff()
    assert {one["step"]: one["status"] for one in document["steps"]}["model"] == ["succeeded", "failed"]
    assert [(one["before"], one["after"]) for one in document["parameters"] if one["parameter"] == "rate"] == [
        ("3.0", "1.0")
    ]
    assert changed(document)["artifacts"] == {"model": "gone", "scores": "gone"}


def test_an_unknown_run(runs: Runs) -> None:
    result = runs.run(name="best")
    with pytest.raises(NotFound) as caught:
        side_of(result._ledger, "bset")
    assert "`best`" in caught.value.hint
    assert keys_of(side_of(result._ledger, "best"), "nothing") == []
