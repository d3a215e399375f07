import threading

from penstock.app.settings import Settings
from penstock.web.desk import Desk


def test_each_thread_has_a_ledger_of_its_own(settings: Settings) -> None:
    found = []
    with Desk(settings).open() as desk:
        thread = threading.Thread(target=lambda: found.append((desk.ledger, desk.ledger.run("last").id)))
        thread.start()
        thread.join()
        assert desk.ledger is desk.ledger
        assert found[0][0] is not desk.ledger
        assert desk.ledger.run("last").id == found[0][1]
        assert desk.store is desk.store
        assert desk.tracing("last").run.id == found[0][1]
