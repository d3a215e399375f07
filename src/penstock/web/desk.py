"""What routes read from: the settings, one ledger for each thread, and the store. Nothing is written and no value is unpickled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from penstock.app.settings import Settings, open_ledger, open_store
from penstock.app.tracing import Counted, Tracing, rows_known
from penstock.ports import Ledger, Store
from penstock.report.views import made_by

__all__ = ["Desk"]


class Desk:
    """The state folder that is shown. Connections belong to threads: each of the server's has its own, for as long as it lives."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._mine = threading.local()
        self._all: list[Ledger] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def ledger(self) -> Ledger:
        """This thread's ledger. Raises `NotFound` while nothing has run yet."""
        found: Ledger | None = getattr(self._mine, "ledger", None)
        if found is None:
            found = open_ledger(self.settings)
            self._mine.ledger = found
            with self._lock:
                self._all.append(found)
        return found

    @property
    def store(self) -> Store:
        """This thread's store."""
        found: Store | None = getattr(self._mine, "store", None)
        if found is None:
            found = self._mine.store = open_store(self.settings)
        return found

    def tracing(self, run: str) -> Tracing:
        """What can be asked of the rows of a run."""
        return Tracing(self.settings, self.ledger, run, self.store)

    def counted(self, run: str) -> tuple[str, Counted]:
        """A run's id, and its rows as they were counted before, or now where nobody has asked yet."""
        found = self.ledger.run(run)
        made = made_by([one for one in self.ledger.steps(found.id) if one["step"] in found.graph])
        return found.id, rows_known(self.settings, found, made) or self.tracing(found.id).counted()

    @contextmanager
    def open(self) -> Iterator["Desk"]:
        """While it lasts, the desk can be asked; then all its connections are closed."""
        try:
            yield self
        finally:
            with self._lock:
                for one in self._all:
                    one.close()
                self._all.clear()
