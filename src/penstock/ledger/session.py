"""What the tables of a ledger are asked through: one connection in one transaction, of SQLite or of PostgreSQL.

The SQL of this room is what both understand, with `?` for values; `IN (SELECT value FROM json_each(?))`, a list as one value,
is SQLite's, and said in PostgreSQL's words where it is asked (see `dialect`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

__all__ = ["Rows", "Session", "Transactions", "in_doubt", "kept_text"]

T = TypeVar("T")


class Rows(Protocol):
    """Rows that were asked for, each a tuple."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement changed."""

    def fetchone(self) -> Any:
        """The next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows one by one."""


class Session(Protocol):
    """A connection within a transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """Do one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any:
        """Do one statement for each of these rows of values."""


class Transactions(Protocol):
    """Where transactions are done. Whatever goes wrong inside one, nothing of it remains."""

    def writing(self, work: Callable[[Any], T], *, durable: bool = True) -> T:
        """What `work` gives, within one transaction that nobody else writes beside; committed. It may be called more than
        once where a connection is lost; see `in_doubt`."""

    def reading(self, work: Callable[[Any], T], *, moment: bool = True) -> T:
        """What `work` gives, within one transaction that reads: all its answers are of one moment. Where that need not
        be (one question, or rows that never change), it may cost less."""

    def close(self) -> None:
        """Close the connections of all threads. May be called twice."""


def in_doubt(session: Session) -> bool:
    """Whether this work may have been committed already: its connection was lost while the answer was on its way."""
    return bool(getattr(session, "doubtful", False))


def kept_text(session: Session, text: str) -> str | bytes:
    """A text that may hold any character, as it is stored: as bytes where the database's texts can't hold all."""
    return text.encode() if getattr(session, "texts_as_bytes", False) else text
