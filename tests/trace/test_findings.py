import shlex
from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, lineage_of

from penstock.model.account import Account
from penstock.model.verdict import Finding
from penstock.trace.accounts import accounts, step_accounts
from penstock.trace.findings import checks, findings


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Account]:
    lineage = lineage_of(tmp_path_factory.mktemp("flights"), FLIGHTS)
    return {(one.step, one.artifact): one for one in accounts(lineage)}


def test_findings(found: dict[tuple[str, str], Account]) -> None:
    listed = findings(list(found.values()))
    assert [(one.check, one.verdict, one.step) for one in listed[:2]] == [("rows", "PROVEN", "joined")] * 2
    multiplied, partner = listed[:2]
    assert (multiplied.row, multiplied.before, multiplied.after) == ("UA/3", 1, 2)
    assert multiplied.replay == "penstock trace 'UA/3'"
    assert "no partner in `planes` by tail" in partner.world


def test_losses_that_depend_on_the_group(tmp_path: Path) -> None:
    text = FLIGHTS.replace("n: int = 60", "n: int = 600").replace(
        'pl.col("distance") >= 50', '(pl.col("carrier") == "UA") | (pl.col("number") % 4 != 0)'
    )
    lineage = lineage_of(tmp_path, text)
    (one,) = findings(step_accounts(lineage, lineage.nodes["clean"]))
    assert (one.verdict, one.column) == ("SUSPECT", "carrier")
    assert "50.0% of the rows with carrier AA were dropped, 0.0% of the others" in one.world


def test_losses_of_rows_without_a_label_are_no_finding(found: dict[tuple[str, str], Account]) -> None:
    assert found["sides", "joined"].dropped > 0
    assert findings([found["sides", "joined"]]) == []


def test_what_was_checked(found: dict[tuple[str, str], Account]) -> None:
    listed = findings(list(found.values()))
    key = Finding("rows", "PROVEN", "planes", world="2 rows share their key")
    said = {one.step: one for one in checks(found.values(), [key, *listed])}
    assert {step: one.verdict for step, one in said.items()} == {
        "planes": "PROVEN", "clean": "CLEAN", "joined": "PROVEN", "by_gate": "CLEAN", "sides": "CLEAN",
        "predictions": "CLEAN", "shuffled": "UNKNOWN",
    }  # fmt: skip
    assert said["shuffled"].reason == found["shuffled", "clean"].why
    assert said["joined"].reason == listed[0].world
    assert (said["clean"].rows, said["clean"].reason) == (
        60,
        "every row of `flights` is accounted for: 59 kept, 1 dropped",
    )
    assert checks([], []) == []


@pytest.mark.parametrize(("key", "said"), [("UA/3", "'UA/3'"), ("it's", "'it'\"'\"'s'"), ("$HOME", "'$HOME'")])
def test_commands_hold_any_key(key: str, said: str) -> None:
    account = Account("s", "a", "a", ("s",), "key", "", 1, 2, multiplied=1, main=True, grown=((key, 2),))
    (one,) = findings([account])
    assert one.replay == f"penstock trace {said}"
    assert shlex.split(one.replay)[-1] == key
