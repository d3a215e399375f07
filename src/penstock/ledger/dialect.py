"""The SQL of a ledger in PostgreSQL's words: statements, values, and the tables themselves."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from penstock.ledger.executions import NEWEST

__all__ = ["many", "statement", "table_scripts", "values"]

_NUMBERS = ("sequence",)  # columns that hold whole numbers, of those that are looked for in lists
_LIST = re.compile(r"(\w+(?:\.\w+)?) IN \(SELECT value FROM json_each\(\?\)\)")
_INSERT = re.compile(r"(INSERT INTO .*? VALUES )(\([^()]*\))(.*)", re.DOTALL)
_DELETE = re.compile(r"DELETE FROM (\w+) WHERE (.+)", re.DOTALL)
_EQUAL = re.compile(r"(\w+) = \?")
_ROWS = 500  # of one statement, which takes 65,535 values at most
_ONLY_HERE = {NEWEST: "SELECT max(sequence) FROM executions HAVING max(sequence) IS NOT NULL"}
_TYPES = (
    (re.compile(r"--[^\n]*"), ""),
    (re.compile(r"\bINTEGER PRIMARY KEY AUTOINCREMENT\b"), "BIGINT PRIMARY KEY"),
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bREAL\b"), "DOUBLE PRECISION"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    (re.compile(r"^(\s+text\s+)TEXT\b", re.MULTILINE), r"\1BYTEA"),  # sources may hold characters that no text here can
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),  # ordered as SQLite does, whatever the database's language
    (re.compile(r"\)\s*WITHOUT ROWID"), ")"),
)


@functools.lru_cache(maxsize=1024)
def statement(sql: str) -> str:
    """A statement with its values marked as psycopg wants them."""
    if sql in _ONLY_HERE:
        return _ONLY_HERE[sql]
    return _LIST.sub(_any, sql).replace("%", "%%").replace("?", "%s")


def many(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """A statement for many rows of values, as few statements with the values of each: what is sent at once is done at once.

    (Row by row without waiting for answers would be as quick; a process that is stopped on the way then keeps the server
    waiting, which does not count a transaction idle before its last row.)
    """
    insert, delete = _INSERT.fullmatch(sql), _DELETE.fullmatch(sql)
    columns = _EQUAL.findall(delete[2]) if delete else []
    if insert:
        begin, row, end = insert.groups()
    elif delete and delete[2] == " AND ".join([f"{one} = ?" for one in columns]):
        begin, end = f"DELETE FROM {delete[1]} WHERE ({', '.join(columns)}) IN (VALUES ", ")"  # noqa: S608 - ours
        row = f"({', '.join('?' * len(columns))})"
    else:
        for one in rows:
            yield statement(sql), values(one)
        return
    for place in range(0, len(rows), _ROWS):
        some = rows[place : place + _ROWS]
        text = f"{begin}{', '.join([row] * len(some))}{end}"
        yield text.replace("%", "%%").replace("?", "%s"), [value for one in some for value in values(one)]


def _any(found: re.Match[str]) -> str:
    cast = "::bigint" if found[1].rpartition(".")[2] in _NUMBERS else ""
    return f"{found[1]} = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb){cast}))"


def values(parameters: Sequence[Any]) -> list[Any]:
    """Values as they can be sent: truth as a number, and texts without the one character that none may hold."""
    return [
        int(one) if type(one) is bool else one.replace("\0", "\\x00") if type(one) is str and "\0" in one else one
        for one in parameters
    ]


def table_scripts(migrations: Sequence[str]) -> tuple[str, ...]:
    """The migrations of an SQLite ledger, for PostgreSQL."""
    found = []
    for script in migrations:
        for pattern, word in _TYPES:
            script = pattern.sub(word, script)  # noqa: PLW2901 - word by word
        found.append(script)
    return tuple(found)
