"""What both ledgers share is tried by the contract, on each; here is what only a lost answer shows."""

from pathlib import Path

import pytest

from penstock.ledger.session import Session
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Committed, Warned
from penstock.testing.histories import begin
from penstock.testing.samples import make_execution


class Doubtful:
    """A session of which it isn't known whether its work was done before."""

    doubtful = True

    def __init__(self, session: Session) -> None:
        self.execute = session.execute
        self.executemany = session.executemany


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    real = ledger._connections.writing

    def twice(work, *, durable=True):
        real(work, durable=durable)
        return real(lambda session: work(Doubtful(session)), durable=durable)

    ledger._connections.writing = twice
    return ledger


def test_what_is_written_again_in_doubt_is_there_once(ledger: SqliteLedger) -> None:
    begin(ledger)
    ledger.record("run-1", [Warned("a", "k", "recorded")])
    execution = make_execution("a")
    lease = ledger.claim([execution.key], "me", 30)[execution.key]
    assert ledger.commit("run-1", [execution], {lease.key: lease.fence}, [Warned("a", "k", "committed")]) == ()
    assert ledger.commit("run-1", [], {}, [Warned("a", "k", "alone")]) == ()
    ledger.tag("artifact", "digest", "name")
    assert ledger.tagged("artifact") == {"name": "digest"}
    events = [one.event for one in ledger.events("run-1")]
    assert [one.what for one in events if type(one) is Warned] == ["recorded", "committed", "alone"]
    assert len([one for one in events if type(one) is Committed]) == 1
    assert list(ledger.executions()) == [execution]
    ledger.close()
