"""SQLite's errors in words: what happened to the ledger, and what to do."""

import sqlite3
from pathlib import Path

from penstock.errors import LedgerError

__all__ = ["in_words"]


def in_words(error: sqlite3.Error, path: Path) -> LedgerError:
    """The same trouble as a `LedgerError`. Whatever it is, what was committed before is kept."""
    text = str(error)
    low = text.lower()
    if "is full" in low:
        what = f"the disk that holds the ledger {path} is full"
        hint = "Free some space and run again: what was committed is kept, and the rest is done again."
    elif "readonly" in low or "read-only" in low:
        what = f"the ledger {path} can't be written: it is read-only"
        hint = f"Check owner and permissions of {path.parent}, and that its file system is not mounted read-only."
    elif "unable to open" in low:
        what = f"the ledger {path} can't be opened"
        hint = f"Check that {path.parent} exists, is yours, and is on a disk with free space."
    elif "locked" in low or "busy" in low:
        what = f"another process has kept the ledger {path} locked for too long"
        hint = "Look for a stopped (suspended) Penstock process and let it go on or end it; then run again."
    elif (
        "malformed" in low
        or "not a database" in low
        or "corrupt" in low
        or "encrypted" in low
        or "could not decode" in low
    ):
        what = f"the ledger {path} is damaged ({text})"
        hint = (
            f"Restore {path.name} from a backup (files named {path.name}.*.backup beside it), or move it away: "
            "then a new one is begun, and all steps run again."
        )
    elif "i/o error" in low:
        what = f"the disk reported an input/output error on the ledger {path}"
        hint = "Check the disk (see `dmesg`); then run `penstock verify`."
    else:
        what, hint = f"the ledger {path} can't do this: {text}", ""
    return LedgerError(what, hint=hint)
