"""A ledger in PostgreSQL whose connections are cut, whose server restarts or is gone for a while: nothing lost, nothing twice."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.runs import BROAD, HEAD, Project, broad_values, until
from tests.faults.trials import report, trials
from tests.proxies import CuttingProxy
from tests.services import PostgresServer

from penstock.ledger.postgres import PostgresLedger
from penstock.model.event import Committed, Warned
from penstock.testing.histories import begin
from penstock.testing.samples import make_execution, make_run

FULL = "PENSTOCK_FAULT_TRIALS" in os.environ

pytestmark = [pytest.mark.needs("postgres", "psycopg", "proc"), pytest.mark.timeout(0 if FULL else 180)]


class Cutter:
    """Cuts all connections of a proxy at random moments, `count` of them at least."""

    def __init__(self, proxy: CuttingProxy, longest: float, seed: int = 0) -> None:
        self._proxy, self._longest = proxy, longest
        self._draw = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Cutter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._draw.uniform(self._longest / 20, self._longest)):
            self._proxy.cut()


def test_connections_cut_at_any_moment(postgres_server: PostgresServer) -> None:
    """Four writers of one ledger; what each was told is held against what is there."""
    count = trials(60)
    place = postgres_server.ledger()
    told: list[list[str]] = [[] for _ in range(4)]
    problems: list[BaseException] = []
    with PostgresLedger(place) as ledger:
        for number in range(4):
            begin(ledger, make_run(f"run-{number}"))
    with CuttingProxy(postgres_server.port) as proxy:
        near = place.replace(f":{postgres_server.port}", f":{proxy.port}")

        def work(number: int) -> None:
            try:
                with PostgresLedger(near) as mine:
                    turn = 0
                    while proxy.cuts < count:
                        turn += 1
                        name = f"s{number}-{turn}"
                        execution = make_execution(name, run=f"run-{number}")
                        while True:
                            lease = mine.claim([execution.key], f"owner-{number}", 30)[execution.key]
                            warned = Warned(name, "k", "committed")
                            if not mine.commit(f"run-{number}", [execution], {lease.key: lease.fence}, [warned]):
                                break
                        mine.record(f"run-{number}", [Warned(name, "k", "recorded")])
                        told[number].append(name)
            except BaseException as error:  # handed to the test
                problems.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        with Cutter(proxy, 0.3):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        cuts = proxy.cuts
    assert problems == []
    with PostgresLedger(place) as ledger:
        assert ledger.check() == []
        for number, names in enumerate(told):
            events = [one.event for one in ledger.events(f"run-{number}")]
            for what in ("committed", "recorded"):
                assert [one.step for one in events if type(one) is Warned and one.what == what] == names
            assert [one.execution.step for one in events if type(one) is Committed] == names
        commits = sum(map(len, told))
        assert len(list(ledger.executions())) == commits
    report("PostgreSQL's connections cut", cuts=cuts, commits=commits, lost=0, twice=0)


def shared(folder: Path, server: PostgresServer, source: str = BROAD, port: int = 0, **environment: str) -> Project:
    """A project whose ledger is in PostgreSQL, by way of a proxy; the test itself asks the server."""
    straight = server.ledger()
    near = straight.replace(f":{server.port}", f":{port or server.port}")
    project = Project(folder, source, PENSTOCK_LEDGER=near, **environment)
    project.make_ledger = lambda: PostgresLedger(straight)
    return project


def finished(project: Project, start: int, before: int, lines: int) -> None:
    """What must hold of a run that was hurt and came to its end."""
    assert set(project.statuses().values()) <= {"succeeded", "reused"}, project.statuses()
    project.assert_values(broad_values(start))
    committed = Counter(one.step for one in project.executions(before))
    assert [step for step, times in committed.items() if times > 1] == []
    assert set(committed) <= set(project.begun(lines))


def test_runs_go_on_while_connections_are_cut(postgres_server: PostgresServer, tmp_path: Path) -> None:
    count, rounds, again = trials(12), 0, 0
    with CuttingProxy(postgres_server.port) as proxy:
        project = shared(tmp_path / "p", postgres_server, port=proxy.port)
        with Cutter(proxy, 0.4):
            while proxy.cuts < count:
                rounds += 1
                before, lines = len(project.executions()), len(project.journal())
                code = project.run("--set", f"first.start={rounds}", seconds=170)
                assert code == 0, project.said()[-4000:]
                finished(project, rounds, before, lines)
                again += sum(project.begun(lines).values()) - len(project.begun(lines))
        project.assert_sound()
        report("runs whose connections are cut", cuts=proxy.cuts, rounds=rounds, begun_again=again, lost=0, twice=0)


def test_a_server_that_is_restarted(tmp_path: Path) -> None:
    """In the middle of a run, as if it had crashed; what was committed is there, and the run goes on."""
    count = max(1, trials(1) // 100)
    with PostgresServer() as server:
        project = shared(tmp_path / "p", server)
        assert project.run("--set", "first.start=0") == 0
        for turn in range(1, count + 1):
            before, lines = len(project.executions()), len(project.journal())
            process = project.start("--set", f"first.start={turn}")
            until(lambda at=lines: project.begun(at), what="the first step")
            time.sleep(random.Random(turn).uniform(0, 0.4))
            acknowledged = {one.key for one in project.executions(before)}
            server.stop("immediate")
            server.start()
            assert project.wait(process) == 0, project.said()[-4000:]
            finished(project, turn, before, lines)
            assert acknowledged <= {one.key for one in project.executions(before)}
        project.assert_sound()
    report("a PostgreSQL server that crashes and restarts", restarts=count, lost=0, twice=0)


def test_an_outage_longer_than_a_lease(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """The leases of the run end meanwhile; it takes up its work again and finishes."""
    seconds = 60.0 if FULL else 3.0
    with CuttingProxy(postgres_server.port) as proxy:
        lease = "30" if FULL else "1"
        project = shared(tmp_path / "p", postgres_server, port=proxy.port, PENSTOCK_LEASE=lease)
        assert project.run("--set", "first.start=0") == 0
        before, lines = len(project.executions()), len(project.journal())
        process = project.start("--set", "first.start=1")
        until(lambda: project.begun(lines), what="the first step")
        proxy.refusing = True
        proxy.cut()
        time.sleep(seconds)
        proxy.refusing = False
        assert project.wait(process) == 0, project.said()[-4000:]
        finished(project, 1, before, lines)
        project.assert_sound()
    report("an outage of PostgreSQL", seconds=seconds, lease=float(lease), lost=0, twice=0)


SLEEPS = (
    HEAD
    + """
@ps.step
def one(number: int = 0):
    tell("begin", "one")
    time.sleep(2)
    tell("end", "one")
    return {"number": number, "by": os.path.basename(os.getcwd())}
"""
)


def test_a_stopped_runner_whose_lease_ran_out_never_commits(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Another takes its work over; when it wakes, it finds that, and reuses what the other made."""
    count = max(2, trials(2) // 100)
    project = shared(tmp_path / "p", postgres_server, SLEEPS, PENSTOCK_LEASE="1")
    other = Project(tmp_path / "other", SLEEPS, **project.environment)
    for turn in range(1, count + 1):
        lines = len(project.journal())
        stopped = project.start("--set", f"one.number={turn}")
        until(lambda at=lines: project.begun(at), what="the step")
        os.kill(stopped.pid, signal.SIGSTOP)
        try:
            (other.folder / "p.py").write_text(SLEEPS)
            assert other.run("--set", f"one.number={turn}") == 0, other.said()
        finally:
            os.kill(stopped.pid, signal.SIGCONT)
        try:
            stopped.wait(60)
        except subprocess.TimeoutExpired:
            project.end_all()
            raise
        assert len(project.executions()) == turn  # the other's alone
        with project.ledger() as ledger:
            runs = [run["run"] for run in ledger.runs(2)]
            assert {step["execution"].run for run in runs for step in ledger.steps(run)} == {runs[0]}
            assert {run["status"] for run in ledger.runs(2)} <= {"succeeded", "failed"}
        project.assert_no_orphans()
    report("a stopped runner", stops=count, committed_late=0)
