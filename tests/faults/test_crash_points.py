"""A process of a run is killed at each named step of a commit: then the next run finishes, and nothing is done twice."""

import os
import signal
from pathlib import Path

import pytest
from tests.faults.crashing import RUNNER, WORKER
from tests.faults.runs import BROAD, HEAD, Project, broad_values
from tests.faults.trials import report, seeded, trials

pytestmark = [pytest.mark.needs("proc"), pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)]

ROOT = Path(__file__).parents[2]


def points(names: tuple[str, ...], most: int) -> list[tuple[str, int]]:
    """Each place, before and after, the first time that it is passed, the second, and so on."""
    return [
        (f"{name}.{side}", number) for number in range(1, most + 1) for name in names for side in ("before", "after")
    ]


def chosen(names: tuple[str, ...], quick: int) -> list[tuple[str, int]]:
    """All points in full runs, else some, chosen by chance but always the same."""
    every = points(names, 8)
    return every if trials(quick) >= len(every) else seeded(0).sample(every, trials(quick))


@pytest.mark.parametrize("who", ["runner", "worker", "runner, by a worker"])
def test_killed_at_each_step_of_a_commit(tmp_path: Path, who: str) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text("from tests.faults.crashing import arm\narm()\n")
    project = Project(tmp_path / "p", BROAD)
    sprung, listed = 0, chosen(RUNNER if who == "runner" else WORKER, 6)
    never: list[str] = []
    try:
        for place, (name, number) in enumerate(listed, 1):
            (tmp_path / "sprung").unlink(missing_ok=True)
            before, lines = len(project.executions()), len(project.journal())
            code = project.run(
                f"--set=first.start={place}",
                PYTHONPATH=os.pathsep.join([str(hooks), str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(
                    os.pathsep
                ),
                CRASH_AT=f"{name}:{number}",
                CRASH_HOME=str(tmp_path),
                CRASH_WHO="runner" if who != "worker" else "worker",
            )
            project.assert_no_orphans()
            if not (tmp_path / "sprung").exists():
                never.append(f"{name}:{number}")
                assert code == 0, project.said()
                continue
            sprung += 1
            done = {one.step for one in project.executions(before)}
            if who == "worker":
                assert code in (0, 1), project.said()  # 0: it had told how it ended already
                if code:
                    failed = [step for step, status in project.statuses().items() if status == "failed"]
                    assert {project.errors()[step]["kind"] for step in failed} == {"WorkerDied"}, (name, number)
            else:
                assert code == -signal.SIGKILL or name.startswith("release"), (name, number, project.said())
            lines = len(project.journal())
            assert project.run(f"--set=first.start={place}") == 0, (name, number, project.said())
            again = done & set(project.begun(lines))
            assert not again, f"killed at {name}:{number}; committed, and begun again: {again}"
            mine = [one.step for one in project.executions(before)]
            assert len(mine) == len(set(mine)) == 17, (name, number, mine)
            project.assert_values(broad_values(place))
        project.assert_sound()
    finally:
        project.end_all()
    assert sprung > len(listed) // 3, never
    report(f"kill -9 of the {who} at named points", points=len(listed), killed=sprung, lost=0, twice=0, corrupt=0)


READABLE = (
    HEAD
    + """
import sys

@ps.step(retries=1, backoff=0.01)
def made():
    tell("begin", "made")
    sys.made = True  # `read` may be done before this process gets as far as to sync: it must not be taken for it
    return os.urandom(200_000)

@ps.step
def read(made):
    tell("begin", "read")
    return made[:100_000]

@ps.step
def last(read):
    return len(read)
"""
)
SLOW = """
import os, signal, sys, time
from penstock.stores.local import LocalStore
real = LocalStore.sync
def sync(self):
    if self._finished and getattr(sys, "made", False):
        try:
            os.close(os.open("sprung", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            while "begin read" not in open("journal.txt").read():
                time.sleep(0.01)
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
    return real(self)
LocalStore.sync = sync
"""


def test_killed_after_its_output_could_be_read_and_before_it_was_durable(tmp_path: Path) -> None:
    """It is tried again and makes something else: nothing that came of the first may count."""
    project = Project(tmp_path / "p", READABLE)
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(SLOW)
    path = os.pathsep.join([str(tmp_path / "hooks"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    try:
        assert project.run(PYTHONPATH=path) == 0, project.said()
        assert project.begun() == {"made": 2, "read": 2}
        by_step = {one.step: one for one in project.executions()}
        assert len(project.executions()) == 3
        assert by_step["read"].inputs["made"].digest == by_step["made"].outputs[0].stored.digest
        project.assert_sound()
        lines = len(project.journal())
        assert project.run() == 0
        assert project.journal(lines) == [], "all of it is reused"
    finally:
        project.end_all()
