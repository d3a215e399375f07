"""A package that offers checks, as others may: in a folder of its own, which this process and its workers find."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["ODD", "PIPELINE", "offer", "pipeline"]

ODD = """
import ctypes, os, time
from pathlib import Path
from penstock.checks.view import Scan
from penstock.model.verdict import CheckResult, Finding

ASKED = Path(__file__).parent / "asked.txt"


def scan(view):
    name = view.step.name
    with ASKED.open("a") as file:
        file.write(name + "\\n")
    if name == "crash":
        ctypes.string_at(0)
    if name == "hang":
        time.sleep(600)
    if name == "odd":
        raise ValueError("this scan is broken")
    rows = view.records(name)
    if name == "guilty":
        where = view.step.where
        found = Finding("odd", "PROVEN", name, name, "x", "7", 1.5, 2.5, "a world", where, "Mend it.", id="0dd")
        return [found], CheckResult("odd", name, "PROVEN", "looked")
    return [], CheckResult("odd", name, "CLEAN", "looked", rows=rows.rows)


SCAN = Scan("odd", ("step",), scan, lambda nodes, step: [step])
"""

PIPELINE = """
import penstock as ps
{head}

@ps.source(key="id", time="at", label="y")
def rows() -> list[dict]:
    return [{{"id": i, "at": i, "y": i % 2}} for i in range(8)]

{steps}
"""


def offer(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = ODD) -> Callable[[], list[str]]:
    """Install it; what is returned lists the steps that the check `odd` was asked about, in order."""
    home = folder / "site"
    about = home / "odd_checks-1.0.dist-info"
    about.mkdir(parents=True)
    (home / "odd_checks.py").write_text(text)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-checks\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[penstock.checks]\nodd = odd_checks:SCAN\n")
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setenv("PYTHONPATH", str(home))
    monkeypatch.delitem(sys.modules, "odd_checks", raising=False)

    def asked() -> list[str]:
        file = home / "asked.txt"
        return file.read_text().split() if file.exists() else []

    return asked


def pipeline(folder: Path, *steps: str, head: str = "", kind: str = "step") -> Path:
    """A pipeline of one source and steps that pass its rows on."""
    text = "\n\n".join([f"@ps.{kind}\ndef {name}(rows):\n    return rows" for name in steps])
    file = folder / "line.py"
    file.write_text(PIPELINE.format(head=head, steps=text))
    return file
