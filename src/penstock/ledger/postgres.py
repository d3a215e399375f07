"""The ledger in a PostgreSQL database: for many runners on many machines at once.

Leases run on the server's clock, which is the one that all of them share. A machine whose clock is wrong gains nothing.
"""

import time
from collections.abc import Sequence

from penstock.errors import NotFound
from penstock.ledger.address import Address
from penstock.ledger.clock import SystemClock
from penstock.ledger.schema import MIGRATIONS
from penstock.ledger.server import ServerConnections, ServerSession
from penstock.ledger.session import Session
from penstock.ledger.sql import SqlLedger
from penstock.ports import Clock

__all__ = ["PostgresLedger"]


class PostgresLedger(SqlLedger):
    """The append-only memory of events in a schema of a PostgreSQL database (13 or newer), whose tables are made if they
    are not there.

    `address` is `postgresql://user@host:port/database?schema=NAME` (schema `penstock`, unless it is said). One object serves
    all threads of a process, and after a fork the child as well. `clock` tells when things happened, and leases run on it
    in tests; otherwise they run on the server's. `patience` is for how many seconds a server that is gone is waited for.
    `create=False` raises `NotFound` where there is no ledger. Raises `LedgerError` where the server can't be
    reached or does not let us in, and `SchemaMismatch` where a newer version made the tables.
    """

    _connections: ServerConnections

    def __init__(
        self,
        address: str,
        *,
        clock: Clock | None = None,
        create: bool = True,
        patience: float = 120.0,
        migrations: Sequence[str] = MIGRATIONS,
    ) -> None:
        self.address = Address(address)
        self.location = str(self.address)
        connections = ServerConnections(self.address, create=create, migrations=migrations, patience=patience)
        if connections.missing:
            connections.close()
            raise NotFound(
                f"nothing has run here yet: there is no ledger in {self.address}", hint="Run `penstock run` first."
            )
        self._given = clock
        super().__init__(connections, clock or SystemClock(), "given clock" if clock is not None else "server")

    def skew(self) -> float:
        """By how many seconds the server's clock is ahead of this machine's."""
        return self._connections.reading(lambda session: session.moment()) - time.time()

    def _moment(self, session: Session) -> float:
        if self._given is not None:
            return self._given.monotonic()
        assert isinstance(session, ServerSession)
        return session.moment()
