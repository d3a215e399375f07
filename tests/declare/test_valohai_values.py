"""Values that a file gives, held to its parameters."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.declare.valohai import lint_valohai, load_valohai
from penstock.declare.valohai_values import fitting
from penstock.errors import ParameterError
from penstock.plan.parameters import settings_of

STEP = """
- step:
    name: s
    image: i
    command: echo {parameters}
    parameters:
      - {name: a, type: integer, default: 1, min: 0, max: 9}
      - {name: c, type: string, default: q, choices: [q, r]}
      - {name: lr, type: float, default: 2}
- task: {name: fine, step: s, type: grid-search, parameters: [{name: a, style: multiple, rules: {items: [0, 9]}}]}
"""


def linted(folder: Path, text: str) -> tuple[list[str], list[str]]:
    (folder / "valohai.yaml").write_text(text)
    _, errors, warnings, _ = lint_valohai(folder / "valohai.yaml", folder, folder / ".penstock")
    return [f"{one.where}: {one.what}" for one in errors], [f"{one.where}: {one.what}" for one in warnings]


def task(rules: str, kind: str = "grid-search") -> str:
    return f"{STEP}- task: {{name: g, step: s, type: {kind}, {rules}}}\n"


def test_a_series_without_end_is_told_beforehand(tmp_path: Path) -> None:
    rules = "parameters: [{name: lr, style: linear, rules: {start: 0, end: 1, step: 0.0000001}}]"
    errors, _ = linted(tmp_path, task(rules))
    assert len(errors) == 1
    assert "task `g` can't vary `lr`: a task of 10000001 executions" in errors[0]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("parameters: [{name: a, style: multiple, rules: {items: [3, 44]}}]", "tries 44 as `a`: 44 is greater"),
        ("parameters: [{name: a, style: multiple, rules: {items: [x]}}]", "tries 'x' as `a`: a whole number is wanted"),
        (
            "parameters: [{name: c, style: multiple, rules: {items: [z]}}]",
            "tries 'z' as `c`: z is not among the choices",
        ),
        ("parameters: [{name: a, style: linear, rules: {start: 8, end: 10, step: 1}}]", "tries 10 as `a`"),
        ("parameters: [{name: a, style: random, rules: {min: -1, max: 3}}]", "tries -1 as `a`: -1"),
        ("parameter-sets: [{a: 1, c: q}, {a: 10}]", "tries 10 as `a`: 10 is greater"),
    ],
)
def test_what_a_task_tries_is_allowed(tmp_path: Path, rules: str, words: str) -> None:
    text = task(rules, "manual-search" if rules.startswith("parameter-sets") else "grid-search")
    errors, _ = linted(tmp_path, text)
    line = text.count("\n")
    assert [one.startswith(f"valohai.yaml:{line}:") and f"task `g` {words}" in one for one in errors] == [True]
    with pytest.raises(ParameterError, match="task `g` tries") as told:
        load_valohai(tmp_path / "valohai.yaml", tmp_path, tmp_path / ".penstock", step="g")
    assert told.value.where.startswith(f"valohai.yaml:{line}:")
    assert load_valohai(tmp_path / "valohai.yaml", tmp_path, tmp_path / ".penstock", step="fine").steps


PIPELINES = """
- pipeline:
    name: bad
    nodes:
      - name: n
        type: execution
        step: s
        override: {parameters: [{name: a, default: 15}, {name: c, default: z}]}
    edges: []
- pipeline:
    name: good
    nodes: [{name: n, type: execution, step: s, override: {parameters: [{name: a, default: 5}]}}]
    edges: []
- pipeline:
    name: replaced
    parameters: [{name: A, default: [4], targets: [n.parameters.a]}]
    nodes: [{name: n, type: execution, step: s, override: {parameters: [{name: a, default: 15}]}}]
    edges: []
- pipeline:
    name: narrowed
    nodes: [{name: n, type: execution, step: s, override: {parameters: [{name: a, max: 0}]}}]
    edges: []
"""


def test_what_an_override_leaves_is_allowed(tmp_path: Path) -> None:
    errors, _ = linted(tmp_path, STEP + PIPELINES)
    ours = [one for one in errors if "override of node" in one]
    assert errors == ours
    assert len(ours) == 3
    assert "valohai.yaml:18:" in ours[0]
    assert "leaves `a` at 15: 15 is greater" in ours[0]
    file, state = tmp_path / "valohai.yaml", tmp_path / ".penstock"
    with pytest.raises(ParameterError, match="override of node `n` leaves `a` at 15") as told:
        load_valohai(file, tmp_path, state, pipeline="bad")
    assert "There is 1 more: see `penstock lint`" in told.value.hint
    with pytest.raises(ParameterError, match="leaves `a` at 1"):
        load_valohai(file, tmp_path, state, pipeline="narrowed")
    assert load_valohai(file, tmp_path, state, pipeline="good").steps
    replaced = load_valohai(file, tmp_path, state, pipeline="replaced")
    assert (
        next(one.default for one in replaced.steps[0].parameters if one.name == "a") == 4
    )  # a list of one is that one


def test_one_value_is_one_setting(tmp_path: Path) -> None:
    text = """
- pipeline:
    name: p
    parameters: [{name: LR, default: 2, targets: [n.parameters.lr]}]
    nodes: [{name: n, type: execution, step: s}]
    edges: []
"""
    (tmp_path / "valohai.yaml").write_text(STEP + text)
    loaded = load_valohai(tmp_path / "valohai.yaml", tmp_path, tmp_path / ".penstock", pipeline="p")
    step = loaded.steps[0]

    def shown(**parameters: object) -> str:
        given = {name.partition(".")[2]: value for name, value in loaded.given(parameters).items()}
        return next(one.shown for one in settings_of(step, given, 0, tmp_path) if one.name == "lr")

    assert [shown(), shown(LR="2"), shown(LR="2.0"), shown(LR=2), shown(LR=2.0)] == ["2"] * 5
    assert shown(LR="9" * 30) == "1e+30", "larger than whole numbers that travel"
    assert (shown(LR="3"), shown(LR="0.5"), shown(LR="1e-4")) == ("3", "0.5", "0.0001")
    with pytest.raises(ParameterError, match=r"LR='x' \(for n.lr\): a number is wanted") as told:
        loaded.given({"LR": "x"})
    assert told.value.hint == "Give it as `--set LR=VALUE`."


@given(st.integers(-20, 20))
def test_a_list_of_one_is_that_one(value: int) -> None:
    definition = {"name": "a", "type": "integer"}
    assert fitting(definition, [value], many=False) == fitting(definition, value, many=False) == value
    assert fitting(definition, [value], many=True) == [value]
    with pytest.raises(ValueError, match="takes one value and got 2"):
        fitting(definition, [value, value], many=False)
