"""Whole runs, killed at any moment: the next run finishes, nothing is lost, done twice or left behind."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.faults.runs import BROAD, HEAD, Project, broad_values, until
from tests.faults.trials import report, seeded, trials

pytestmark = [pytest.mark.needs("proc"), pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)]


def test_the_runner_is_killed_at_any_moment(tmp_path: Path) -> None:
    """Again and again, until a run comes to its end; with `penstock run` or `penstock resume`, at once or a moment later."""
    project = Project(tmp_path / "p", BROAD)
    count, kills, rounds, starts, resumed, commits = trials(12), 0, 0, 0, 0, 0
    begun = time.monotonic()
    assert project.run("--set", "first.start=0") == 0
    most = time.monotonic() - begun  # seconds: what a run takes here
    watched: list[str] = []
    slowest = 0.0
    try:
        while kills < count:
            rounds += 1
            before = len(project.executions())
            done: set[str] = set()
            for turn in range(100):
                starts += 1
                chance = seeded(starts)
                lines = len(project.journal())
                again = turn > 0 and chance.random() < 0.4 and started(project, rounds)
                if again:
                    process = project.start("last", command="resume")
                    resumed += 1
                else:
                    process = project.start("--set", f"first.start={rounds}")
                killed = False
                if kills < count and turn < 8:
                    try:
                        process.wait(chance.random() * most)
                    except subprocess.TimeoutExpired:
                        process.send_signal(signal.SIGKILL)
                        killed = process.wait() == -signal.SIGKILL
                        kills += killed
                        if chance.random() < 0.5:
                            project.assert_no_orphans()
                        else:  # the next begins while the workers of this one are dying
                            watched.append(project.mark)
                else:
                    project.wait(process)
                if not killed or len(watched) > 1 or not watched:
                    while watched and watched[0] != project.mark:
                        project.assert_no_orphans(watched.pop(0))
                twice = done & set(project.begun(lines))
                assert not twice, f"committed, and begun again: {twice}"
                mine = [one.step for one in project.executions(before)]
                assert len(mine) == len(set(mine)), f"committed twice: {mine}"
                assert done <= set(mine), f"lost: {done - set(mine)}"
                done = set(mine)
                if not killed:
                    assert process.returncode == 0, project.said()
                    break
            else:
                pytest.fail("it never finishes")
            commits += len(done)
            project.assert_values(broad_values(rounds))
            assert set(project.statuses().values()) <= {"succeeded", "reused"}
            if rounds % 15 == 0:  # another folder: looking at all that was ever done takes longer and longer
                project.assert_sound()
                slowest = max(slowest, project.slowest_end)
                project = Project(tmp_path / f"p{rounds}", BROAD)
        project.assert_sound()
        for mark in watched:
            project.assert_no_orphans(mark)
    finally:
        project.end_all()
    report(
        "kill -9 of the runner",
        kills=kills,
        rounds=rounds,
        resumed=resumed,
        committed=commits,
        lost=0,
        twice=0,
        corrupt=0,
        orphans=0,
        hangs=0,
        slowest_end=round(max(slowest, project.slowest_end), 2),
    )


LONG = (
    HEAD
    + """
import ctypes

@ps.step
def sleeps():
    tell("begin", "sleeps")
    if os.fork() == 0:
        os.setsid()
        time.sleep(300)
    time.sleep(300)

@ps.step
def stuck():
    tell("begin", "stuck")
    ctypes.PyDLL(None).sleep(300)  # in C, and nothing else in its process gets a turn
"""
)


def test_long_steps_end_with_their_runner(tmp_path: Path) -> None:
    """No worker goes on for an hour with what nobody waits for: not asleep, not in C, and no daemon of it."""
    project = Project(tmp_path / "p", LONG)
    count, slowest = max(2, trials(20) // 10), 0.0
    try:
        for _ in range(count):
            lines = len(project.journal())
            process = project.start()
            until(lambda at=lines: len(project.begun(at)) == 2, what="the steps")
            process.send_signal(signal.SIGKILL)
            process.wait()
            slowest = max(slowest, project.assert_no_orphans())
    finally:
        project.end_all()
    report("long steps of a runner that is killed", kills=count, orphans=0, slowest_end=round(slowest, 2))


def started(project: Project, number: int) -> bool:
    """Whether a run of this round got as far as to be in the ledger, so that it can be resumed."""
    with project.ledger() as ledger:
        listed = ledger.runs(1)
        return bool(listed) and ledger.run(listed[0]["run"]).overrides == {"first.start": str(number)}


CROWD = (
    HEAD
    + """
def make(name, tries):
    @ps.step(name=name, retries=tries, backoff=0.01)
    def work(number: int = int(name[1:]), seconds: float = 0.06):
        tell("begin", name)
        time.sleep(seconds)
        tell("end", name)
        return number
    globals()[name] = work

    @ps.step(name=f"after_{name}", inputs={"it": name})
    def after(it):
        tell("begin", f"after_{name}")
        tell("end", f"after_{name}")
        return it + 1
    globals()[f"after_{name}"] = after

for number in range(30):
    make(f"p{number}", 0)
    make(f"r{number}", 50)
"""
)


def assert_each_for_itself(project: Project, code: int, hurt: int) -> set[str]:
    """At most so many steps failed, each alone, for the death of its process; all others did their work. Those that failed."""
    found = project.statuses()
    failed = {step for step, status in found.items() if status == "failed"}
    assert code == (1 if failed else 0), project.said()
    assert len(failed) <= hurt
    for step in failed:
        assert found.get(f"after_{step}", "blocked") == "blocked"
    rest = {step: status for step, status in found.items() if step not in failed and step[6:] not in failed}
    assert set(rest.values()) <= {"succeeded", "reused"}, rest
    assert not {step for step in failed if step.startswith("r")}, "it should have been tried again"
    for error in project.errors().values():
        assert error["kind"] == "WorkerDied", error
    return failed


def test_workers_are_killed_while_a_run_goes_on(tmp_path: Path) -> None:
    """Who is killed, fails alone or is tried again; the others go on; the run ends, and the next one does the rest."""
    project = Project(tmp_path / "p", CROWD)
    count, kills, rounds, failures, tries = trials(12), 0, 0, 0, 0
    try:
        while kills < count:
            rounds += 1
            chance = seeded(rounds)
            lines, hurt = len(project.journal()), 0
            settings = [f"--set=p{number}.number={rounds * 1000 + number}" for number in range(30)]
            settings += [f"--set=r{number}.number={rounds * 1000 + number}" for number in range(30)]
            process = project.start(*settings)
            while process.poll() is None and kills < count:
                time.sleep(chance.random() * 0.15)
                hands = project.hands()
                if hands:
                    try:
                        os.kill(chance.choice(hands), signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                    hurt += 1
                    kills += 1
            code = project.wait(process)
            project.assert_no_orphans()
            failed = assert_each_for_itself(project, code, hurt)
            failures += len(failed)
            begun = project.begun(lines)
            # What was not hurt ran once: a kill costs one attempt and nothing of anybody else's.
            more = sum(begun.values()) - len(begun)
            assert more + len(failed) <= hurt, begun
            tries += more
            lines = len(project.journal())
            assert project.run(*settings) == 0, project.said()
            assert set(project.begun(lines)) == failed | {f"after_{one}" for one in failed if one[0] == "p"}
            project.assert_values({f"after_p{n}": rounds * 1000 + n + 1 for n in range(30)})
        project.assert_sound()
    finally:
        project.end_all()
    report(
        "kill -9 of workers", kills=kills, rounds=rounds, failed=failures, tried_again=tries, others_harmed=0, hangs=0
    )


def test_the_server_is_killed_while_a_run_goes_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", CROWD)
    count, kills, rounds, failures = max(3, trials(3) // 10), 0, 0, 0
    try:
        while kills < count:
            rounds += 1
            chance = seeded(rounds)
            settings = [f"--set={kind}{n}.number={rounds * 1000 + n}" for kind in "pr" for n in range(30)]
            process = project.start(*settings)
            hurt = 0
            for _ in range(chance.choice([1, 1, 3])):
                time.sleep(0.2 + chance.random() * 0.5)
                server = project.server()
                if server and process.poll() is None:
                    os.kill(server, signal.SIGKILL)
                    kills += 1
                    hurt += 1
            code = project.wait(process)
            project.assert_no_orphans()
            failures += len(assert_each_for_itself(project, code, hurt * 2 * project.workers))
            assert project.run(*settings) == 0, project.said()
            project.assert_values({f"after_p{n}": rounds * 1000 + n + 1 for n in range(30)})
        project.assert_sound()
    finally:
        project.end_all()
    report("kill -9 of the server", kills=kills, rounds=rounds, failed=failures, hangs=0, orphans=0)


def test_a_server_that_is_killed_again_and_again_ends_the_run_clearly(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", CROWD)
    try:
        process, killed = project.start("--set=p0.seconds=1"), set[int]()
        while process.poll() is None and len(killed) < 5:
            server = project.server()
            if server and server not in killed and project.hands():
                os.kill(server, signal.SIGKILL)
                killed.add(server)
            time.sleep(0.02)
        assert project.wait(process) == 1, project.said()
        project.assert_no_orphans()
        assert "the process that starts workers ended 4 times" in project.said()
        assert {error["kind"] for error in project.errors().values()} <= {"WorkerDied", "ExecutorError"}
        assert project.run("--set=p0.seconds=1") == 0, project.said()
        project.assert_sound()
    finally:
        project.end_all()
