"""What is installed, and how far away store and ledger are: one round trip to each, timed."""

import importlib.metadata
import importlib.util
import os
import re
import time
from collections.abc import Iterator

from penstock.app.executors import checked_name
from penstock.app.settings import Settings
from penstock.errors import ExecutorError, LedgerError, MissingExtra, StoreError, extra_hint
from penstock.executors.engines import find_engine, last_line
from penstock.executors.knocking import knock
from penstock.ports import Ledger, Store

__all__ = ["executor_ready", "extras", "ledger_round_trip", "skew_of", "store_round_trip"]

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


def skew_of(place: Store | Ledger) -> float:
    """By how many seconds the clock of what keeps a store or ledger is ahead of this machine's; 0.0 where it is the same."""
    skew = getattr(place, "skew", None)
    return skew() if skew is not None else 0.0


def executor_ready(settings: Settings) -> Iterator[str]:
    """What was found of the executor that is set. Raises where a run could not begin with it: `SettingsError`, `MissingExtra`,
    `NotFound`, `ExecutorError`."""
    name = checked_name(settings.executor)
    address = settings.address or os.environ.get("RAY_ADDRESS", "")
    if name == "container":
        engine = find_engine()
        code, out, err = engine.ask("info")
        if code:
            raise ExecutorError(
                f"{engine.name} does not work: {last_line(err or out)}", hint=f"Try `{engine.name} info`."
            )
        if settings.image and "file" not in settings.image.lower():
            engine.image(settings.image)
            yield f"container: image {settings.image} is here"
        else:
            yield f"container: {engine.name} works"
    elif name == "ray":
        if importlib.util.find_spec("ray") is None:
            raise MissingExtra("executor `ray` needs ray", hint=extra_hint("ray"))
        if not address:
            yield "ray: a cluster on this machine for each run"
        else:
            try:
                knock(address, 5.0)
            except OSError as error:
                raise ExecutorError(
                    f"Ray at {address} can't be reached: {error.strerror or error}",
                    hint="Start it (`ray start --head`), or name it with `--address` or RAY_ADDRESS.",
                ) from None
            yield f"ray: somebody listens at {address}"
    else:
        yield name
