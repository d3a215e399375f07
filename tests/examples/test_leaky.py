"""The gallery of leaks: each is proven, with its columns; its mended twin is not."""

import importlib
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

import penstock as ps

GALLERY = Path(__file__).parents[2] / "examples" / "leaky"
LEAKS = sorted(path.stem for path in GALLERY.glob("*.py") if path.stem not in {"ask", "tables"})


@pytest.fixture
def leak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(GALLERY), *sys.path])
    return importlib.import_module(request.param)


def test_there_are_enough() -> None:
    assert len(LEAKS) >= 15


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
