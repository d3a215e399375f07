"""`gc` on real pipelines: what it removes, what it never touches, and what a crash in the middle leaves."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.faults.trials import report

from penstock.app.collecting import Collected, collect
from penstock.app.pipeline import Pipeline
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.model.event import Decided, RunEnded, RunStarted
from penstock.model.run import Decision
from penstock.ports import Ledger, Store
from penstock.work.remote import Downloads

PIPELINE = """
import penstock as ps

@ps.source(key="id")
def rows(n: int = 20_000) -> list[int]:
    print("rows", n)
    return list(range(n))

@ps.step
def doubled(rows: list) -> list[int]:
    return [2 * one for one in rows]

@ps.step
def same(rows: list) -> list[int]:
    return list(rows)

@ps.evaluate
def scores(doubled: list) -> dict[str, float]:
    return {"sum": float(sum(doubled))}
"""
AGREE = """
@ps.step
def agree(doubled: list, same: list) -> int:
    assert doubled == [2 * one for one in range(len(same))]
    return len(same)
"""
AGES = {"young": 0.0, "settled": 0.0}
LATER = 100 * 86_400.0


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    (tmp_path / "line.py").write_text(PIPELINE)
    return Pipeline.load(tmp_path / "line.py", executor="inline")


def opened(pipeline: Pipeline) -> tuple[Ledger, Store]:
    return open_ledger(pipeline.settings), open_store(pipeline.settings)


def gc(pipeline: Pipeline, *, days: float = 0.0, remove: bool = True, **more: float) -> Collected:
    ledger, store = opened(pipeline)
    try:
        return collect(ledger, store, pipeline.settings.state, days=days, remove=remove, pause=0.0, ages=AGES, **more)
    finally:
        ledger.close()


def blobs(pipeline: Pipeline) -> set[str]:
    return set(open_store(pipeline.settings).digests())


def whole(pipeline: Pipeline) -> bool:
    """Whether all that is offered has all its blobs."""
    ledger, store = opened(pipeline)
    try:
        return all(
            store.has(blob)
            for one in ledger.holdings().executions.values()
            if one.state != "forgotten"
            for blob in one.blobs
        )
    finally:
        ledger.close()


def run(pipeline: Pipeline, n: int, **more: str) -> str:
    done = pipeline.run(parameters={"rows.n": n}, **more)
    assert done.status == "succeeded"
    return done.run


def test_old_values_go_and_the_newest_stay(pipeline: Pipeline) -> None:
    old = run(pipeline, 20_000)
    before = blobs(pipeline)
    assert len(before) == 2  # `same` made what `rows` had made
    new = run(pipeline, 30_000)
    said = gc(pipeline, remove=False)
    assert blobs(pipeline) > before
    found = gc(pipeline)
    assert replace(said, done=True) == found
    assert (found.executions, found.kept.count, found.young.count) == (3, 2, 0)
    assert {one.artifact: one.count for one in found.artifacts} == {"same": 1, "doubled": 1}
    assert found.logs.count == 1
    assert blobs(pipeline).isdisjoint(before)
    assert [one.name for one in (pipeline.settings.state / "logs").iterdir()] == [new]
    assert whole(pipeline)
    nothing = gc(pipeline)
    assert (nothing.executions, nothing.artifacts, nothing.bytes) == (0, (), 0)
    # what stays is reused, what went is made again, and history tells of both
    again = pipeline.run(parameters={"rows.n": 30_000})
    assert {row["status"] for row in again.steps.values()} == {"reused"}
    made = pipeline.run(parameters={"rows.n": 20_000})
    assert {name: row["status"] for name, row in made.steps.items()} == {
        "rows": "succeeded", "doubled": "succeeded", "same": "succeeded", "scores": "reused",
    }  # fmt: skip
    assert made["doubled"] == [2 * one for one in range(20_000)]
    ledger, _ = opened(pipeline)
    assert {row["step"]: row["status"] for row in ledger.steps(old)}["rows"] == "succeeded"
    assert ledger.check() == []
    ledger.close()


def test_recent_and_named_runs_stay(pipeline: Pipeline) -> None:
    run(pipeline, 20_000)
    run(pipeline, 25_000, name="best")
    run(pipeline, 30_000, tags=["paper"])
    run(pipeline, 35_000)
    assert gc(pipeline, days=1.0).artifacts == ()
    found = gc(pipeline)
    assert found.runs == 2
    assert found.executions == 3
    best = pipeline.run(parameters={"rows.n": 25_000})
    assert {row["status"] for row in best.steps.values()} == {"reused"}


def test_a_value_with_a_name_stays(pipeline: Pipeline) -> None:
    first = pipeline.run(parameters={"rows.n": 20_000})
    ledger, store = opened(pipeline)
    ledger.tag("artifact", first.stored("doubled").digest, "champion")  # type: ignore[attr-defined]
    ledger.close()
    run(pipeline, 30_000)
    assert [one.artifact for one in gc(pipeline).artifacts] == ["same"]
    assert store.has(first.stored("doubled").blob)


def test_what_a_run_under_way_may_need_stays(pipeline: Pipeline) -> None:
    """Its own blobs, before anything tells whose they are, and what it has decided to reuse."""
    first = pipeline.run(parameters={"rows.n": 20_000})
    kept = blobs(pipeline)
    run(pipeline, 30_000)
    ledger, store = opened(pipeline)
    record = replace(ledger.run(first.run), id="another", started=time.time())
    ledger.claim(["run:another"], "me", 60.0)
    ledger.record("another", [RunStarted(record)])
    with store.writer() as writer:
        writer.write(b"on its way" * 10_000)
        digest = writer.finish().digest
    store.sync()
    keys = [row["key"] for row in ledger.steps(first.run)]
    reused = [Decision(one.step, "reuse", (), key, one) for key, one in ledger.find(keys).items()]
    ledger.record("another", [Decided(tuple(reused))])
    found = gc(pipeline)
    assert found.executions == 0
    assert found.young.count == 1
    assert store.has(digest)
    assert kept <= blobs(pipeline)
    ledger.record("another", [RunEnded("succeeded", 1.0)])
    ledger.release("me")
    assert gc(pipeline).young.count == 0
    assert not store.has(digest)
    assert kept.isdisjoint(blobs(pipeline))
    ledger.close()


def test_young_blobs_without_an_execution_stay(pipeline: Pipeline) -> None:
    run(pipeline, 20_000)
    ledger, store = opened(pipeline)
    with store.writer() as writer:
        writer.write(b"nobody says whose")
        digest = writer.finish().digest
    store.sync()
    found = collect(ledger, store, pipeline.settings.state, days=0.0, remove=True, pause=0.0)
    assert (found.young.count, store.has(digest)) == (1, True)
    found = collect(ledger, store, pipeline.settings.state, days=0.0, remove=True, pause=0.0, ages=AGES)
    assert [(one.pipeline, one.artifact) for one in found.artifacts] == [("", "")]
    assert not store.has(digest)
    ledger.close()


def age(path: Path, seconds: float) -> None:
    for one in [*path.rglob("*"), path]:
        os.utime(one, (time.time() - seconds,) * 2)


def test_old_folders_go(pipeline: Pipeline) -> None:
    """Logs that no run owns, checkpoints that nobody will go on with, and leftovers of processes long dead."""
    run(pipeline, 20_000)
    state = pipeline.settings.state
    for name in (
        "logs/unknown-old",
        "logs/unknown-new",
        "checkpoints/a-0123456789abcdef",
        "checkpoints/b-fedcba9876543210",
    ):
        (state / name).mkdir(parents=True)
        (state / name / "file").write_bytes(b"x" * 10)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = state / "store" / "tmp" / f"{dead.stdout.strip()}-abc-1"
    left.write_bytes(b"half")
    for path in (state / "logs/unknown-old", state / "checkpoints/a-0123456789abcdef", left):
        age(path, LATER)
    found = gc(pipeline, days=30.0)
    assert (found.logs.count, found.logs.bytes) == (1, 10)
    assert (found.checkpoints.count, found.leftovers.bytes) == (1, 4)
    assert not left.exists()
    assert (state / "logs/unknown-new").exists()
    assert [one.name for one in (state / "checkpoints").iterdir()] == ["b-fedcba9876543210"]


def test_downloads_that_nobody_uses_go(pipeline: Pipeline) -> None:
    run(pipeline, 20_000)
    downloads = pipeline.settings.state / "downloads"
    Downloads(downloads).fetch("stub://used.csv")
    ((_, unused),) = Downloads(downloads).fetch("stub://unused.csv")
    (downloads / ".part-half").write_bytes(b"half")
    for path in downloads.iterdir():
        age(path, LATER)
    ((_, used),) = Downloads(downloads).fetch("stub://used.csv")
    found = gc(pipeline, days=30.0)
    assert (found.downloads.count, found.downloads.bytes) == (2, 4)
    assert [used.exists(), unused.exists()] == [True, False]
    assert gc(pipeline, days=0.0).downloads.count == 0, "a step may be about to read it"


def test_rooms_of_killed_commands_go(pipeline: Pipeline) -> None:
    run(pipeline, 20_000)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    rooms = pipeline.settings.state / "jobs"
    for pid in (dead.stdout.strip(), str(os.getpid())):
        (rooms / f"{pid}-x" / "outputs").mkdir(parents=True)
        (rooms / f"{pid}-x" / "outputs" / "half").write_bytes(b"half")
    found = gc(pipeline)
    assert (found.leftovers.count, found.leftovers.bytes) == (1, 4)
    assert [one.name for one in rooms.iterdir()] == [f"{os.getpid()}-x"]


def test_the_checkpoint_of_a_step_that_may_go_on_stays(tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(
        "import penstock as ps\n@ps.step\ndef work() -> int:\n"
        "    (ps.checkpoint() / 'half').write_text('x')\n    raise ValueError('later')\n"
    )
    pipeline = Pipeline.load(tmp_path / "line.py", executor="inline")
    assert pipeline.run().status == "failed"
    (folder,) = (pipeline.settings.state / "checkpoints").iterdir()
    age(folder, LATER)
    assert gc(pipeline, days=30.0).checkpoints.count == 0
    assert gc(pipeline, days=0.0).checkpoints.count == 1
    assert not folder.exists()


CRASH = """
import os, sys
from pathlib import Path
from penstock.app.collecting import collect
from penstock.ledger.sqlite import SqliteLedger
from penstock.stores.local import LocalStore

class Crashing(LocalStore):
    left = int(sys.argv[2])
    def collect(self, digest, younger):
        if Crashing.left == 0:
            os._exit(9)
        Crashing.left -= 1
        return super().collect(digest, younger)

state = Path(sys.argv[1])
collect(SqliteLedger(state / "ledger.db"), Crashing(state / "store"), state,
        days=0.0, remove=True, pause=0.0, ages={"young": 0.0, "settled": 0.0})
"""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_crash_between_forgetting_and_removing(pipeline: Pipeline, after: int) -> None:
    """Nothing is offered whose blob is gone, and the next time removes what is left."""
    for n in (20_000, 25_000, 30_000):
        run(pipeline, n)
    before = len(blobs(pipeline))
    done = subprocess.run([sys.executable, "-c", CRASH, pipeline.settings.state, str(after)])
    assert done.returncode == 9
    assert len(blobs(pipeline)) == before - after
    assert whole(pipeline)
    found = gc(pipeline)
    assert sum(one.count for one in found.artifacts) == 4 - after
    assert len(blobs(pipeline)) == 2
    made = pipeline.run(parameters={"rows.n": 20_000})
    assert made["doubled"] == [2 * one for one in range(20_000)]


def test_collecting_beside_runs(tmp_path: Path) -> None:
    """Runs go on, each with the right values, while a collector keeps nothing that it need not keep."""
    (tmp_path / "line.py").write_text(PIPELINE + AGREE)
    seconds = 60.0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 8.0
    end = time.monotonic() + seconds
    removed: list[int] = []
    problems: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def loop() -> None:
            try:
                while time.monotonic() < end and not problems:
                    work()
            except BaseException as error:  # handed to the test
                problems.append(error)

        return threading.Thread(target=loop)

    settings = find_settings(tmp_path / "line.py")
    script = (
        "import sys, time\nfrom penstock.app.pipeline import Pipeline\n"
        "pipeline = Pipeline.load(sys.argv[1], executor='inline')\n"
        "end = time.monotonic() + float(sys.argv[3])\ncount = 0\n"
        "while time.monotonic() < end:\n"
        "    n = 10_000 + 500 * ((7 * count + int(sys.argv[2])) % 12)\n"
        "    done = pipeline.run(parameters={'rows.n': n})\n"
        "    assert done.status == 'succeeded', done.steps\n"
        "    count += 1\nprint(count)\n"
    )
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "line.py", str(number), str(seconds)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(2)
    ]  # fmt: skip
    while not (settings.state / "ledger.db").exists() and all(one.poll() is None for one in runners):
        time.sleep(0.05)
    ledger, store = open_ledger(settings), open_store(settings)

    def work() -> None:
        found = collect(ledger, store, settings.state, days=0.0, remove=True, pause=0.3, ages=AGES)
        removed.append(sum(one.count for one in found.artifacts))

    thread = guarded(work)
    thread.start()
    told = [one.communicate(timeout=seconds + 100) for one in runners]
    thread.join()
    assert problems == []
    assert [one.returncode for one in runners] == [0, 0], told
    report(
        "collecting beside runs",
        runs=sum(int(out.split()[-1]) for out, _ in told),
        collections=len(removed),
        removed=sum(removed),
    )
    work()  # on a slow machine, nothing may have grown old enough before
    assert sum(removed) > 0, removed
    assert ledger.check() == []
    held = ledger.holdings()
    lost = [
        one.key
        for one in held.executions.values()
        if one.state != "forgotten" and not all(store.has(blob) for blob in one.blobs)
    ]
    assert lost == []
    assert all(store.verify(digest) for digest in store.digests())
    ledger.close()
