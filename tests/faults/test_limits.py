"""Named limits across runs, with real processes: never exceeded, and given back by the dead.

Whether a limit holds is judged beside Penstock: each step takes a file lock, which the system itself lets go of when a
process ends, and writes a line where it finds none free.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.runs import HEAD, Project, until

from penstock.model.event import Queued

pytestmark = pytest.mark.needs("proc")

DEVICES = (
    HEAD
    + """
import contextlib, fcntl

TOTAL = int(os.environ["DEVICES"])

@contextlib.contextmanager
def device():
    for number in range(TOTAL):
        held = os.open(f"device-{number}", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            os.close(held)
    else:
        tell("over", "limit")
        held = os.open("device-0", os.O_RDWR)
    try:
        yield
    finally:
        os.close(held)

def declare(number):
    @ps.step(name=f"use{number}", limits={"gpu": 1})
    def use(who: str = "", seconds: float = 0.03):
        with device():
            tell("begin", f"{who}-{number}")
            time.sleep(seconds)
            tell("end", f"{who}-{number}")
        return f"{who}-{number}"

for number in range(4):
    declare(number)

@ps.step
def free(who: str = ""):
    return who

def fit(item):
    with device():
        tell("begin", f"part-{item}")
        time.sleep(0.03)
        tell("end", f"part-{item}")
    return item

@ps.step(limits={"gpu": 1})
def parts(free):
    return ps.each([f"{free}-{number}" for number in range(4)], fit)
"""
)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Callable[[str], Project]]:
    """Each call gives what stands for another terminal in the same folder."""
    made: list[Project] = []

    def another(source: str = DEVICES) -> Project:
        made.append(Project(tmp_path, source))
        return made[-1]

    yield another
    for one in made:
        one.end_all()


def named(who: str, steps: int = 4) -> list[str]:
    sets = [f"use{number}.who={who}" for number in range(steps)] + [f"free.who={who}"]
    return [part for one in sets for part in ("--set", one)]


def over(project: Project) -> list[tuple[str, str, int]]:
    return [one for one in project.journal() if one[0] == "over"]


@pytest.mark.parametrize("total", [1, 2])
def test_runs_at_once_never_exceed_a_limit(runs: Callable[[str], Project], total: int) -> None:
    """Three runs, with steps of their own and the parts of one that fans out, all want the same devices."""
    projects = [runs(DEVICES) for _ in range(3)]
    limits = {"PENSTOCK_LIMITS": f"gpu={total}", "DEVICES": str(total)}
    processes = [one.start(*named(f"run{at}"), **limits) for at, one in enumerate(projects)]
    assert [one.wait(process) for one, process in zip(projects, processes, strict=True)] == [0, 0, 0]
    assert over(projects[0]) == []
    ended = projects[0].ended()
    assert set(ended.values()) == {1}
    assert len(ended) == 3 * (4 + 4)
    projects[0].assert_sound()


@pytest.mark.parametrize("victim", ["runner", "worker"])
def test_the_share_of_the_dead_comes_back(runs: Callable[[str], Project], victim: str) -> None:
    """One run holds the only device; another waits for it, and says so; the holder is killed."""
    limits = {"PENSTOCK_LIMITS": "gpu=1", "DEVICES": "1"}
    holder, waiter = runs(DEVICES), runs(DEVICES)
    holding = holder.start("use0", "--set", "use0.who=holder", "--set", "use0.seconds=3600", **limits)
    until(lambda: holder.begun()["holder-0"], what="the first step")
    first = holder.last_run()
    waiting = waiter.start(*named("waiter"), **limits)

    def told() -> list[Queued]:
        with waiter.ledger() as ledger:
            run = waiter.last_run()
            return [one.event for one in ledger.events(run) if isinstance(one.event, Queued)] if run != first else []

    (*_, queued) = until(told, what="a word that it waits")
    assert queued.what == f"waits for 1 of 1 `gpu`, held by run {first}"
    assert waiter.begun()["waiter-0"] == 0
    pid = holding.pid if victim == "runner" else next(pid for word, _, pid in holder.journal() if word == "begin")
    os.kill(pid, signal.SIGKILL)
    assert waiter.wait(waiting) == 0
    holder.wait(holding)
    assert over(waiter) == []
    assert waiter.statuses(waiter.last_run()) == {
        **{f"use{number}": "succeeded" for number in range(4)},
        **{f"parts[{number}]": "succeeded" for number in range(4)},
        "free": "succeeded",
        "parts": "succeeded",
    }


def test_so_many_steps_at_once(runs: Callable[[str], Project]) -> None:
    """`--max-parallel 1` with two workers: each begins after the one before has ended."""
    project = runs(DEVICES)
    source = (
        HEAD
        + "\nfor n in range(6):\n    @ps.step(name=f's{n}')\n    def s(n: int = n):\n"
        + ("        tell('begin', f's{n}')\n        time.sleep(0.02)\n        tell('end', f's{n}')\n        return n\n")
    )
    (project.folder / "p.py").write_text(source)
    assert project.run("--max-parallel", "1") == 0
    words = [word for word, _, _ in project.journal()]
    assert words == ["begin", "end"] * 6


def test_a_limit_that_nobody_set_or_that_is_too_small(runs: Callable[[str], Project]) -> None:
    project = runs(DEVICES)
    assert project.run(DEVICES="1") == 2
    assert "step `use0` needs 1 of the limit `gpu`, and no setting says how much there is" in project.said()
    assert "PENSTOCK_LIMITS=gpu=1" in project.said()
    assert project.run(DEVICES="1", PENSTOCK_LIMITS="gpus=1") == 2
    assert "Did you mean `gpus`?" in project.said()
    assert project.run(DEVICES="1", PENSTOCK_LIMITS="gpu=0") == 2
    assert "it could never run" in project.said()
    assert project.journal() == []
