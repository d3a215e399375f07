"""The scans that there are, one line each; others are found by the entry points of group `penstock.checks`."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points

from penstock.checks.view import Node, Scan

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
        return found
    for one in entry_points(group=GROUP, name=name):
        offered = one.load()
        if isinstance(offered, Scan):
            return offered
    return None


def subjects(nodes: Mapping[str, Node], names: tuple[str, ...] = NAMES) -> list[tuple[Scan, str]]:
    """Each scan with each step that it judges."""
    scans = [one for name in names if (one := scan_named(name)) is not None]
    return [(scan, step) for scan in scans for step, node in nodes.items() if node.kind in scan.kinds]
