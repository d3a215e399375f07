"""A small run as events, for the tests of views and text: sources reused, one step fails, others are blocked."""

from pathlib import Path
from typing import Any

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Column, Description, Stored
from penstock.model.event import (
    Begun,
    Blocked,
    Committed,
    Decided,
    Event,
    Failed,
    Held,
    RunEnded,
    RunStarted,
    Skipped,
    Warned,
)
from penstock.model.run import Consumed, Decision, Execution, Made, Reason, Run
from penstock.model.task import Ended, Failure, LogSpan, Usage

__all__ = ["FAILURE", "committed", "execution", "ledger_at", "play", "run_of", "story"]

FAILURE = Failure(
    "ValueError",
    "could not convert 'N/A'",
    where="flights.py:61",
    hint="",
    traceback='Traceback (most recent call last):\n  File "flights.py", line 61, in model\n    return fit(x)\n'
    "           ^^^^^^\nValueError: could not convert 'N/A'\n",
    parameters={"learning_rate": "0.1"},
)


def run_of(steps: tuple[str, ...], run: str = "r1", **fields: Any) -> Run:
    """A run of steps."""
    graph = {name: {"kind": "step", "inputs": {}, "outputs": [name]} for name in steps}
    return Run(
        run, "flights", 1000.0, file="flights.py", steps=steps, graph=graph, executor="local", workers=2, **fields
    )


def execution(step: str, run: str = "r1", **fields: Any) -> Execution:
    """Work that was done, with an output of 1,234 rows."""
    about = Description(
        "polars.DataFrame", 1234, (1234, 2), (Column("id", "int64"), Column("x", "double", 3)), ((1, 0.5),)
    )
    stored = Stored("arrow", f"blake3:{step}", f"blake3:{step}", 41_000_000, about=about)
    usual: dict[str, Any] = {
        "outputs": (Made(step, stored),),
        "usage": Usage(0.8, 1.5, 412_000_000),
        "started": 1001.0,
        "seed": 7,
    }
    return Execution(f"key of {step}", "flights", step, "step", run, 1, "code", **{**usual, **fields})


def committed(step: str, run: str = "r1", **fields: Any) -> list[Event]:
    """The events of a step that ran."""
    return [Begun(f"{run}/{step}/1", step, 1), Committed(execution(step, run, **fields))]


def story(run: str = "r1", mae: float = 11.0) -> list[Event]:
    """`clean` and `scores` run, `model` fails, `report` is blocked, `deploy` waits, `extra` is skipped."""
    steps = ("clean", "scores", "model", "report", "deploy", "extra")
    changed = Reason("code", "helper `clean_name` changed", "features.py:41", "@@ -1 +1 @@\n-a\n+b\n")
    first = Reason("never-ran", "it never ran")
    return [
        RunStarted(run_of(steps, run, parameters={"model": {"learning_rate": "0.1"}})),
        Decided(tuple(Decision(one, "run", (changed if one == "clean" else first,), f"key of {one}") for one in steps)),
        *committed("clean", run, inputs={"raw": Consumed("flights", "blake3:f", "arrow:f")}),
        *committed("scores", run, metrics={"mae": mae, "odd": float("nan")}),
        Begun(f"{run}/model/1", "model", 1),
        Failed(
            "model", 1, FAILURE, Ended(f"{run}/model/1", "failed", usage=Usage(0.2), log=LogSpan("model.log", 2, 5))
        ),
        Blocked(("report",), "model"),
        Held("deploy", "Deploy it?"),
        Skipped(("extra",), "nothing new"),
        Warned("clean", "hidden-input", "it reads `codes.csv`", "features.py:9", "Declare it as a `Path`."),
        RunEnded("failed", 12.4),
    ]


def play(ledger: SqliteLedger, events: list[Event]) -> None:
    """Write events down as the loop of a run would."""
    run = events[0].run.id  # type: ignore[union-attr]
    for event in events:
        if isinstance(event, Committed):
            ledger.commit(run, [event.execution], {})
        else:
            ledger.record(run, [event])


def ledger_at(folder: Path, *stories: list[Event]) -> SqliteLedger:
    """A ledger that holds these runs."""
    ledger = SqliteLedger(folder / "ledger.db")
    for one in stories:
        play(ledger, one)
    return ledger
