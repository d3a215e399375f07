import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.ledger import executions
from penstock.ledger.executions import find, forget, insert, numbered, offered, sequences, small, uncached
from penstock.ledger.schema import prepare
from penstock.model.digest import digest_bytes
from penstock.testing.ledgers import make_execution


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    prepare(made, tmp_path / "l.db")
    yield made
    made.close()


def flip(connection: sqlite3.Connection, table: str, column: str, where: str) -> None:
    row = connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()[0]
    row = row[:-3] + bytes([row[-3] ^ 1]) + row[-2:]
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (row,))


def test_equal_data_is_kept_once_and_apart_if_it_is_large(connection: sqlite3.Connection) -> None:
    large = b"L" * 5000
    made = [make_execution(step, data=large) for step in "abc"] + [make_execution("d", data=b"s" * 100)]
    insert(connection, made)
    assert connection.execute("SELECT count(*), sum(length(data)) FROM smalls").fetchone() == (1, 5000)
    assert connection.execute("SELECT max(length(body)) FROM executions").fetchone()[0] < 1500
    assert list(numbered(connection, [1, 2, 3, 4]).values()) == made


def test_sequences_never_come_again(connection: sqlite3.Connection) -> None:
    assert insert(connection, [make_execution("a"), make_execution("b")]) == {
        make_execution("a").key: 1,
        make_execution("b").key: 2,
    }
    connection.execute("DELETE FROM executions WHERE sequence = 2")
    assert list(insert(connection, [make_execution("b")]).values()) == [3]


def test_ten_thousand_keys_are_one_question(connection: sqlite3.Connection) -> None:
    made = [make_execution(f"s{number}") for number in range(10_000)]
    connection.execute("BEGIN")
    insert(connection, made)
    keys = [one.key for one in made]
    found, damaged = find(connection, keys)
    assert len(found) == 10_000
    assert damaged == []
    assert set(sequences(connection, keys).values()) == set(range(1, 10_001))
    assert len(executions.recent(connection, "p")) == 10_000


def test_a_flipped_bit_in_a_record_is_seen(connection: sqlite3.Connection) -> None:
    made = [make_execution("a"), make_execution("b", data=b"x" * 999), make_execution("c", data=b"y" * 999)]
    insert(connection, made)
    flip(connection, "executions", "body", "step = 'a'")
    flip(connection, "smalls", "data", f"digest = '{digest_bytes(b'x' * 999)}'")
    found, damaged = find(connection, [one.key for one in made])
    assert list(found.values()) == [made[2]]
    assert sorted(damaged) == [1, 2]
    assert list(numbered(connection, [1, 2, 3])) == [3]
    assert small(connection, digest_bytes(b"x" * 999)) is None
    executions.give_up(connection, damaged)
    assert list(offered(connection, [one.key for one in made])) == [made[2].key]


def test_missing_data_is_seen(connection: sqlite3.Connection) -> None:
    insert(connection, [make_execution("a", data=b"x" * 999)])
    connection.execute("DELETE FROM smalls")
    assert find(connection, [make_execution("a").key]) == ({}, [1])


def test_a_blob_in_store_stays_one_although_the_ledger_knows_its_bytes(connection: sqlite3.Connection) -> None:
    insert(connection, [make_execution("a", data=None)])
    executions.keep(connection, b"stored")
    assert find(connection, [make_execution("a").key])[0] == {make_execution("a").key: make_execution("a", data=None)}


def test_forgetting_counts_what_was_offered(connection: sqlite3.Connection) -> None:
    keys = [make_execution(step).key for step in "abc"]
    insert(connection, [make_execution(step) for step in "ab"])
    assert forget(connection, keys, "lost") == 2
    assert forget(connection, keys, "lost") == 0
    assert offered(connection, keys) == {}
    assert connection.execute("SELECT DISTINCT reason FROM executions").fetchall() == [("lost",)]


def test_uncached_executions_belong_to_their_run(connection: sqlite3.Connection) -> None:
    insert(connection, [make_execution("a", cached=False)])
    key = make_execution("a").key
    assert uncached(connection, [key], "run-1")[key][0] == 1
    assert uncached(connection, [key], "run-2") == {}
    assert offered(connection, [key]) == {}


def test_pages_come_in_order(connection: sqlite3.Connection) -> None:
    insert(connection, [make_execution(f"s{number}", pipeline="pq"[number % 2]) for number in range(20)])
    assert list(executions.page(connection, "q", "", 4, 3)) == [6, 8, 10]
    assert list(executions.page(connection, "", "s3", 0, 30)) == [4]
    assert executions.page(connection, "", "", 20, 3) == {}
