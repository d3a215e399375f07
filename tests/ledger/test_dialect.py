import re

import pytest

from penstock.ledger.dialect import statement, table_scripts, values
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
