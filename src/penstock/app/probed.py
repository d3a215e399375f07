"""What probes found of a function or an estimator: a report that a notebook shows with its counter-examples drawn."""

from penstock.checks.report import Report
from penstock.report.check_html import check_fragment
from penstock.report.check_views import checks_view

__all__ = ["ProbeReport"]


class ProbeReport(Report):
    """A report that shows itself in notebooks: self-contained, without scripts, and styling nothing but itself.

    >>> ProbeReport([], [])._repr_html_().startswith("<div")
    True
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        return check_fragment(checks_view(self.checks, self.findings))
