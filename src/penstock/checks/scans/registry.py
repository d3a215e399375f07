"""The scans that there are, one line each; others are found by the entry points of group `penstock.checks`."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points

from penstock.checks.view import Node, Outcome, Scan, View
from penstock.model.verdict import CheckResult

__all__ = ["GROUP", "NAMES", "scan_named", "subjects"]

GROUP = "penstock.checks"
"""The group of entry points whose names are checks and whose objects are `penstock.checks.view.Scan`."""

_OWN = {
    "overlap": "penstock.checks.scans.overlap",
    "order": "penstock.checks.scans.order",
    "schema": "penstock.checks.scans.schema",
    "power": "penstock.checks.scans.power",
}

NAMES = tuple(_OWN)
"""The scans that come with Penstock, in the order in which they are worth asking."""


def scan_named(name: str) -> Scan | None:
    """The scan of a name: one of ours, else one that an installed package offers; None where there is none."""
    if name in _OWN:
        found = import_module(_OWN[name]).SCAN
        assert isinstance(found, Scan)
        return found._replace(scan=partial(_guarded, found))
    for one in entry_points(group=GROUP, name=name):
        offered = one.load()
        if isinstance(offered, Scan):
            return offered._replace(scan=partial(_guarded, offered))
    return None


def _guarded(scan: Scan, view: View) -> Outcome:
    """A scan that met a value which it can't look at says so: it neither ends the others, nor says what it did not see."""
    try:
        return scan.scan(view)
    except Exception as error:
        why = f"the scan can't look at what is stored: {type(error).__name__}: {error}"
        return [], CheckResult(scan.name, view.step.name, "UNKNOWN", why.splitlines()[0][:300])


def subjects(nodes: Mapping[str, Node], names: tuple[str, ...] = NAMES) -> list[tuple[Scan, str]]:
    """Each scan with each step that it judges: of its kinds, and with something to look at."""
    scans = [one for name in names if (one := scan_named(name)) is not None]
    return [
        (scan, step)
        for scan in scans
        for step, node in nodes.items()
        if node.kind in scan.kinds and scan.needs(nodes, step)
    ]
