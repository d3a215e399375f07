"""`penstock lint` names every problem at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]
Edit = Callable[[str, str], None]


def problems(done: Done) -> list[tuple[str, str]]:
    document = valid(done, "lint")
    assert document["ok"] == (not document["problems"])
    return [(one["kind"], one["where"]) for one in document["problems"]]


def test_a_good_pipeline(call: Call) -> None:
    done = call("lint")
    assert (done.code, done.out) == (0, "✓ line.py  5 steps, no problems\n")
    assert problems(call("lint", "--json")) == []


def test_a_default_that_its_annotation_refuses(call: Call, project: Path) -> None:
    (project / "line.py").write_text(
        "import penstock as ps\n"
        "@ps.step\ndef a(n: int = 'many', x: float = 1, y: int = None, z: list[int] = (), s: str = 's'): ...\n"
    )
    assert problems(call("lint", "--json")) == [("ParameterError", "line.py:2")]
    assert "default of `n` is 'many'" in call("lint").out
    assert problems(call("lint", "--set", "a.n=3", "--json")) == []


def test_every_unknown_input_is_named(call: Call, edit: Edit) -> None:
    edit("def doubled(rows: list)", "def doubled(rwos: list, more: list)")
    edit("def scores(model: float)", "def scores(modle: float)")
    done = call("lint", "--json")
    assert done.code == 2
    assert problems(done) == [
        ("UnknownName", "line.py:17"),
        ("UnknownName", "line.py:17"),
        ("UnknownName", "line.py:29"),
    ]
    text = call("lint").out
    assert "3 problems in line.py" in text
    assert "Did you mean `rows`?" in text


def test_clashes_and_circles(call: Call, edit: Edit) -> None:
    edit("def aside(rows: list)", "def aside(rows: list, model: int = 3)")
    assert problems(call("lint", "--json")) == [("DuplicateName", "line.py:34")]
    edit("model: int = 3", "aside: list")
    assert [kind for kind, _ in problems(call("lint", "--json"))] == ["CycleError"]


def test_every_parameter_that_must_be_given(call: Call, edit: Edit, project: Path) -> None:
    edit("rate: float = 0.5", "rate: float = ps.required, depth: int = ps.required")
    (project / "rows.txt").unlink()
    found = problems(call("lint", "--json"))
    assert [kind for kind, _ in found].count("ParameterError") == 3
    (project / "rows.txt").write_text("1")
    assert call("lint", "--set", "model.rate=1", "--set", "model.depth=2").code == 0
    assert call("lint", "--set", "model.rate=1", "--set", "model.depth=deep").code == 2
    assert [kind for kind, _ in problems(call("lint", "--set", "model.rtae=1", "--json"))] == ["UnknownName"]


def test_limits_that_nobody_set(call: Call, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    edit("@ps.train", "@ps.train(limits={'gpu': 2, 'db': 1})")
    assert [kind for kind, _ in problems(call("lint", "--json"))] == ["SettingsError", "SettingsError"]
    monkeypatch.setenv("PENSTOCK_LIMITS", "gpu=1,db=1")
    assert "needs 2 of the limit `gpu`, and there are 1" in call("lint").out
    monkeypatch.setenv("PENSTOCK_LIMITS", "gpu=2,db=1")
    assert call("lint").code == 0


def test_a_file_that_does_not_load(call: Call, edit: Edit) -> None:
    edit("def twice(x: int)", "def twice(x: int")
    done = call("lint", "--json")
    assert done.code == 2
    ((kind, where),) = problems(done)
    assert kind == "DeclarationError"
    assert where.startswith("line.py:1")


LEAKY = """
import penstock as ps


@ps.source
def rows() -> list: return list(range(10))


@ps.split
def sides(rows: list) -> dict: return {"train": rows[:8], "test": rows[8:]}


@ps.train
def model(train: list, test: list) -> float: return sum(train)


@ps.evaluate
def scores(model: float, test: list) -> dict: return {"off": sum(test) - model}
"""


def test_leaks_that_the_graph_gives_away(call: Call, project: Path) -> None:
    (project / "line.py").write_text(LEAKY)
    done = call("lint", "--json")
    document = valid(done, "lint")
    assert (done.code, document["ok"]) == (0, True)
    (one,) = document["findings"]
    assert (one["check"], one["verdict"], one["step"], one["artifact"]) == ("wiring", "SUSPECT", "model", "sides.test")
    assert one["where"] == "line.py:13"
    assert [(warning["kind"], warning["where"]) for warning in document["warnings"]] == [("wiring", "line.py:13")]
    said = call("lint").out
    assert "`model` takes `sides.test` (the test side), and `scores` judges its model on the test side" in said
    assert said.endswith("✓ line.py  4 steps, no problems, 1 warning\n")
