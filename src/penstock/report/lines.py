"""A run as plain lines, for logs and pipes: one for the steps that are reused, one for each step that ran or failed."""

from penstock.model.event import (
    Begun,
    Blocked,
    Cancelled,
    Committed,
    Decided,
    Event,
    Failed,
    Held,
    Progressed,
    Queued,
    Retrying,
    RunStarted,
    Skipped,
    Stopping,
    Warned,
)
from penstock.report.board import outputs_text, stopping_text
from penstock.report.paint import Line, Screen, safe, width
from penstock.report.tally import StepTally, Tally
from penstock.report.underway import left_words, progress_words, seconds_left, usage_words
from penstock.report.units import duration, error_words, plural

__all__ = ["Lines"]

_NAME = 28  # columns that names are lined up to
_NAMES = 90  # characters of names in one line
_SILENCE = (10.0, 60.0, 300.0)  # seconds after which a step that runs is mentioned; then every 15 minutes


class Lines:
    """Turns events into lines of text; keeps only what is needed to say things once."""

    def __init__(self, screen: Screen) -> None:
        # a log is not cut to the width of a terminal
        self._screen = Screen(0, 0, screen.colour, False, screen.unicode)
        self._reused: list[str] = []
        self._said: dict[str, float] = {}
        self._wide = 0  # of the column of names
        self._begun = False

    def on(self, event: Event, step: StepTally | None, tally: Tally, now: float) -> str:
        """The lines that an event gives, most often none. `step` is what `Tally.on` returned for it."""
        match event:
            case Committed():
                return self._ran(step)
            case Begun():
                self._said[event.step] = now
                return self._flush() if self._reused and not tally.recent else ""
            case Progressed():
                return self._busy(step, now)
            case Decided():
                self._reused += [one.step for one in event.decisions if one.action == "reuse"]
                return ""
            case RunStarted():
                self._begun = True
                self._wide = min(max([width(safe(one)) for one in event.run.steps], default=0), _NAME)
                return self._text(_opening(event)) + self._kept(tally)
            case Failed() if step is not None:
                return self._failed(step)
            case Warned():
                place = f"  {safe(event.where)}" if event.where else ""
                return self._say("warning", event.step, [(safe(event.what), "warn"), (place, "dim")])
            case Queued() if event.step in tally.steps:  # of a hundred parts of a step, each would say so
                return self._say("waits", event.step, [(safe(event.what.removeprefix("waits ")), "dim")])
            case Stopping() if event.steps and not (tally.run and tally.run.executor == "inline"):  # there it is over
                waits = f" · waiting for {_names(event.steps)} to end"
                return self._text([("  ", ""), (stopping_text(event.reason), "warn"), (safe(waits), "dim")])
            case _:
                return self._stopped(event)

    def rest(self) -> str:
        """What is still to be said when the run is over."""
        return self._flush() + ("\n" if self._begun else "")

    def tick(self, tally: Tally, now: float) -> str:
        """A line for each step that has run long without a word, so that a log never looks dead."""
        text = ""
        for step in list(tally.running.values()):
            began = now if step.began is None else step.began
            said = self._said.get(step.name, now)
            passed, before = now - began, said - began
            due = next((limit for limit in _SILENCE if before < limit <= passed), 0.0)
            if due or passed - max(before, _SILENCE[-1]) >= 900:
                self._said[step.name] = now
                text += self._say("running", step.name, [(f"for {duration(passed)}", "dim"), *_share(step, now)])
        return text

    def _ran(self, step: StepTally | None) -> str:
        if step is not None and step.state == "tolerated":
            asked = step.failure is not None and step.failure.asked
            return self._failed(step, "failed", "" if asked else "tolerated: ")
        if step is None or step.state != "ran":  # the child of a step that grew
            return ""
        why = [one for one in step.reasons if one.kind not in ("same", "never-ran")]
        left = outputs_text(step.execution)
        line: Line = [(f"{duration(step.seconds):>8}", ""), (f"  {left:<24}" if left else "", "")]
        if why:
            place = f"  {why[0].where}" if why[0].where else ""
            line.append((f"  {safe(why[0].what)}{safe(place)}", "dim"))
        return self._say("ran", step.name, line)

    def _failed(self, step: StepTally, word: str = "FAILED", how: str = "") -> str:
        failure = step.failure
        text = how + error_words(failure.kind, failure.message) if failure else ""
        place = f"  {safe(failure.where)}" if failure and failure.where else ""
        return self._say(
            word, step.name, [(f"{duration(step.seconds):>8}  ", ""), (safe(text), "error"), (place, "dim")]
        )

    def _stopped(self, event: Event) -> str:
        match event:
            case Retrying():
                text = f"attempt {event.attempt} failed: {error_words(event.failure.kind, event.failure.message)}"
                again = f"; again in {duration(event.delay)}" if event.delay else "; again now"
                return self._say("retry", event.step, [(safe(text) + again, "warn")])
            case Held():
                return self._say("held", event.step, [(safe(event.question), "warn")])
            case Blocked():
                return self._say("blocked", _names(event.steps), [(f"by {safe(event.by)}", "dim")])
            case Skipped():
                return self._say("skipped", _names(event.steps), [(safe(event.reason), "dim")])
            case Cancelled():
                return self._say("stopped", _names(event.steps), [(safe(event.reason), "dim")])
            case _:
                return ""

    def _busy(self, step: StepTally | None, now: float) -> str:
        if step is None or now - self._said.get(step.name, now) < 30:
            return ""
        self._said[step.name] = now
        return self._say("running", step.name, _share(step, now))

    def _kept(self, tally: Tally) -> str:
        steps = set(tally.run.steps) if tally.run else set()  # not the children of steps that grew
        names = [name for name in tally.before if name in steps]
        return self._say("kept", f"{plural(len(names), 'step')}: {_names(names)}", []) if names else ""

    def _flush(self) -> str:
        names, self._reused = self._reused, []
        return self._say("reused", f"{plural(len(names), 'step')}: {_names(names)}", []) if names else ""

    def _say(self, word: str, name: str, rest: Line) -> str:
        style = {"ran": "good", "FAILED": "bad", "reused": "dim", "kept": "dim", "running": "busy"}.get(word, "warn")
        gap = " " * max(self._wide - width(name), 0) + "  " if rest else ""
        return self._text([("  ", ""), (f"{word:<8}", style), (safe(name), ""), (gap, ""), *rest])

    def _text(self, line: Line) -> str:
        return self._screen.line(line) + "\n"


def _opening(event: RunStarted) -> Line:
    run = event.run
    workers = f", {plural(run.workers, 'worker')}" if run.workers and run.executor != "inline" else ""
    text = f" · {plural(len(run.steps), 'step')} · {run.executor}{workers}"
    return [(safe(run.pipeline), "title"), (f"  run {run.id}{text}", "dim")]


def _names(names: tuple[str, ...] | list[str]) -> str:
    shown = ""
    for i, name in enumerate(names):
        if i and len(shown) + len(name) > _NAMES:
            return f"{shown} and {len(names) - i:,} more"
        shown += f", {name}" if i else name
    return shown


def _share(step: StepTally, now: float) -> Line:
    elapsed = now - step.began if step.began is not None else 0.0
    left = seconds_left(elapsed, step.done, step.total, step.typical, step.longest)
    words = [progress_words(step.done, step.total), left_words(left, elapsed, step.longest)]
    told = ", ".join([one for one in words if one])
    usage = usage_words(step.cpu, step.memory)
    return [(f"  {one}" if one else "", style) for one, style in ((told, ""), (safe(step.text), "dim"), (usage, "dim"))]
