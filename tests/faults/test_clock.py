"""The wall clock jumps while a run goes on: nothing waits longer, ends sooner, is lost or done twice."""

import random
import time

import pytest
from tests.run.test_drive import CHAIN, Runs, Scripted

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Committed
from penstock.model.task import Ended, Failure
from penstock.run.leases import Leases


class Jumpy:
    """A wall clock that jumps by up to a day, or ten years, each time that it is looked at."""

    def __init__(self, seed: int) -> None:
        self.chance, self.real = random.Random(seed), time.time
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return max(0.0, self.real() + self.chance.choice([-3.2e8, -86400, -3600, 0, 3600, 86400, 3.2e8]))


@pytest.mark.parametrize("seed", range(5))
def test_a_run_takes_no_notice(tmp_path, monkeypatch, seed):
    jumpy = Jumpy(seed)
    monkeypatch.setattr(time, "time", jumpy)
    runs = Runs(tmp_path / "ledger.db")
    script = {"b": lambda task: Ended(task.id, "failed", failure=Failure("E", "m")) if task.attempt == 1 else None}
    begun = time.monotonic()
    events, statuses, _ = runs.run(CHAIN, script, retries={"b": (1, 0.05)})
    assert time.monotonic() - begun < 30, "a wait was measured by the wall clock"
    assert statuses == dict.fromkeys(CHAIN, "succeeded")
    assert [event.execution.step for event in events if isinstance(event, Committed)] == list(CHAIN)
    assert jumpy.looks > 3
    _, statuses, executor = runs.run(CHAIN, name="run-2", executor=Scripted())
    assert statuses == dict.fromkeys(CHAIN, "reused")
    assert executor.done == []
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        assert ledger.check() == []
        assert {one["run"] for one in ledger.runs()} == {"run-1", "run-2"}


def test_a_lease_is_neither_lost_nor_kept_by_a_jump(tmp_path, monkeypatch):
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        mine, yours = Leases(ledger, "mine", 30), Leases(ledger, "yours", 30)
        assert mine.claim(["k"]) == {"k"}
        for jump in (-3.2e8, 3.2e8, 86400):
            real = time.time()
            monkeypatch.setattr(time, "time", lambda real=real, jump=jump: real + jump)
            assert yours.claim(["k"]) == set()
            assert mine.claim(["k"]) == {"k"}
            monkeypatch.undo()
        short = Leases(ledger, "short", 0.05)
        assert short.claim(["s"]) == {"s"}
        real = time.time()
        monkeypatch.setattr(time, "time", lambda: real - 3.2e8)
        time.sleep(0.1)
        assert yours.claim(["s"]) == {"s"}
