"""Two runs held against each other, as a document."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from penstock.model.artifact import Stored
from penstock.model.event import Noted
from penstock.model.run import Execution, Reason, Run
from penstock.plan.changes import changes
from penstock.ports import Ledger
from penstock.report.documents import WhyReason
from penstock.report.history_documents import (
    ArtifactChange,
    DataChange,
    DiffDocument,
    FigureChange,
    MovedMetricDocument,
    PackageDocument,
    ParameterChange,
    StepChange,
)
from penstock.report.moved_metrics import moved_metric
from penstock.report.views import run_line

__all__ = [
    "Compare",
    "Side",
    "artifact_step",
    "diff_view",
    "figures_of",
    "imported_packages",
    "keys_of",
    "side_of",
    "why_reasons",
]

Compare = Callable[[Stored, Stored, Sequence[Sequence[str]]], DataChange]
"""What became of a value between two versions of it, given the keys that may name its rows. Raises what loading raises."""

_State = Literal["equal", "changed", "added", "gone"]


class Side(NamedTuple):
    """A run as the ledger has it: its steps in order, and their executions."""

    run: Run
    rows: dict[str, dict[str, Any]]
    done: dict[str, Execution]
    made: dict[str, tuple[str, Stored]]


def side_of(ledger: Ledger, run: str) -> Side:
    """One of two runs. Raises `NotFound` with close matches."""
    found = ledger.run(run)
    rows = {row["step"]: row for row in ledger.steps(found.id) if row["step"] in found.steps}
    done = {name: row["execution"] for name, row in rows.items() if row["execution"] is not None}
    made = {one.artifact: (name, one.stored) for name, execution in done.items() for one in execution.outputs}
    return Side(found, rows, done, made)


def diff_view(
    ledger: Ledger,
    before: Side,
    after: Side,
    compare: Compare | None = None,
    *,
    artifacts: Sequence[str] = (),
    now: float = 0.0,
) -> DiffDocument:
    """What differs between two runs. `compare` looks into the artifacts that differ (None: nobody looks); if some are
    named, only into these."""
    return {
        "before": run_line(ledger, before.run, now),
        "after": run_line(ledger, after.run, now),
        "commits": [before.run.commit, after.run.commit],
        "seeds": [before.run.seed, after.run.seed],
        "steps": _steps(ledger, before, after),
        "parameters": _parameters(before, after),
        "environment": _environment(ledger, before, after),
        "artifacts": _artifacts(before, after, compare, artifacts),
        "metrics": _metrics(before, after),
        "figures": _figures(ledger, before, after),
    }


def _both(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of both, in the order of the later run; those that it lacks come after what they stood behind."""
    order = list(after)
    last = -1
    for name in before:
        if name in after:
            last = order.index(name)
        else:
            last += 1
            order.insert(last, name)
    return order


def _state(before: object, after: object, *, equal: bool) -> _State:
    if before is None:
        return "added"
    if after is None:
        return "gone"
    return "equal" if equal else "changed"


def _steps(ledger: Ledger, before: Side, after: Side) -> list[StepChange]:
    found: list[StepChange] = []
    for name in _both(before.rows, after.rows):
        rows = before.rows.get(name), after.rows.get(name)
        one, other = before.done.get(name), after.done.get(name)
        reasons = _code(ledger, name, one, other)
        found.append(
            {
                "step": name,
                "state": _state(*rows, equal=not reasons),
                "status": [row["status"] if row else "" for row in rows],
                "seconds": [done.usage.seconds if done is not None else 0.0 for done in (one, other)],
                "reasons": why_reasons(reasons),
            }
        )
    return found


def _code(ledger: Ledger, step: str, one: Execution | None, other: Execution | None) -> tuple[Reason, ...]:
    if one is None or other is None or one.code == other.code:
        return ()
    old, new = ledger.code(one.code), ledger.code(other.code)
    reasons = changes(old, new, step) if old is not None and new is not None else ()
    # Pieces may be equal and arranged otherwise: that is a change of the code, and of no one piece.
    return reasons or (Reason("code", "its code changed"),)


def why_reasons(reasons: Iterable[Reason]) -> list[WhyReason]:
    """Reasons as data, with their diffs."""
    return [{"kind": one.kind, "what": one.what, "where": one.where, "diff": one.diff} for one in reasons]


def _parameters(before: Side, after: Side) -> list[ParameterChange]:
    found: list[ParameterChange] = []
    for step in _both(before.rows, after.rows):
        one, other = _settings(before, step), _settings(after, step)
        for name in _both(one, other):
            was, now = one.get(name), other.get(name)
            if was == now:
                continue
            content = was is not None and now is not None and was[0] == now[0]
            found.append(
                {
                    "step": step,
                    "parameter": name,
                    "before": was[0] if was is not None else None,
                    "after": now[0] if now is not None else None,
                    "content": content,
                }
            )
    return found


def _settings(side: Side, step: str) -> dict[str, tuple[str, str]]:
    """The parameters of a step as shown, with the digests of those that it was done with."""
    done = side.done.get(step)
    if done is not None:
        return dict(done.settings)
    return {name: (shown, "") for name, shown in side.run.parameters.get(step, {}).items()}


def _environment(ledger: Ledger, before: Side, after: Side) -> list[PackageDocument]:
    one, other = before.run.environment, after.run.environment
    imported = imported_packages(ledger, [*before.done.values(), *after.done.values()])
    names = sorted({*one, *other}, key=lambda name: (name not in ("python", "platform"), name))
    return [
        {"package": name, "before": one.get(name, ""), "after": other.get(name, ""), "reached": name in imported}
        for name in names
        if one.get(name, "") != other.get(name, "")
    ]


def imported_packages(ledger: Ledger, executions: Iterable[Execution]) -> set[str]:
    """The installed distributions that the code of these executions imports, and `python`."""
    codes = [ledger.code(one) for one in {done.code for done in executions}]
    pieces = [piece for code in codes if code is not None for piece in code.pieces]
    return {
        "python" if piece.kind == "python" else piece.name.lower().replace("_", "-")
        for piece in pieces
        if piece.kind in ("package", "python")
    }


def _artifacts(before: Side, after: Side, compare: Compare | None, wanted: Sequence[str]) -> list[ArtifactChange]:
    found: list[ArtifactChange] = []
    for name in _both(before.made, after.made):
        was, now = before.made.get(name), after.made.get(name)
        step = (now or was or ("", None))[0]
        stored = [one[1] if one is not None else None for one in (was, now)]
        equal = stored[0] is not None and stored[1] is not None and stored[0].identity == stored[1].identity
        state = _state(*stored, equal=equal)
        data, why = None, ""
        if state == "changed" and stored[0] is not None and stored[1] is not None:
            if compare is None or (wanted and name not in wanted):
                why = "not looked at"
            else:
                keys = [*keys_of(after, step), *keys_of(before, step)]
                data, why = _compared(compare, stored[0], stored[1], keys)
        found.append(
            {
                "step": step,
                "artifact": name,
                "state": state,
                "before": stored[0].digest if stored[0] is not None else "",
                "after": stored[1].digest if stored[1] is not None else "",
                "bytes": [one.size if one is not None else 0 for one in stored],
                "data": data,
                "why": why,
            }
        )
    return found


def _compared(
    compare: Compare, before: Stored, after: Stored, keys: Sequence[Sequence[str]]
) -> tuple[DataChange | None, str]:
    try:
        return compare(before, after, keys), ""
    except Exception as error:  # the user's own classes may be gone, the bytes as well: the rest is worth telling
        return None, f"it can't be loaded: {getattr(error, 'what', '') or error}"


def keys_of(side: Side, step: str) -> list[tuple[str, ...]]:
    """The keys that may name the rows of what a step makes: those of the sources above it, the nearest first; and each
    two of them together, for tables that join."""
    seen: set[str] = set()
    todo, found = [step], []
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        about = side.run.graph.get(name, {})
        key = about.get("contract", {}).get("key", [])
        if key and tuple(key) not in found:
            found.append(tuple(key))
        todo += [artifact_step(side, artifact) for artifact in about.get("inputs", {}).values()]
    pairs = [tuple(dict.fromkeys([*one, *other])) for one in found for other in found if one < other]
    return [*found, *pairs[:6]]


def artifact_step(side: Side, artifact: str) -> str:
    """The step that makes an artifact, by the graph of the run."""
    if artifact in side.made:
        return side.made[artifact][0]
    return artifact if artifact in side.run.graph else artifact.rpartition(".")[0]


def _metrics(before: Side, after: Side) -> list[MovedMetricDocument]:
    one, other = _measured(before), _measured(after)
    return [moved_metric(name, one.get(name), other.get(name)) for name in _both(one, other)]


def _measured(side: Side) -> dict[str, float]:
    return {
        f"{step}.{name}": value for step, row in side.rows.items() for name, value in dict(row["metrics"] or {}).items()
    }


def _figures(ledger: Ledger, before: Side, after: Side) -> list[FigureChange]:
    one, other = figures_of(ledger, before), figures_of(ledger, after)
    found: list[FigureChange] = []
    for key in _both({f"{step}\x1f{name}": 0 for step, name in one}, {f"{step}\x1f{name}": 0 for step, name in other}):
        step, _, name = key.partition("\x1f")
        was, now = one.get((step, name)), other.get((step, name))
        equal = was is not None and now is not None and was.digest == now.digest
        found.append(
            {
                "step": step,
                "name": name,
                "state": _state(was, now, equal=equal),
                "before": was.digest if was is not None else "",
                "after": now.digest if now is not None else "",
            }
        )
    return found


def figures_of(ledger: Ledger, side: Side) -> dict[tuple[str, str], Stored]:
    """The last figure of each name that each step drew where it was done, by (step, name)."""
    where = {name: side.done[name].run if name in side.done else side.run.id for name in side.rows}
    drawn: dict[str, list[Noted]] = {}
    for run in dict.fromkeys(where.values()):
        drawn[run] = [record.event for record in ledger.events(run, kinds=[Noted]) if isinstance(record.event, Noted)]
    found: dict[tuple[str, str], Stored] = {}
    for step, run in where.items():
        for event in drawn[run]:
            # a task's id is run/step/attempt, and a step's name may hold a slash
            if event.figure is not None and event.task.partition("/")[2].rpartition("/")[0] == step:
                found[step, event.name] = event.figure
    return found
