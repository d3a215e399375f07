"""Nodes and edges as Steps."""

from pathlib import Path

import pytest
from tests.declare.valohai_files import FILES

from penstock.declare.valohai import ValohaiFile, load_valohai
from penstock.declare.valohai_pipelines import options_of, sweep_of
from penstock.errors import DeclarationError, UnknownName
from penstock.graph.graph import build
from penstock.work.jobs import command_of


def load(folder: Path, text: str, pipeline: str = "") -> ValohaiFile:
    (folder / "valohai.yaml").write_text(text)
    return load_valohai(folder / "valohai.yaml", folder, folder / ".penstock", pipeline=pipeline)


def test_edges_bind_artifacts(tmp_path: Path) -> None:
    graph = build(load(tmp_path, FILES["edges as mappings and of every kind"]).steps)
    assert list(graph.steps) == ["pre process", "train", "again"]
    assert set(graph.steps["train"].inputs) == {"pre process.outputs", "pre process.metadata", "pre process.settings"}
    assert set(graph.steps["again"].inputs) == {"train.inputs", "train.outputs"}
    assert "inputs" in [one.name for one in graph.steps["train"].outputs]
    assert "inputs" not in [one.name for one in graph.steps["again"].outputs]
    links = {(one.kind, one.key): (one.target, one.name) for one in command_of(graph.steps["train"].entry).links}
    assert links == {
        ("output", "train-images.gz"): ("input", "train-images"),
        ("metadata", "best_lr"): ("parameter", "lr"),
        ("metadata", "names"): ("parameter", "names"),
        ("parameter", "seed"): ("parameter", "seed"),
        ("environment-variable", "DATA_VERSION"): ("environment-variable", "DATA_VERSION"),
    }


def test_gates_stand_between_a_node_and_what_follows(tmp_path: Path) -> None:
    graph = build(load(tmp_path, FILES["actions"]).steps)
    assert graph.parents("preprocess:complete") == ("preprocess",)
    assert graph.parents("train") == ("preprocess", "preprocess:complete")
    assert graph.parents("train:complete") == ("train",)
    assert graph.steps["preprocess:complete"].where.startswith("valohai.yaml:")


def test_what_failures_lead_to(tmp_path: Path) -> None:
    steps = {one.name: one for one in load(tmp_path, FILES["what errors lead to"]).steps}
    assert {name: (one.options.stops, one.options.retries) for name, one in steps.items()} == {
        "bad": (False, 0),
        "good": (False, 0),
        "other": (True, 2),
        "third": (True, 0),
    }
    assert command_of(steps["bad"].entry).lenient


def test_a_deployment_node(tmp_path: Path) -> None:
    steps = {one.name: one for one in load(tmp_path, FILES["an endpoint and a deployment"]).steps}
    assert steps["deploy"].kind == "deploy"
    assert command_of(steps["deploy"].entry).endpoints == {"predict-digit": {"model": "model.pkl"}}
    assert steps["after"].inputs == {"deploy.deployment": "deploy.deployment"}


def test_parameters_of_a_pipeline(tmp_path: Path) -> None:
    loaded = load(tmp_path, FILES["a pipeline's parameters"])
    train = {one.name: one.default for one in loaded.steps[0].parameters}
    assert (train["lr"], train["seed"], train["names"]) == (0.7, 11, ["x", "y z"])
    assert loaded.given({"rate": "0.5"}) == {"train.lr": "0.5", "second.lr": "0.5"}


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ("[a.deployment.id, b.parameter.lr]", "no deployment node"),
        ("[a.file.x, b.input.test-images]", "from `file` to `input` means nothing"),
        ("[a.output.x, b.metadata.y]", "from `output` to `metadata` means nothing"),
        ("[a.output.x, b.parameter.lr]", "from `output` to `parameter` means nothing"),
        ("[d.output.x, b.input.test-images]", "a deployment node gives no output"),
        ("[a.output.*, d.file.nothing.model]", "has no endpoint `nothing`"),
    ],
)
def test_edges_that_mean_nothing(tmp_path: Path, edges: str, words: str) -> None:
    text = (
        FILES["an endpoint and a deployment"].partition("- pipeline:")[0]
        + f"""
- pipeline:
    name: p
    nodes:
      - {{name: a, type: execution, step: train}}
      - {{name: b, type: execution, step: train}}
      - {{name: t, type: task, step: train}}
      - {{name: d, type: deployment, deployment: MyDeployment, endpoints: [predict-digit]}}
    edges:
      - {edges}
"""
    )
    with pytest.raises((DeclarationError, UnknownName), match=words) as told:
        load(tmp_path, text)
    assert told.value.where.startswith("valohai.yaml:")


def test_what_a_task_varies_is_its_step_s(tmp_path: Path) -> None:
    steps = '- step: {name: x, image: a, command: "true", parameters: [{name: rate, type: float, default: 1}]}\n'
    for task, column, hint in (
        ("parameters: [{name: rat, style: multiple, rules: {items: [1]}}]", 41, "Did you mean `rate`?"),
        ("type: manual_search, parameters: [], parameter-sets: [{rate: 1}, {rate: 2, size: 3}]", 93, "Known: `rate`."),
    ):
        text = f"{steps}- task: {{name: t, step: x, {task}}}\n"
        node = "- pipeline: {name: p, nodes: [{name: n, type: task, task: t}], edges: []}\n"
        for more in ("", node):
            path, part = tmp_path / "valohai.yaml", {"pipeline": "p"} if more else {"step": "t"}
            path.write_text(text + more)
            with pytest.raises(UnknownName, match=r"task `t` varies `\w+`, and step `x` has no such parameter") as told:
                load_valohai(path, tmp_path, tmp_path, **part)
            assert (told.value.where, told.value.hint) == (f"valohai.yaml:2:{column}", hint)


def test_limits_of_time() -> None:
    options = options_of({"time-limit": "1h 30m", "no-output-timeout": 90}, {"on-error": "stop-next"}, stops=True)
    assert (options.timeout, options.no_output_timeout, options.stops) == (5400.0, 90.0, False)
    assert options_of({}, {}, stops=True).stops
    assert not options_of({}, {}, stops=False).stops


def test_kinds_of_search() -> None:
    assert sweep_of(None).kind == "grid"
    raw = {
        "type": "BAYESIAN_TPE",
        "execution-count": 3,
        "optimization-target-value": 1,
        "on-child-error": "continue_and_complete",
    }
    sweep = sweep_of(raw)
    assert (sweep.kind, sweep.count, sweep.target, sweep.lenient) == ("bayesian", 3, 1.0, True)
    with pytest.raises(DeclarationError, match="several machines"):
        sweep_of({"type": "distributed"}, "valohai.yaml:1:1")
    with pytest.raises(DeclarationError, match="no type of task"):
        sweep_of({"type": "gird-search"})
