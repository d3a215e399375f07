import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.ledger import leases
from penstock.ledger.schema import prepare


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    prepare(made, tmp_path / "l.db")
    yield made
    made.close()


def owner(connection: sqlite3.Connection, key: str, who: str, now: float, boot: str = "boot-1") -> str:
    return leases.claim(connection, [key], who, 10, now, boot)[key].owner


def test_a_restart_of_the_machine_frees_everything(connection: sqlite3.Connection) -> None:
    assert owner(connection, "k", "me", 1000) == "me"
    assert owner(connection, "k", "you", 1001) == "me"
    assert leases.stale(connection, {"k": 1}, 1001, "boot-2") == {"k"}
    assert leases.renew(connection, "me", 10, 5, "boot-2") == 0
    assert owner(connection, "k", "you", 5, "boot-2") == "you"


def test_a_clock_that_began_anew_frees_everything(connection: sqlite3.Connection) -> None:
    """Where the system does not tell that it was restarted, a lease that would last too long tells."""
    assert owner(connection, "k", "me", 1_000_000) == "me"
    assert leases.stale(connection, {"k": 1}, 20, "boot-1") == {"k"}
    assert leases.renew(connection, "me", 10, 20, "boot-1") == 0
    assert owner(connection, "k", "you", 20) == "you"


def test_the_moment_of_expiry(connection: sqlite3.Connection) -> None:
    owner(connection, "k", "me", 100)
    assert leases.live(110, 10, "b", 109.9, "b")
    assert not leases.live(110, 10, "b", 110, "b")
    assert owner(connection, "k", "you", 109.99) == "me"
    assert owner(connection, "k", "you", 110) == "you"


def test_nobody_gives_way_to_everybody(connection: sqlite3.Connection) -> None:
    leases.give(connection, ["k"], "", 60, 100, "boot-1")
    assert owner(connection, "k", "me", 101) == "me"
    assert owner(connection, "k", "you", 102) == "me"


def test_own_leases_are_prolonged_never_cut_short(connection: sqlite3.Connection) -> None:
    first = leases.claim(connection, ["k"], "me", 100, 0, "b")["k"]
    assert leases.claim(connection, ["k"], "me", 5, 1, "b")["k"] == first
    assert leases.claim(connection, ["k"], "me", 100, 50, "b")["k"] == first._replace(expires=150)
    assert connection.execute("SELECT expires FROM leases").fetchall() == [(150.0,)]


def test_a_key_named_twice_is_one_lease(connection: sqlite3.Connection) -> None:
    assert list(leases.claim(connection, ["k", "k"], "me", 10, 0, "b")) == ["k"]
    assert connection.execute("SELECT count(*), max(fence) FROM leases").fetchall() == [(1, 1)]


def test_sweeping_takes_only_what_is_long_gone(connection: sqlite3.Connection) -> None:
    for key, now, boot in (("old", 0, "b"), ("recent", 3000, "b"), ("live", 4000, "b"), ("other boot", 4000, "c")):
        leases.claim(connection, [key], "me", 10, now, boot)
    leases.sweep(connection, 4005, "b")
    assert {row[0] for row in connection.execute("SELECT key FROM leases")} == {"recent", "live"}
