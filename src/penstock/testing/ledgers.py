"""What every ledger must keep: a suite to inherit from.

    class TestMyLedger(LedgerContract):
        def make(self, folder, clock):
            return MyLedger(folder, clock=clock)

`make` is called more than once with the same folder: these objects stand for other processes on the same ledger.
Needs pytest.
"""

import threading
from pathlib import Path

import msgspec
from msgspec.structs import replace

from penstock.model.code import Code, Piece
from penstock.model.digest import digest_bytes
from penstock.model.event import (
    Committed,
    Decided,
    RunEnded,
    RunStarted,
    Warned,
)
from penstock.model.holdings import Faults, Holdings, Retired
from penstock.model.run import Decision
from penstock.ports import Ledger
from penstock.testing.histories import HistoryContract, begin, by_name
from penstock.testing.samples import HeldClock, make_execution, make_run

__all__ = ["HeldClock", "LedgerContract", "make_execution", "make_run"]


class LedgerContract(HistoryContract):
    """Inherit from it under a name that pytest collects, and say how the ledger is made."""

    # executions

    def test_what_was_committed_is_found(self, ledger: Ledger, other: Ledger) -> None:
        """Whole, with small values large and small; and its data by address."""
        executions = [
            make_execution("a", data=b"tiny"),
            make_execution("b", data=b"large" * 4000),
            make_execution("c", data=None),
            make_execution("d", data=b""),
        ]
        begin(ledger)
        assert ledger.commit("run-1", executions, {}) == ()
        wanted = {one.key: one for one in executions}
        assert other.find([*wanted, "unknown"]) == wanted
        assert other.find([]) == {}
        assert other.data(digest_bytes(b"tiny")) == b"tiny"
        assert other.data(digest_bytes(b"large" * 4000)) == b"large" * 4000
        assert other.data(digest_bytes(b"")) == b""
        assert other.data(digest_bytes(b"stored")) is None
        assert other.recent("p") == {one.step: one for one in executions}
        assert other.recent("q") == {}
        assert list(other.executions()) == executions
        assert list(other.executions("p", "b")) == executions[1:2]
        assert list(other.executions("q")) == []

    def test_committing_again_is_harmless(self, ledger: Ledger, other: Ledger) -> None:
        """An answer that got lost is asked for again, under the same fence."""
        execution = make_execution()
        begin(ledger)
        lease = ledger.claim([execution.key], "me", 10)[execution.key]
        for asked in (ledger, other, ledger):
            assert asked.commit("run-1", [execution], {execution.key: lease.fence}, [Warned("a", "k", "w")]) == ()
        assert [type(one.event) for one in ledger.events("run-1")] == [RunStarted, Warned, Committed]
        assert list(ledger.executions()) == [execution]

    def test_the_first_commit_of_a_key_wins(self, ledger: Ledger, other: Ledger) -> None:
        """The second run's step has succeeded as well, with what the first made."""
        first = make_execution(run="run-1", data=b"first")
        second = make_execution(run="run-2", data=b"second")
        begin(ledger, make_run("run-1"))
        begin(other, make_run("run-2"))
        assert ledger.commit("run-1", [first], {}) == ()
        assert other.commit("run-2", [second], {}) == ()
        assert ledger.find([first.key]) == {first.key: first}
        row = by_name(ledger, "run-2")["a"]
        assert (row["status"], row["execution"]) == ("succeeded", first)

    def test_work_that_people_asked_to_do_again_wins(self, ledger: Ledger) -> None:
        """The old execution stays in the history of its run."""
        old, new = make_execution(data=b"old"), make_execution(run="run-2", data=b"new")
        for run in ("run-1", "run-2"):
            begin(ledger, make_run(run))
        ledger.commit("run-1", [old], {})
        for _ in range(2):
            assert ledger.commit("run-2", [new], {}, (), [new.key]) == ()
        assert ledger.find([old.key]) == {old.key: new}
        assert [by_name(ledger, run)["a"]["execution"] for run in ("run-1", "run-2")] == [old, new]
        assert list(ledger.executions()) == [old, new]

    def test_work_without_a_run_can_be_committed(self, ledger: Ledger) -> None:
        """Probes and traces work outside runs."""
        execution = make_execution(run="")
        assert ledger.commit("", [execution], {}) == ()
        assert ledger.find([execution.key]) == {execution.key: execution}

    def test_uncached_work_is_kept_each_time_and_never_offered(self, ledger: Ledger) -> None:
        """It is in the history of its run."""
        for run in ("run-1", "run-2"):
            begin(ledger, make_run(run))
            execution = make_execution(run=run, cached=False)
            for _ in range(2):
                assert ledger.commit(run, [execution], {}) == ()
            assert by_name(ledger, run)["a"]["execution"] == execution
        assert ledger.commit("run-2", [make_execution(run="run-2", cached=False, attempt=2)], {}) == ()
        assert ledger.find([execution.key]) == {}
        assert [(one.run, one.attempt) for one in ledger.executions()] == [("run-1", 1), ("run-2", 1), ("run-2", 2)]

    def test_what_was_forgotten_is_done_again(self, ledger: Ledger, other: Ledger) -> None:
        """It is still told as a reason and in the history of its run."""
        old = make_execution(data=b"old")
        begin(ledger)
        ledger.commit("run-1", [old], {})
        other.forget([old.key, "unknown"], "its blob is gone")
        assert ledger.find([old.key]) == {}
        assert ledger.recent("p") == {"a": replace(old, cached=False)}
        new = make_execution(run="run-2", data=b"new")
        begin(ledger, make_run("run-2"))
        ledger.commit("run-2", [new], {})
        assert ledger.find([old.key]) == {old.key: new}
        assert by_name(ledger, "run-1")["a"]["execution"] == old
        assert ledger.events("run-1", after=1)[0].event == Committed(old)
        assert list(ledger.executions()) == [old, new]

    # keeping house

    def test_what_is_held_is_told(self, ledger: Ledger, other: Ledger) -> None:
        """Executions with the blobs that lie in the store, and the runs that made or reused them."""
        large, small = make_execution("a", data=None), make_execution("b", data=b"small")
        begin(ledger)
        ledger.claim(["run:run-1"], "me", 10)
        ledger.commit("run-1", [large, small], {})
        begin(ledger, make_run("run-2", name="mine"))
        ledger.record("run-2", [Decided((Decision("a", "reuse", (), large.key),)), RunEnded("succeeded", 1.0)])
        held = other.holdings()
        by_step = {one.step: one for one in held.executions.values()}
        assert by_step["a"].blobs == {digest_bytes(b"stored"): "a"}
        assert by_step["b"].blobs == {}
        assert {one.state for one in by_step.values()} == {"offered"}
        numbers = {step: one.sequence for step, one in by_step.items()}
        assert held.runs["run-1"].executions == set(numbers.values())
        assert held.runs["run-2"].executions == {numbers["a"]}
        assert [held.runs[run].live for run in ("run-1", "run-2")] == [True, False]
        assert [held.runs[run].named for run in ("run-1", "run-2")] == [False, True]
        assert held.runs["run-1"].active >= held.runs["run-1"].started

    def test_what_is_retired_is_offered_no_longer(self, ledger: Ledger, other: Ledger) -> None:
        """History keeps it; a run that had decided to reuse it has it all the same."""
        one, two = make_execution("a", data=None), make_execution("b")
        begin(ledger)
        ledger.commit("run-1", [one, two], {})

        def choose(held: Holdings) -> Retired:
            return Retired(frozenset([number for number, found in held.executions.items() if found.step == "a"]))

        assert len(other.retire(choose, "not needed").executions) == 1
        assert ledger.find([one.key, two.key]) == {two.key: two}
        assert by_name(ledger)["a"]["execution"] == one
        begin(ledger, make_run("run-2"))
        ledger.record("run-2", [Decided((Decision("a", "reuse", (), one.key, one),))])
        assert by_name(ledger, "run-2")["a"]["execution"] == one
        ledger.commit("run-2", [replace(one, run="run-2")], {})
        assert [found.run for found in ledger.find([one.key]).values()] == ["run-2"]
        assert ledger.check() == []

    def test_a_sound_ledger_has_no_faults(self, ledger: Ledger) -> None:
        """With executions, small values and a source snapshot in it."""
        files = {"p.py": ledger.put(b"import penstock"), "q.py": ledger.put(b"")}
        begin(ledger, make_run(snapshot=ledger.put(msgspec.json.encode(files))))
        ledger.commit("run-1", [make_execution("a", data=b"l" * 5000), make_execution("b", data=None)], {})
        assert ledger.faults() == Faults()
        assert ledger.holdings().figures == ()

    # leases

    def test_one_owner_at_a_time(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """The others are told who it is."""
        mine = ledger.claim(["k1", "k2"], "me", 10)
        assert {lease.owner for lease in mine.values()} == {"me"}
        theirs = other.claim(["k2", "k3"], "you", 10)
        assert theirs["k2"] == mine["k2"]
        assert theirs["k3"].owner == "you"
        clock.move(5)
        kept = ledger.claim(["k1"], "me", 10)["k1"]
        assert (kept.fence, kept.expires) == (mine["k1"].fence, clock.steady + 10)
        assert ledger.claim([], "me", 10) == {}

    def test_claiming_tells_what_is_done_already(self, ledger: Ledger, other: Ledger) -> None:
        """By whomever it was committed, and at the moment of the claim; what was forgotten is not offered."""
        done, gone, held = make_execution("a"), make_execution("b"), make_execution("c")
        begin(ledger)
        assert ledger.claim_undone([], "me", 10) == ({}, {})
        assert ledger.commit("run-1", [done, gone], {}) == ()
        ledger.forget([gone.key], "lost")
        theirs = other.claim([held.key], "you", 10)[held.key]
        for _ in range(2):
            leases, found = ledger.claim_undone([done.key, gone.key, held.key], "me", 10)
            assert {key: lease.owner for key, lease in leases.items()} == {
                done.key: "me", gone.key: "me", held.key: "you",
            }  # fmt: skip
            assert leases[held.key] == theirs
            assert found == {done.key: done}
        assert ledger.claim_undone([held.key], "me", 10) == ({held.key: theirs}, {})
        assert other.commit("run-1", [held], {held.key: theirs.fence}) == ()
        assert ledger.claim_undone([held.key], "me", 10)[1] == {held.key: held}

    def test_a_lease_runs_out(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """The next holder's fence is greater, and the last holder's commit is refused."""
        execution, fine = make_execution("a"), make_execution("b")
        begin(ledger)
        held = ledger.claim([execution.key], "me", 10)
        clock.move(10.5)
        held |= ledger.claim([fine.key], "me", 10)
        taken = other.claim([execution.key], "you", 10)[execution.key]
        assert taken.owner == "you"
        assert taken.fence > held[execution.key].fence
        fences = {key: lease.fence for key, lease in held.items()}
        assert ledger.commit("run-1", [execution, fine], fences) == (execution.key,)
        assert ledger.find([execution.key, fine.key]) == {fine.key: fine}
        assert by_name(ledger)["a"]["status"] == "waiting"
        assert other.claim([execution.key], "you", 10)[execution.key].fence == taken.fence

    def test_a_lease_that_ran_out_commits_nothing(self, ledger: Ledger, clock: HeldClock) -> None:
        """Even where nobody took it; once it is claimed again, the same work can be committed."""
        execution = make_execution()
        begin(ledger)
        lease = ledger.claim([execution.key], "me", 10)[execution.key]
        clock.move(10.5)
        assert ledger.renew("me", 10) == 0
        assert ledger.commit("run-1", [execution], {execution.key: lease.fence}, [Warned("a", "k", "w")]) == (
            execution.key,
        )
        assert [type(one.event) for one in ledger.events("run-1")] == [RunStarted, Warned]
        again = ledger.claim([execution.key], "me", 10)[execution.key]
        assert again.fence > lease.fence
        assert ledger.commit("run-1", [execution], {execution.key: again.fence}) == ()

    def test_a_commit_gives_its_leases_back(self, ledger: Ledger, other: Ledger) -> None:
        """And only its own."""
        execution = make_execution()
        begin(ledger)
        leases = ledger.claim([execution.key, "else"], "me", 10)
        ledger.commit("run-1", [execution], {execution.key: leases[execution.key].fence})
        after = other.claim([execution.key, "else"], "you", 10)
        assert {key: lease.owner for key, lease in after.items()} == {execution.key: "you", "else": "me"}

    def test_who_holds_a_key(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """Nobody, until it is claimed, and after the lease ran out or was given back."""
        assert ledger.owner("run:run-1") == ""
        ledger.claim(["run:run-1", "k"], "me", 10)
        assert (other.owner("run:run-1"), other.owner("k"), other.owner("run:run")) == ("me", "me", "")
        ledger.release("me", ["run:run-1"])
        assert other.owner("run:run-1") == ""
        clock.move(10.5)
        assert other.owner("k") == ""

    def test_leases_can_be_given_back(self, ledger: Ledger, other: Ledger) -> None:
        """Some or all of one's own; a fence never comes again."""
        first = ledger.claim(["k1", "k2", "k3"], "me", 10)
        other.release("you")
        ledger.release("me", ["k1"])
        assert {k: v.owner for k, v in other.claim(["k1", "k2"], "you", 10).items()} == {"k1": "you", "k2": "me"}
        ledger.release("me")
        assert ledger.renew("me", 10) == 0
        second = other.claim(["k2", "k3"], "you", 10)
        assert {lease.owner for lease in second.values()} == {"you"}
        assert min(lease.fence for lease in second.values()) > max(lease.fence for lease in first.values())

    def test_the_wall_clock_moves_no_lease(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """Neither an hour forward nor a day back."""
        ledger.claim(["k"], "me", 10)
        for jump in (3600.0, -86_400.0, 86_400.0 * 365):
            clock.wall += jump
            assert other.claim(["k"], "you", 10)["k"].owner == "me"

    def test_a_heartbeat_thread_has_its_way(self, ledger: Ledger) -> None:
        """One object serves many threads at once."""
        ledger.claim(["k"], "me", 10)
        begin(ledger)
        found: list[int] = []
        problems: list[BaseException] = []

        def beat() -> None:
            try:
                for _ in range(30):
                    found.append(ledger.renew("me", 10))
            except BaseException as error:  # handed to the test
                problems.append(error)

        threads = [threading.Thread(target=beat) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(30):
            ledger.commit("run-1", [make_execution(f"s{number}")], {})
        for thread in threads:
            thread.join()
        assert problems == []
        assert found == [1] * 120
        assert len(ledger.recent("p")) == 30

    # other memory

    def test_closures_come_back(self, ledger: Ledger, other: Ledger) -> None:
        """Saved once or often; unknown ones are None."""
        text = "def f():\n    return 1\n"
        pieces = (Piece("function", "p.f", digest_bytes(b"f"), "p.py", 3, text), Piece("package", "polars", "1.30"))
        codes = [Code("c1", pieces), Code("c2", pieces[:1]), Code("c3", (Piece("value", "p.x", "d", text="a\x00b€"),))]
        ledger.save_codes(codes[:2])
        ledger.save_codes(codes)
        other.save_codes(codes)
        assert [other.code(code.digest) for code in codes] == codes
        assert other.code("c4") is None
        ledger.save_codes([])

    def test_small_values_are_kept(self, ledger: Ledger, other: Ledger) -> None:
        """By digest, once."""
        for data in (b"", b"snapshot" * 1000, b"\x00\xff"):
            assert ledger.put(data) == other.put(data) == digest_bytes(data)
            assert other.data(digest_bytes(data)) == data
        assert other.data(digest_bytes(b"absent")) is None

    def test_file_stats_are_remembered(self, ledger: Ledger, other: Ledger) -> None:
        """The newest of each path; a path that no text can hold costs nothing but memory."""
        assert ledger.stats() == {}
        ledger.save_stats({"/a": (1, 2**62, 2**63 - 1, "d1"), "/b c": (3, 4, 5, "d2"), "/\udcff": (1, 2, 3, "d3")})
        other.save_stats({"/a": (9, 9, 9, "d4")})
        found = ledger.stats()
        assert found["/a"] == (9, 9, 9, "d4")
        assert found["/b c"] == (3, 4, 5, "d2")

    def test_memory_outlasts_the_object(self, tmp_path: Path, clock: HeldClock) -> None:
        """Closed and opened again, everything is there; closing twice is harmless."""
        ledger = self.make(tmp_path, clock)
        execution = make_execution()
        begin(ledger)
        ledger.commit("run-1", [execution], {})
        ledger.claim(["k"], "me", 10)
        ledger.close()
        ledger.close()
        ledger = self.make(tmp_path, clock)
        assert ledger.find([execution.key]) == {execution.key: execution}
        assert len(ledger.events("run-1")) == 2
        assert ledger.claim(["k"], "you", 10)["k"].owner == "me"
        ledger.close()
