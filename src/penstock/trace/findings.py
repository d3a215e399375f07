"""What of the rows of a run people should look at: the `rows` check, from accounts alone."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from penstock.model.account import Account, Part, Rate
from penstock.model.verdict import CheckResult, Finding, worst

__all__ = ["checks", "findings"]

_QUOTE = "'"
_SIGMA = 6.0  # by so many standard errors a part's drop rate must differ from the rest's to be told
_GAP = 0.05  # and by so much
_FEW = 30  # rows that a part must have
_MEANT = "Where it is meant, say so: `ps.waive`."
_GROWN = {
    "join": "A join by columns that are not unique on the other side multiplies rows: make them unique first.",
    "long": f"Columns became rows, so that one row counts as several from here on. {_MEANT}",
    "lists": f"A column of lists was taken apart, a row for each of its values: one row counts as several from here on. {_MEANT}",
    "copies": f"Rows are there more than once, the same in every column: one row counts as several from here on. {_MEANT}",
    "": f"One row counts as several from here on. {_MEANT}",
}
"""What to do about rows that became several, by the way in which they did."""


def findings(found: Sequence[Account]) -> list[Finding]:
    """What of the accounts people should look at: rows that a join multiplied, rows that found no partner, and losses
    that depend on the label, group or time."""
    listed: list[Finding] = []
    for one in found:
        if not one.main:
            continue
        if one.multiplied:
            listed.append(_multiplied(one))
        for reason in one.reasons:
            if reason.kind == "partner":
                share = reason.rows / max(one.rows_in, 1)
                listed.append(
                    Finding(
                        "rows",
                        "PROVEN",
                        one.step,
                        one.artifact,
                        reason.column,
                        one.lost[0] if one.lost else "",
                        before=reason.rows,
                        after=0,
                        world=f"{reason.rows:,} of {one.rows_in:,} rows ({share:.1%}) were dropped: {reason.what}",
                        where=one.where,
                        hint="Use a left join, and say what a missing partner means, or drop these rows on purpose in a step of its own.",
                        replay=_command(one.lost),
                    )
                )
        listed.extend([each for each in _uneven(one) if each.column or not _told(listed, each)])
    return listed


def _told(listed: Iterable[Finding], finding: Finding) -> bool:
    """Whether a finding of the sides of a step was told already, of another of its inputs."""
    return any(one.step == finding.step and one.world == finding.world for one in listed)


def _command(keys: Sequence[Any]) -> str:
    if not keys:
        return ""
    key = keys[0] if isinstance(keys[0], str) else keys[0][0]
    return f"penstock trace {shlex.quote(key) if _QUOTE in key else _QUOTE + key + _QUOTE}"


def _multiplied(one: Account) -> Finding:
    key, times = one.grown[0] if one.grown else ("", 0)
    return Finding(
        "rows",
        "PROVEN",
        one.step,
        one.artifact,
        "",
        key,
        before=1,
        after=times,
        world=f"{one.multiplied:,} of {one.rows_in:,} rows became several: {one.rows_in:,} rows in, {one.rows_out:,} out",
        where=one.where,
        hint=_GROWN[one.grew],
        replay=_command(one.grown),
    )


def _uneven(one: Account) -> Iterator[Finding]:
    for rate in one.rates:
        most = _most(rate)
        if most is None or rate.by == "time":
            continue
        part, rest = most
        whose = f"with {rate.column} {part.value}" if rate.by != "side" else _of_side(part.value)
        yield Finding(
            "rows",
            "SUSPECT",
            one.step,
            one.artifact,
            rate.column,
            one.lost[0] if one.lost else "",
            before=round(rest, 4),
            after=round(part.dropped / part.rows, 4),
            world=f"{part.dropped / part.rows:.1%} of the rows {whose} were dropped, {rest:.1%} of the others",
            where=one.where,
            hint=f"Losses that depend on the {rate.by} bias what is learnt and measured: see `penstock dropped`.",
            replay=_command(one.lost),
        )


def _of_side(value: str) -> str:
    return "that are on no side" if value == "no side" else f"of the side {value}"


def _most(rate: Rate) -> tuple[Part, float] | None:
    """The part whose drop rate is farthest above the rest's (which comes with it), if that is beyond chance. A missing
    label does not count: rows without one can't be learnt from."""
    known = [part for part in rate.parts if not (rate.by == "label" and part.value == "missing")]
    rows, dropped = sum([part.rows for part in known]), sum([part.dropped for part in known])
    found = []
    for part in known:
        others = rows - part.rows
        if part.rows >= _FEW and others >= _FEW:
            rest = (dropped - part.dropped) / others
            gap = part.dropped / part.rows - rest
            whole = dropped / rows
            error = (whole * (1 - whole) * (1 / part.rows + 1 / others)) ** 0.5
            if gap > max(_GAP, _SIGMA * error):
                found.append((gap, part, rest))
    if not found:
        return None
    _, part, rest = max(found, key=lambda one: one[0])
    return part, rest


def checks(accounts: Iterable[Account], found: Iterable[Finding]) -> list[CheckResult]:
    """What the `rows` check says of each step: UNKNOWN where no input could be counted, else the worst of its findings,
    and CLEAN without one."""
    told: dict[str, list[Finding]] = {}
    for one in found:
        told.setdefault(one.step, []).append(one)
    steps: dict[str, list[Account]] = {}
    for account in accounts:
        steps.setdefault(account.step, []).append(account)
    listed = []
    for step in [*[one for one in told if one not in steps], *steps]:
        mine = steps.get(step, [])
        known = [one for one in mine if one.method != "unknown"]
        rows = max([one.rows_in for one in known or mine], default=0)
        if step in told:
            verdict = worst([one.verdict for one in told[step]])
            reason = next(one.world for one in told[step] if one.verdict == verdict)
            listed.append(CheckResult("rows", step, verdict, reason, rows=rows))
        elif known:
            listed.append(CheckResult("rows", step, "CLEAN", _tried(known), rows=rows))
        else:
            listed.append(CheckResult("rows", step, "UNKNOWN", mine[0].why, rows=rows))
    return listed


def _tried(known: Sequence[Account]) -> str:
    """The rows of the input that counts most, in words."""
    one = next((one for one in known if one.main), known[0])
    counts = [f"{count:,} {what}" for what in ("kept", "dropped", "multiplied", "new") if (count := getattr(one, what))]
    return f"every row of `{one.artifact}` is accounted for: {', '.join(counts) or 'there are none'}"
