"""Rows of one run, followed for who works in Python."""

from collections.abc import Mapping, Sequence

from penstock.app.settings import Settings
from penstock.app.told import Told
from penstock.app.tracing import Tracing
from penstock.model.step import Step
from penstock.ports import Ledger, Store
from penstock.report.row_html import trace_fragment
from penstock.report.row_text import cell_lines, forward_lines, rows_lines, trace_lines
from penstock.report.row_views import cell_view, forward_view, rows_view, trace_view

__all__ = ["Followed"]


class Followed:
    """What `RunResult` tells of rows. Raises `MissingExtra` where pyarrow is not installed."""

    def __init__(
        self, settings: Settings, ledger: Ledger, run: str, store: Store, steps: Mapping[str, Step] | None = None
    ) -> None:
        self.tracing = Tracing(settings, ledger, run, store, steps)

    def trace(self, key: str, source: str) -> Told:
        """See `RunResult.trace`."""
        found = trace_view(self.tracing.trace(key, source))
        return Told(found, trace_lines(found), trace_fragment(found))

    def cell(self, key: str, cell: str, source: str, budget: int) -> Told:
        """See `RunResult.cell`."""
        found = cell_view(self.tracing.cell(key, cell, source, budget))
        return Told(found, cell_lines(found))

    def forward(self, key: str, source: str, *, every_run: bool) -> Told:
        """See `RunResult.forward`."""
        found = forward_view(self.tracing.forward(key, source, every_run=every_run))
        return Told(found, forward_lines(found))

    def rows(self, steps: Sequence[str]) -> Told:
        """See `RunResult.rows`."""
        tracing = self.tracing
        if steps:
            found = rows_view(tracing.run.id, tracing.accounts(steps), [])
        else:
            counted = tracing.counted()
            found = rows_view(tracing.run.id, counted.accounts, counted.findings)
        return Told(found, rows_lines(found))
