"""Waivers of a pipeline file: what people know of and let pass, said beside the steps."""

import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from penstock.errors import DeclarationError
from penstock.model.waiver import Waiver

__all__ = ["waive", "waivers_in"]

_LIST = "__penstock_waivers__"  # in a namespace: what was waived while it was filled


def waive(check: str, step: str, reason: str, *, until: date | str | None = None) -> Waiver:
    """Let pass what a check finds in a step, and say why: the finding is shown with the reason, and fails nothing.

    Stands in the pipeline file. `until` is the last day on which it holds (a date, or text such as `"2027-03-31"`);
    None: for good. Runs record it. Raises `DeclarationError` for a waiver without a reason, or with a date that is none.

    >>> waive("overlap", "sides", "two flights in one plane are two rows", until="2027-03-31").until
    datetime.date(2027, 3, 31)
    """
    caller = sys._getframe(1)
    where = f"{caller.f_code.co_filename}:{caller.f_lineno}"
    for name, value in (("check", check), ("step", step), ("reason", reason)):
        if not isinstance(value, str) or not value.strip():
            raise DeclarationError(
                f"a waiver needs a {name}, this has {value!r}",
                where=where,
                hint='Write ps.waive("overlap", "sides", "why it may pass", until="2027-03-31").',
            )
    made = Waiver(check, step, reason.strip(), _day(until, where), where)
    listed: list[Waiver] = caller.f_globals.setdefault(_LIST, [])
    # A cell of a notebook that runs again says it anew.
    listed[:] = [one for one in listed if (one.check, one.step) != (check, step)]
    listed.append(made)
    return made


def _day(until: Any, where: str) -> date | None:
    if isinstance(until, datetime):
        return until.date()
    if until is None or isinstance(until, date):
        return until
    try:
        return date.fromisoformat(until)
    except (TypeError, ValueError):
        raise DeclarationError(
            f"until={until!r} is no day", where=where, hint='Write until="2027-03-31", or a datetime.date.'
        ) from None


def waivers_in(namespaces: Iterable[Mapping[str, Any]], root: str = "") -> tuple[Waiver, ...]:
    """What namespaces waive, each waiver once; places are told relative to the project's folder `root`."""
    found: dict[tuple[str, str], Waiver] = {}
    for namespace in namespaces:
        for one in namespace.get(_LIST, ()):
            if isinstance(one, Waiver):
                place = one.where.removeprefix(f"{root}/") if root else one.where
                found[one.check, one.step] = Waiver(one.check, one.step, one.reason, one.until, place)
    return tuple(found.values())
