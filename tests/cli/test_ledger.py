"""`penstock ledger copy` says what it did, and is told what it can't do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


def test_a_ledger_is_copied_to_a_file_and_back(call: Call, project: Path) -> None:
    call("run")
    done = call("ledger", "copy", "local", "copy.db", "--json")
    document = valid(done, "ledger")
    assert done.code == 0
    assert document["done"]
    assert document["tables"]["runs"]["rows"] == 1
    again = call("ledger", "copy", "local", "copy.db")
    assert again.code == 0 and "there already" in again.out
    (project / ".penstock" / "ledger.db").rename(project / "old.db")
    back = call("ledger", "copy", "copy.db", "local", "--json")
    assert valid(back, "ledger")["tables"] == document["tables"]
    assert "0 ran" in call("run").out or "reused" in call("run").out


@pytest.mark.needs("postgres", "psycopg")
def test_a_ledger_is_copied_to_postgresql_and_used_there(
    call: Call, project: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("run")
    place = postgres.replace("penstock@", "penstock:hunter22@")
    done = call("ledger", "copy", "local", place)
    assert done.code == 0
    assert "hunter22" not in done.out + done.err
    assert "Use it from now on with: PENSTOCK_LEDGER=postgresql://penstock@" in done.out
    monkeypatch.setenv("PENSTOCK_LEDGER", place)
    assert {one["decision"] for one in valid(call("plan", "--json"), "plan")["steps"]} == {"reuse"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("copy", "local", "local"), "are the same ledger"),
        (("copy", "absent.db", "new.db"), "nothing has run here yet"),
        (("copy", "mysql://h/d", "new.db"), "nothing here opens mysql://"),
        (("move", "a", "b"), "copy"),
        (("copy", "local"), "TO"),
    ],
)
def test_what_can_not_be_done_is_told(call: Call, arguments: tuple[str, ...], words: str) -> None:
    done = call("ledger", *arguments)
    assert done.code == 2
    assert words in done.err
