"""Nodes of a Ray cluster are killed during runs: what was lost is done again, and only that; nothing is committed twice."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.trials import report, seeded, trials
from tests.rays import SMALL, Head, cluster

import penstock as ps
from penstock.app.result import RunResult
from penstock.app.settings import open_ledger
from penstock.executors import ray_cluster
from penstock.model.event import Begun, Committed

pytestmark = [
    pytest.mark.needs("ray"),
    pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 300),
]

STEPS = 18
PIPELINE = f"""
import os
import time
import penstock as ps

@ps.source
def begin(start: int = 0) -> int:
    return start

def make(number):
    @ps.step(name=f"work{{number}}")
    def work(begin: int, pause: float = 0.4) -> int:
        with open(os.environ["PENSTOCK_TEST_JOURNAL"], "a") as file:
            file.write(f"{{begin}} {{number}}\\n")
        time.sleep(pause)
        return begin + number
    return work

for number in range({STEPS}):
    globals()[f"work{{number}}"] = make(number)
"""


def test_nodes_are_killed_during_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    monkeypatch.setenv("PENSTOCK_TEST_JOURNAL", str(journal))  # nodes inherit it
    (tmp_path / "p.py").write_text(PIPELINE)
    count, kills, runs, again = trials(2), 0, 0, 0
    with cluster(3, cpus=1) as made:
        workers = [one for one in made.list_all_nodes() if one is not made.head_node]
        while kills < count:
            runs += 1
            chance = seeded(runs)
            at = chance.randrange(1, STEPS // 2)
            seen = [0]
            killers: list[threading.Thread] = []

            def kill(place: int, later: float) -> None:
                time.sleep(later)
                made.remove_node(workers.pop(place), allow_graceful=False)

            def on_event(event: object) -> None:
                seen[0] += isinstance(event, Committed)
                if seen[0] >= at and not killers and isinstance(event, Begun | Committed):
                    killers.append(
                        threading.Thread(target=kill, args=(chance.randrange(len(workers)), chance.random() * 0.4))
                    )
                    killers[0].start()

            pipeline = ps.Pipeline.load(tmp_path / "p.py", executor="ray", address=made.address)
            begun = time.monotonic()
            run = pipeline.run(parameters={"begin.start": runs * 1000}, on_event=on_event)
            assert time.monotonic() - begun < 120, "it took so long that something must have hung"
            for one in killers:
                one.join()
                workers.append(made.add_node(num_cpus=1, **SMALL))
            kills += len(killers)
            assert run.status == "succeeded", {name: row["error"] for name, row in run.steps.items() if row["error"]}
            assert [run[f"work{number}"] for number in range(STEPS)] == [
                runs * 1000 + number for number in range(STEPS)
            ]
            ledger = open_ledger(pipeline.settings)
            committed = Counter([one.step for one in ledger.executions() if one.run == run.run])
            ledger.close()
            assert len(committed) == STEPS + 1 and set(committed.values()) == {1}
            done = Counter(journal.read_text().split("\n"))
            mine = [done[f"{runs * 1000} {number}"] for number in range(STEPS)]
            assert min(mine) >= 1
            # One node does one task at a time: of one node's death at most that is done again, and what Ray had sent there.
            again += sum(mine) - STEPS
            assert sum(mine) - STEPS <= 3
    report("killed nodes of Ray", kills=kills, runs=runs, steps=runs * STEPS, done_again=again)


def test_the_head_is_killed_during_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it comes back, what it lost is done again, and only that; where it does not, the run ends and says so."""
    journal = tmp_path / "journal"
    journal.touch()
    (tmp_path / "p.py").write_text(PIPELINE)
    monkeypatch.setenv("PENSTOCK_TEST_JOURNAL", str(journal))  # nodes inherit it; it counts as what the steps read
    head = Head()
    count, again = min(trials(1), 5), 0

    def run(number: int, then: Callable[[], None], pause: float = 0.4, resume: str = "") -> RunResult:
        seen = [0]
        threads: list[threading.Thread] = []

        def on_event(event: object) -> None:
            seen[0] += isinstance(event, Committed)
            if seen[0] >= 2 + number % (STEPS // 2) and not threads:
                threads.append(threading.Thread(target=then))
                threads[0].start()

        pipeline = ps.Pipeline.load(tmp_path / "p.py", executor="ray", address=head.address)
        begun = time.monotonic()
        given = {"begin.start": number * 1000, **{f"work{one}.pause": pause for one in range(STEPS)}}
        found = pipeline.run(parameters=given, on_event=on_event, resume=resume)
        assert time.monotonic() - begun < 150, "it took so long that something must have hung"
        for one in threads:
            one.join()
        return found

    def restart() -> None:
        head.kill()
        time.sleep(1.0)
        head.start()

    try:
        head.start()
        for number in range(count):
            done = run(number, restart)
            assert done.status == "succeeded", {name: row["error"] for name, row in done.steps.items() if row["error"]}
            ledger = open_ledger(ps.Pipeline.load(tmp_path / "p.py").settings)
            committed = Counter([one.step for one in ledger.executions() if one.run == done.run])
            ledger.close()
            assert len(committed) == STEPS + 1 and set(committed.values()) == {1}
            extra = len([one for one in journal.read_text().split("\n") if one.startswith(f"{number * 1000} ")]) - STEPS
            assert 0 <= extra <= 4  # two that ran, and two whose end was on its way
            again += extra
        monkeypatch.setattr(ray_cluster, "_PATIENCE", 2.0)
        failed = run(count, head.kill, 1.5)  # time enough for the kill to come before the end
        assert failed.status == "failed"
        errors = [row["error"] for row in failed.steps.values() if row["error"]]
        assert all("waited for it for 2 s" in one.message for one in errors)
        left = [name for name, row in failed.steps.items() if row["status"] == "succeeded"]
        assert len(left) >= 2
        lines = Counter(journal.read_text().split("\n"))
        head.start()
        resumed = run(count, lambda: None, 1.5, failed.run)
        assert resumed.status == "succeeded"
        after = Counter(journal.read_text().split("\n"))
        kept = [f"{count * 1000} {name.removeprefix('work')}" for name in left if name != "begin"]
        assert [after[one] for one in kept] == [lines[one] for one in kept]
    finally:
        head.kill()
    report("killed heads of Ray", kills=count + 1, steps=(count + 1) * STEPS, done_again=again)
