import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from penstock.errors import LedgerError
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Begun, Committed, RunStarted
from penstock.ports import Ledger
from penstock.testing.ledgers import HeldClock, LedgerContract, make_execution, make_run


class TestSqliteLedger(LedgerContract):
    def make(self, folder: Path, clock: HeldClock) -> SqliteLedger:
        return SqliteLedger(folder / "ledger.db", clock=clock)


class LeasesAndCommits(RuleBasedStateMachine):
    """Two processes on one ledger, against a model: leases as a dictionary, commits as a dictionary."""

    keys = st.sampled_from(["a", "b", "c"])
    owners = st.sampled_from([0, 1])
    fences = Bundle("fences")

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.clock = HeldClock()
        self.ledgers = [SqliteLedger(Path(self.folder.name) / "l.db", clock=self.clock) for _ in range(2)]
        for number, ledger in enumerate(self.ledgers):
            ledger.record(f"run-{number}", [RunStarted(make_run(f"run-{number}"))])
        self.leases: dict[str, tuple[int, int, float]] = {}  # key: owner, fence, expires
        self.committed: dict[str, int] = {}  # key: the run whose work is offered
        self.told: list[tuple[int, str]] = []  # commits, in order
        self.newest = 0

    def held(self, key: str) -> tuple[int, int, float] | None:
        lease = self.leases.get(key)
        return lease if lease and lease[2] > self.clock.steady else None

    @rule(target=fences, key=keys, owner=owners, seconds=st.sampled_from([5.0, 20.0]))
    def claim(self, key: str, owner: int, seconds: float) -> tuple[str, int, int]:
        digest = make_execution(key).key
        lease = self.ledgers[owner].claim([digest], f"owner-{owner}", seconds)[digest]
        held = self.held(key)
        if held is None:
            assert lease.owner == f"owner-{owner}"
            assert lease.fence > self.newest
            self.newest = lease.fence
            self.leases[key] = (owner, lease.fence, self.clock.steady + seconds)
        else:
            assert (lease.owner, lease.fence) == (f"owner-{held[0]}", held[1])
            if held[0] == owner:
                self.leases[key] = (owner, held[1], max(held[2], self.clock.steady + seconds))
            assert lease.expires == self.leases[key][2]
        return (key, owner, lease.fence if lease.owner == f"owner-{owner}" else lease.fence - 1)

    @rule(fence=fences)
    def commit(self, fence: tuple[str, int, int]) -> None:
        key, owner, number = fence
        execution = make_execution(key, run=f"run-{owner}", data=f"{key} by {owner}".encode())
        refused = self.ledgers[owner].commit(execution.run, [execution], {execution.key: number})
        held = self.held(key)
        own_before = self.committed.get(key) == owner
        fits = held is not None and held[1] == number
        assert refused == (() if fits or own_before else (execution.key,))
        if refused:
            return
        if not own_before:
            self.committed.setdefault(key, owner)
            self.told.append((owner, key))
        if fits:
            del self.leases[key]

    @rule(key=keys)
    def forget(self, key: str) -> None:
        self.ledgers[0].forget([make_execution(key).key], "lost")
        self.committed.pop(key, None)

    @rule(owner=owners)
    def renew(self, owner: int) -> None:
        mine = [key for key in self.leases if (held := self.held(key)) and held[0] == owner]
        assert self.ledgers[owner].renew(f"owner-{owner}", 15.0) == len(mine)
        for key in mine:
            self.leases[key] = (*self.leases[key][:2], self.clock.steady + 15.0)

    @rule(owner=owners, some=st.none() | st.lists(keys, max_size=2))
    def release(self, owner: int, some: list[str] | None) -> None:
        named = None if some is None else [make_execution(key).key for key in some]
        self.ledgers[owner].release(f"owner-{owner}", named)
        for key in list(self.leases):
            if self.leases[key][0] == owner and (some is None or key in some):
                del self.leases[key]

    @rule(seconds=st.sampled_from([1.0, 6.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.move(seconds)

    @rule(seconds=st.sampled_from([-3600.0, 3600.0]))
    def the_wall_clock_jumps(self, seconds: float) -> None:
        self.clock.wall += seconds

    @rule(owner=owners)
    def the_process_is_replaced(self, owner: int) -> None:
        self.ledgers[owner].close()
        self.ledgers[owner] = SqliteLedger(Path(self.folder.name) / "l.db", clock=self.clock)

    @invariant()
    def what_is_offered_is_what_was_committed(self) -> None:
        keys = {make_execution(key).key: key for key in "abc"}
        for ledger in self.ledgers:
            found = {keys[key]: int(one.run[-1]) for key, one in ledger.find(keys).items()}
            assert found == self.committed

    @invariant()
    def every_commit_is_told_once(self) -> None:
        for owner in (0, 1):
            told = [
                one.event.execution.step
                for one in self.ledgers[owner].events(f"run-{owner}")
                if isinstance(one.event, Committed)
            ]
            assert told == [key for who, key in self.told if who == owner]

    def teardown(self) -> None:
        assert self.ledgers[0].check() == []
        for ledger in self.ledgers:
            ledger.close()
        self.folder.cleanup()


TestLeasesAndCommits = LeasesAndCommits.TestCase
TestLeasesAndCommits.settings = settings(max_examples=25, stateful_step_count=25)


def test_it_is_a_ledger(tmp_path: Path) -> None:
    with SqliteLedger(str(tmp_path / "l.db")) as ledger:
        assert isinstance(ledger, Ledger)
        assert ledger.location == str(tmp_path / "l.db")


def test_leases_are_shared_by_processes(tmp_path: Path) -> None:
    code = (
        "import sys; from penstock.ledger.sqlite import SqliteLedger\n"
        "print(SqliteLedger(sys.argv[1]).claim(['k', 'l'], 'child', 60)['k'].owner)"
    )
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.claim(["k"], "parent", 60)
        child = subprocess.run([sys.executable, "-c", code, tmp_path / "l.db"], capture_output=True, text=True)
        assert child.stdout == "parent\n"
        assert ledger.claim(["l"], "parent", 60)["l"].owner == "child"


def test_a_forked_child_may_use_it(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.record("run-1", [RunStarted(make_run())])
        child = os.fork()
        if not child:
            try:
                ledger.commit("run-1", [make_execution("b")], {})
                os._exit(0)
            except BaseException:
                os._exit(1)
        ledger.commit("run-1", [make_execution("a")], {})
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert set(ledger.recent("p")) == {"a", "b"}
        assert ledger.check() == []


def test_a_lease_needs_an_owner(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger, pytest.raises(LedgerError, match="owner"):
        ledger.claim(["k"], "", 10)


def test_names_stand_for_things(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.tag("artifact", "blake3:1", "champion")
        ledger.tag("artifact", "blake3:2", "champion")
        ledger.tag("run", "r", "champion")
        assert ledger.tagged("artifact") == {"champion": "blake3:2"}
        assert ledger.untag("artifact", "champion")
        assert not ledger.untag("artifact", "champion")
        assert ledger.tagged("run") == {"champion": "r"}


def test_vacuum_gives_space_back(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.commit("", [make_execution(f"s{number}", data=os.urandom(5000)) for number in range(300)], {})
        ledger.claim(["k"], "me", 60)
        before = ledger.recent("p")
        with ledger._connections.write() as connection:
            connection.execute("DELETE FROM smalls WHERE digest IN (SELECT digest FROM smalls LIMIT 290)")
        ledger.vacuum()
        with ledger._connections.read() as connection:
            assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
        assert len(ledger.recent("p")) == 10 < len(before)
        assert ledger.renew("me", 60) == 1


def test_progress_is_cheap_and_commits_are_durable(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        seen = []

        def now() -> int:
            return ledger._connections.get().execute("PRAGMA synchronous").fetchone()[0]

        for act in (
            lambda: ledger.record("run-1", [RunStarted(make_run())]),
            lambda: ledger.claim(["k"], "me", 60),
            lambda: ledger.record("run-1", [Begun("run-1/a/1", "a", 1)]),
            lambda: ledger.renew("me", 60),
            lambda: ledger.commit("run-1", [make_execution()], {}),
            lambda: ledger.save_stats({"/a": (1, 2, 3, "d")}),
            lambda: ledger.put(b"x"),
        ):
            act()
            seen.append(now())
        full, normal = 2, 1
        assert seen == [full, normal, normal, normal, full, normal, full]
