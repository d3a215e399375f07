"""How far away a store is: one round trip, timed."""

import os
import time

from penstock.errors import StoreError
from penstock.ports import Store

__all__ = ["store_round_trip"]


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
