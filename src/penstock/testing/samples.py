"""A clock that stands still, and small makers of runs and executions, for tests of ledgers and of what reads them."""

from collections.abc import Sequence
from typing import Any

from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.model.run import Consumed, Execution, Made, Run
from penstock.model.task import Usage

__all__ = ["HeldClock", "make_execution", "make_run"]


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.wall = 1_750_000_000.0
        self.steady = 1000.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self.steady

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.steady += seconds


def make_run(run: str = "run-1", steps: Sequence[str] = ("a", "b", "c"), pipeline: str = "p", **fields: Any) -> Run:
    """A run of some steps of kind `train`."""
    graph = {step: {"kind": "train", "inputs": {}, "outputs": [step]} for step in steps}
    return Run(id=run, pipeline=pipeline, started=1_750_000_000.0, steps=tuple(steps), graph=graph, **fields)


def make_execution(step: str = "a", run: str = "run-1", data: bytes | None = b"1", **fields: Any) -> Execution:
    """An execution of `step` that made one small value, `data` (or a blob in the store, for None)."""
    digest = digest_bytes(b"stored" if data is None else data)
    about = Description(type="int", head=((1, None, 2.5, "x"),), details={"nested": {"list": [1, 2]}})
    stored = Stored("json", digest, digest, 6 if data is None else len(data), data=data, about=about)
    values: dict[str, Any] = {
        "key": digest_bytes(f"key of {step}".encode()),
        "pipeline": "p",
        "kind": "train",
        "attempt": 1,
        "code": digest_bytes(b"code"),
        "inputs": {"x": Consumed("above", digest, f"json:{digest}")},
        "settings": {"rate": ("0.1", digest)},
        "outputs": (Made(step, stored, "train"),),
        "metrics": {"auc": 0.75},
        "usage": Usage(seconds=1.5, cpu_seconds=1.25, peak_memory=1 << 40),
        "started": 1_750_000_001.0,
        "seed": 7,
    }
    return Execution(step=step, run=run, **(values | fields))
