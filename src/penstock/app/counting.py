"""The rows of a run, put into its document: those that were counted before, and those that are counted at once."""

from penstock.app.settings import Settings
from penstock.app.tracing import Counted, Tracing, lightly, rows_known
from penstock.errors import PenstockError
from penstock.ports import Ledger
from penstock.report.check_views import checks_view
from penstock.report.documents import RunDocument
from penstock.report.row_views import rows_view

__all__ = ["LIGHT", "add_rows"]

LIGHT = 32 * 2**20
"""Rows are counted for who only shows a run if all it made is no more than so many bytes: that takes a moment."""


def add_rows(settings: Settings, ledger: Ledger, document: RunDocument, *, look: bool) -> None:
    """Put the rows of a run and what the `rows` check says of them into its document, where they are known already
    (which costs nothing), or where `look`ing is short work."""
    run = ledger.run(document["run"])
    made = {
        one["artifact"]: one["digest"] for each in document["steps"] if not each["parent"] for one in each["outputs"]
    }
    known = rows_known(settings, run, made)
    if known is None and look and document["status"] != "running":
        sizes = {one["digest"]: one["bytes"] for each in document["steps"] for one in each["outputs"]}
        known = _look(settings, ledger, run.id) if sum(sizes.values()) <= LIGHT else None
    if known is not None:
        document["rows"] = rows_view(run.id, known.accounts, known.findings)
        document["checks"] = checks_view(known.checks, known.findings)


def _look(settings: Settings, ledger: Ledger, run: str) -> Counted | None:
    """Nothing where it can't be done: what was asked for is the run."""
    try:
        with lightly():
            return Tracing(settings, ledger, run).counted()
    except (PenstockError, OSError):
        return None
