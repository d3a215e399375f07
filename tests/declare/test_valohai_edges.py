"""Edges and where they lead."""

from pathlib import Path

import pytest

from penstock.declare.valohai import lint_valohai, load_valohai
from penstock.declare.valohai_edges import node_of
from penstock.errors import DeclarationError, UnknownName

STEPS = """
- step: {name: one, image: x, command: "true", parameters: [{name: rate, type: float, default: 1}], inputs: [{name: dataset}], environment-variables: [{name: MODE}]}
- step: {name: many, image: x, command: "true", parameters: [{name: rates, type: float, multiple: repeat, default: 1}]}
- endpoint: {name: predict, image: x, wsgi: a:b, files: [{name: model, path: m.pkl}]}
- pipeline:
    name: p
    nodes:
      - {name: a, type: execution, step: one}
      - {name: b, type: execution, step: one}
      - {name: m, type: execution, step: many}
      - {name: t, type: task, step: one}
      - {name: d, type: deployment, deployment: D, endpoints: [predict]}
    edges:
      - """


def lint(folder: Path, *edges: str, more: str = "") -> tuple[list[str], list[str]]:
    (folder / "valohai.yaml").write_text(STEPS + "\n      - ".join(edges) + "\n" + more)
    _, errors, warnings, _ = lint_valohai(folder / "valohai.yaml", folder, folder / ".penstock")
    return [f"{one.where} {one.what} {one.hint}" for one in errors], [one.what for one in warnings]


LINE = len(STEPS.splitlines())
WRONG = [
    ("[a.metadata.x, b.parameter.rat]", "b.p", "node `b` (step `one`) has no parameter `rat` Did you mean `rate`?"),
    ("[a.metadata.x, b.parameter.nothing]", "b.p", "has no parameter `nothing` Known: `rate`."),
    ("{source: a.metadata.x, target: t.parameter.speed}", "target", "node `t` (step `one`) has no parameter `speed`"),
    ("[a.parameter.rat, b.parameter.rate]", "a.p", "node `a` (step `one`) has no parameter `rat` Did you mean `rate`?"),
    ("[a.output.*, b.input.datset]", "b.i", "node `b` (step `one`) has no input `datset` Did you mean `dataset`?"),
    ("[a.input.datset, b.input.dataset]", "a.i", "node `a` (step `one`) has no input `datset` Did you mean `dataset`?"),
    ("[a.environment-variable.MDE, b.environment-variable.MODE]", "a.e", "no environment variable `MDE`"),
    ("[a.parameter.rate, b.environment-variable.MOD]", "b.e", "no environment variable `MOD` Did you mean `MODE`?"),
    ("[d.deployment.ids, b.parameter.rate]", "d.d", "a deployment node has no `ids`"),
    ("[a.output.*, d.file.predict.modle]", "[", "endpoint `predict` has no file `modle` Did you mean `model`?"),
]


@pytest.mark.parametrize(("edge", "place", "words"), WRONG)
def test_ends_that_are_not_there(tmp_path: Path, edge: str, place: str, words: str) -> None:
    """One error for each, at the end that is wrong, and the same from lint as where the pipeline is loaded."""
    (error,), _ = lint(tmp_path, edge)
    assert words in error
    assert error.startswith(f"valohai.yaml:{LINE}:{9 + edge.index(place)} ")
    with pytest.raises((UnknownName, DeclarationError)) as told:
        load_valohai(tmp_path / "valohai.yaml", tmp_path, tmp_path / ".penstock")
    assert f"{told.value.where} {told.value.what} {told.value.hint}" == error


@pytest.mark.parametrize(
    "edge",
    [
        "[a.metadata.x, b.parameter.rate]",
        "[a.input.data*, b.input.dataset]",
        "[a.input.dataset/x.csv, b.input.dataset]",
        "[a.environment-variable.MODE, b.environment-variable.NEW]",
        "[d.deployment.version_id, b.environment-variable.NEW]",
        "[a.output.*, d.file.predict.model]",
        "[a.dependency.x, b.dependency.y]",
    ],
)
def test_ends_that_are(tmp_path: Path, edge: str) -> None:
    assert lint(tmp_path, edge) == ([], [])


def test_an_input_that_no_step_declares_is_made_and_told(tmp_path: Path) -> None:
    errors, warnings = lint(tmp_path, "[a.output.*, b.input.extra]")
    assert (errors, warnings) == ([], ["node `b` (step `one`) has no input `extra`"])
    # Beside the one that it is like, it is meant.
    assert not lint(tmp_path, "[a.output.x, b.input.dataset]", "[a.output.y, b.input.dataset2]")[0]
    # What an edge makes, another may pass on.
    assert not lint(tmp_path, "[a.output.x, b.input.extra]", "[b.input.extra, m.input.other]")[0]


def test_two_edges_to_one_value(tmp_path: Path) -> None:
    twice = ("[a.metadata.x, {}]", "[a.metadata.y, {}]")
    (error,), _ = lint(tmp_path, *[one.format("b.parameter.rate") for one in twice])
    assert error.startswith(f"valohai.yaml:{LINE + 1}:24 parameter `rate` of node `b` takes one value, and two edges")
    for target in ("m.parameter.rates", "t.parameter.rate"):
        assert lint(tmp_path, *[one.format(target) for one in twice]) == ([], [])


def test_targets_of_a_pipeline_s_parameters(tmp_path: Path) -> None:
    for target, words in (
        ("t.parameter.rat", "node `t` (step `one`) has no parameter `rat` Did you mean `rate`?"),
        ("d.parameter.rate", "node `d` is a deployment and has no parameters"),
    ):
        (error,), _ = lint(
            tmp_path,
            more=f"    parameters: [{{name: R, targets: [{target}]}}]\n",
            *("[a.dependency.x, b.dependency.x]",),
        )
        assert words in error
        assert error.startswith(f"valohai.yaml:{LINE + 1}:")


def test_names_of_nodes_may_hold_dots() -> None:
    assert node_of("a.b.output.x", {"a": 0, "a.b": 0}) == ("a.b", ".", "output.x")
    assert node_of("c.output.x", {"a": 0}) == ("c", ".", "output.x")
