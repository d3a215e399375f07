import sys
from pathlib import Path

import pytest
from tests.trace.pipelines import BARE, FLIGHTS, run_of

from penstock.app.settings import find_settings, open_ledger
from penstock.app.tracing import Tracing, lightly, rows_known
from penstock.errors import MissingExtra, NotFound, UnknownName


def test_accounts_are_found_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, FLIGHTS)
    settings = find_settings(tmp_path / "line.py")
    first = Tracing(settings, open_ledger(settings), run.run)
    found = first.accounts()
    second = Tracing(settings, open_ledger(settings), run.run)
    monkeypatch.setattr(second.lineage, "records", lambda _: pytest.fail("it looked again"))
    assert second.accounts() == found


def test_another_contract_is_another_question(tmp_path: Path) -> None:
    first = run_of(tmp_path, FLIGHTS).rows("clean")
    second = run_of(tmp_path, FLIGHTS, lambda text: text.replace('label="delay"', 'label="distance"')).rows("clean")
    labels = [
        {rate["column"] for rate in one["accounts"][0]["rates"] if rate["by"] == "label"} for one in (first, second)
    ]
    assert labels == [{"delay"}, {"distance"}]


def test_losses_of_one_source(tmp_path: Path) -> None:
    run = run_of(tmp_path, FLIGHTS)
    rows, accounts = run._tracing().losses("flights")
    assert rows == 60
    assert {(one.step, one.artifact) for one in accounts} == {
        ("clean", "flights"), ("joined", "clean"), ("by_gate", "clean"), ("shuffled", "clean"), ("sides", "joined"),
        ("predictions", "sides.test"),
    }  # fmt: skip
    rows, accounts = run._tracing().losses("planes")
    assert rows == 12
    assert ("joined", "planes") in [(one.step, one.artifact) for one in accounts]
    with pytest.raises(UnknownName) as caught:
        run._tracing().losses("plane")
    assert "`planes`" in caught.value.hint


def test_python(tmp_path: Path) -> None:
    run = run_of(tmp_path, FLIGHTS)
    told = run.trace("UA/45")
    assert told["side"] == "test"
    assert "a row of flights" in repr(told)
    assert told._repr_html_().startswith('<div class="penstock-trace">')
    rows = run.rows()
    assert {one["step"] for one in rows["accounts"]} >= {"clean", "joined", "sides"}
    assert rows["findings"][0]["check"] == "rows"
    ahead = run.forward("UA/45")
    assert {one["artifact"] for one in ahead["reached"]} >= {"flights", "clean", "joined", "sides.test", "predictions"}
    assert ahead["runs"] == 1
    assert run.forward("UA/45", "flights", every_run=False)["reached"] == ahead["reached"]
    assert "a row of flights" in repr(ahead)
    with pytest.raises(UnknownName):
        run.rows("claen")
    with pytest.raises(NotFound):
        run.trace("XX/45")


def test_an_earlier_run_is_traced_as_it_was(tmp_path: Path) -> None:
    first = run_of(tmp_path, FLIGHTS)
    second = run_of(tmp_path, FLIGHTS, lambda text: text.replace(">= 50", ">= 120"))
    assert first.trace("AA/10")["dropped_at"] == ""
    assert second.trace("AA/10")["dropped_at"] == "clean"


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_of(tmp_path, BARE)
    settings = find_settings(tmp_path / "line.py")
    for name in [one for one in sys.modules if one.startswith(("penstock.trace", "penstock.rows"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra) as caught:
        Tracing(settings, open_ledger(settings))
    assert "penstock[frames]" in caught.value.hint


def test_pandas_comes_back() -> None:
    before = list(sys.meta_path)
    with lightly():
        assert len(sys.meta_path) == len(before) + 1
    assert sys.meta_path == before


def test_what_was_counted_stays_with_the_run(tmp_path: Path) -> None:
    run = run_of(tmp_path, FLIGHTS)
    settings = find_settings(tmp_path / "line.py")
    tracing = run._tracing()
    made = {artifact: stored.digest for artifact, stored in tracing.lineage.stored.items()}
    assert rows_known(settings, tracing.run, made) is None
    counted = tracing.counted()
    assert rows_known(settings, tracing.run, made) == counted
    assert rows_known(settings, tracing.run, {**made, "clean": "blake3:other"}) is None  # it was resumed meanwhile
    assert {one.replay.rpartition(" ")[2] for one in counted.findings} == {run.run, ""}
    again = run_of(tmp_path, FLIGHTS)._tracing().run
    known = rows_known(settings, again, made)  # the same work: nobody needs to count again
    assert known is not None
    assert known.accounts == counted.accounts
    assert {one.replay.rpartition(" ")[2] for one in known.findings} == {again.id, ""}
