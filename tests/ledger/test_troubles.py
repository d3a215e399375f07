import sqlite3
from pathlib import Path

import pytest

from penstock.errors import LedgerError
from penstock.ledger.troubles import in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("database or disk is full", "full"),
        ("attempt to write a readonly database", "read-only"),
        ("unable to open database file", "can't be opened"),
        ("database is locked", "locked for too long"),
        ("database disk image is malformed", "is damaged"),
        ("file is not a database", "is damaged"),
        ("Could not decode to UTF-8 column 'body' with text 'x'", "is damaged"),
        ("disk I/O error", "input/output error"),
        ("no such table: runs", "no such table"),
    ],
)
def test_errors_are_told_in_words(text: str, words: str) -> None:
    error = in_words(sqlite3.OperationalError(text), Path("/state/ledger.db"))
    assert type(error) is LedgerError
    assert words in error.what
    assert "/state/ledger.db" in error.what
    assert error.hint
