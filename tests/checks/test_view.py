"""A view reads what it is asked for, once."""

import polars as pl

from penstock.checks.view import View, nodes_of
from penstock.rows.relation import Key

GRAPH = {
    "flights": {
        "kind": "source", "where": "f.py:3",
        "contract": {"key": ["id"], "time": "at", "known_at": {"*": {"seconds": 60.0}}, "contract": "f.yaml"},
    },
    "planes": {"kind": "source", "contract": {"key": ["tail"]}},
    "airports": {"kind": "source"},
    "joined": {"kind": "step", "inputs": {"a": "flights", "b": "planes"}, "target": ["late"]},
    "sides": {"kind": "split", "inputs": {"joined": "joined"}, "outputs": {"sides.train": "train", "sides.test": "test"}},
}  # fmt: skip


def test_values_are_loaded_once_and_when_asked_for() -> None:
    asked = []

    def load(artifact: str) -> object:
        asked.append(artifact)
        return {"sides.train": pl.DataFrame({"id": [1, 2]}), "joined": 3}.get(artifact)

    view = View(nodes_of(GRAPH), "sides", load)
    assert asked == []
    held = view.records("sides.train")
    assert held is not None
    assert (held.rows, held.columns) == (2, ("id",))
    assert view.records("sides.train") is held
    assert view.value("sides.train").height == 2
    assert view.records("joined") is None
    assert view.records("sides.test") is None
    assert asked == ["sides.train", "joined", "sides.test"]
    assert view.keys("sides.train") == (Key("flights", ("id",)), Key("planes", ("tail",)))
    assert view.makers["sides.test"].name == "sides"


def test_rows_may_be_given_as_they_are() -> None:
    whole = View(nodes_of(GRAPH), "sides", lambda _: pl.DataFrame({"id": [1]})).records("joined")
    assert View(nodes_of(GRAPH), "sides", lambda _: whole).records("joined") is whole
