"""What is installed, and how far away store and ledger are: one round trip to each, timed."""

import importlib.metadata
import os
import re
import time

from penstock.errors import LedgerError, StoreError
from penstock.ports import Ledger, Store

__all__ = ["extras", "ledger_round_trip", "store_round_trip"]

_KIND = "doctor"  # of the name that a round trip writes


def extras() -> tuple[list[str], list[str]]:
    """The extras of Penstock of which all packages are installed, and the others."""
    try:
        about = importlib.metadata.metadata("penstock")
    except importlib.metadata.PackageNotFoundError:  # run from its sources, without an installation
        return [], []
    lacking = set()
    for one in about.get_all("Requires-Dist") or []:
        extra = re.search(r"extra *== *['\"]([\w.-]+)['\"]", one)
        name = re.match(r"[\w.-]+", one)
        if extra and name and not _installed(name[0]):
            lacking.add(extra[1])
    known = about.get_all("Provides-Extra") or []
    return [one for one in known if one not in lacking], [one for one in known if one in lacking]


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def ledger_round_trip(ledger: Ledger) -> float:
    """Write a name that nobody else has, read it, and remove it; the seconds that it took.

    Raises `LedgerError` where one of the three can't be done.
    """
    name = os.urandom(8).hex()
    begun = time.monotonic()
    ledger.tag(_KIND, "round trip", name)
    if name not in ledger.tagged(_KIND) or not ledger.untag(_KIND, name):
        raise LedgerError(f"the ledger {ledger.location} did not give back what was written to it")
    return time.monotonic() - begun


def store_round_trip(store: Store) -> float:
    """Write a few bytes that nobody else has, read them, and remove them; the seconds that it took.

    Raises `StoreError` where one of the three can't be done.
    """
    data = b"penstock doctor " + os.urandom(16)
    begun = time.monotonic()
    with store.writer() as writer:
        writer.write(data)
        blob = writer.finish()
    store.sync()
    if bytes(store.data(blob.digest)) != data or not store.remove(blob.digest):
        raise StoreError(f"the store {store.location} did not give back what was written to it")
    return time.monotonic() - begun
