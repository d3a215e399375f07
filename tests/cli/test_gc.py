"""`penstock gc` says what would go, and removes it only when it is told to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

from penstock.app import collecting, keeping

Call = Callable[..., Done]


@pytest.fixture
def runs(
    call: Call, edit: Callable[[str, str], None], project: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], int]:
    """Two runs with other values, and how many blobs there are."""
    monkeypatch.setitem(collecting.collect.__kwdefaults__, "pause", 0.0)
    monkeypatch.setitem(keeping.keeping.__kwdefaults__, "settled", 0.0)
    edit("return [int(one) for one in path.read_text().split()][:n]", "return list(range(n))")
    for n in (20_000, 30_000):
        assert call("run", "--set", f"rows.n={n}").code == 0
    return lambda: sum(path.is_file() for path in (project / ".penstock" / "store" / "blobs").rglob("*"))


def test_nothing_is_old(call: Call, runs: Callable[[], int]) -> None:
    done = call("gc", "--yes")
    assert done.code == 0
    assert "✓ Nothing to remove that is older than 30 days." in done.out
    assert "4 blobs" in done.out
    assert runs() == 4


def test_only_told_unless_yes_is_said(call: Call, runs: Callable[[], int]) -> None:
    done = call("gc", "--keep-days", "0")
    assert done.code == 0
    assert "  doubled           1 blob  60 kB" in done.out
    assert "2 blobs, 179 kB stay, for 0 runs and the newest execution of each step" in done.out
    assert "Would remove" in done.out
    assert "Do it with: penstock gc --keep-days 0 --yes" in done.out
    assert runs() == 4
    said = valid(call("gc", "--keep-days", "0", "--json"), "gc")
    did = valid(call("gc", "--keep-days", "0", "--yes", "--json"), "gc")
    assert {**said, "done": True} == did
    assert {one["artifact"] for one in did["artifacts"]} == {"rows", "doubled"}
    assert did["executions"] == 2
    assert runs() == 2
    assert call("verify").code == 0
    assert call("gc", "--keep-days", "0", "--yes", "--json").json["bytes"] == 0
    assert {one["status"] for one in call("run", "--set", "rows.n=30000", "--json").json["steps"]} == {"reused"}


def test_days_can_not_be_negative(call: Call) -> None:
    assert call("gc", "--keep-days", "-1").code == 2
