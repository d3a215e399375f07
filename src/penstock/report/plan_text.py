"""A plan as lines for people: what would happen to each step, and why one would run."""

from penstock.report.check_documents import ForeseenDocument
from penstock.report.check_text import finding_lines
from penstock.report.documents import DecisionDocument, PlanDocument, ReasonDocument, WhyDocument
from penstock.report.paint import Line, safe, table
from penstock.report.units import plural

__all__ = ["diff_lines", "plan_lines", "reason_words", "why_lines"]

_DECISIONS = {"run": ("▶", "busy"), "reuse": ("↺", "dim"), "unknown": ("?", "warn")}


def plan_lines(plan: PlanDocument, pipeline: str, *, checked: bool = True) -> list[Line]:
    """What would happen to each step and why, and what would be asked of it; `checked` says whether runs are checked at all."""
    steps = plan["steps"]
    counts = {word: sum([one["decision"] == word for one in steps]) for word in ("run", "reuse", "unknown")}
    words = [f"{counts['run']:,} to run", f"{counts['reuse']:,} reused"]
    if counts["unknown"]:
        words.append(f"{counts['unknown']:,} known once these have run")
    lines: list[Line] = [
        [(safe(pipeline), "title"), (f"  {plural(len(steps), 'step')}: {', '.join(words)}", "dim")],
        [],
    ]
    suspect = [*_check_lines(plan, checked=checked), *finding_lines(plan["findings"])]
    if steps and counts["reuse"] == len(steps):
        return [lines[0], [], [("✓ ", "good"), ("Nothing to do: every step would be reused.", "")], *suspect]
    return lines + table([_decision(one) for one in steps], indent=0) + suspect


def _check_lines(plan: PlanDocument, *, checked: bool) -> list[Line]:
    """What would be asked, steps of the same checks together, and how much is known."""
    marks = {(one["check"], one["step"]): _mark(one, checked=checked) for one in plan["checks"]}
    many = {word: list(marks.values()).count(word) for word in ("run", "check", "known")}
    left: Line = [(f"{many['check']:,} left for ", "dim"), ("penstock check", "code")] if many["check"] else []
    known: Line = [(f"{many['known']:,} known", "dim")] if many["known"] else []
    if not many["run"]:
        return [[], [("  to check  ", "dim"), *left]] if left else []
    groups: dict[tuple[str, ...], list[str]] = {}
    for step in dict.fromkeys([step for _, step in marks]):
        names = tuple([check for (check, one), mark in marks.items() if one == step and mark == "run"])
        if names:
            groups.setdefault(names, []).append(safe(step))
    rows: list[list[Line | str]] = [
        [[("to check" if not number else "", "dim")], [(", ".join(steps), "name")], [(", ".join(names), "")]]
        for number, (names, steps) in enumerate(groups.items())
    ]
    lines = [[], *table(rows)]
    if known or left:
        lines.append([("            ", ""), *known, (", " if known and left else "", "dim"), *left])
    return lines


def _mark(one: ForeseenDocument, *, checked: bool) -> str:
    if one["full"] == "known":
        return "known"
    return "run" if checked and one["quick"] == "ask" else "check"


def why_lines(why: WhyDocument) -> list[Line]:
    """Why a step would run, with the difference of what changed."""
    glyph, style = _DECISIONS[why["decision"]]
    words = {"run": "would run", "reuse": "would be reused", "unknown": "is not known yet"}[why["decision"]]
    lines: list[Line] = [
        [(f"{glyph} ", style), (safe(why["step"]), "title"), (f" {words}", style), (f"  {safe(why['where'])}", "dim")]
    ]
    for one in why["reasons"]:
        lines += [[("  • ", "dim"), *reason_words(one)], *[[("      ", ""), *line] for line in diff_lines(one["diff"])]]
    if why["last"]:
        lines.append([("  made in run ", "dim"), (why["last"], "code")])
    if why["decision"] == "unknown":
        above = ", ".join([safe(one) for one in why["parents"]])
        if len(why["reasons"]) > 1:  # of its own: not what it was, whatever comes from above
            lines.append([("  It runs, unless just this was done before with what comes from above.", "dim")])
        else:
            lines.append([(f"  It is reused if what comes from {above} turns out equal.", "dim")])
    return lines


def diff_lines(diff: str) -> list[Line]:
    """A unified diff, coloured, without its file names (the reason names the place)."""
    lines: list[Line] = []
    for raw in diff.splitlines():
        if raw.startswith(("---", "+++")):
            continue
        style = {"+": "add", "-": "remove", "@": "dim"}.get(raw[:1], "")
        lines.append([(safe(raw.rstrip()), style)])
    return lines


def reason_words(one: ReasonDocument) -> Line:
    """A reason and its place."""
    return [(safe(one["what"]), ""), (f"  {safe(one['where'])}" if one["where"] else "", "code")]


def _decision(one: DecisionDocument) -> list[Line | str]:
    glyph, style = _DECISIONS[one["decision"]]
    quiet = "dim" if one["decision"] == "reuse" else ""
    reasons = one["reasons"] if one["decision"] != "reuse" else []
    waits = f"; {safe(reasons[-1]['what'])}" if len(reasons) > 1 and reasons[-1]["kind"] == "upstream" else ""
    rest = len(reasons) - (2 if waits else 1)
    more = (f" and {rest} more" if rest > 0 else "") + waits
    why: Line = [*reason_words(reasons[0]), (more, "dim")] if reasons else []
    return [[(f"{glyph} ", style), (safe(one["step"]), quiet)], [(one["decision"], style)], why]
