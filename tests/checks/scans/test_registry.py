"""Each scan is a line in the registry, and says which steps it judges."""

from datetime import date, datetime, timedelta
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.checks.scans import registry
from penstock.checks.scans.registry import GROUP, NAMES, scan_named, subjects
from penstock.checks.view import Scan, View, nodes_of
from penstock.model.verdict import CheckResult

GRAPH = {
    "a": {"kind": "source"},
    "b": {"kind": "split", "inputs": {"a": "a"}, "outputs": {"b.x": "train", "b.y": "test"}},
    "m": {"kind": "train", "inputs": {"x": "b.x"}},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_scan_bears_its_name_and_needs_what_is_there(name: str) -> None:
    scan = scan_named(name)
    assert scan is not None
    assert scan.name == name
    nodes = nodes_of(GRAPH)
    for one, step in subjects(nodes, (name,)):
        assert nodes[step].kind in one.kinds
        assert set(one.needs(nodes, step)) <= {"a", "b.x", "b.y", "m"}


def test_scans_of_others_are_found_by_their_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Scan(
        "mine",
        ("train",),
        lambda view: ([], CheckResult("mine", view.step.name, "CLEAN")),
        lambda nodes, step: list(nodes[step].inputs.values()),
    )

    class Point(EntryPoint):
        def load(self) -> Any:
            return made

    monkeypatch.setattr(
        registry,
        "entry_points",
        lambda *, group, name: [Point(name, "x:y", group)] if name == "mine" and group == GROUP else [],
    )
    found = scan_named("mine")
    assert found is not None
    assert (found.name, found.kinds) == (made.name, made.kinds)
    assert scan_named("nobodys") is None
    assert [step for _, step in subjects(nodes_of(GRAPH), ("mine", "nobodys"))] == ["m"]


def test_a_scan_that_fails_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: str) -> Any:
        raise OSError("the disk is gone\nand more")

    for scan, step in subjects(nodes_of(GRAPH), ("overlap", "order", "power")):
        found, result = scan.scan(View(nodes_of(GRAPH), step, load))
        assert (found, result.verdict, result.check, result.step) == ([], "UNKNOWN", scan.name, step)
        assert result.reason == "the scan can't look at what is stored: OSError: the disk is gone"


CELLS: dict[str, Any] = {
    "int": (pl.Int64, st.integers(-3, 3)),
    "wide": (pl.Int64, st.integers(-(2**62), 2**62)),
    "float": (pl.Float64, st.floats()),
    "text": (pl.String, st.sampled_from(["a", "b", "", "a longer text that says something about a row", "ä"])),
    "bool": (pl.Boolean, st.booleans()),
    "instant": (pl.Datetime("us", "UTC"), st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 3))),
    "date": (pl.Date, st.dates(date(2020, 1, 1), date(2020, 1, 9))),
    "list": (pl.List(pl.Int64), st.lists(st.integers(0, 2), max_size=2)),
    "struct": (pl.Struct({"x": pl.Int64}), st.fixed_dictionaries({"x": st.integers(0, 2)})),
    "null": (pl.Null, st.none()),
    "category": (pl.Categorical, st.sampled_from(["p", "q"])),
    "duration": (pl.Duration("us"), st.timedeltas(timedelta(0), timedelta(hours=2))),
    "binary": (pl.Binary, st.binary(max_size=2)),
}


@given(st.data(), st.integers(0, 25), st.sampled_from(["polars", "pandas", "arrow", "numpy"]))
@settings(max_examples=150, deadline=None)
def test_no_table_breaks_a_scan_and_sides_that_share_no_row_are_never_proven(
    data: st.DataObject, rows: int, form: str
) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    frame = pl.DataFrame(
        {
            f"c{n}": pl.Series(
                data.draw(st.lists(st.none() | CELLS[kind][1], min_size=rows, max_size=rows)), dtype=CELLS[kind][0]
            )
            for n, kind in enumerate(kinds)
        }
    )
    cut = data.draw(st.integers(0, rows))
    names = st.sampled_from([*frame.columns, "absent"])
    contract = {
        "key": data.draw(st.lists(names, unique=True, max_size=2)), "time": data.draw(names), "label": [data.draw(names)],
        "known_at": {"*": data.draw(names)},
    }  # fmt: skip
    if form == "numpy":
        frame = frame.select(pl.selectors.numeric())
    make = {
        "polars": lambda f: f,
        "pandas": pl.DataFrame.to_pandas,
        "arrow": pl.DataFrame.to_arrow,
        "numpy": pl.DataFrame.to_numpy,
    }[form]
    values = {"a": make(frame), "b.x": make(frame[:cut]), "b.y": make(frame[cut:])}
    graph = {**GRAPH, "a": {"kind": "source", "contract": contract}}
    for name in NAMES:
        scan = import_module(f"penstock.checks.scans.{name}").SCAN  # without the guard
        for step in [one for one, node in nodes_of(graph).items() if node.kind in scan.kinds]:
            found, result = scan.scan(View(nodes_of(graph), step, values.get))
            assert result.reason
            if name == "overlap":
                assert not [one for one in found if one.verdict == "PROVEN"]
