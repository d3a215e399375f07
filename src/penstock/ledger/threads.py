"""One connection for each thread of each process, whatever the database: made when first needed, closed with its thread."""

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from penstock.errors import LedgerError

__all__ = ["PerThread"]

C = TypeVar("C")

_abandoned: list[Any] = []  # of the parent before a fork: neither used nor closed in this process


class PerThread(Generic[C]):
    """Connections by thread. `make` opens one, `end` closes one, `good` tells whether one can still be used; `location` is for
    people, where somebody asks after `close`."""

    def __init__(
        self,
        make: Callable[[], C],
        end: Callable[[C], object],
        location: object,
        good: Callable[[C], bool] | None = None,
    ) -> None:
        self._make, self._end, self._location = make, end, location
        self._good = good or (lambda _: True)
        self._lock = threading.Lock()
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, C]] = []
        self._pid = os.getpid()
        self.closed = False

    def get(self) -> C:
        """This thread's own connection."""
        found = self.found()
        if found is not None and self._good(found):
            return found
        with self._lock:
            self._refuse()
            kept = []
            for thread, connection in self._all:
                if thread.is_alive() and self._good(connection):
                    kept.append((thread, connection))
                else:
                    self._finish(connection)
            self._all = kept
        made = self._make()
        with self._lock:
            if self.closed:
                self._finish(made)
            self._refuse()
            self._all.append((threading.current_thread(), made))
        self._local.connection = made
        return made

    def found(self) -> C | None:
        """This thread's own connection, if it has one."""
        if self._pid != os.getpid():
            self._after_fork()
        return getattr(self._local, "connection", None)

    def drop(self) -> None:
        """Let go of this thread's connection; the next one is made anew."""
        connection = self.found()
        self._local.connection = None
        if connection is not None:
            self._finish(connection)
            with self._lock:
                self._all = [one for one in self._all if one[1] is not connection]

    def close(self) -> None:
        """Close the connections of all threads. May be called twice."""
        if self._pid != os.getpid():
            self._after_fork()
        with self._lock:
            self.closed = True
            connections, self._all = self._all, []
            self._local = threading.local()
        for _, connection in connections:
            self._finish(connection)

    def _refuse(self) -> None:
        if self.closed:
            raise LedgerError(f"the ledger {self._location} was closed", hint="Open it again.")

    def _finish(self, connection: C) -> None:
        with contextlib.suppress(Exception):  # it may be broken already, in the words of whatever database
            self._end(connection)

    def _after_fork(self) -> None:
        """In a forked child: the connections, locks included, are the parent's."""
        _abandoned.extend([connection for _, connection in self._all])
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._all = []
