"""The gallery of leaks: each is proven, with its columns; its mended twin is not."""

import importlib
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import penstock as ps

GALLERY = Path(__file__).parents[2] / "examples" / "leaky"
PIPELINES = {"inner_join"}
LEAKS = sorted({path.stem for path in GALLERY.glob("*.py")} - {"ask", "tables"} - PIPELINES)


@pytest.fixture
def leak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(GALLERY), *sys.path])
    return importlib.import_module(request.param)


def test_there_are_enough() -> None:
    assert len(LEAKS) >= 15


def test_all_have_a_row_in_the_page() -> None:
    page = (GALLERY.parents[1] / "docs" / "leaky.md").read_text(encoding="utf-8")
    for name in [*LEAKS, *PIPELINES]:
        assert f"[`{name}`](../examples/leaky/{name}.py)" in page


@pytest.mark.parametrize("leak", LEAKS, indirect=True)
def test_the_leak_is_proven(leak: ModuleType) -> None:
    report = ps.probe(leak.leaky, **leak.asked())
    proven: dict[str, set[str]] = {}
    for one in report.findings:
        if one.verdict == "PROVEN":
            proven.setdefault(one.check, set()).add(one.column)
            assert one.where.rpartition(":")[0].endswith(f"{leak.__name__}.py")
    for check, columns in leak.FINDS.items():
        assert check in proven, report
        assert columns == [""] or proven[check] == set(columns)


@pytest.mark.parametrize("leak", LEAKS, indirect=True)
def test_its_twin_is_mended(leak: ModuleType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = ps.probe(leak.mended, **leak.asked())
    assert [one for one in report.findings if one.verdict in ("PROVEN", "SUSPECT")] == []


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gallery beside the flights, whose data is prepared."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("leaky", "flights"):
        ignored = shutil.ignore_patterns("data", ".penstock", "__pycache__")
        shutil.copytree(GALLERY.parent / name, folder / name, ignore=ignored)
    subprocess.run([sys.executable, "prepare.py"], cwd=folder / "flights", check=True, capture_output=True)
    return folder / "leaky"


def penstock(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "penstock.cli", *arguments, "-f", "inner_join.py", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.timeout(300)
def test_an_inner_join_drops_a_sixth_of_the_flights(examples: Path) -> None:
    code, ran = penstock(examples, "run")
    assert (code, ran["status"]) == (1, "succeeded")  # a contract says `fail_on=["rows"]`
    assert {output["artifact"]: output["rows"] for step in ran["steps"] for output in step["outputs"]} == {
        "flights": 336_776,
        "planes": 3_322,
        "leaky": 284_170,
        "mended": 336_776,
    }
    code, checked = penstock(examples, "check")
    assert code == 1
    proven = [one for one in checked["findings"] if one["verdict"] == "PROVEN"]
    assert [(one["check"], one["step"], one["column"]) for one in proven] == [("rows", "leaky", "tailnum")]
    assert proven[0]["world"] == "52,606 of 336,776 rows (15.6%) were dropped: no partner in `planes` by tailnum"
    suspect = [one["world"] for one in checked["findings"] if one["verdict"] == "SUSPECT"]
    assert suspect == ["96.2% of the rows with carrier MQ were dropped, 8.8% of the others"]


@pytest.mark.timeout(300)
def test_a_left_join_drops_none(examples: Path) -> None:
    code, ran = penstock(examples, "run", "mended")
    assert (code, ran["status"]) == (0, "succeeded")
    code, checked = penstock(examples, "check", "mended")
    assert (code, checked["findings"]) == (0, [])
    assert [one["verdict"] for one in checked["checks"] if (one["check"], one["step"]) == ("rows", "mended")] == [
        "CLEAN"
    ]
