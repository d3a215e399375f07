"""Leases: the right to do the work of a key, until a moment on the clock of leases, with a fence.

The fence grows with every lease that is given in this ledger. Whoever wants to commit shows it; where the key has
gone to another holder, or its time has run out, the commit is refused (a compare-and-set, so that a process that was
paused too long can never write over its successor's work).
"""

from collections.abc import Iterable, Mapping, Sequence

from penstock.ledger.executions import among, listed
from penstock.ledger.session import Session
from penstock.ports import Lease

__all__ = ["claim", "give", "live", "owner", "release", "renew", "stale", "sweep", "taken"]

_GIVE = (
    "INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, "
    "fence = excluded.fence, expires = excluded.expires, length = excluded.length, boot = excluded.boot"
)
_FREE = "INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"
_SLACK = 1.0  # seconds by which a lease may seem longer than it was given for, before the clock must have restarted


def live(expires: float, length: float, boot: str, now: float, here: str) -> bool:
    """Whether a lease with these columns is still held, on the clock `now` of the boot `here`."""
    return boot == here and now < expires <= now + length + _SLACK


def claim(
    connection: Session, keys: Sequence[str], owner: str, seconds: float, now: float, here: str
) -> dict[str, Lease]:
    """Give `owner` each key that nobody else holds; for the others, the lease of the one who does."""
    if len(keys) == 1:  # a step of a chain: most often nobody ever asked for its key, and then two statements do
        lease = Lease(keys[0], owner, _fences(connection, 1), now + seconds)
        if connection.execute(_FREE, (*lease, seconds, here)).rowcount == 1:
            return {lease.key: lease}
    held = _rows(connection, keys)
    found: dict[str, Lease] = {}
    new: list[str] = []
    for key in dict.fromkeys(keys):
        row = held.get(key)
        if row is not None and live(row[2], row[3], row[4], now, here) and row[0]:
            found[key] = Lease(key, row[0], row[1], row[2])
        else:
            new.append(key)
    own = [key for key, lease in found.items() if lease.owner == owner and lease.expires < now + seconds]
    if own:
        connection.execute(
            "UPDATE leases SET expires = ?, length = ? WHERE key IN (SELECT value FROM json_each(?))",
            (now + seconds, seconds, listed(own)),
        )
        found.update({key: found[key]._replace(expires=now + seconds) for key in own})
    found.update(give(connection, new, owner, seconds, now, here))
    return {key: found[key] for key in keys}


def taken(connection: Session, keys: Sequence[str], owner: str, now: float, here: str) -> dict[str, Lease] | None:
    """The leases of these keys if others hold all of them, else None: what waiting asks again and again need not
    write."""
    held = _rows(connection, keys)
    found = {
        key: Lease(key, row[0], row[1], row[2])
        for key in keys
        if (row := held.get(key)) and row[0] not in ("", owner) and live(row[2], row[3], row[4], now, here)
    }
    return found if len(found) == len(set(keys)) else None


def give(
    connection: Session, keys: Sequence[str], owner: str, seconds: float, now: float, here: str
) -> dict[str, Lease]:
    """Give keys to `owner`, whoever had them, each under a new fence. The owner "" gives way to everybody."""
    if not keys:
        return {}
    first = _fences(connection, len(keys))
    leases = [Lease(key, owner, first + place, now + seconds) for place, key in enumerate(keys)]
    if len(leases) == 1:
        connection.execute(_GIVE, (*leases[0], seconds, here))
    else:
        connection.executemany(_GIVE, [(*lease, seconds, here) for lease in leases])
    return {lease.key: lease for lease in leases}


def _fences(connection: Session, count: int) -> int:
    """The first of so many new fences."""
    row = connection.execute(
        "UPDATE counters SET value = value + ? WHERE name = 'fence' RETURNING value", (count,)
    ).fetchone()
    return int(row[0]) - count + 1


def renew(connection: Session, owner: str, seconds: float, now: float, here: str) -> int:
    """Prolong the leases of an owner that are still live; how many. A lease that ran out is not held any more."""
    return connection.execute(
        "UPDATE leases SET expires = ?, length = ? WHERE owner = ? AND boot = ? AND expires > ? "
        "AND expires <= ? + length + ?",
        (now + seconds, seconds, owner, here, now, now, _SLACK),
    ).rowcount


def release(connection: Session, owner: str, keys: Iterable[str] | None) -> None:
    """Give leases back."""
    if keys is None:
        connection.execute("DELETE FROM leases WHERE owner = ?", (owner,))
    else:
        connection.execute(
            "DELETE FROM leases WHERE owner = ? AND key IN (SELECT value FROM json_each(?))", (owner, listed(keys))
        )


def stale(connection: Session, fences: Mapping[str, int], now: float, here: str) -> set[str]:
    """The keys that may not be committed with these fences."""
    if not fences:
        return set()
    held = _rows(connection, fences)
    return {
        key
        for key, fence in fences.items()
        if (row := held.get(key)) is None or row[1] != fence or not live(row[2], row[3], row[4], now, here)
    }


def owner(connection: Session, key: str, now: float, here: str) -> str:
    """Who holds a key now; "" if nobody does."""
    row = _rows(connection, [key]).get(key)
    return row[0] if row is not None and live(row[2], row[3], row[4], now, here) else ""


def sweep(connection: Session, now: float, here: str) -> None:
    """Remove leases that ran out an hour ago or with another start of the machine."""
    connection.execute("DELETE FROM leases WHERE boot <> ? OR expires < ?", (here, now - 3600))


def _rows(connection: Session, keys: Iterable[str]) -> dict[str, tuple[str, int, float, float, str]]:
    condition, argument = among("key", list(keys))
    rows = connection.execute(
        f"SELECT key, owner, fence, expires, length, boot FROM leases WHERE {condition}",  # noqa: S608 - ours
        (argument,),
    )
    return {key: (owner, fence, expires, length, boot) for key, owner, fence, expires, length, boot in rows}
