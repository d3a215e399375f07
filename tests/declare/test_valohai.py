"""A valohai.yaml as it is: lints, plans, runs, and runs nothing twice."""

import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from tests.declare.valohai_files import FILES, REFUSED
from tests.declare.valohai_strategies import files

from penstock.app.pipeline import Pipeline
from penstock.app.result import RunResult
from penstock.app.settings import open_ledger
from penstock.cli.commands import penstock
from penstock.declare.valohai import is_valohai, lint_valohai, load_valohai, open_valohai
from penstock.errors import DeclarationError, ParameterError, PenstockError, PipelineNotFound, UnknownName


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with some data, which is the current one."""
    for name in ("a", "b", "deep/c"):
        path = tmp_path / "data" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(project: Path, text: str) -> list[dict[str, Any]]:
    """Write the file, and stand-ins for its remote inputs; its content."""
    (project / "valohai.yaml").write_bytes(text.encode())
    items: list[dict[str, Any]] = yaml.safe_load(text.removeprefix("\ufeff"))
    for step in [item["step"] for item in items if "step" in item]:
        for one in step.get("inputs", ()):
            if "://" in str(one.get("default")):
                place = project / ".valohai" / "inputs" / step["name"] / one["name"]
                place.mkdir(parents=True)
                (place / str(one["default"]).rpartition("/")[2].replace("*", "x")).write_text("stand-in")
    return items


def parts(items: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What of a file can be chosen: its pipelines, or its steps; and its tasks."""
    pipelines = [{"pipeline": one["pipeline"]["name"]} for one in items if "pipeline" in one]
    steps = [{"step": name} for name in dict.fromkeys(one["step"]["name"] for one in items if "step" in one)]
    return (pipelines or steps) + [{"step": one["task"]["name"]} for one in items if "task" in one]


def states(run: RunResult) -> dict[str, str]:
    return {name: one["status"] for name, one in run.steps.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_lints_plans_and_runs(project: Path, name: str) -> None:
    items = write(project, FILES[name])
    steps, errors, _, _ = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert errors == []
    assert steps
    for part in parts(items):
        pipeline = Pipeline.load("valohai.yaml", executor="inline", **part)
        assert pipeline.plan().decisions
        run = pipeline.run()
        assert run.status == "succeeded", [one["error"] for one in run.steps.values()]
        again = Pipeline.load("valohai.yaml", executor="inline", **part).run()
        assert again.status == "succeeded"
        if name != "what errors lead to":  # what failed is not kept
            assert set(states(again).values()) == {"reused"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_run_is_told_once_and_precisely(project: Path, name: str) -> None:
    text, words, line = REFUSED[name]
    (project / "valohai.yaml").write_text(text)
    _, errors, _, _ = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert any(words in one.what for one in errors), errors
    told = next(one for one in errors if words in one.what)
    assert told.where.startswith(f"valohai.yaml:{line}:" if line else "valohai.yaml")
    assert told.hint


BESIDE = (
    FILES["a command as text"]
    + """
- step: {name: other, image: x, command: "true"}
- pipeline:
    name: wrong
    nodes: [{name: a, type: execution, step: hlelo}]
    edges: [[a.outputs.x, b.input.y]]
- pipeline:
    name: right
    nodes: [{name: a, type: execution, step: hello}]
    edges: []
"""
)


def test_a_part_that_is_wrong_leaves_the_others_alone(project: Path) -> None:
    write(project, BESIDE)
    _, errors, _, _ = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert errors
    assert {BESIDE.splitlines()[int(one.where.split(":")[1]) - 1].strip().partition(":")[0] for one in errors} <= {
        "name",
        "nodes",
        "edges",
    }
    assert Pipeline.load("valohai.yaml", executor="inline", pipeline="right").run().status == "succeeded"
    assert Pipeline.load("valohai.yaml", executor="inline", step="other").run().status == "succeeded"
    with pytest.raises(DeclarationError, match='step "hlelo" does not exist') as told:
        Pipeline.load("valohai.yaml", pipeline="wrong")
    line = int(told.value.where.split(":")[1])
    assert "hlelo" in BESIDE.splitlines()[line - 1]


MALFORMED = """
- step: {name: good, image: x, command: "true"}
- step: {name: bad, image: x, commnd: "true"}
- task: {name: over bad, step: bad, parameters: []}
- pipeline: {name: misspelt, nodes: [{name: a, type: execution, step: good, on-eror: retry}], edges: []}
- pipeline: {name: uses bad, nodes: [{name: a, type: execution, step: bad}], edges: []}
- pipeline: {name: uses task, nodes: [{name: a, type: task, task: over bad}], edges: []}
- pipeline: {name: right, nodes: [{name: a, type: execution, step: good}], edges: []}
"""


def test_a_part_whose_form_is_wrong_leaves_the_others_alone(project: Path) -> None:
    write(project, MALFORMED)
    steps, errors, _, _ = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert {one.name for one in steps} == {"good", "right: a"}
    assert {one.where.split(":")[1] for one in errors} == {"3", "5"}
    assert Pipeline.load("valohai.yaml", executor="inline", pipeline="right").run().status == "succeeded"
    assert Pipeline.load("valohai.yaml", executor="inline", step="good").run().status == "succeeded"
    for part, line in (
        ({"pipeline": "misspelt"}, 5),
        ({"pipeline": "uses bad"}, 3),
        ({"pipeline": "uses task"}, 3),
        ({"step": "bad"}, 3),
        ({"step": "over bad"}, 3),
    ):
        with pytest.raises(DeclarationError) as told:
            Pipeline.load("valohai.yaml", **part)
        assert told.value.where.startswith(f"valohai.yaml:{line}:")
    with pytest.raises(PipelineNotFound, match="4 pipelines"):
        Pipeline.load("valohai.yaml")


RAISES = """
- step: {name: good, image: x, command: "true", parameters: [{name: p, default: a}]}
- step: {name: quoted, image: x, time-limit: "90", command: "true", parameters: [{name: p, default: a}]}
- pipeline:
    name: uses quoted
    nodes: [{name: a, type: execution, step: quoted}]
    edges: []
    parameters: [{name: P, targets: [a.parameter.p]}]
- pipeline:
    name: nothing
    nodes: [{name: a, type: execution, step: gone}]
    edges: []
    parameters: [{name: P, targets: [a.parameter.p]}]
- pipeline: {name: right, nodes: [{name: a, type: execution, step: good}], edges: []}
- endpoint: {name: predict, image: x, wsgi: a:b, workspace-volume: {mount-path: /x, size: 1Gi}}
- pipeline: {name: deploys, nodes: [{name: d, type: deployment, deployment: D, endpoints: [predict]}], edges: []}
"""


def test_a_part_on_which_the_package_raises_leaves_the_others_alone(project: Path) -> None:
    write(project, RAISES)
    steps, errors, _, _ = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert {one.name for one in steps} == {"good", "right: a"}
    told = {one.where.split(":")[1]: one.what for one in errors}
    assert told["3"] == "`time-limit: 90` is no length of time"
    assert told["11"].endswith('step "gone" does not exist')
    assert set(told) == {"3", "11", "15"}
    assert Pipeline.load("valohai.yaml", executor="inline", pipeline="right").run().status == "succeeded"
    for part, line in (("uses quoted", 3), ("nothing", 11), ("deploys", 15)):
        with pytest.raises(DeclarationError) as raised:
            Pipeline.load("valohai.yaml", pipeline=part)
        assert raised.value.where.startswith(f"valohai.yaml:{line}:")


def test_what_must_be_given_is_noted_and_asked_for(project: Path) -> None:
    text = """
- step:
    name: train
    image: x
    command: test {parameter-value:epochs} = 3 && test "$TOKEN" = t
    parameters: [{name: epochs, type: integer, optional: false}, {name: layers}, {name: many, multiple: repeat}, {name: sure, type: flag}]
    environment-variables: [{name: TOKEN, optional: false}, {name: OTHER}]
- pipeline:
    name: p
    nodes: [{name: first, type: execution, step: train}]
    edges: []
    parameters: [{name: length, targets: [first.parameter.epochs]}]
"""
    write(project, text)
    _, errors, _, notes = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert errors == []
    assert [one.what.split("`")[1] for one in notes if "must have a value" in one.what] == [
        "epochs",
        "environment-variable.TOKEN",
    ]
    assert [one.what.split("`")[1] for one in notes if "goes without it" in one.what] == ["layers"]
    pipeline = Pipeline.load("valohai.yaml", executor="inline")
    with pytest.raises(ParameterError, match="`first` needs a value for `epochs`") as told:
        pipeline.plan()
    assert told.value.where == "valohai.yaml:10:13"
    with pytest.raises(ParameterError, match=r"needs a value for `environment-variable\.TOKEN`"):
        pipeline.plan(parameters={"length": "3"})
    assert pipeline.run(parameters={"length": "3", "first.environment-variable.TOKEN": "t"}).status == "succeeded"
    assert Pipeline.load("valohai.yaml", executor="inline", stub_inputs=True).plan().decisions


def test_a_file_of_endpoints_alone_is_no_error(project: Path) -> None:
    write(project, "- endpoint: {name: predict, image: x, wsgi: a:b}\n")
    steps, errors, _, _ = lint_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert (steps, errors) == ((), [])
    with pytest.raises(DeclarationError, match="declares no steps"):
        Pipeline.load("valohai.yaml")


def test_inputs_can_be_stubbed(project: Path) -> None:
    (project / "valohai.yaml").write_text(FILES["remote inputs"].replace("-s ", "-e "))
    pipeline = Pipeline.load("valohai.yaml", executor="inline", stub_inputs=True)
    assert pipeline.run().status == "succeeded"
    assert Pipeline.load("valohai.yaml", executor="inline").plan().runs, "a stub is not the real thing"


def test_inputs_from_a_server(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fetched once, by whatever step comes first; and again when people say so."""
    asked: list[str] = []

    class Served(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    www = tmp_path_factory.mktemp("www")
    (www / "train 1.csv").write_text("first")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=str(www))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/train%201.csv"
        (project / "valohai.yaml").write_text(f"""
- step: {{name: a, image: x, command: "cp $VH_INPUTS_DIR/d/* $VH_OUTPUTS_DIR/", inputs: [{{name: d, default: "{address}"}}]}}
- step: {{name: b, image: x, command: "cat $VH_INPUTS_DIR/d/*", inputs: [{{name: d, default: "{address}"}}]}}
- pipeline:
    name: p
    nodes: [{{name: a, type: execution, step: a}}, {{name: b, type: execution, step: b}}]
    edges: [[a.dependency.x, b.dependency.x]]
""")
        run = Pipeline.load("valohai.yaml", executor="local").run()
        assert run.status == "succeeded", [one["error"] for one in run.steps.values()]
        assert (run["a.outputs"] / "train%201.csv").read_text() == "first"
        assert set(states(Pipeline.load("valohai.yaml").run()).values()) == {"reused"}
        assert asked == ["/train%201.csv"]
        (www / "train 1.csv").write_text("second")
        shutil.rmtree(project / ".penstock" / "downloads")
        run = Pipeline.load("valohai.yaml", executor="local").run(force=["a"])
        assert (run["a.outputs"] / "train%201.csv").read_text() == "second"
        server.shutdown()
    (project / "valohai.yaml").write_text((project / "valohai.yaml").read_text().replace("train", "other"))
    failed = Pipeline.load("valohai.yaml", executor="inline").run()
    assert "can't be fetched: [Errno 111] Connection refused" in failed.steps["a"]["error"].message


def test_paths_that_are_not_here_can_be_stubbed(project: Path) -> None:
    (project / "valohai.yaml").write_text(
        """
- step:
    name: look
    image: x
    command:
      - test ! -s "$VH_INPUTS_DIR/gone/x.csv" && test ! -s "$VH_INPUTS_DIR/blob/y.csv"
      - test "$(cat "$VH_INPUTS_DIR/here/a.csv")" = a
    inputs:
      - {name: gone, default: "file:///no/such/x.csv"}
      - {name: blob, default: "azure-blob://store/y.csv"}
      - {name: here, default: data/a.csv}
"""
    )
    assert Pipeline.load("valohai.yaml", executor="inline", stub_inputs=True).run().status == "succeeded"
    with pytest.raises(ParameterError, match="names no file"):
        Pipeline.load("valohai.yaml", executor="inline").plan()


def test_a_run_goes_on_the_way_it_began(project: Path) -> None:
    (project / "valohai.yaml").write_text(STUBBED)
    run = Pipeline.load("valohai.yaml", executor="inline", stub_inputs=True).run()
    assert run.status == "failed"
    (project / "ready").touch()
    done = CliRunner().invoke(penstock, ["resume", run.run, "--executor", "inline"])
    assert done.exit_code == 0, done.output


STUBBED = """
- step:
    name: look
    image: x
    command: test -e "$VH_INPUTS_DIR/far/x.csv" && test -e ready
    inputs: [{name: far, default: "datum://x.csv"}]
"""


def test_only_yaml_files_are_these() -> None:
    assert is_valohai("a/valohai.yml")
    assert not is_valohai("valohai.py")


def test_which_part_is_meant(project: Path) -> None:
    write(project, FILES["a step beside pipelines"])
    with pytest.raises(PipelineNotFound, match="2 pipelines") as told:
        Pipeline.load("valohai.yaml")
    assert "`first`, `second`" in told.value.hint
    with pytest.raises(UnknownName, match="no pipeline `frist`") as missing:
        Pipeline.load("valohai.yaml", pipeline="frist")
    assert "first" in missing.value.hint
    with pytest.raises(UnknownName, match="no step `trian`"):
        Pipeline.load("valohai.yaml", step="trian")
    with pytest.raises(PipelineNotFound, match="can't both"):
        Pipeline.load("valohai.yaml", pipeline="first", step="train")
    assert Pipeline.load("valohai.yaml", step="train").settings.pipeline == "train"
    (project / "line.py").write_text("import penstock as ps\n@ps.step\ndef one(): return 1\n")
    with pytest.raises(PipelineNotFound, match="is one pipeline"):
        Pipeline.load("line.py", pipeline="first")


def test_parameters_as_people_write_them(project: Path) -> None:
    write(project, FILES["a pipeline's parameters"])
    loaded = load_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert loaded.given({"train.lr": "1", "train.parameter.seed": "2"}) == {"train.lr": 1, "train.seed": "2"}
    with pytest.raises(UnknownName, match="`raet` is no parameter"):
        loaded.given({"raet": "1"})
    write(project, FILES["choices and ranges"])
    loaded = load_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert loaded.given({"size": "7"}) == {"net.size": "7"}
    with pytest.raises(ParameterError, match="11 is greater than the maximum"):
        loaded.given({"size": "11"})
    with pytest.raises(ParameterError, match="not among the choices"):
        loaded.given({"net.kind": "medium"})


def run_step(step: str = "", **parameters: Any) -> RunResult:
    return Pipeline.load("valohai.yaml", executor="inline", step=step).run(parameters=parameters)


def test_an_edit_runs_what_it_reaches(project: Path) -> None:
    write(project, FILES["a pipeline of two nodes"])
    (project / "code.py").write_text("1")

    def run() -> dict[str, str]:
        return states(Pipeline.load("valohai.yaml", executor="inline").run())

    assert set(run().values()) == {"succeeded"}
    # Other steps of the same file, comments and descriptions do not count.
    text = (project / "valohai.yaml").read_text()
    (project / "valohai.yaml").write_text(f"# new\n- step: {{name: other, image: x, command: y}}\n{text}")
    assert set(run().values()) == {"reused"}
    (project / "valohai.yaml").write_text(text.replace("printf r >", "printf R >"))
    assert run() == {"preprocess": "succeeded", "train": "succeeded"}
    (project / "valohai.yaml").write_text(text.replace("printf r >", "printf R >").replace("echo model", "echo modell"))
    assert run() == {"preprocess": "reused", "train": "succeeded"}
    (project / "code.py").write_text("2")
    assert set(run().values()) == {"succeeded"}, "both run in the repository"


def test_an_edit_after_the_plan_counts_as_what_ran(project: Path) -> None:
    write(project, FILES["a command as text"].replace("echo hello", "cat code.txt"))
    (project / "code.txt").write_text("planned")

    def edit(event: Any) -> None:
        if type(event).__name__ == "RunStarted":
            (project / "code.txt").write_text("edited")

    pipeline = Pipeline.load("valohai.yaml", executor="inline")
    assert pipeline.run(on_event=edit).status == "succeeded"
    assert states(run_step()) == {"hello": "reused"}
    (project / "code.txt").write_text("planned")
    assert states(run_step()) == {"hello": "succeeded"}, "what was planned never ran"


@pytest.mark.needs("git")
def test_files_that_git_ignores_do_not_count(project: Path) -> None:
    write(project, FILES["a command as text"])
    (project / ".gitignore").write_text("scratch\n.penstock\n")
    subprocess.run(["git", "init", "-q"], check=True)
    assert states(run_step()) == {"hello": "succeeded"}
    (project / "scratch").write_text("x")
    assert states(run_step()) == {"hello": "reused"}
    (project / "new.py").write_text("x")
    assert states(run_step()) == {"hello": "succeeded"}


def test_inputs_given_by_hand(project: Path) -> None:
    write(project, FILES["an input that nobody gives"])
    run = run_step(**{"input.model": "data/*.csv"})
    assert run.status == "succeeded"
    (project / "data" / "a.csv").write_text("other")
    assert states(run_step(**{"input.model": "data/*.csv"})) == {"evaluate": "succeeded"}
    assert states(run_step(**{"input.model": "data/*.csv"})) == {"evaluate": "reused"}
    with pytest.raises(ParameterError, match=r"nope\.csv names no file") as told:
        run_step(**{"input.model": "nope.csv"})
    assert told.value.where == "valohai.yaml:3:5"


def test_values_are_read_back(project: Path) -> None:
    write(project, FILES["a grid"])
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    table = run["sweep.table"]
    assert [(one["lr"], one["seed"]) for one in table] == [(a, b) for a in (0.1, 0.2) for b in (1, 2, 3)]
    assert (run["preprocess.outputs"] / "results" / "r.txt").read_text() == "r"
    assert run["preprocess.metadata"] == {"best_lr": 0.5, "names": ["a", "b", "c"], "rows": 3}
    assert sorted(one.name for one in (run["best.outputs"]).iterdir()) == ["model.pkl"]


def test_another_value_of_a_grid_runs_alone(project: Path) -> None:
    write(project, FILES["a grid"])
    Pipeline.load("valohai.yaml", executor="inline", step="sweep").run()
    text = (project / "valohai.yaml").read_text()
    (project / "valohai.yaml").write_text(
        text.replace("end: 3, step", "end: 4, step").replace("items: [0.1, 0.2]", "items: [0.1]")
    )
    begun: list[str] = []
    Pipeline.load("valohai.yaml", executor="inline", step="sweep").run(
        on_event=lambda event: begun.append(getattr(event, "step", "")) if type(event).__name__ == "Begun" else None
    )
    assert begun == ["sweep", "sweep[3]", "sweep"]


CONDITIONS = """
- step: {{name: pre, image: a, command: "echo '{{\\"acc\\": 0.5}}'"}}
- step: {{name: post, image: a, command: "true", inputs: [{{name: x}}]}}
- pipeline:
    name: p
    nodes:
      - {{name: pre, type: execution, step: pre, actions: [{action}]}}
      - {{name: post, type: execution, step: post}}
      - {{name: last, type: execution, step: post}}
    edges:
      - [pre.output.*, post.input.x]
      - [post.output.*, last.input.x]
"""


def test_a_condition_stops_the_pipeline(project: Path) -> None:
    write(project, CONDITIONS.format(action="{when: node-complete, if: metadata.acc < 0.9, then: stop-pipeline}"))
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    assert run.status == "succeeded"
    assert states(run) == {"pre": "succeeded", "pre:complete": "skipped", "post": "skipped", "last": "skipped"}


def test_a_condition_ends_the_pipeline_in_error(project: Path) -> None:
    write(project, CONDITIONS.format(action="{when: node-complete, if: metadata.acc < 0.9, then: error-pipeline}"))
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    assert run.status == "failed"
    assert states(run)["pre:complete"] == "failed"


@pytest.mark.parametrize(("when", "held"), [("node-complete", "pre:complete"), ("node-starting", "pre")])
def test_approval(project: Path, when: str, held: str) -> None:
    write(project, CONDITIONS.format(action=f"{{when: {when}, then: require-approval}}"))
    pipeline = Pipeline.load("valohai.yaml", executor="inline")
    run = pipeline.run()
    assert run.status == "waiting"
    assert states(run)[held] == "waiting"
    pipeline.approve(run.run, held)
    done = Pipeline.load("valohai.yaml", executor="inline").run(resume=run.run)
    assert done.status == "succeeded"
    assert set(states(done).values()) == {"succeeded"}


ERRORS = """
- step: {{name: bad, image: a, command: "echo x > $VH_OUTPUTS_DIR/x; test -e {flag}"}}
- step: {{name: good, image: a, command: "ls $VH_INPUTS_DIR/x", inputs: [{{name: x}}]}}
- pipeline:
    name: p
    nodes:
      - {{name: bad, type: execution, step: bad, on-error: {policy}}}
      - {{name: good, type: execution, step: good}}
      - {{name: aside, type: execution, step: good}}
      - {{name: later, type: execution, step: good}}
    edges:
      - [bad.output.*, good.input.x]
      - [aside.output.*, later.input.x]
"""


@pytest.mark.parametrize(
    ("policy", "status", "good", "later", "attempts"),
    [
        ("stop-all", "failed", "blocked", "cancelled", 1),
        ("stop-next", "failed", "blocked", "succeeded", 1),
        ("continue", "succeeded", "succeeded", "succeeded", 1),
        ("retry", "failed", "blocked", "cancelled", 3),
    ],
)
def test_what_an_error_leads_to(
    project: Path, monkeypatch: pytest.MonkeyPatch, policy: str, status: str, good: str, later: str, attempts: int
) -> None:
    monkeypatch.setattr("penstock.run.engine.Wake", lambda step, seconds: _wake(step, seconds / 1000))
    write(project, ERRORS.format(policy=policy, flag=project / "flag"))
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    found = states(run)
    if policy == "retry":  # what waits beside a retry goes on meanwhile
        later = found["later"]
    assert (run.status, found["good"], found["later"]) == (status, good, later)
    assert run.steps["bad"]["attempts"] == attempts
    (project / "flag").touch()
    mended = Pipeline.load("valohai.yaml", executor="inline").run()
    assert mended.status == "succeeded"
    assert states(mended)["bad"] == "succeeded", "what failed is not reused"
    assert states(Pipeline.load("valohai.yaml", executor="inline").run())["bad"] == "reused"


def _wake(step: str, seconds: float) -> Any:
    from penstock.run.commands import Wake

    return Wake(step, seconds)


def test_going_on_can_be_asked_for(project: Path) -> None:
    write(project, ERRORS.format(policy="stop-all", flag=project / "flag"))
    run = Pipeline.load("valohai.yaml", executor="inline").run(keep_going=True)
    assert states(run)["later"] == "succeeded"


def test_a_tolerated_child(project: Path) -> None:
    text = """
- step: {name: x, image: a, command: "test {parameter-value:n} != 2", parameters: [{name: n, type: integer}]}
- task:
    name: t
    step: x
    on-child-error: continue-and-complete
    parameters: [{name: n, style: multiple, rules: {items: [1, 2, 3]}}]
"""
    write(project, text)
    run = Pipeline.load("valohai.yaml", executor="inline", step="t").run()
    assert run.status == "succeeded"
    assert [one.get("failed", "") for one in run["t.table"]] == ["", "the command ended with exit code 1", ""]
    write(project, text.replace("continue-and-complete", "continue-and-error"))
    run = Pipeline.load("valohai.yaml", executor="inline", step="t").run()
    assert run.status == "failed"


SOME = """
- step:
    name: x
    image: a
    command: |
      {command}
    parameters: [{{name: n, type: integer}}]
- task:
    name: t
    step: x
    {key}
    parameters: [{{name: n, style: multiple, rules: {{items: [1, 2, 3, 4, 5]}}}}]
- pipeline:
    name: p
    nodes:
      - {{name: t, type: task, task: t, on-error: {policy}}}
      - {{name: after, type: execution, step: after}}
    edges:
      - [t.output.*, after.input.x]
- step: {{name: after, image: a, command: 'ls $VH_INPUTS_DIR/x', inputs: [{{name: x}}]}}
"""


def test_so_many_executions_at_once(project: Path) -> None:
    """Each takes hold of something that only one can hold."""
    command = f"mkdir {project}/held && sleep 0.1 && rmdir {project}/held"
    write(project, SOME.format(command=command, key="maximum-queued-executions: 1", policy="stop-all"))
    run = Pipeline.load("valohai.yaml", executor="local").run(workers=3)
    assert run.status == "succeeded", [one["error"] for one in run.steps.values()]
    (project / "valohai.yaml").write_text(
        (project / "valohai.yaml").read_text().replace("executions: 1", "executions: 2")
    )
    again = Pipeline.load("valohai.yaml", executor="local").run()
    assert set(states(again).values()) == {"reused"}, "how many at once changes nothing of what comes of them"


def test_an_execution_that_fails_ends_the_others(project: Path) -> None:
    command = f"touch {project}/began-{{parameter-value:n}}; test {{parameter-value:n}} != 1 && sleep 300"
    write(project, SOME.format(command=command, key="on-child-error: stop-all-and-error", policy="stop-next"))
    run = Pipeline.load("valohai.yaml", executor="local").run(workers=2)
    assert run.status == "failed"
    found = states(run)
    assert (found["t"], found["t[0]"], found["after"]) == ("failed", "failed", "blocked")
    assert {found[f"t[{index}]"] for index in range(1, 5)} == {"cancelled"}
    assert "ended because of it" in run.steps["t"]["error"].message
    assert not (project / "began-5").exists()


def test_a_task_that_may_fail(project: Path) -> None:
    command = "test {parameter-value:n} != 2 && touch $VH_OUTPUTS_DIR/{parameter-value:n}"
    write(project, SOME.format(command=command, key="type: grid-search", policy="continue"))
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    assert run.status == "succeeded"
    assert [one.get("failed", "") for one in run["t.table"]] == ["", "the command ended with exit code 1", "", "", ""]


def test_on_processes_too(project: Path) -> None:
    write(project, FILES["a task node over metadata"])
    run = Pipeline.load("valohai.yaml", executor="local").run(workers=2)
    assert run.status == "succeeded", [one["error"] for one in run.steps.values()]
    (project / "valohai.yaml").write_text(
        "- step: {name: slow, image: a, time-limit: 1, command: 'sleep 300 & sleep 300'}\n"
    )
    late = Pipeline.load("valohai.yaml", executor="local").run()
    assert "it took longer than 1 s" in late.steps["slow"]["error"].message
    assert "`time-limit:`" in late.steps["slow"]["error"].hint


def test_a_snapshot_holds_the_repository(project: Path) -> None:
    write(project, FILES["a command as text"])
    loaded = load_valohai(project / "valohai.yaml", project, project / ".penstock")
    assert set(map(str, loaded.sources())) == {"data/a.csv", "data/b.csv", "data/deep/c.csv", "valohai.yaml"}
    run = run_step()
    ledger = open_ledger(Pipeline.load("valohai.yaml").settings)
    kept = ledger.run(run.run)
    ledger.close()
    assert kept.snapshot
    assert (kept.part, kept.pipeline) == ("step", "hello")


OWN = frozenset({"StepFailed", "ParameterError"})


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(content=files())
def test_any_accepted_file_runs_or_gives_one_precise_error(
    tmp_path_factory: pytest.TempPathFactory, content: list[dict[str, Any]]
) -> None:
    """What the package accepts makes a graph, plans and runs; what goes wrong is told in words, with a place in the file."""
    folder = tmp_path_factory.mktemp("any")
    (folder / "data").mkdir()
    for name in ("a", "b"):
        (folder / "data" / f"{name}.csv").write_text(name)
    path = folder / "valohai.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    pipeline, refused = content[-1]["pipeline"], open_valohai(path, folder).verdicts.errors
    _, errors, _, _ = lint_valohai(path, folder, folder / ".penstock")
    assert len(errors) >= len(refused)
    loaded, told = attempt(lambda: Pipeline.load(path, executor="inline", pipeline=pipeline["name"]))
    if told is not None:
        assert precise(told.where, path), told
        assert told.hint
        assert errors, "lint tells it as well"
        return
    made = [one for one in loaded.graph.steps if not one.endswith(":complete")]
    assert len(made) == len(pipeline["nodes"])
    _, told = attempt(loaded.plan)
    if told is not None:  # an input that names no file
        assert precise(told.where, path), told
        assert told.hint
        return
    for name, step in loaded.run().steps.items():
        if step["error"]:
            assert step["error"].kind in OWN, (name, step["error"])
            assert precise(step["error"].where, path), (name, step["error"])


def attempt(do: Callable[[], Any]) -> tuple[Any, PenstockError | None]:
    """What comes of it, or the error that it gives."""
    try:
        return do(), None
    except PenstockError as error:
        return None, error


def precise(where: str, path: Path) -> bool:
    """Whether a place is a line and a column of the file."""
    name, line, column = where.rsplit(":", 2)
    lines = path.read_text().splitlines()
    return name == path.name and 1 <= int(line) <= len(lines) and 1 <= int(column) <= len(lines[int(line) - 1]) + 1
