"""Names and tags of runs and artifacts."""

from itertools import permutations
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.app.labels import bearers, checked, label_run, mark, marks, split_tags, take_name, unmark
from penstock.errors import NotFound, ParameterError
from penstock.ledger.sqlite import SqliteLedger
from penstock.testing.histories import begin
from penstock.testing.samples import make_execution, make_run


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    made = SqliteLedger(tmp_path / "ledger.db")
    for number in (1, 2):
        begin(made, make_run(f"run-{number}"))
        made.commit(
            f"run-{number}", [make_execution(run=f"run-{number}", key=f"key {number}", data=b"%d" % number)], {}
        )
    return made


@pytest.mark.parametrize("text", ["", "a b", "a@b", "-x", "a/b", "last", "last~3", "20261121-055337-7e2d", "a\n"])
def test_what_can_be_no_tag(text: str) -> None:
    with pytest.raises(ParameterError):
        checked(text)


def test_tags_of_runs_and_of_what_they_make() -> None:
    assert split_tags(["a", "m@x", "a", "s.t@x"]) == (("a",), ("m@x", "s.t@x"))
    for wrong in ("@x", "m@", "m@a b"):
        with pytest.raises(ParameterError):
            split_tags([wrong])


def test_a_name_moves_and_tags_gather(ledger: SqliteLedger) -> None:
    label_run(ledger, "run-1", name="best", added=["a"])
    label_run(ledger, "run-2", name="best", added=["a", "b"])
    assert (ledger.run("run-1").name, ledger.run("run-1").tags) == ("", ("a",))
    assert ledger.run("best").id == "run-2"
    label_run(ledger, "run-2", removed=["a"])
    assert ledger.run("run-2").tags == ("b",)
    assert ledger.run("run-2").name == "best"
    with pytest.raises(NotFound) as caught:
        label_run(ledger, "run-2", removed=["c"])
    assert "`b`" in caught.value.hint


@pytest.mark.parametrize("order", list(permutations(("run-3", "run-4", "run-5"))))
def test_of_runs_at_once_the_newest_keeps_the_name(ledger: SqliteLedger, order: tuple[str, ...]) -> None:
    label_run(ledger, "run-1", name="best")
    for run in sorted(order):
        begin(ledger, replace(make_run(run), name="best"))
    for run in order:  # each takes it when it ends
        take_name(ledger, run, "best")
    assert bearers(ledger, "best") == ["run-5"]
    label_run(ledger, "run-2", name="best")  # people may give it to an older one
    take_name(ledger, "run-5", "best")  # which nobody takes back for a run that lost it
    assert bearers(ledger, "best") == ["run-2"]


def test_a_tag_of_an_artifact_stands_for_one_version(ledger: SqliteLedger) -> None:
    _, first = mark(ledger, "run-1", "a", ["best"])
    assert [(one.artifact, one.tag, one.digest) for one in marks(ledger)] == [("a", "best", first.digest)]
    _, second = mark(ledger, "run-2", "a", ["best"])
    assert [one.digest for one in marks(ledger, "p")] == [second.digest] != [first.digest]
    assert marks(ledger, "another") == []
    with pytest.raises(NotFound) as caught:
        unmark(ledger, "p", "a", ["bets"])
    assert "`best`" in caught.value.hint
    unmark(ledger, "p", "a", ["best"])
    assert marks(ledger) == []
    with pytest.raises(NotFound):
        mark(ledger, "run-1", "b", ["best"])
