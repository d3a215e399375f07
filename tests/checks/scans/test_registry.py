"""Each scan is a line in the registry, and says which steps it judges."""

from importlib.metadata import EntryPoint
from typing import Any

import pytest

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
    made = Scan("mine", ("train",), lambda view: ([], CheckResult("mine", view.step.name, "CLEAN")), lambda *_: [])

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
