import json
from pathlib import Path
from typing import Any

import pytest
from tests.checks.offered import offer, pipeline
from tests.cli.conftest import valid

Call = Any


@pytest.fixture
def guilty(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    offer(project, monkeypatch)
    return pipeline(project, "good", "guilty")


def test_check(guilty: Path, call: Call) -> None:
    done = call("check", "--only", "odd")
    assert done.code == 1
    assert "✗ line  1 PROVEN · 1 clean" in done.out
    assert "line.py:13" in done.out
    said = call("check", "--only", "odd", "--json")
    assert said.code == 1
    document = valid(said, "check")
    assert [one["verdict"] for one in document["checks"]] == ["CLEAN", "PROVEN"]
    assert document["reused"] == 2
    shown = valid(call("show", "--json"), "run")
    assert shown["checks"]["verdict"] == "PROVEN"
    assert shown["checks"]["findings"][0]["id"] == "0dd"


def test_reports_in_files(guilty: Path, call: Call) -> None:
    done = call("check", "--only", "odd", "--sarif", "a.sarif", "--junit", "b.xml", "--html", "c.html")
    assert done.code == 1
    assert "written to a.sarif" in done.err
    assert json.loads(Path("a.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "odd"
    assert "<failure" in Path("b.xml").read_text()
    assert "<svg" in Path("c.html").read_text()


def test_what_is_waived_fails_nothing(guilty: Path, call: Call) -> None:
    text = guilty.read_text()
    guilty.write_text(f'{text}\nps.waive("odd", "guilty", "we know", until="2999-01-01")\n')
    done = call("check", "--only", "odd")
    assert done.code == 0
    assert "waived: we know" in done.out
    guilty.write_text(f'{text}\nps.waive("odd", "guilty", "we know", until="2001-01-01")\n')
    done = call("check", "--only", "odd")
    assert done.code == 1
    assert "expired until 2001-01-01: we know" in done.out


def test_wrong_words(guilty: Path, call: Call) -> None:
    assert "Did you mean `odd`?" in call("check", "--only", "ood").err
    assert "Did you mean `good`?" in call("check", "goood").err
    assert call("check", "--run", "nonsense").code == 2


def test_a_run_is_checked_as_it_is_asked_to(guilty: Path, call: Call) -> None:
    assert "checks" not in valid(call("run", "--json"), "run")["checks"]["checks"]
    done = call("run", "--checks", "full", "--json")
    assert done.code == 1
    document = valid(done, "run")
    assert document["checks"]["depth"] == "full"
    assert document["error"]["kind"] == "LeakProven"
    assert document["status"] == "succeeded"
    told = call("run", "--checks", "full")
    assert "PROVEN odd  guilty" in told.out
    assert "  checks  " in told.out


AHEAD = """
import numpy as np
import pandas as pd

draw = np.random.default_rng(0)
trips = pd.DataFrame({"trip": range(300), "asked": pd.date_range("2024-01-01", periods=300), "km": draw.gamma(2, 2, 300)})

def features(trips):
    print("who prints")
    return trips.assign(near=trips["km"].shift(-1))

features(trips)
"""


def test_a_plain_script(project: Path, call: Call) -> None:
    Path("plain.py").write_text(AHEAD)
    done = call("check", "plain.py", "--time", "asked", "--html", "a.html", "--junit", "a.xml", "--sarif", "a.sarif")
    assert done.code == 1
    assert "✗ plain.py  1 PROVEN" in done.out
    assert 'declared  time="asked"  of trips in features' in done.out
    assert "who prints" not in done.out + done.err
    assert "<svg" in Path("a.html").read_text()
    said = call("check", "plain.py", "--time", "asked", "--json")
    document = valid(said, "check")
    assert document["script"]["functions"][0]["function"] == "features"
    name = document["findings"][0]["id"]
    assert valid(call("replay", name, "--json"), "replay")["moved"] is True
    Path("plain.py").write_text(AHEAD.replace("shift(-1)", "shift(1)"))
    assert call("replay", name).code == 0
    done = call("check", "plain.py", "--time", "asked", "--only", "as-of")
    assert done.code == 0
    assert "1 clean" in done.out


def test_a_plain_script_named_wrongly(guilty: Path, call: Call) -> None:
    Path("plain.py").write_text(AHEAD)
    assert "is for plain scripts and notebooks" in call("check", "--time", "asked").err
    assert call("check", guilty.name, "--only", "odd").code == 1  # a pipeline, named as a script would be
    assert "-f names a pipeline" in call("check", "plain.py", "-f", guilty.name).err
    assert "Did you mean `plain.py`" in call("check", "plan.py").err
    assert "--known-at fare=dropoff_at" in call("check", "plain.py", "--known-at", "fare").err
    wrong = call("check", "plain.py", "--known-at", "km=askd", "--json")
    assert wrong.code == 2
    assert json.loads(wrong.out)["error"]["kind"] == "ContractError"
