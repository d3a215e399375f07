import json
from typing import get_args

import pytest

from penstock.model import event as events
from penstock.model.artifact import Stored
from penstock.model.run import Decision, Execution, Run, Usage
from penstock.model.task import Ended, Failure
from penstock.report.happenings import events_view, happening, happening_kind

FAILURE = Failure("ValueError", "no", where="line.py:3", traceback="secret" * 100)
STORED = Stored("plain", "blake3:1", "blake3:1", 3, data=b"\x00\x01")
EXAMPLES = [
    events.RunStarted(Run(id="r", pipeline="p", started=0.0, steps=("a", "b"))),
    events.Decided(tuple([Decision(f"s{n}", "run") for n in range(200)])),
    events.Queued("r/a/1", "a", "gpu"),
    events.Begun("r/a/1", "a", 1),
    events.Expected("r/a/1", 1.0, 2.0, 3),
    events.Progressed("r/a/1", 3, 10),
    events.Sampled("r/a/2", 1.0, 0.5, 1000),
    events.Measured("r/a/1", "loss", float("nan"), 3),
    events.Noted("r/a/1", "**note**"),
    events.Produced("r/a/1", (STORED,)),
    Ended("r/a/1", "succeeded", outputs=(STORED,)),
    events.Committed(Execution("k", "p", "a", "step", "r", 1, "c", usage=Usage(seconds=2.0))),
    events.Retrying("a", 1, 0.5, FAILURE),
    events.Failed("a", 2, FAILURE, Ended("r/a/2", "failed")),
    events.Blocked(("b", "c"), "a"),
    events.Skipped(("b",), "why"),
    events.Stopping("asked"),
    events.Cancelled(("b",)),
    events.Held("a", "good?"),
    events.Approved("a"),
    events.Labelled("name"),
    events.Grown("a", tuple([f"a[{n}]" for n in range(500)])),
    events.Warned("a", "silent", "says nothing"),
    events.Judging(1, 3, "as-of features"),
    events.Checked("quick"),
    events.RunEnded("succeeded", 3.0),
]


def test_every_kind_of_event_is_tried() -> None:
    assert {type(one) for one in EXAMPLES} == set(get_args(events.Event))


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: type(one).__name__)
def test_an_event_is_small_and_plain(one: events.Event) -> None:
    said = happening(events.Record(7, 1.5, one))
    assert (said["number"], said["time"][:4], said["kind"]) == (7, "1970", type(one).__name__.lower())
    text = json.dumps(said, allow_nan=False)
    assert len(text) < 8_000
    assert "secret" not in text and "task" not in said and "log" not in said


def test_the_step_of_a_task() -> None:
    said = happening(events.Record(1, 0.0, events.Progressed("r/part/of[2]/3", 1)))
    assert (said["step"], said["attempt"]) == ("part/of[2]", 3)
    assert happening(events.Record(1, 0.0, EXAMPLES[13]))["step"] == "a"


def test_many_events() -> None:
    records = [events.Record(number, 0.0, one) for number, one in enumerate(EXAMPLES, 1)]
    said = events_view("r", "running", records)
    assert said["last"] == len(EXAMPLES)
    assert said["events"][0]["kind"] == happening_kind(records[0])
    assert events_view("r", "running", [], after=9)["last"] == 9
