"""From a step to a task, and from its end to what the ledger keeps."""

import msgspec

from penstock.model.artifact import Stored
from penstock.model.code import Code, Piece
from penstock.model.run import Consumed
from penstock.model.step import Entry, Options, Output, Resources, Step
from penstock.model.task import Ended, Input, Setting, Task, Usage
from penstock.work.task import Site, execution_of, gather_task, merged_code, task_of

SITE = Site("run", "p", "/root", "/logs", "/checkpoints")
STORED = Stored("plain", "blake3:1", "blake3:1", 1, data=b"1")
STEP = Step(
    "sides",
    "split",
    lambda rows: rows,
    inputs={"rows": "rows"},
    outputs=(Output("train", "train"), Output("test", "test")),
    options=Options(timeout=3.0, isolation="fresh", resources=Resources(cpus=2)),
    code=Code("code"),
    entry=Entry("file", "/root/p.py", "sides"),
)
SETTINGS = (Setting("days", "value", "60", "int:60", b"x"),)


def made():
    return task_of(SITE, STEP, 2, "blake3:" + "a" * 64, SETTINGS, 7, [Input("rows", "rows", STORED)], approved=True)


def test_a_task_is_complete_in_itself_and_travels():
    task = made()
    assert (task.id, task.outputs, task.timeout, task.isolation) == ("run/sides/2", ("train", "test"), 3.0, "fresh")
    assert (task.code, task.seed, task.approved, task.kind) == ("code", 7, True, "split")
    assert task.log.endswith("/") and task.checkpoint == "/checkpoints/sides-" + "a" * 16
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(task), type=Task)
    assert again == task


def test_the_closure_is_checked_only_where_a_worker_loads_the_file():
    pickled = msgspec.structs.replace(STEP, entry=Entry("pickle"))
    assert task_of(SITE, pickled, 1, "k" * 40, (), 0, []).code == ""


def test_gathering_takes_results_in_order():
    task = gather_task(made(), [STORED, STORED])
    assert task.entry.kind == "gather" and task.settings == ()
    assert [one.argument for one in task.inputs] == ["0", "1"]
    assert task.outputs == ("train", "test")


def test_an_execution_names_artifacts_and_roles():
    ended = Ended("run/sides/2", "succeeded", (STORED, STORED), usage=Usage(1.5), metrics={"m": 1.0})
    inputs = {"rows": Consumed("rows", "blake3:1", "plain:blake3:1")}
    one = execution_of(SITE, STEP, made(), ended, inputs, SETTINGS, 12.0)
    assert [(out.artifact, out.role) for out in one.outputs] == [("sides.train", "train"), ("sides.test", "test")]
    assert (one.settings, one.inputs, one.started) == ({"days": ("60", "int:60")}, inputs, 12.0)
    assert (one.attempt, one.seed, one.cached, one.metrics) == (2, 7, True, {"m": 1.0})


def test_the_closure_of_what_ran_takes_the_worker_s_values():
    planned = Code("plan", (Piece("function", "f", "1"), Piece("value", "p.STARTED", "2")))
    ended = Ended("t", "succeeded", pieces=(Piece("value", "p.STARTED", "3"),), extra={"code": "ran"})
    assert merged_code(planned, ended) == Code("ran", (Piece("function", "f", "1"), Piece("value", "p.STARTED", "3")))
    assert merged_code(planned, Ended("t", "succeeded")) == planned
