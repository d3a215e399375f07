"""The table of a run in progress: as many lines as the terminal has room for, whatever the number of steps."""

from collections.abc import Iterable
from itertools import islice

from penstock.model.run import Execution
from penstock.report.documents import StepDocument
from penstock.report.paint import Line, crop, plain, safe, width
from penstock.report.tally import StepTally, Tally
from penstock.report.underway import left_words, seconds_left, usage_words
from penstock.report.units import clock, count, duration, error_words, plural, size

__all__ = ["GLYPHS", "WORDS", "board", "outputs_text", "step_glyph", "stopping_text", "tail"]

GLYPHS: dict[str, tuple[str, str]] = {
    "waiting": ("○", "dim"),
    "running": ("●", "busy"),
    "retrying": ("↻", "warn"),
    "ran": ("✓", "good"),
    "succeeded": ("✓", "good"),
    "reused": ("↺", "dim"),
    "failed": ("✗", "bad"),
    "tolerated": ("✗", "warn"),
    "blocked": ("⊘", "warn"),
    "skipped": ("⊘", "dim"),
    "cancelled": ("⊘", "warn"),
    "held": ("⏸", "warn"),
}  # fmt: skip
WORDS = {"succeeded": "ran", "tolerated": "failed, tolerated"}
"""Statuses of steps in other words than their own: beside "reused", "ran" says more."""

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_WIDEST = 120
_ALL_AT_THE_END = 40
_EARLY = 2.0  # seconds of an attempt in which nobody asks when it will end


def board(tally: Tally, now: float, columns: int, lines: int) -> list[Line]:
    """The table while the run goes on: at most `lines` lines, each at most `columns` wide."""
    columns = min(columns - 1, _WIDEST)
    room = max(lines - 5, 3)
    steps = list(tally.steps.values())
    shown = steps if len(steps) <= room else _chosen(tally, steps, room)
    rows = _rows(shown, now, columns)
    if len(shown) < len(steps):
        rows = _with_rest(tally, shown, rows)
    frame = [_header(tally, now, columns), [], *rows, [], _footer(tally, columns)]
    return [crop(line, columns) for line in frame]


def tail(tally: Tally, now: float, columns: int) -> list[Line]:
    """The table as it stays on the screen after the run: all steps, or of very many those worth a look."""
    columns = min(columns - 1, _WIDEST) if columns else 0
    steps = list(tally.steps.values())
    if len(steps) <= _ALL_AT_THE_END:
        shown = [one for one in steps if one.state != "reused"]
        reused = len(steps) - len(shown)
        if reused <= 12 and shown:
            shown, reused = steps, 0
    else:
        slow = sorted([one for one in steps if one.state == "ran"], key=lambda one: -one.seconds)[:5]
        kept = {one.name for one in (*_wrong(tally), *slow)}
        shown, reused = [one for one in steps if one.name in kept], tally.counts.get("reused", 0)
    rows = _rows(shown, now, columns)
    if reused:
        rows.insert(0, [("  ↺ ", "dim"), (f"{plural(reused, 'step')} reused", "dim")])
    fast = tally.counts.get("ran", 0) - sum([one.state == "ran" for one in shown])
    if fast:
        rows.append([("  ✓ ", "good"), (f"{plural(fast, 'more step')} ran, none slower than these", "dim")])
    return rows


def stopping_text(reason: str) -> str:
    """What a run that was asked to stop says of itself, and how to make it hurry."""
    return f"stopping ({safe(reason)}) … Ctrl-C {'again ' if reason == 'Ctrl-C' else ''}kills"


def step_glyph(step: StepDocument) -> tuple[str, str]:
    """The sign of a recorded step's status, and its style."""
    return GLYPHS["held" if step["status"] == "waiting" and step["note"] else step["status"]]


def outputs_text(execution: Execution | None) -> str:
    """What an execution left, in a few words: rows where there are any, and bytes."""
    if execution is None or not execution.outputs:
        return ""
    rows = [made.stored.about.rows for made in execution.outputs if made.stored.about.rows is not None]
    amount = size(sum([made.stored.size for made in execution.outputs]))
    if not rows:
        return amount
    shown = " + ".join([count(one) for one in rows[:3]]) + (" + …" if len(rows) > 3 else "")
    return f"{shown} {'row' if shown == '1' else 'rows'}, {amount}"


def _chosen(tally: Tally, steps: list[StepTally], room: int) -> list[StepTally]:
    """What is most worth a line: failed and held steps, running ones, then the latest and the next."""
    room -= 2  # one line for what is finished and one for what is to come
    busy = list(tally.running.values())[:room]
    wrong = _wrong(tally)[-max(room // 3, 1) :]
    left = max(room - len(busy) - len(wrong), 0)
    following = list(islice((one for one in steps if one.state == "waiting"), max(left // 3, 1)))
    latest = list(tally.recent)[-max(left - len(following), 1) :]
    return [*latest, *wrong, *busy, *following][: room + 1]


def _wrong(tally: Tally) -> list[StepTally]:
    return [*tally.tolerated.values(), *tally.failed.values(), *tally.held.values()]


def _with_rest(tally: Tally, shown: list[StepTally], rows: list[Line]) -> list[Line]:
    seen: dict[str, int] = {}
    for one in shown:
        seen[one.state] = seen.get(one.state, 0) + 1
    rest = {state: many - seen.get(state, 0) for state, many in tally.counts.items()}
    waiting = rest.get("waiting", 0)
    done = [
        f"{rest[state]:,} {'more ' if seen.get(state) else ''}{WORDS.get(state, state)}"
        for state in ("reused", "ran", "skipped", "blocked", "cancelled", "failed", "tolerated", "held")
        if rest.get(state, 0) > 0
    ]
    before: list[Line] = [[("  ⋯ ", "dim"), (" · ".join(done), "dim")]] if done else []
    busy = rest.get("running", 0) + rest.get("retrying", 0)
    after = [
        text
        for many, text in ((busy, "more running"), (waiting, "more to come"))
        if many > 0
        for text in (f"{many:,} {text}",)
    ]
    return [*before, *rows, *([[("  ⋯ ", "dim"), (" · ".join(after), "dim")]] if after else [])]


def _header(tally: Tally, now: float, columns: int) -> Line:
    line: Line = [("  ", "")]
    run = tally.run
    if run is not None:
        workers = f", {plural(run.workers, 'worker')}" if run.workers and run.executor != "inline" else ""
        line += [(safe(run.pipeline), "title"), (f"  run {run.id}", "dim"), (f" · {run.executor}{workers}", "dim")]
    time = clock(now - tally.began if tally.began is not None else 0.0)
    line = crop(line, columns - len(time) - 1)
    return [*line, (" " * (columns - width(plain(line)) - len(time)), ""), (time, "title")]


def _footer(tally: Tally, columns: int) -> Line:
    total = len(tally.steps)
    part = sum([min(one.done / one.total, 1.0) for one in list(tally.running.values()) if one.total > 0])
    share = (tally.over + part) / total if total else 0.0
    words: Line = [(f"{tally.over:,} of {plural(total, 'step')}", "")]
    for state in ("reused", "ran", "failed", "tolerated", "blocked", "held"):
        if tally.counts.get(state):
            words += [(" · ", "dim"), (f"{tally.counts[state]:,} {WORDS.get(state, state)}", GLYPHS[state][1])]
    if tally.judging is not None:
        far = tally.judging
        words += [(" · ", "dim"), (f"checked {far.done} of {far.total}", "busy"), (f"  {safe(far.text)}", "dim")]
    if tally.stopping:
        return [("  ", ""), (stopping_text(tally.stopping), "warn"), (" · ", "dim"), *words]
    room = columns - sum([width(text) for text, _ in words]) - 6
    bar = _bar(share, min(room, 40), "bad" if tally.failed else "busy") if room >= 8 else []
    return [("  ", ""), *bar, ("  " if bar else "", ""), *words]


def _bar(share: float, columns: int, style: str) -> Line:
    full = min(max(share, 0.0), 1.0) * columns
    whole = int(full)
    half = "╸" if full - whole >= 0.5 and whole < columns else ""
    return [("━" * whole + half, style), ("─" * (columns - whole - len(half)), "dim")]


def _rows(steps: Iterable[StepTally], now: float, columns: int) -> list[Line]:
    steps = list(steps)
    names = [safe(one.name) for one in steps]
    widest = max([width(name) for name in names], default=0)
    limit = max(columns * 2 // 5, 12) if columns else widest
    column = min(widest, limit)
    rows: list[Line] = []
    for step, name in zip(steps, names, strict=True):
        glyph, style = GLYPHS[step.state]
        if step.state == "running":
            glyph = _SPINNER[int(now * 10) % len(_SPINNER)]
        quiet = "dim" if step.state in ("waiting", "reused", "skipped", "blocked", "cancelled") else ""
        label = crop([(name, quiet)], column)
        line: Line = [("  ", ""), (glyph, style), (" ", ""), *label, (" " * (column - width(plain(label)) + 2), "")]
        line += _details(step, now, columns - column - 6)
        rows.append(crop(line, columns) if columns else line)
    return rows


def _details(step: StepTally, now: float, room: int) -> Line:
    match step.state:
        case "ran":
            left = outputs_text(step.execution)
            return [(f"{duration(step.seconds):>8}", ""), (f"  {left:<22}" if left else "", ""), *_why(step)]
        case "running":
            return [
                (f"{clock(now - step.began) if step.began is not None else '':>8}", ""),
                *_progress(step, now, room - 8),
            ]
        case "retrying":
            failure = error_words(step.failure.kind, step.failure.message) if step.failure else ""
            return [("trying again  ", "warn"), (safe(f"attempt {step.attempt} failed: {failure}"), "dim")]
        case "failed":
            text = error_words(step.failure.kind, step.failure.message) if step.failure else "failed"
            return [(f"{duration(step.seconds):>8}  ", ""), (safe(text), "error")]
        case "tolerated":
            told = error_words(step.failure.kind, step.failure.message) if step.failure else ""
            borne = "  " if step.failure and step.failure.asked else "  tolerated: "
            return [(f"{duration(step.seconds):>8}", ""), (borne, "warn"), (safe(told), "")]
        case "held":
            return [("waits for approval  ", "warn"), (safe(step.text), "")]
        case "blocked" | "skipped" | "cancelled":
            text = safe(step.text) or step.state
            return [(text if text.startswith(step.state) else f"{step.state}: {text}", "dim")]
        case "reused":
            return [("  reused", "dim")]
        case _:
            return [(safe(step.text), "dim")]  # what it waits for


def _why(step: StepTally) -> Line:
    reasons = [one for one in step.reasons if one.kind not in ("same", "never-ran")]
    if not reasons:
        return []
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return [("  " + safe(reasons[0].what) + more, "dim")]


def _progress(step: StepTally, now: float, room: int) -> Line:
    elapsed = now - step.began if step.began is not None else 0.0
    left = seconds_left(elapsed, step.done, step.total, step.typical, step.longest) if elapsed >= _EARLY else None
    words = left_words(left, elapsed, step.longest)
    usage = usage_words(step.cpu, step.memory)
    rest: Line = [
        (f"  {words}" if words else "", "warn" if left is None else ""),
        ("  ⚠ may hang" if step.warned == "silent" else "", "warn"),
        ("  " + safe(step.text) if step.text else "", "dim"),
        (f"  {usage}" if usage else "", "dim"),
    ]
    if step.total <= 0:
        return [(f"  {count(step.done)}" if step.done else "", "dim"), *rest]
    share = min(step.done / step.total, 1.0)
    numbers = f"  {share:4.0%}  {count(step.done)}/{count(step.total)}"
    bar = min(room - len(numbers) - 2 - sum([width(text) for text, _ in rest]), 24)
    line: Line = [("  ", ""), *_bar(share, bar, "busy")] if bar >= 6 else []
    return [*line, (numbers, ""), *rest]
