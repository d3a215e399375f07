from pathlib import Path

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Measured, RunEnded, RunStarted, Sampled
from penstock.model.task import Ended, Usage
from penstock.report.series import series_view
from penstock.testing.samples import HeldClock, make_execution, make_run


def test_a_run_over_time(tmp_path: Path) -> None:
    clock = HeldClock()
    with SqliteLedger(tmp_path / "ledger.db", clock=clock) as ledger:
        ledger.record("run-1", [RunStarted(make_run(steps=("a/x", "b")))])
        clock.move(1)
        ledger.record("run-1", [Sampled("run-1/a/x/1", 1.0, 1.5, 100), Sampled("run-1/b/1", 1.0, 0.5, 50)])
        clock.move(1)
        ledger.record("run-1", [Ended("run-1/b/1", "failed", usage=Usage(2.0, 1.0, 10))])
        ledger.record(
            "run-1", [Measured("run-1/a/x/1", "loss", 0.5, 0), Measured("run-1/a/x/1", "loss", float("nan"), 1)]
        )
        ledger.record("run-1", [Measured("run-1/a/x/1", "once", 0.5)])
        ledger.commit("run-1", [make_execution("a/x")], {})
        ledger.record("run-1", [RunEnded("failed", 2.0)])
        said = series_view(ledger, "last")
    assert [(one["at"], one["cpu"], one["memory"]) for one in said["resources"]] == [
        (1.0, 1.5, 100), (1.0, 2.0, 150), (2.0, 1.5, 100), (2.0, 0, 0),
    ]  # fmt: skip
    assert said["series"] == [{"step": "a/x", "name": "loss", "points": [(0, 0.5), (1, None)]}]


def test_long_series_are_thinned(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        ledger.record("run-1", [RunStarted(make_run())])
        ledger.record("run-1", [Measured("run-1/a/1", "loss", float(at), at) for at in range(5000)])
        points = series_view(ledger, "run-1")["series"][0]["points"]
    assert len(points) == 500
    assert (points[0], points[-1]) == ((0, 0.0), (4999, 4999.0))
