"""The tables of an SQLite ledger, and how an older ledger becomes a newer one.

`PRAGMA user_version` holds the schema's version, `application_id` marks the file as ours. Each migration is one
transaction with the copy of what was there beside it; whoever comes second waits for it and finds nothing to do.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from penstock.errors import LedgerError, SchemaMismatch

__all__ = ["APPLICATION", "MIGRATIONS", "prepare", "version"]

APPLICATION = 0x50454E53  # "PENS"

_FIRST = """
CREATE TABLE runs (
    ref      INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL,
    status   TEXT NOT NULL,
    started  REAL NOT NULL,
    seconds  REAL,
    name     TEXT NOT NULL DEFAULT '',
    tags     BLOB NOT NULL,                 -- msgpack: list of texts
    last     INTEGER NOT NULL DEFAULT 0,    -- number of the newest event
    body     BLOB NOT NULL                  -- msgpack: Run
);
CREATE INDEX runs_by_pipeline ON runs (pipeline, ref);
CREATE TABLE events (
    id   INTEGER PRIMARY KEY,               -- ref of the run << 32 | number in the run, from 1
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,                     -- msgpack: the event; Decided and Committed refer to executions
    sum  INTEGER NOT NULL                   -- CRC-32 of the body: SQLite itself would not see a bit that flipped
);
CREATE TABLE steps (
    run         INTEGER NOT NULL,
    step        TEXT NOT NULL,
    position    INTEGER NOT NULL DEFAULT 2147483647,  -- in the graph; a step that another grew has its place ...
    child       INTEGER NOT NULL DEFAULT 0,           -- ... and its own number
    kind        TEXT NOT NULL DEFAULT 'step',
    status      TEXT NOT NULL DEFAULT 'waiting',
    key         TEXT NOT NULL DEFAULT '',
    attempts    INTEGER NOT NULL DEFAULT 0,
    execution   INTEGER,
    reasons     BLOB,
    started     REAL,
    ended       REAL,
    seconds     REAL,
    cpu_seconds REAL,
    peak_memory INTEGER,
    metrics     BLOB,
    error       BLOB,
    log         BLOB,
    question    TEXT,
    because     TEXT,                       -- of a blocked step: what failed; of a skipped or cancelled one: the reason
    PRIMARY KEY (run, step)
) WITHOUT ROWID;
CREATE INDEX steps_measured ON steps (run) WHERE metrics IS NOT NULL;
CREATE TABLE executions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    step     TEXT NOT NULL,
    run      TEXT NOT NULL,
    code     TEXT NOT NULL,
    state    INTEGER NOT NULL DEFAULT 0,    -- 0 offered for reuse, 1 forgotten, 2 never offered (cache=False)
    reason   TEXT NOT NULL DEFAULT '',
    moved    INTEGER NOT NULL DEFAULT 0,    -- whether some output's data lies in `smalls`
    body     BLOB NOT NULL,                 -- msgpack: Execution
    sum      INTEGER NOT NULL               -- CRC-32 of the body
);
CREATE UNIQUE INDEX executions_offered ON executions (key) WHERE state = 0;
CREATE INDEX executions_passed ON executions (key) WHERE state <> 0;
CREATE TABLE latest (
    pipeline TEXT NOT NULL,
    step     TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (pipeline, step)
) WITHOUT ROWID;
CREATE TABLE artifacts (                    -- where each blob came from: by execution, or by run (then sequence is 0)
    blob     TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    run      TEXT NOT NULL,
    name     TEXT NOT NULL,
    stored   INTEGER NOT NULL,              -- whether the bytes are in the store (else the ledger has them)
    PRIMARY KEY (blob, sequence, run, name)
) WITHOUT ROWID;
CREATE TABLE smalls (
    digest TEXT PRIMARY KEY,
    data   BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE codes (
    digest TEXT PRIMARY KEY,
    body   BLOB NOT NULL                    -- msgpack: pieces, each with the digest of its text
) WITHOUT ROWID;
CREATE TABLE pieces (
    digest TEXT PRIMARY KEY,
    text   TEXT NOT NULL
);
CREATE TABLE leases (
    key     TEXT PRIMARY KEY,
    owner   TEXT NOT NULL,
    fence   INTEGER NOT NULL,
    expires REAL NOT NULL,                  -- seconds of the clock of leases
    length  REAL NOT NULL,                  -- seconds it was given for
    boot    TEXT NOT NULL                   -- the machine's start that `expires` counts from
) WITHOUT ROWID;
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters VALUES ('fence', 0);
CREATE TABLE stats (
    path   TEXT PRIMARY KEY,
    size   INTEGER NOT NULL,
    mtime  INTEGER NOT NULL,
    inode  INTEGER NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE names (
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    target TEXT NOT NULL,
    time   REAL NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""SQL by which version N becomes N + 1, the first making version 1 of an empty file. Append only."""


def prepare(connection: sqlite3.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring a ledger up to date, making its tables if it is new.

    Raises `SchemaMismatch` for a ledger of a newer version, `LedgerError` for a database that is not a ledger.
    """
    if version(connection, path, migrations) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = version(connection, path, migrations)  # another process may have done it while we waited
        if 0 < found < len(migrations):
            _back_up(path, found)
        for number in range(found, len(migrations)):
            for statement in _statements(migrations[number]):
                connection.execute(statement)
        if found < len(migrations):
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def version(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> int:
    """The version of the schema, 0 for an empty file. Raises `SchemaMismatch` or `LedgerError` where it is not ours."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
    if not ours and (found or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()):
        raise LedgerError(
            f"{path} is an SQLite database, but no ledger of Penstock", hint="Point PENSTOCK_STATE at another folder."
        )
    if ours and not 0 < found <= len(migrations):
        raise SchemaMismatch(
            f"the ledger {path} has schema version {found}; this Penstock knows versions 1 to {len(migrations)}"
        )
    return found


def _back_up(path: Path, version: int) -> None:
    """Copy what was committed so far to a file beside the ledger. The caller holds the right to write."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = path.with_name(f"{path.name}.v{version}-{stamp}-{os.getpid()}.backup")
    source = sqlite3.connect(path, isolation_level=None)
    try:
        source.execute("VACUUM INTO ?", (str(target),))
    finally:
        source.close()
    target.chmod(0o600)
    for place in (target, target.parent):
        fd = os.open(place, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _statements(script: str) -> list[str]:
    """The statements of a script. (`executescript` would commit the transaction first.)"""
    found: list[str] = []
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            found.append(text)
            text = ""
    if text.strip():
        found.append(text)
    return found
