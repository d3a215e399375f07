"""What would be asked before anything runs: each check of each step, and what is known of it."""

from pathlib import Path

import pytest
from tests.checks.offered import offer, pipeline

from penstock.app.foreseen import foreseen
from penstock.app.pipeline import Pipeline


def asked(file: Path) -> dict[tuple[str, str], tuple[str, str]]:
    loaded = Pipeline.load(file, executor="inline")
    return {(one["check"], one["step"]): (one["quick"], one["full"]) for one in foreseen(loaded, loaded.plan())}


def test_what_is_asked_and_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    file = pipeline(tmp_path, "good", "guilty")
    before = asked(file)
    assert before["odd", "guilty"] == ("no", "ask")  # what other packages offer is not asked in runs
    assert before["rerun", "good"] == ("ask", "ask")
    assert Pipeline.load(file, executor="inline").check(only=["odd", "rerun"]).verdict == "PROVEN"
    after = asked(file)
    assert after["odd", "guilty"] == ("no", "known")
    assert after["rerun", "good"] == ("known", "known")
    file.write_text(file.read_text().replace("def good(", "def good(*, more=1, "))
    edited = asked(file)
    assert edited["rerun", "good"] == ("ask", "ask")
