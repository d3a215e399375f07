"""Named limits across runs, on a real ledger: never more than there are, and back from the dead."""

import random
import subprocess
import sys
import threading

import pytest

from penstock.ledger.sqlite import SqliteLedger
from penstock.run.leases import Leases
from penstock.run.shares import LeasedShares


@pytest.fixture
def ledger(tmp_path):
    with SqliteLedger(tmp_path / "ledger.db") as made:
        yield made


def shares(ledger, run, **totals):
    return LeasedShares(Leases(ledger, run), totals)


def test_one_share_is_held_by_one(ledger):
    mine, yours = shares(ledger, "mine", gpu=1), shares(ledger, "yours", gpu=1)
    assert mine.take("a", {"gpu": 1}) is None
    lack = mine.take("b", {"gpu": 1})
    assert (lack.name, lack.words) == ("gpu", "waits for 1 of 1 `gpu`, held by other steps of this run")
    assert yours.take("c", {"gpu": 1}).words == "waits for 1 of 1 `gpu`, held by run mine"
    mine.give_back("a")
    mine.give_back("never had any")
    assert yours.take("c", {"gpu": 1}) is None
    assert mine.take("b", {"gpu": 1}).words.endswith("held by run yours")


def test_all_or_nothing(ledger):
    mine, yours = shares(ledger, "mine", gpu=3, db=1), shares(ledger, "yours", gpu=3, db=1)
    assert yours.take("x", {"gpu": 1, "db": 1}) is None
    assert mine.take("a", {"gpu": 3}) is not None
    assert mine.take("b", {"db": 1, "gpu": 1}).name == "db"
    assert mine.take("c", {"gpu": 2}) is None
    assert yours.take("y", {"gpu": 1}).name == "gpu"
    yours.give_back("x")
    assert yours.take("z", {"gpu": 1, "db": 1}) is None


def test_a_limit_of_none_is_never_had(ledger):
    assert shares(ledger, "mine", gpu=0).take("a", {"gpu": 1}).words == "waits for 1 of 0 `gpu`"


def test_the_shares_of_a_dead_run_come_back(ledger, tmp_path):
    """At once where its processes are gone too; not before."""
    code = (
        "from penstock.ledger.sqlite import SqliteLedger; from penstock.run.leases import Leases; import time\n"
        "from penstock.run.shares import LeasedShares\n"
        f"leases = Leases(SqliteLedger({str(ledger.path)!r}), 'theirs', seconds=600)\n"
        "print(LeasedShares(leases, {'gpu': 1}).take('a', {'gpu': 1}), flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "None\n"
    mine = shares(ledger, "mine", gpu=1)
    assert mine.take("b", {"gpu": 1}).words.endswith("held by run theirs")
    process.kill()
    process.wait()
    waiting = LeasedShares(Leases(ledger, "waiting"), {"gpu": 1}, lambda owner: False)
    assert waiting.take("b", {"gpu": 1}) is not None
    assert mine.take("b", {"gpu": 1}) is None


def test_runs_at_once_never_have_more_than_there_are(tmp_path):
    """Threads with a ledger of their own each: what is held is counted while it is held."""
    held = {"gpu": 0, "db": 0}
    totals = {"gpu": 3, "db": 2}
    lock, wrong, done = threading.Lock(), [], []

    def work(number):
        draw = random.Random(number)
        with SqliteLedger(tmp_path / "ledger.db") as ledger:
            mine = shares(ledger, f"run-{number}", **totals)
            for turn in range(40):
                limits = draw.choice([{"gpu": 1}, {"gpu": 2}, {"db": 1, "gpu": 1}, {"db": 2}, {"gpu": 3, "db": 1}])
                if mine.take(str(turn), limits) is not None:
                    continue
                with lock:
                    for name, count in limits.items():
                        held[name] += count
                    done.append(turn)
                    if any(held[name] > totals[name] for name in held):
                        wrong.append(dict(held))
                with lock:
                    for name, count in limits.items():
                        held[name] -= count
                mine.give_back(str(turn))

    SqliteLedger(tmp_path / "ledger.db").close()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong
    assert done
