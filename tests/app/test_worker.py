"""The worker's process with its real kit: declared pipelines, codecs, a store."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.app.worker import Loaded, kit_of
from penstock.declare.load import load
from penstock.model.event import Begun
from penstock.model.step import Entry
from penstock.model.task import Ended, Input, Task
from penstock.stores.local import LocalStore
from penstock.testing.executors import Run
from penstock.testing.steps import Steps
from penstock.work.perform import Kit, NeedsFresh, perform

PIPELINE = """
import os
import random
import time

import penstock as ps
from helping import doubled

STARTED = {"at": time.time_ns()}


@ps.source
def numbers():
    return [1, 2, 3]


@ps.step
def twice(numbers):
    return [doubled(one) for one in numbers]


@ps.step
def pid(numbers):
    return os.getpid()


@ps.step
def when(numbers):
    return STARTED["at"]


def tripled(item, by=3):
    return item * by


@ps.step(each=True)
def seeded(item, seed: ps.Seed):
    return [item, int(seed)]


@ps.step
def fan(numbers):
    return ps.each(numbers, tripled)


@ps.step
def fan_nested(numbers):
    def inside(item, offset):
        return doubled(item) + offset
    return ps.each((one for one in numbers), inside, offset=numbers[0])


@ps.step
def fan_seeded(numbers):
    return ps.each(numbers, seeded)


@ps.step
def reads():
    return open("data.csv").read()


@ps.step
def edits(numbers):
    with open("helping" + ".py", "a") as file:  # not by its name: that would make it the step's own
        file.write("# edited meanwhile\\n")
    return 1


class Kept:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value


def keeping(item):
    return Kept(item)


@ps.step
def fan_kept(numbers):
    return ps.each(numbers, keeping)
"""
HELPING = "def doubled(x):\n    return 2 * x\n"


class Project:
    """A pipeline in a folder, and tasks of its steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "flow.py"
        self.file.write_text(PIPELINE)
        self.helper = folder / "helping.py"
        self.helper.write_text(HELPING)
        self.state = folder / ".penstock"
        self.store = LocalStore(self.state / "store")
        self.count = 0
        for path in (self.file, self.helper):  # not so new that it might change again unseen
            os.utime(path, (1_600_000_000, 1_600_000_000))

    def task(self, step: str, *, entry: Entry | None = None, inputs: tuple[Input, ...] = (), **fields: Any) -> Task:
        self.count += 1
        return Task(
            **{
                "id": f"run/{step}/{self.count}",
                "run": "run",
                "step": step,
                "attempt": 1,
                "key": f"key-{self.count}",
                "code": "",
                "entry": entry or Entry("file", str(self.file), step),
                "inputs": inputs,
                "root": str(self.folder),
                "log": str(self.folder / f"{step}-{self.count}.log"),
                **fields,
            }
        )

    def kit(self) -> Kit:
        return kit_of(Loaded(None), self.store, self.state)

    def value(self, kit: Kit, ended: Ended) -> Any:
        assert ended.status == "succeeded", ended
        return kit.codecs.decode(ended.outputs[0], self.store)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield Project(tmp_path.resolve())
    for name in set(sys.modules) - before:
        if name in {"flow", "helping"}:
            del sys.modules[name]


def do(project: Project, kit: Kit, task: Task) -> Ended:
    return perform(task, kit, lambda event: None)


def numbers(project: Project, kit: Kit) -> Input:
    return Input("numbers", "numbers", do(project, kit, project.task("numbers")).outputs[0])


def test_declared_steps_run(project: Project) -> None:
    kit = project.kit()
    given = numbers(project, kit)
    assert project.value(kit, do(project, kit, project.task("twice", inputs=(given,)))) == [2, 4, 6]


def test_the_plan_s_code_is_compared(project: Project) -> None:
    kit = project.kit()
    given = numbers(project, kit)
    digest = load(project.file, project.folder).step("twice").code.digest
    assert do(project, kit, project.task("twice", inputs=(given,), code=digest)).status == "succeeded"
    ended = do(project, kit, project.task("twice", inputs=(given,), code="blake3:another"))
    assert (ended.status, ended.outputs) == ("changed", ())


def test_values_that_differ_from_process_to_process_do_not_stop_a_task(project: Project) -> None:
    kit = project.kit()
    given = numbers(project, kit)
    source = load(project.file, project.folder).step("when").code.source
    ended = do(project, kit, project.task("when", inputs=(given,), code="blake3:another", source=source))
    assert ended.status == "succeeded"
    assert ended.extra["code"].startswith("blake3:")
    assert {piece.kind for piece in ended.pieces} <= {"value", "variable"}


def test_old_code_is_refused_when_a_file_was_edited(project: Project) -> None:
    kit = project.kit()
    given = numbers(project, kit)
    project.helper.write_text(HELPING.replace("2", "5"))
    with pytest.raises(NeedsFresh, match=r"helping\.py"):
        do(project, kit, project.task("twice", inputs=(given,)))
    other = project.kit()
    assert project.value(other, do(project, other, project.task("twice", inputs=(given,)))) == [5, 10, 15]


def test_what_was_edited_just_after_a_look_is_not_committed(project: Project) -> None:
    kit = kit_of(Loaded(None, glance=60.0), project.store, project.state)
    given = numbers(project, kit)
    project.helper.write_text(HELPING.replace("2", "5"))
    ended = do(project, kit, project.task("twice", inputs=(given,)))
    assert ended.status == "changed"
    assert "helping.py" in ended.reason
    with pytest.raises(NeedsFresh):
        do(project, kit, project.task("twice", inputs=(given,)))


def test_an_edit_while_the_step_runs_is_not_committed(project: Project) -> None:
    kit = project.kit()
    given = numbers(project, kit)
    ended = do(project, kit, project.task("edits", inputs=(given,)))
    # The closure of this step does not reach the helper, so it need not care.
    assert ended.status == "succeeded"
    project.file.write_text(PIPELINE.replace("return 1", "return doubled(1)"))
    kit = project.kit()
    ended = do(project, kit, project.task("edits", inputs=(given,)))
    assert ended.status == "changed"
    assert "helping.py" in ended.reason


def test_undeclared_files_are_told(project: Project) -> None:
    (project.folder / "data.csv").write_text("a,b\n")
    kit = project.kit()
    ended = do(project, kit, project.task("reads"))
    (hidden,) = ended.hidden
    assert hidden.path == "data.csv"
    assert hidden.where.startswith("flow.py:")
    assert hidden.digest == kit.digest(project.folder / "data.csv")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("fan", [3, 6, 9]),
        ("fan_nested", [3, 5, 7]),
        ("fan_seeded", [[1, 77], [2, 77], [3, 77]]),
    ],
)
def test_each_item_is_a_task_in_any_process(project: Project, step: str, expected: list[Any]) -> None:
    kit = project.kit()
    grown = do(project, kit, project.task(step, inputs=(numbers(project, kit),)))
    assert grown.status == "grown", grown
    assert grown.fanout is not None
    results = []
    for item in grown.fanout.items:
        other = project.kit()
        given = (Input(grown.fanout.argument, "item", item), *grown.fanout.shared)
        code = grown.fanout.code.digest if grown.fanout.entry.kind == "file" else ""
        ended = do(project, other, project.task("kid", entry=grown.fanout.entry, inputs=given, seed=77, code=code))
        assert ended.status == "succeeded", ended
        results.append(ended.outputs[0])
    gathering = tuple([Input(str(place), f"kid[{place}]", one) for place, one in enumerate(results)])
    ended = do(project, kit, project.task(step, entry=Entry("gather", str(project.file)), inputs=gathering))
    assert project.value(kit, ended) == expected


def test_functions_of_no_file_have_an_identity_too(project: Project) -> None:
    kit = project.kit()
    first, second = [kit.target(function) for function in (lambda item: item + 1, lambda item: item + 2)]
    assert first.entry.kind == second.entry.kind == "pickle"
    assert first.arguments == ("item",)
    assert first.code.digest != second.code.digest


@pytest.fixture
def run(project: Project) -> Iterator[Run]:
    from penstock.executors.local import LocalExecutor

    executor = LocalExecutor(
        [sys.executable, "-P", "-m", "penstock.app.worker"],
        workers=2,
        state=project.state,
        root=project.folder,
        pipeline=project.file,
    )
    executor.start()
    yield Run(executor, Steps(project.folder))
    executor.close()


def test_warm_workers_make_way_for_edited_code(project: Project, run: Run) -> None:
    kit = project.kit()

    def result(step: str) -> Any:
        tasks = [project.task(step, inputs=(given,)) for _ in range(3)]
        for task in tasks:
            run.executor.submit(task)
        values = [project.value(kit, ended) for ended in run.ended(*tasks)]
        assert values.count(values[0]) == 3
        return values[0]

    given = numbers(project, kit)
    assert result("twice") == [2, 4, 6]
    before = {one.pid for one in run.seen if isinstance(one, Begun)}
    run.seen.clear()
    project.helper.write_text(HELPING.replace("2", "7"))
    assert result("twice") == [7, 14, 21]
    last = [one.pid for one in run.seen if isinstance(one, Begun)][-1]
    assert last not in before


def test_classes_of_the_pipeline_travel_between_processes(project: Project, run: Run) -> None:
    kit = project.kit()
    grown = project.task("fan_kept", inputs=(numbers(project, kit),))
    run.executor.submit(grown)
    (ended,) = run.ended(grown)
    assert ended.fanout is not None
    kids = [
        project.task(
            "kid",
            entry=ended.fanout.entry,
            inputs=(Input(ended.fanout.argument, "item", item),),
            code=ended.fanout.code.digest,
            isolation="fresh",
        )
        for item in ended.fanout.items
    ]
    for kid in kids:
        run.executor.submit(kid)
    results = [one.outputs[0] for one in run.ended(*kids)]
    given = tuple([Input(str(place), f"kid[{place}]", one) for place, one in enumerate(results)])
    gather = project.task("fan_kept", entry=Entry("gather", str(project.file)), inputs=given, isolation="fresh")
    run.executor.submit(gather)
    values = project.value(kit, run.ended(gather)[0])
    assert [one.value for one in values] == [1, 2, 3]


def test_a_pipeline_that_can_not_be_loaded_fails_its_tasks(project: Project, run: Run) -> None:
    project.file.write_text("import penstock as ps\n\n1 / 0\n")
    task = project.task("twice", isolation="fresh")
    run.executor.submit(task)
    (ended,) = run.ended(task)
    assert ended.status == "failed"
    assert ended.failure is not None
    assert "ZeroDivisionError" in ended.failure.message
    assert ended.failure.where == "flow.py:3"
