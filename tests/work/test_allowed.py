"""Values that edges and pipelines give to parameters."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.app.pipeline import Pipeline
from penstock.errors import ParameterError
from penstock.work.allowed import allowed, typed

GOOD: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "integer"}, 3, 3),
    ({"type": "integer"}, 3.0, 3),
    ({"type": "integer"}, "-3", -3),
    ({"type": "float"}, "1e-05", 1e-05),
    ({"type": "float"}, 2, 2),
    ({"type": "float", "min": 0, "max": 1}, 0.5, 0.5),
    ({"type": "string"}, 0.5, "0.5"),
    ({"type": "string"}, "", ""),
    ({"type": "string"}, {"a": "é"}, '{"a": "é"}'),
    ({"type": "string", "choices": ["a", "b"]}, "b", "b"),
    ({"type": "flag"}, True, True),
    ({"type": "flag"}, "false", False),
    ({"type": "flag"}, "No", False),
    ({"type": "flag"}, 1, True),
    ({"type": "flag"}, 0, False),
    ({"multiple": "repeat", "choices": ["a", "b"]}, ["a", "b"], ["a", "b"]),
    ({"type": "integer"}, [1, "2"], [1, 2]),
    ({"type": "integer"}, None, None),
    ({}, "x", "x"),
]
BAD: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "integer"}, 3.5, "a whole number is wanted"),
    ({"type": "integer"}, "many", "a whole number is wanted"),
    ({"type": "integer"}, True, "a whole number is wanted"),
    ({"type": "float"}, "wide", "a number is wanted"),
    ({"type": "float"}, False, "a number is wanted"),
    ({"type": "float", "max": 1}, 7, "7.0 is greater than the maximum allowed"),
    ({"type": "integer", "min": 1}, [3, 0], "0 is less than the minimum allowed"),
    ({"type": "string", "choices": ["a", "b"]}, "c", "c is not among the choices allowed"),
    ({"multiple": "repeat", "choices": ["a", "b"]}, ["a", "c"], "c is not among"),
    ({"type": "flag"}, "maybe", "a truth value is wanted"),
    ({"type": "flag"}, 2, "a truth value is wanted"),
]


@pytest.mark.parametrize(("definition", "value", "found"), GOOD)
def test_values_that_fit(definition: dict[str, Any], value: Any, found: Any) -> None:
    made = allowed({"name": "p", **definition}, value)
    assert made == found
    assert type(made) is type(found)


@pytest.mark.parametrize(("definition", "value", "words"), BAD)
def test_values_that_do_not(definition: dict[str, Any], value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        allowed({"name": "p", **definition}, value)


@given(
    st.sampled_from(["string", "integer", "float", "flag"]),
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans()),
)
def test_what_fits_once_fits_again(kind: str, value: Any) -> None:
    try:
        found = allowed({"name": "p", "type": kind}, value)
    except ValueError:
        return
    assert repr(allowed({"name": "p", "type": kind}, found)) == repr(found)


def test_types_that_yaml_writes_otherwise() -> None:
    assert (typed("float", "1e-4"), typed("float", "nan"), typed("string", "1")) == (0.0001, "nan", "1")


STEPS = """
- step:
    name: pre
    image: x
    command: "echo '{\\"lr\\": 7, \\"n\\": [1, 2], \\"none\\": [], \\"null\\": null}'"
    parameters: [{name: size, type: integer, default: 9}]
- step:
    name: train
    image: x
    command: echo {parameters}
    parameters:
      - {name: lr, type: float, default: 0.1, max: 1}
      - {name: n, type: integer, default: 1, choices: [1, 2]}
      - {name: need, type: integer, default: 3}
- pipeline:
    name: p
    nodes: [{name: a, type: execution, step: pre}, {name: b, type: %s, step: train}]
    edges:
      - [%s]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "edge", "words"),
    [
        ("execution", "a.metadata.lr, b.parameter.lr", "`a.metadata.lr` brings: 7.0 is greater than the maximum"),
        ("execution", "a.parameter.size, b.parameter.n", "`a.parameter.size` brings: 9 is not among the choices"),
        ("task", "a.metadata.n, b.parameter.lr", "2.0 is greater than the maximum"),
        ("execution", "a.metadata.null, b.parameter.n", "must have a value, and the edge to it brings none"),
    ],
)
def test_edges_bring_only_what_fits(project: Path, kind: str, edge: str, words: str) -> None:
    text = STEPS % (kind, edge)
    (project / "valohai.yaml").write_text(text)
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    error = run.steps["b"]["error"]
    assert words in error.message
    assert "train" in error.message
    assert error.where.startswith(f"valohai.yaml:{text[: text.index(edge)].count(chr(10)) + 1}:")


def test_parameters_of_a_pipeline_must_fit(project: Path) -> None:
    for default, target, words in (
        ("7", "b.parameter.lr", "7.0 is greater than the maximum"),
        ("many", "b.parameters.n", "a whole number is wanted"),
        ("[1, 2]", "b.parameter.n", "it takes one value and got 2"),
    ):
        text = (STEPS % ("execution", "a.metadata.n, b.dependency.x")).replace("a.metadata.n", "a.dependency.x")
        text += f"    parameters:\n      - {{name: P, targets: [{target}], default: {default}}}\n"
        (project / "valohai.yaml").write_text(text)
        with pytest.raises(ParameterError, match=words) as told:
            Pipeline.load("valohai.yaml")
        line = text.splitlines()[int(told.value.where.split(":")[1]) - 1]
        assert line[int(told.value.where.split(":")[2]) - 1 :].startswith("default:")
        assert "`P` of pipeline `p`" in told.value.what


def test_values_of_a_task_by_hand_must_fit(project: Path) -> None:
    (project / "valohai.yaml").write_text(STEPS % ("task", "a.dependency.x, b.dependency.x"))
    pipeline = Pipeline.load("valohai.yaml", executor="inline")
    for value, words in (("[0.1, 7]", "7.0 is greater"), ("wide", "a number is wanted")):
        with pytest.raises(ParameterError, match=words):
            pipeline.plan(parameters={"b.lr": value})
    assert len(pipeline.run(parameters={"b.lr": "[0.1, 0.2]"})["b.table"]) == 2


def test_an_empty_list_makes_no_executions(project: Path) -> None:
    (project / "valohai.yaml").write_text(STEPS % ("task", "a.metadata.none, b.parameter.n"))
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    assert (run.status, run["b.table"], run["b.metadata"]) == ("succeeded", [], {})


def test_edges_to_one_parameter_of_a_task_are_merged(project: Path) -> None:
    def values(mode: str) -> list[int]:
        text = STEPS % ("task", "a.metadata.n, b.parameter.need]\n      - [a.parameter.size, b.parameter.need")
        (project / "valohai.yaml").write_text(text.replace("step: train}", f"step: train, edge-merge-mode: {mode}}}"))
        return [one["need"] for one in Pipeline.load("valohai.yaml", executor="inline").run()["b.table"]]

    assert values("replace") == [1, 2, 9]
    assert values("append") == [3, 1, 2, 9]
