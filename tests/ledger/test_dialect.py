import re

import pytest

from penstock.ledger.dialect import many, statement, table_scripts, values
from penstock.ledger.executions import NEWEST
from penstock.ledger.schema import MIGRATIONS


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 WHERE a = ? AND b = ?", "SELECT 1 WHERE a = %s AND b = %s"),
        (
            "x WHERE key IN (SELECT value FROM json_each(?))",
            "x WHERE key = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))",
        ),
        (
            "x WHERE t.sequence IN (SELECT value FROM json_each(?))",
            "x WHERE t.sequence = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)::bigint))",
        ),
        ("SELECT 5 % 2", "SELECT 5 %% 2"),
    ],
)
def test_statements(sql: str, said: str) -> None:
    assert statement(sql) == said


def test_what_only_sqlite_knows_is_said_in_other_words() -> None:
    assert "sqlite" not in statement(NEWEST)


def test_values() -> None:
    assert values((True, False, "a\0b", b"\0", None, 1, 2.5)) == [1, 0, "a\\x00b", b"\0", None, 1, 2.5]
    assert [type(one) for one in values((True, 3))] == [int, int]


def test_tables_have_no_word_of_sqlite() -> None:
    for script in table_scripts(MIGRATIONS):
        assert not re.search(r"\b(INTEGER|REAL|BLOB|AUTOINCREMENT|ROWID)\b", script)
        assert script.count("CREATE TABLE") == MIGRATIONS[0].count("CREATE TABLE")


def test_many_rows_are_few_statements() -> None:
    insert = "INSERT INTO t VALUES (?, 0, ?) ON CONFLICT (a) DO UPDATE SET b = excluded.b"
    [(sql, flat)] = many(insert, [(1, True), (2, "a\0")])
    assert sql == "INSERT INTO t VALUES (%s, 0, %s), (%s, 0, %s) ON CONFLICT (a) DO UPDATE SET b = excluded.b"
    assert flat == [1, 1, 2, "a\\x00"]
    assert [len(flat) for _, flat in many(insert, [(1, 2)] * 1200)] == [1000, 1000, 400]
    [(sql, flat)] = many("DELETE FROM t WHERE a = ? AND b = ?", [(1, 2), (3, 4)])
    assert (sql, flat) == ("DELETE FROM t WHERE (a, b) IN (VALUES (%s, %s), (%s, %s))", [1, 2, 3, 4])
    assert list(many("DELETE FROM t WHERE c = 0 AND b = ?", [(1,), (2,)])) == [
        ("DELETE FROM t WHERE c = 0 AND b = %s", [1]),
        ("DELETE FROM t WHERE c = 0 AND b = %s", [2]),
    ]
    assert list(many(insert, [])) == []
