"""One step of a valohai.yaml as a Step."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.declare.valohai_steps import Surroundings, as_list, blueprint, portable, safe_name, step_of
from penstock.declare.valohai_tree import Tree
from penstock.errors import ParameterError
from penstock.model.command import Link, Sweep
from penstock.model.step import Options
from penstock.plan.parameters import settings_of
from penstock.work.jobs import command_of

TEXT = """- step:
    name: Train
    image: tensorflow
    description: trains
    command: python train.py {parameters}
    parameters:
      - {name: lr, type: float, default: 1, min: 0}
      - {name: steps, type: integer, optional: true}
      - {name: names, multiple: repeat, default: one}
      - {name: odd, type: integer, default: many}
      - {name: sure, type: flag, default: true}
    inputs:
      - {name: data, default: [a.csv], keep-directories: true}
      - {name: model, optional: true, filename: m.pkl}
    environment-variables:
      - {name: MODE, default: fast}
      - {name: TOKEN}
"""


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    (tmp_path / "valohai.yaml").write_text(TEXT)
    (tmp_path / "a.csv").write_text("a")
    return Surroundings(Tree(tmp_path / "valohai.yaml"), tmp_path, "valohai.yaml", (str(tmp_path / ".penstock"),))


def made(around: Surroundings, override: dict[str, Any] | None = None, **fields: Any) -> Any:
    return step_of(around, "train", blueprint(around.tree.data[0]["step"], (0, "step"), override), **fields)


def test_what_a_step_takes(around: Surroundings) -> None:
    step = made(around)
    found = {one.name: (one.kind, one.annotation, one.default) for one in step.parameters}
    assert found == {
        "lr": ("value", int | float, 1),
        "steps": ("value", int, None),
        "names": ("value", list[str], ["one"]),
        "odd": ("value", Any, "many"),
        "sure": ("value", bool, True),
        "input.data": ("files", Any, ["a.csv"]),
        "input.model": ("files", Any, []),
        "environment-variable.MODE": ("value", str, "fast"),
        "environment-variable.TOKEN": ("value", str, None),
    }
    assert step.where == "valohai.yaml:2:5"
    assert step.options.description == "trains"
    assert [one.name for one in step.outputs] == ["outputs", "metadata", "settings"]
    assert step.entry.commands


def test_settings_hold_what_files_hold(around: Surroundings) -> None:
    before = {one.name: one.digest for one in settings_of(made(around), {}, 0, around.root)}
    (around.root / "a.csv").write_text("b")
    after = {one.name: one.digest for one in settings_of(made(around), {}, 0, around.root)}
    assert {name for name in before if before[name] != after[name]} == {"input.data"}


def test_overrides(around: Surroundings) -> None:
    override = {
        "image": "other",
        "command": ["one", "two"],
        "parameters": [
            {"name": "lr", "default": 5},
            {"name": "steps"},
            {"name": "extra", "type": "float", "default": 2},
        ],
        "inputs": [{"name": "data"}, {"name": "model", "default": "b.csv"}],
        "environment-variables": [{"name": "MODE", "default": "slow"}],
    }
    step = made(around, override)
    found = {one.name: one.default for one in step.parameters}
    assert (found["lr"], found["steps"], found["extra"]) == (5, None, 2)
    assert (found["input.data"], found["input.model"], found["environment-variable.MODE"]) == ([], ["b.csv"], "slow")
    command = command_of(step.entry)
    assert (command.image, command.lines) == ("other", ("one", "two"))
    kept = {one.name: (one.keep, one.filename) for one in command.inputs}
    assert kept == {"data": ("full", ""), "model": ("none", "m.pkl")}


def test_every_field_of_an_override_counts(around: Surroundings) -> None:
    override = {
        "parameters": [
            {"name": "lr", "min": 2, "max": 4, "pass-as": "-l {v}"},
            {"name": "names", "multiple": "separate", "multiple-separator": ";", "choices": ["one", "two"]},
            {"name": "sure", "type": "flag", "pass-true-as": "--yes"},
            {"name": "steps", "type": "float", "optional": False, "default": 1.5},
        ],
        "inputs": [{"name": "model", "filename": "other.pkl", "keep-directories": "suffix", "optional": False}],
        "environment-variables": [{"name": "TOKEN", "optional": False}],
    }
    step = made(around, override)
    command = command_of(step.entry)
    known = {one["name"]: one for one in command.parameters}
    assert known["lr"] == {"name": "lr", "type": "float", "min": 2, "max": 4, "pass-as": "-l {v}"}
    assert (known["names"]["multiple"], known["names"]["choices"]) == ("separate", ["one", "two"])
    assert known["sure"]["pass-true-as"] == "--yes"
    assert known["steps"]["type"] == "float"
    found = {one.name: (one.default, one.required) for one in step.parameters}
    assert (found["lr"], found["steps"], found["sure"]) == ((1, False), (1.5, False), (True, False))
    assert found["environment-variable.TOKEN"] == (None, True)
    model = next(one for one in command.inputs if one.name == "model")
    assert (model.filename, model.keep, model.optional) == ("other.pkl", "suffix", False)


def test_numbers_beyond_what_travels(around: Surroundings) -> None:
    override = {
        "parameters": [{"name": "steps", "type": "integer", "default": 10**30, "max": 10**31, "choices": [10**30]}]
    }
    step = made(around, override)
    assert next(one.default for one in step.parameters if one.name == "steps") == 10**30
    known = next(one for one in command_of(step.entry).parameters if one["name"] == "steps")
    assert (known["max"], portable({"a": [2**63, -1]}, str)) == (1e31, {"a": ["9223372036854775808", -1]})


def test_what_must_have_a_value(around: Surroundings) -> None:
    """A parameter that is not optional, and a variable that says so, unless something else gives one."""
    override = {
        "parameters": [{"name": "steps", "optional": False}],
        "environment-variables": [{"name": "TOKEN", "optional": False}],
    }

    def needs(**fields: Any) -> set[str]:
        return {one.name for one in made(around, override, **fields).parameters if one.required}

    assert needs() == {"steps", "environment-variable.TOKEN"}
    assert needs(values={"steps": 3}) == {"environment-variable.TOKEN"}
    edges = [
        Link("p.metadata", "p", "metadata", "x", "parameter", "steps"),
        Link("p.settings", "p", "environment-variable", "T", "environment-variable", "TOKEN"),
    ]
    assert needs(links=edges) == set()
    assert needs(sweep=Sweep(parameters=({"name": "steps"},))) == {"environment-variable.TOKEN"}
    assert needs(sweep=Sweep(sets=({"steps": 1},))) == {"environment-variable.TOKEN"}
    around.stubs = True
    assert needs() == set()
    around.stubs = False
    with pytest.raises(ParameterError, match="needs a value for `steps`"):
        settings_of(made(around, override), {}, 0, around.root)


def test_edges_replace_defaults_or_add_to_them(around: Surroundings) -> None:
    link = Link("pre.outputs", "pre", "output", "*", "input", "data")
    bound = {"pre.outputs": "pre.outputs"}
    assert {one.name: one.default for one in made(around, links=[link], inputs=bound).parameters}["input.data"] == []
    added = made(around, links=[link], inputs=bound, append=True)
    assert {one.name: one.default for one in added.parameters}["input.data"] == ["a.csv"]
    assert added.inputs == bound


def test_an_edge_to_an_undeclared_input_makes_it(around: Surroundings) -> None:
    command = command_of(made(around, links=[Link("a", "a", "output", "*", "input", "new")]).entry)
    assert [one.name for one in command.inputs] == ["data", "model", "new"]


def test_a_task_takes_lists(around: Surroundings) -> None:
    step = made(around, sweep=Sweep(), values={"lr": [1, 2]}, options=Options(timeout=5.0))
    assert next(one for one in step.parameters if one.name == "lr").default == [1, 2]
    assert [one.name for one in step.outputs] == ["outputs", "metadata", "settings", "table"]
    assert step.options.timeout == 5.0


def test_the_repository_is_read_once(around: Surroundings) -> None:
    first = made(around)
    (around.root / "new.py").write_text("x")
    assert made(around).code == first.code


@given(st.text(max_size=20), st.sets(st.text(max_size=3), max_size=3))
def test_names_are_safe_and_free(name: str, taken: set[str]) -> None:
    found = safe_name(name, taken)
    assert found
    assert found not in taken
    assert not set(found) & set("/.[]=\\\n\0")


def test_lists() -> None:
    assert (as_list(None), as_list("a"), as_list(["a"]), as_list(0)) == ([], ["a"], ["a"], [0])
