"""Stored figures as pictures."""

from pathlib import Path

import penstock as ps
from penstock.app.pictures import picture_of, pictures_of
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.model.artifact import Stored
from penstock.report.run_diff import figures_of, side_of

PIPELINE = """
import penstock as ps

@ps.step
def drawn() -> int:
    ps.figure('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "curve")
    ps.figure(b"\\x89PNG\\r\\n\\x1a\\n" + b"x" * 100_000, "large")
    return 1
"""


def test_pictures_of_a_run_that_reused_what_drew_them(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(PIPELINE)
    for _ in range(2):
        ps.Pipeline.load(tmp_path / "p.py").run(executor="inline")
    settings = find_settings(tmp_path / "p.py")
    ledger, store = open_ledger(settings), open_store(settings)
    figures = figures_of(ledger, side_of(ledger, "last"))
    found = pictures_of(figures, ledger, store)
    assert {key: one.media_type for key, one in found.items()} == {
        ("drawn", "curve"): "image/svg+xml",
        ("drawn", "large"): "image/png",
    }
    assert found["drawn", "curve"].data.startswith(b"<svg")
    store.remove(figures["drawn", "large"].blob)
    assert picture_of(figures["drawn", "large"], ledger, store) == ("", b"")


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(PIPELINE)
    ps.Pipeline.load(tmp_path / "p.py").run(executor="inline")
    settings = find_settings(tmp_path / "p.py")
    stored = Stored("figure", "blake3:1", "blake3:1", 2, data=b"{}")
    assert picture_of(stored, open_ledger(settings), open_store(settings)) == ("", b"")
