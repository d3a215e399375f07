"""Leases of a run: claimed, renewed, taken over from the dead, never from the living."""

import os
import subprocess
import sys
import time

import pytest

from penstock.errors import LedgerError
from penstock.ledger.sqlite import SqliteLedger
from penstock.run.leases import Leases, owner_is_dead, owner_name, owner_process


@pytest.fixture
def ledger(tmp_path):
    with SqliteLedger(tmp_path / "ledger.db") as made:
        yield made


def test_keys_are_held_by_one(ledger):
    mine, yours = Leases(ledger, "mine"), Leases(ledger, "yours")
    assert mine.claim(["a", "b"]) == {"a", "b"}
    assert yours.claim(["b", "c"]) == {"c"}
    assert set(mine.fences(["a", "b", "c"])) == {"a", "b"}
    mine.release(["b"])
    assert mine.fences(["b"]) == {}
    assert yours.claim(["b"]) == {"b"}


def test_a_run_is_driven_once(ledger):
    one, two = Leases(ledger, "r"), Leases(ledger, "r")
    assert one.begin()
    # The same process and run: the same owner. Another process would be refused.
    other = Leases(ledger, "r")
    other.owner = other.owner.replace("|r", "|other")
    assert not other.begin()
    one.close()
    one.close()
    assert other.begin()
    other.close()
    two.close()


def test_the_thread_renews_what_is_held(ledger):
    leases = Leases(ledger, "r", seconds=0.3)
    assert leases.begin()
    leases.claim(["k"])
    time.sleep(1.0)
    assert "k" not in Leases(ledger, "other").claim(["k"])
    leases.close()
    assert Leases(ledger, "other").claim(["k"]) == {"k"}


def test_the_work_of_a_dead_process_is_taken_over_at_once(ledger, tmp_path):
    code = (
        "from penstock.ledger.sqlite import SqliteLedger; from penstock.run.leases import Leases; import time\n"
        f"leases = Leases(SqliteLedger({str(ledger.path)!r}), 'theirs', seconds=600)\n"
        "print(leases.claim(['k']), flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and "k" in process.stdout.readline()
    mine = Leases(ledger, "mine")
    assert mine.claim(["k"]) == set()
    process.kill()
    process.wait()
    assert mine.claim(["k"]) == {"k"}


def test_who_is_dead():
    me = owner_name("r")
    assert not owner_is_dead(me)
    host, boot, pid, started, run = me.split("|")
    assert owner_is_dead("|".join([host, boot, "4194305", started, run]))
    assert owner_is_dead("|".join([host, boot, pid, "1", run]))  # another process got the number
    assert not owner_is_dead("|".join(["elsewhere", boot, "4194305", started, run]))
    assert not owner_is_dead("|".join([host, "another boot", "4194305", started, run]))
    assert not owner_is_dead("someone")


def test_one_renewal_that_fails_is_not_the_last(tmp_path):
    class Full(SqliteLedger):
        asked = 0

        def renew(self, owner, seconds):
            self.asked += 1
            if self.asked == 1:
                raise LedgerError("the disk is full")
            return super().renew(owner, seconds)

    with Full(tmp_path / "ledger.db") as ledger:
        leases = Leases(ledger, "r", seconds=0.6)
        assert leases.begin()
        end = time.monotonic() + 60
        while ledger.asked < 4 and time.monotonic() < end:
            time.sleep(0.02)
        assert ledger.asked >= 4
        leases.close()


def test_the_process_of_an_owner():
    mine = owner_name("r|with|bars")
    assert owner_process(mine) == os.getpid()
    assert owner_process("") is None
    assert owner_process(mine.replace(f"|{os.getpid()}|", "|999999999|")) is None
    assert owner_process(f"elsewhere|{mine.split('|', 1)[1]}") is None
    host, boot, pid, started, run = mine.split("|", 4)
    assert owner_process("|".join([host, boot, pid, str(int(started) + 1), run])) is None
