"""A pipeline in the hand, with real store, ledger and executors: what newcomers do, and what goes wrong."""

import functools
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import penstock as ps
from penstock.app.settings import find_settings, open_ledger
from penstock.errors import (
    CycleError,
    DeclarationError,
    DuplicateName,
    LedgerError,
    NotFound,
    ParameterError,
    SettingsError,
    StepFailed,
    UnknownName,
)
from penstock.model.event import Committed, Decided, RunEnded


class Project:
    """A pipeline file in a folder of its own, edited and run as a user would, each time in a new process."""

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, source, name="pipeline.py"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import penstock as ps\n" * (name == "pipeline.py") + textwrap.dedent(source))
        return self

    def load(self, **settings):
        return ps.Pipeline.load(self.folder / "pipeline.py", **settings)

    def run(self, executor="inline", **options):
        """(status, {step: its status}) of a run, and the result."""
        result = self.load().run(executor=executor, **options)
        return result, {name: row["status"] for name, row in result.steps.items()}


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


both = pytest.mark.parametrize("executor", ["inline", "local"])

CHAIN = """
    @ps.step
    def a(): return 1
    @ps.step
    def b(a): return a % 2
    @ps.step
    def c(b): return b + 10
"""


@both
def test_run_then_reuse_then_edit_with_early_cut_off(project, executor):
    result, states = project.write(CHAIN).run(executor)
    assert set(states.values()) == {"succeeded"}
    assert result["c"] == 11
    assert result.status == "succeeded"
    again, states = project.run(executor)
    assert set(states.values()) == {"reused"}
    assert again["c"] == 11
    # `a` becomes 3, `b` stays 1: `c` is reused although something above it ran.
    result, states = project.write(CHAIN.replace("return 1\n", "return 3\n")).run(executor)
    assert states == {"a": "succeeded", "b": "succeeded", "c": "reused"}
    assert result["a"] == 3


@both
def test_a_failure_stays_where_it_is_and_resume_goes_on(project, executor, tmp_path):
    marker = tmp_path / "mended"
    project.write(f"""
        from pathlib import Path
        @ps.step
        def good(): return 1
        @ps.step(cache=True)
        def bad(good, lr: float = 0.5):
            if not Path({str(marker)!r}).exists():
                raise ValueError("no luck")
            return good + 1
        @ps.step
        def below(bad): return bad
        @ps.step
        def aside(good): return good
    """)
    result, states = project.run(executor)
    assert states == {"good": "succeeded", "bad": "failed", "below": "blocked", "aside": "succeeded"}
    assert result.status == "failed"
    error = result.steps["bad"]["error"]
    assert (error.kind, error.message) == ("ValueError", "no luck")
    assert error.where.startswith("pipeline.py:")
    assert "penstock" not in error.traceback.replace("penstock as ps", "")
    with pytest.raises(StepFailed, match="`bad` failed: ValueError: no luck"):
        result.raise_if_failed()
    with pytest.raises(NotFound, match="that step is blocked"):
        result["below"]
    marker.touch()
    resumed, states = project.run(executor, resume=result.run)
    assert resumed.run == result.run
    assert states == {"good": "succeeded", "bad": "succeeded", "below": "succeeded", "aside": "succeeded"}
    assert resumed.steps["bad"]["attempts"] == 2


@both
def test_retries(project, executor, tmp_path):
    project.write(f"""
        from pathlib import Path
        count = Path({str(tmp_path / "count")!r})
        @ps.step(retries=2, backoff=0.01)
        def flaky():
            tries = len(count.read_text()) if count.exists() else 0
            count.write_text("x" * (tries + 1))
            if tries < 2:
                raise OSError("again")
            return tries
    """)
    result, states = project.run(executor)
    assert states == {"flaky": "succeeded"}
    assert result["flaky"] == 2
    assert result.steps["flaky"]["attempts"] == 3


@both
def test_fan_out_gathers_in_order_and_reuses_items(project, executor):
    source = """
        def square(x): return x * x
        @ps.step
        def squares(upto: int = 4): return ps.each(range(upto), square)
        @ps.step
        def total(squares): return sum(squares)
    """
    result, states = project.write(source).run(executor)
    assert states["squares"] == "succeeded"
    assert result["squares"] == [0, 1, 4, 9]
    assert result["total"] == 14
    result, states = project.run(executor, parameters={"squares.upto": 5})
    assert result["squares"] == [0, 1, 4, 9, 16]
    children = {name: state for name, state in states.items() if "[" in name}
    assert sorted(children.values()) == ["reused"] * 4 + ["succeeded"]
    _, states = project.run(executor, parameters={"squares.upto": 5})
    assert states == {"squares": "reused", "total": "reused"}


@both
def test_each_item_draws_numbers_of_its_own(project, executor):
    project.write("""
        import random
        def draw(x): return random.random()
        @ps.step
        def draws(): return ps.each(range(3), draw)
    """)
    first, _ = project.run(executor)
    assert len(set(first["draws"])) == 3
    assert project.run(executor, force=["draws"])[0]["draws"] == first["draws"]


@both
def test_a_failed_item_fails_the_step_alone(project, executor):
    project.write("""
        def inverse(x): return 1 / x
        @ps.step
        def inverses(): return ps.each([1, 0, 2], inverse)
        @ps.step
        def other(): return 1
    """)
    result, states = project.run(executor)
    assert states["inverses"] == "failed" and states["other"] == "succeeded"
    assert "1 of 3 items failed" in result.steps["inverses"]["error"].message
    assert states["inverses[2]"] == "succeeded"


@both
def test_skip_skips_what_is_below(project, executor):
    project.write("""
        @ps.step
        def fresh(rows: int = 0):
            if not rows:
                return ps.skip("no new rows")
            return rows
        @ps.step
        def report(fresh): return fresh
        @ps.step
        def other(): return 1
    """)
    result, states = project.run(executor)
    assert states == {"fresh": "skipped", "report": "skipped", "other": "succeeded"}
    assert result.status == "succeeded"
    _, states = project.run(executor, parameters={"fresh.rows": "3"})
    assert states == {"fresh": "succeeded", "report": "succeeded", "other": "reused"}


@both
def test_hold_waits_for_approval(project, executor):
    project.write("""
        @ps.step
        def model(): return 1
        @ps.deploy
        def release(model): return ps.hold("Release it?") and "released"
        @ps.step
        def after(release): return release
    """)
    result, states = project.run(executor)
    assert (result.status, states["release"], states["after"]) == ("waiting", "waiting", "waiting")
    assert result.steps["release"]["question"] == "Release it?"
    with pytest.raises(NotFound, match="does not wait for approval of `relaese`") as error:
        project.load().approve(result.run, "relaese")
    assert "`release`" in error.value.hint
    project.load().approve(result.run, "release")
    resumed, states = project.run(executor, resume=result.run)
    assert resumed.status == "succeeded"
    assert resumed["after"] == "released"
    assert states["model"] == "succeeded"


@both
def test_several_outputs_and_their_roles(project, executor):
    project.write("""
        @ps.step
        def rows(): return list(range(10))
        @ps.split
        def sides(rows): return {"train": rows[:8], "test": rows[8:]}
        @ps.step(outputs=["low", "high"])
        def both(train): return min(train), max(train)
        @ps.step
        def seen(low, test): return [low, test]
    """)
    result, _ = project.run(executor)
    assert result["seen"] == [0, [8, 9]]
    assert result["sides.train"] == list(range(8))
    assert result["high"] == 7


@both
def test_a_wrong_number_of_outputs_is_a_clear_failure(project, executor):
    project.write("""
        @ps.step(outputs=["a", "b"])
        def both(): return 1, 2, 3
    """)
    result, states = project.run(executor)
    assert states == {"both": "failed"}
    assert "a, b" in result.steps["both"]["error"].message + result.steps["both"]["error"].hint


@both
def test_path_parameters_are_inputs(project, executor, tmp_path):
    (tmp_path / "rows.csv").write_text("1\n2\n")
    project.write("""
        from pathlib import Path
        @ps.source
        def rows(path: Path = Path("rows.csv")): return path.read_text().split()
    """)
    assert project.run(executor)[0]["rows"] == ["1", "2"]
    (tmp_path / "rows.csv").touch()
    assert project.run(executor)[1] == {"rows": "reused"}
    (tmp_path / "rows.csv").write_text("1\n3\n")
    result, states = project.run(executor)
    assert (states, result["rows"]) == ({"rows": "succeeded"}, ["1", "3"])
    assert result.steps["rows"]["reasons"][0].kind == "file"


@both
def test_seeds_are_equal_on_every_executor_and_draw_per_step(project, executor):
    project.write("""
        import random
        @ps.step
        def a(seed: ps.Seed): return [seed, random.random()]
        @ps.step
        def b(seed: ps.Seed): return [seed, random.random()]
    """)
    first, _ = project.run("inline")
    forced, states = project.run(executor, force=["a", "b"])
    assert set(states.values()) == {"succeeded"}
    assert (forced["a"], forced["b"]) == (first["a"], first["b"])
    assert first["a"] != first["b"]
    other, states = project.run(executor, seed=1)
    assert set(states.values()) == {"succeeded"}
    assert other["a"] != first["a"]


@both
def test_uncached_and_forced_results_replace_the_old(project, executor):
    project.write("""
        import time
        @ps.step(cache=False)
        def always(): return time.time_ns()
        @ps.step
        def below(always): return always
        @ps.step
        def once(): return time.time_ns()
    """)
    first, _ = project.run(executor)
    second, states = project.run(executor)
    assert states == {"always": "succeeded", "below": "succeeded", "once": "reused"}
    assert second["below"] == second["always"] != first["always"]
    forced, states = project.run(executor, force=["once"])
    assert states["once"] == "succeeded"
    assert forced["once"] != first["once"]
    assert project.run(executor)[0]["once"] == forced["once"]


@both
def test_a_lost_output_is_made_again(project, executor, tmp_path):
    project.write("""
        @ps.step
        def big(): return "x" * 100_000
        @ps.step
        def size(big, extra: int = 0): return len(big) + extra
    """)
    project.run(executor)
    blobs = [path for path in (tmp_path / ".penstock/store/blobs").rglob("*") if path.is_file()]
    assert blobs
    for path in blobs:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"y")
    # Nothing reads it: nothing is noticed, nothing is served. A step that reads it has it made again.
    result, states = project.run(executor, parameters={"size.extra": 1})
    assert states["size"] == "succeeded"
    assert states["big"] == "succeeded"
    assert result["size"] == 100_001
    assert result["big"] == "x" * 100_000
    for path in (tmp_path / ".penstock/store/blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    result, states = project.run(executor)
    assert states == {"big": "succeeded", "size": "reused"}


def test_hidden_inputs_are_reported_and_hashed_by_the_next_plan(project, tmp_path):
    (tmp_path / "extra.csv").write_text("1")
    project.write("""
        @ps.step
        def reads(name: str = "extra"):
            with open(f"{name}.csv") as file:
                return file.read()
        @ps.step
        def other(): return 1
    """)
    seen = []
    result = project.load().run(executor="inline", on_event=seen.append)
    warned = [event for event in seen if type(event).__name__ == "Warned"]
    assert [event.step for event in warned] == ["reads"]
    assert "extra.csv" in warned[0].what and warned[0].where == "pipeline.py:5"
    assert project.run()[1] == {"reads": "reused", "other": "reused"}
    (tmp_path / "extra.csv").write_text("2")
    result, states = project.run()
    assert states == {"reads": "succeeded", "other": "reused"}
    assert result["reads"] == "2"
    assert project.run()[1] == {"reads": "reused", "other": "reused"}
    (tmp_path / "extra.csv").write_text("1")
    assert project.run()[1] == {"reads": "reused", "other": "reused"}


def test_constants_that_only_running_can_tell(project):
    project.write("""
        import time
        STARTED = time.time()
        @ps.step
        def stamped(): return STARTED > 0
        @ps.step
        def other(): return 1
    """)
    for executor in ("local", "local"):
        _, states = project.run(executor)
        assert states["stamped"] == "succeeded"
    assert states["other"] == "reused"


def test_targets_run_what_they_need(project):
    _, states = project.write(CHAIN).run(targets=["b"])
    assert states == {"a": "succeeded", "b": "succeeded"}
    with pytest.raises(UnknownName):
        project.run(targets=["nope"])
    with pytest.raises(UnknownName, match="to force"):
        project.run(force=["nope"])


def test_a_plan_writes_nothing_and_tells_the_truth(project):
    pipeline = project.write(CHAIN).load()
    assert [(one.step, one.action) for one in pipeline.plan().decisions] == [
        ("a", "run"),
        ("b", "unknown"),
        ("c", "unknown"),
    ]
    project.run()
    assert not project.load().plan().runs
    plan = project.write(CHAIN.replace("a % 2", "a % 3")).load().plan()
    assert plan["b"].action == "run"
    assert plan["b"].reasons[0].kind == "code"
    assert "b" in plan["b"].reasons[0].what


def test_events_come_in_order(project):
    seen = []
    project.write(CHAIN).load().run(executor="inline", on_event=seen.append)
    kinds = [type(event).__name__ for event in seen]
    assert kinds[0] == "RunStarted" and kinds[-1] == "RunEnded"
    assert isinstance(seen[1], Decided)
    assert sum(isinstance(event, Committed) for event in seen) == 3
    assert seen[-1] == RunEnded("succeeded", seen[-1].seconds)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("@ps.step\ndef a(b): ...", UnknownName, "needs `b`"),
        ("@ps.step\ndef a(): ...\n@ps.step(name='a')\ndef b(): ...", DuplicateName, "named `a`"),
        ("import nowhere_to_be_found", DeclarationError, "nowhere_to_be_found"),
        ("def broken(:", DeclarationError, "SyntaxError"),
        ("x = 1 / 0", DeclarationError, "ZeroDivisionError"),
        ("@ps.step(retrys=1)\ndef a(): ...", DeclarationError, "retrys"),
    ],
)
def test_a_pipeline_that_can_t_be_loaded_says_where(project, source, error, words):
    (project.folder / "pipeline.py").write_text("import penstock as ps\n" + source + "\n")
    with pytest.raises(error, match=words) as caught:
        project.load()
    assert caught.value.where.startswith("pipeline.py:")
    assert caught.value.hint


def test_a_missing_parameter_loses_nothing(project):
    project.write("""
        @ps.step
        def a(): return 1
        @ps.step
        def b(a, lr: float = ps.required): return lr
    """)
    with pytest.raises(ParameterError, match="needs a value for `lr`"):
        project.run()
    assert project.run(parameters={"b.lr": "0.5"})[0]["b"] == 0.5


@both
def test_composed_in_python(tmp_path, monkeypatch, executor):
    monkeypatch.chdir(tmp_path)

    @ps.step
    def two() -> int:
        return 2

    def times(two, k):
        return two * k

    made = [ps.step(name=f"times{k}")(functools.partial(times, k=k)) for k in (3, 4)]
    result = ps.Pipeline([two, *made], name="mine").run(executor=executor)
    assert (result["times3"], result["times4"]) == (6, 8)
    again = ps.Pipeline([two, *made], name="mine").run(executor=executor)
    assert {row["status"] for row in again.steps.values()} == {"reused"}
    changed = ps.Pipeline([two, ps.step(name="times3")(functools.partial(times, k=5))], name="mine").run(
        executor=executor
    )
    assert {name: row["status"] for name, row in changed.steps.items()} == {"two": "reused", "times3": "succeeded"}


NOTEBOOK = """
import penstock as ps
FACTOR = 2
def scaled(x):
    return x * FACTOR
@ps.source
def rows():
    return [1, 2]
@ps.step
def total(rows):
    return sum(map(scaled, rows))
for k in (3, 4):
    @ps.step(name=f"times{k}")
    def times(total, k=k):
        return total * k
    exec(f"times{k} = times")
pipeline = ps.Pipeline([rows, total, times3, times4])
def told():
    run = pipeline.run(executor=EXECUTOR)
    ran = [name for name, row in run.steps.items() if row["status"] == "succeeded"]
    print(run["total"], run["times3"], run["times4"], *ran)
told()
told()
@ps.step  # the cell is edited, and runs again
def total(rows):
    return sum(map(scaled, rows)) + 1
told()
FACTOR = 10
told()
print(repr(pipeline), repr(pipeline.plan()))
"""


@both
def test_cells_of_a_notebook(tmp_path, executor):
    script = NOTEBOOK.replace("EXECUTOR", repr(executor))
    done = subprocess.run(
        [sys.executable, "-"], input=script, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.splitlines() == [
        "6 18 24 rows total times3 times4",
        "6 18 24",
        "7 21 28 total times3 times4",
        "31 93 124 total times3 times4",
        "<pipeline pipeline: 4 steps> <plan: 4 reused>",
    ]


def test_in_a_file_a_pipeline_keeps_the_steps_that_it_was_composed_of(project):
    project.write("""
        @ps.step
        def a(): return 1
        first = ps.Pipeline([a], name="first")
        @ps.step
        def a(): return 2
        __penstock_declared__.clear()
        print(first.run(executor="inline")["a"])
    """)
    done = subprocess.run(
        [sys.executable, str(project.folder / "pipeline.py")],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert done.stdout == "1\n"


@both
def test_the_dictionary_form(tmp_path, monkeypatch, executor):
    monkeypatch.chdir(tmp_path)
    graph = {"raw": [], "features": ["raw"], "train": ["features"]}
    functions = {
        "raw": lambda: [1, 2],
        "features": lambda raw: [x * 2 for x in raw],
        "train": lambda features: sum(features),
    }
    result = ps.Pipeline.from_dict(graph, steps=functions).run(executor=executor)
    assert result["train"] == 6
    with pytest.raises(UnknownName, match="no function"):
        ps.Pipeline.from_dict({"a": [], "b": ["a"]}, steps={"a": lambda: 1})
    with pytest.raises(DeclarationError, match="takes 0 inputs"):
        ps.Pipeline.from_dict({"a": [], "b": ["a"]}, steps={"a": lambda: 1, "b": lambda: 2})


def test_a_dictionary_that_is_no_graph_is_told_at_once():
    functions = {"a": lambda b: b, "b": lambda a: a}
    with pytest.raises(CycleError, match=r"`(a` → `b` → `a|b` → `a` → `b)`"):
        ps.Pipeline.from_dict({"a": ["b"], "b": ["a"]}, steps=functions)
    with pytest.raises(UnknownName, match="raws") as caught:
        ps.Pipeline.from_dict({"raw": [], "clean": ["raws"]}, steps={"raw": lambda: 1, "clean": lambda raw: raw})
    assert "raw" in caught.value.hint


def test_a_file_may_compose_its_pipeline(project):
    project.write("""
        def build(count):
            steps = [ps.step(name="s0")(lambda: 0)]
            for i in range(1, count):
                steps.append(ps.step(name=f"s{i}", inputs={"x": f"s{i - 1}"})(lambda x: x + 1))
            return steps
        pipeline = ps.Pipeline(build(5))
    """)
    for executor in ("local", "inline"):
        result, _ = project.run(executor)
        assert result["s4"] == 4


def test_undeclared_functions_can_t_be_composed():
    with pytest.raises(DeclarationError, match="not declared"):
        ps.Pipeline([len])


def test_a_run_that_is_still_going_can_t_be_resumed_twice(project, tmp_path):
    project.write("""
        import time
        @ps.step
        def slow(): time.sleep(60)
    """)
    code = f"import penstock as ps; ps.Pipeline.load({str(tmp_path / 'pipeline.py')!r}).run(executor='inline', name='first')"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    try:
        settings = find_settings(tmp_path / "pipeline.py")
        for _ in range(400):
            try:
                open_ledger(settings).run("first")
                break
            except NotFound:
                time.sleep(0.05)
        with pytest.raises(LedgerError, match="still going"):
            project.run(resume="first")
    finally:
        process.kill()
        process.wait()
    project.write("""
        @ps.step
        def slow(): return "quick"
    """)
    result, states = project.run(resume="first")
    assert (states, result["slow"], result.status) == ({"slow": "succeeded"}, "quick", "succeeded")


def test_one_function_is_no_list_of_steps():
    with pytest.raises(DeclarationError, match="no list of steps"):
        ps.Pipeline(len)


def test_one_name_is_no_sequence_of_letters(project):
    pipeline = project.write(CHAIN).load()
    assert list(pipeline.plan("b").graph.steps) == ["a", "b"]
    result = pipeline.run("a", executor="inline", force="a", tags="first")
    assert {name: row["status"] for name, row in result.steps.items()} == {"a": "succeeded"}


@pytest.mark.parametrize(
    "given", [{"workers": -2}, {"workers": "2"}, {"max_parallel": 1.5}, {"seed": "x"}, {"seed": True}]
)
def test_numbers_that_are_none_are_refused(project, given):
    with pytest.raises(SettingsError, match=rf"{next(iter(given))}=.* is not a whole number"):
        project.write(CHAIN).load().run(**given)
