"""What checks found, as lines for people: the verdict, each finding with its evidence, and what was tried."""

from collections.abc import Iterable, Sequence

from penstock.report.check_documents import (
    CheckDocument,
    ChecksDocument,
    FindingDocument,
    ReplayDocument,
    WaiverDocument,
)
from penstock.report.paint import Line, safe, table, width
from penstock.report.units import change, duration, plural

__all__ = ["brief_lines", "checked_lines", "cost_line", "finding_lines", "replay_lines", "waiver_lines"]

_STYLES = {"PROVEN": "bad", "SUSPECT": "warn", "CLEAN": "good", "UNKNOWN": "dim"}
_MARKS = {"PROVEN": "✗", "SUSPECT": "!", "CLEAN": "✓", "UNKNOWN": "?"}
_VALUE = 60  # columns of a value in a finding
_NAMES = 6  # steps that share a reason, by name


def finding_lines(findings: Iterable[FindingDocument]) -> list[Line]:
    """Each finding: its verdict, check and step, what moved, where, what to do, and the command that shows it again."""
    lines: list[Line] = []
    for one in findings:
        style = "dim" if one["waived"] else _STYLES[one["verdict"]]
        head: Line = [(f"  {one['verdict']} ", style), (f"{one['check']}  {safe(one['step'])}", "name")]
        lines += [[], [*head, (f"  {safe(one['world'])}" if one["world"] else "", "")]]
        lines += _moved(one) if one["check"] != "rows" else []
        if one["waived"]:
            lines.append([(f"    waived: {safe(one['waived'])}", "warn")])
        if one["where"]:
            lines.append([(f"    {safe(one['where'])}", "dim")])
        if one["hint"]:
            lines.append([(f"    {safe(one['hint'])}", "")])
        if one["severity"]:
            lines.append([(f"    {safe(one['severity'])}", "dim")])
        if one["replay"]:
            lines.append([("    ", ""), (safe(one["replay"]), "code")])
    return lines


def _moved(one: FindingDocument) -> list[Line]:
    """The cell that was altered, and the cell that moved."""
    lines: list[Line] = []
    cause = one["cause"]
    if cause is not None:
        cell = ".".join([part for part in (cause["artifact"], cause["column"]) if part])
        lines.append(_change("when", cell, cause["row"], cause["before"], cause["after"]))
    if one["before"] is not None or one["after"] is not None:
        cell = ".".join([part for part in (one["artifact"] or one["step"], one["column"]) if part])
        lines.append(_change("then" if cause is not None else "cell", cell, one["row"], one["before"], one["after"]))
    elif one["row"]:
        lines.append([("    row  ", "dim"), (safe(one["row"]), "name")])
    return lines


def _change(title: str, cell: str, row: str, before: object, after: object) -> Line:
    of = f" of {safe(row)}" if row else ""
    told = change(before, after)
    return [
        (f"    {title} ", "dim"),
        (f"{safe(cell)}{of}  ", ""),
        (_short(told[0]), "code"),
        (" → ", "dim"),
        (_short(told[1]), "bad"),
    ]


def _short(text: str) -> str:
    text = safe(text)
    return text if width(text) <= _VALUE else f"{text[: _VALUE - 1]}…"


def checked_lines(document: ChecksDocument, title: str = "", room: int = 0) -> list[Line]:
    """All of it: the verdict, the findings, which check came to what of which step, waivers, and what it took."""
    open_ones = [one for one in document["findings"] if not one["waived"]]
    verdict = document["verdict"]
    head: Line = [(f"{_MARKS[verdict]} ", _STYLES[verdict]), (safe(title), "title"), ("  " if title else "", "")]
    lines: list[Line] = [[*head, *_verdict(document, open_ones)], *finding_lines(document["findings"])]
    if document["checks"]:
        lines += [[], *_grid(document["checks"], room), *_reasons(document["checks"])]
    waivers = waiver_lines(document.get("waivers", []))
    lines += [[], *waivers] if waivers else []
    cost = cost_line(document)
    return [*lines, [], cost] if cost else lines


def brief_lines(document: ChecksDocument, blocked: Sequence[tuple[str, str]] = ()) -> list[Line]:
    """What the closing words on a run say of its checks: what was found, and one line of all that was tried.

    `blocked` are steps that were not begun for what was found, each with the words that say so.
    """
    told = [one for one in document["findings"] if one["verdict"] in ("PROVEN", "SUSPECT")]
    lines = finding_lines(told)
    if blocked:
        lines.append([])
    for step, why in blocked:
        lines.append([("⊘ ", "warn"), (safe(step), "name"), (f"  not begun: {safe(why)}", "")])
    waivers = waiver_lines([one for one in document.get("waivers", []) if one["state"] not in ("applies", "unasked")])
    lines += [[], *waivers] if waivers else []
    known = [one["verdict"] for one in document["checks"]]
    if not known:
        return lines
    words = [f"{known.count(name)} {name.lower()}" for name in ("CLEAN", "UNKNOWN") if name in known]
    if not told:
        words.insert(0, "no leak found")
    left = len(document.get("left", []))
    line: Line = [("  checks  ", "dim"), (" · ".join(words), ""), (f"  {document.get('depth', '')}", "dim")]
    line.append((f", {duration(document.get('seconds', 0.0))}", "dim"))
    if left:
        line += [(f", {left} left for ", "dim"), ("penstock check", "code")]
    return [*lines, [], line]


def _verdict(document: ChecksDocument, findings: Sequence[FindingDocument]) -> Line:
    counts = {name: sum([one["verdict"] == name for one in findings]) for name in ("PROVEN", "SUSPECT")}
    said = [(f"{many} {name}", _STYLES[name]) for name, many in counts.items() if many]
    known = [one["verdict"] for one in document["checks"]]
    clean, unknown = known.count("CLEAN"), known.count("UNKNOWN")
    said += [(f"{clean} clean", "good")] if clean else []
    said += [(f"{unknown} unknown", "warn")] if unknown else []
    if not known and not findings:
        said = [("nothing to check: no source declares key=, time= or label=", "dim")]
    line: Line = []
    for part in said:
        line += [(" · ", "dim"), part] if line else [part]
    return line


def _grid(checks: Sequence[CheckDocument], room: int) -> list[Line]:
    """A row for each step and a column for each check; where that is too wide, a line for each check."""
    names = list(dict.fromkeys([one["check"] for one in checks]))
    steps = list(dict.fromkeys([one["step"] for one in checks]))
    known = {(one["check"], one["step"]): one["verdict"] for one in checks}
    rows: list[list[Line | str]] = [["", *[[(name, "dim")] for name in names]]]
    for step in steps:
        cells: list[Line | str] = []
        for name in names:
            verdict = known.get((name, step))
            cells.append([(_MARKS[verdict], _STYLES[verdict])] if verdict else "")
        rows.append([[(safe(step) or "all", "name")], *cells])
    wide = max([width(step) for step in steps], default=0) + sum([len(name) + 2 for name in names]) + 4
    if not room or wide <= room:
        return table(rows)
    lines: list[Line] = []
    for name in names:
        line: Line = [(f"  {name:<11}", "dim")]
        for step in steps:
            verdict = known.get((name, step))
            if verdict:
                line += [(f" {_MARKS[verdict]} ", _STYLES[verdict]), (safe(step) or "all", "")]
        lines.append(line)
    return lines


def _reasons(checks: Sequence[CheckDocument]) -> list[Line]:
    """Why something is UNKNOWN, each reason once with the steps that it holds for."""
    why: dict[tuple[str, str], list[str]] = {}
    for one in checks:
        if one["verdict"] == "UNKNOWN" and one["reason"]:
            why.setdefault((one["check"], one["reason"]), []).append(one["step"])
    lines: list[Line] = []
    for (check, reason), steps in why.items():
        more = f" and {len(steps) - _NAMES} more" if len(steps) > _NAMES else ""
        names = ", ".join([safe(one) for one in steps[:_NAMES] if one]) + more
        lines.append([("  ? ", "dim"), (check, "name"), (f"  {names}: " if names else ": ", ""), (safe(reason), "dim")])
    return [[], *lines] if lines else []


def waiver_lines(waivers: Iterable[WaiverDocument]) -> list[Line]:
    """Waivers: those that let findings pass, and those that do nothing, with what to do."""
    lines: list[Line] = []
    for one in waivers:
        style = "dim" if one["state"] in ("applies", "unasked") else "warn"
        until = f" until {one['until']}" if one["until"] else ""
        what = f"{plural(one['findings'], 'finding')} let pass" if one["state"] == "applies" else one["state"]
        lines.append(
            [
                ("  waiver ", "dim"),
                (f"{safe(one['check'])}  {safe(one['step'])}", "name"),
                (f"  {what}{until}", style),
                (f": {safe(one['reason'])}", "dim"),
                (f"  {safe(one['where'])}" if one["where"] else "", "code"),
            ]
        )
        if one["hint"]:
            lines.append([(f"    {safe(one['hint'])}", style)])
    return lines


def cost_line(document: ChecksDocument) -> Line:
    """What the checks took, and what was left for `penstock check`; empty where nothing was done again."""
    depth, seconds = document.get("depth"), document.get("seconds", 0.0)
    if depth is None:
        return []
    budget, left, reused = document.get("budget", 0.0), document.get("left", []), document.get("reused", 0)
    line: Line = [(f"  {depth} checks took {duration(seconds)}", "dim")]
    line += [(f" of {duration(budget)}", "dim")] if budget else []
    line += [(f", {reused} of {len(document['checks'])} known before", "dim")] if reused else []
    if left:
        line += [(f"; {plural(len(left), 'check')} left: ", "warn"), ("penstock check", "code")]
    return line


def replay_lines(document: ReplayDocument) -> list[Line]:
    """A counter-example that was done again."""
    one = document["finding"]
    cause = one["cause"]
    cell = ".".join([part for part in (one["artifact"] or one["step"], one["column"]) if part])
    verb = "still moves" if document["moved"] else "no longer moves"
    reason = document["reason"].removeprefix("it does not move now")
    why = f": {safe(reason)}" if reason else ""
    mark, style = ("✗", "bad") if document["moved"] else ("✓", "good")
    lines: list[Line] = [
        [(f"{mark} ", style), (f"{one['check']}  {safe(one['step'])}", "name"), (f"  it {verb}{why}", style)],
    ]
    if cause is not None:
        altered = ".".join([part for part in (cause["artifact"], cause["column"]) if part])
        lines.append(_change("when", altered, cause["row"], cause["before"], cause["after"]))
    lines.append(_change("then", cell, one["row"], document["before"], document["after"]))
    if one["where"]:
        lines.append([(f"    {safe(one['where'])}", "dim")])
    if document["moved"] and one["hint"]:
        lines.append([(f"    {safe(one['hint'])}", "")])
    return lines
