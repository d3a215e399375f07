"""The ledger in an SQLite file: safe for many processes of one machine at once."""

from collections.abc import Sequence
from pathlib import Path

from penstock.ledger import health, leases
from penstock.ledger.clock import SystemClock, boot_identity
from penstock.ledger.connection import Connections
from penstock.ledger.schema import MIGRATIONS
from penstock.ledger.session import Session
from penstock.ledger.sql import SqlLedger
from penstock.ports import Clock

__all__ = ["SqliteLedger"]


class SqliteLedger(SqlLedger):
    """The append-only memory of events in an SQLite file, which is made if it is not there.

    One object serves all threads of a process, and after a fork the child as well; any number of processes may use
    the file. `clock` is the machine's own if none is given. `patience` is how many seconds to wait for a transaction
    of another process. Raises `LedgerError` where the file is damaged, can't be opened or lies on a network file
    system, and `SchemaMismatch` where a newer version wrote it.
    """

    _connections: Connections

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Clock | None = None,
        patience: float = 60.0,
        migrations: Sequence[str] = MIGRATIONS,
    ) -> None:
        self.path = Path(path).absolute()
        self.location = str(self.path)
        boot = boot_identity() if clock is None else "given clock"
        super().__init__(Connections(self.path, migrations, patience), clock or SystemClock(), boot)

    def check(self) -> list[str]:
        """What is wrong with the ledger, in words; nothing if it is sound."""
        return self._connections.reading(lambda session: health.problems(session, file=True))

    def vacuum(self) -> None:
        """Give unused space back to the file system, and drop leases long gone."""
        now = self._clock.monotonic()
        self._connections.writing(lambda session: leases.sweep(session, now, self._boot))
        with self._connections.alone() as connection:
            connection.execute("VACUUM")

    def _moment(self, session: Session) -> float:  # noqa: ARG002 - it is asked of the machine, not of the database
        return self._clock.monotonic()
