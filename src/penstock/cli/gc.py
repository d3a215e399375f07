"""`penstock gc`."""

import sys

import click

from penstock.app.collecting import Collected, Pile, collect
from penstock.app.settings import open_store
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import Counter, show
from penstock.report.documents import GcDocument, PileDocument
from penstock.report.paint import Line, safe, table
from penstock.report.units import number, plural, size

__all__ = ["gc"]

_DAYS = 30.0
_MOST = 40  # artifacts that are told one by one


@click.command()
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0),
    default=_DAYS,
    metavar="N",
    help=f"Keep what the runs of the last N days need (default: {_DAYS:g}).",
)
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would go.")
@file_option
@json_option
def gc(keep_days: float, yes: bool, file: str | None, as_json: bool) -> None:
    """Remove what no recent run needs; without --yes, say what.

    Keeps what the runs of the last days need, the newest execution of each step of each pipeline, runs and artifacts that
    have a name or tags, and all that runs under way may need. The history of older runs stays; their large values, logs
    and checkpoints go, and so do downloads of remote inputs that no step has used since. May be called while runs go on.
    """
    with reading(file) as (settings, ledger):
        store = open_store(settings)
        with Counter(sys.stderr) as counter:
            found = collect(
                ledger,
                store,
                settings.state,
                days=keep_days,
                remove=yes,
                on_blob=lambda count: counter.say(plural(count, "blob")),
            )
    document = _document(found, keep_days)
    show(document, _lines(document), as_json=as_json)


def _document(found: Collected, days: float) -> GcDocument:
    return {
        "done": found.done,
        "keep_days": days,
        "runs": found.runs,
        "executions": found.executions,
        "bytes": found.bytes,
        "artifacts": [
            {"pipeline": one.pipeline, "artifact": one.artifact, "count": one.count, "bytes": one.bytes}
            for one in found.artifacts
        ],
        "logs": _pile(found.logs),
        "checkpoints": _pile(found.checkpoints),
        "quarantine": _pile(found.quarantine),
        "downloads": _pile(found.downloads),
        "leftovers": _pile(found.leftovers),
        "kept": _pile(found.kept),
        "young": _pile(found.young),
    }


def _pile(one: Pile) -> PileDocument:
    return {"count": one.count, "bytes": one.bytes}


def _lines(document: GcDocument) -> list[Line]:
    rows: list[list[Line | str]] = []
    several = len({one["pipeline"] for one in document["artifacts"] if one["pipeline"]}) > 1
    for one in document["artifacts"][:_MOST]:
        name: Line = [(safe(one["artifact"]), "name")] if one["artifact"] else [("never committed", "dim")]
        rows.append([name, one["pipeline"] if several else "", plural(one["count"], "blob"), size(one["bytes"])])
    rest = document["artifacts"][_MOST:]
    if rest:
        total = sum([one["bytes"] for one in rest])
        rows.append([[(f"and {plural(len(rest), 'artifact')} more", "dim")], "", "", size(total)])
    for words, pile in (
        ("logs of old runs", document["logs"]),
        ("old checkpoints", document["checkpoints"]),
        ("old damaged files", document["quarantine"]),
        ("remote files not used for long", document["downloads"]),
        ("left by dead processes", document["leftovers"]),
    ):
        if pile["count"]:
            rows.append([[(words, "dim")], "", str(pile["count"]), size(pile["bytes"])])
    lines = table(rows, right=[2, 3])
    stays = f"{plural(document['kept']['count'], 'blob')}, {size(document['kept']['bytes'])}"
    kept = f"{stays} stay, for {plural(document['runs'], 'run')} and the newest execution of each step"
    young = document["young"]
    if young["count"]:
        kept += f"; {plural(young['count'], 'blob')}, {size(young['bytes'])} too young to be judged"
    if not rows:
        nothing = f"Nothing to remove that is older than {number(document['keep_days'])} days."
        return [[("✓ ", "good"), (nothing, "")], [("  ", ""), (kept, "dim")]]
    done = document["done"]
    lines += [[], [("Removed " if done else "Would remove ", ""), (size(document["bytes"]), "title"), (".", "")]]
    lines.append([(kept, "dim")])
    if not done:
        days = "" if document["keep_days"] == _DAYS else f" --keep-days {document['keep_days']:g}"
        lines.append([("Do it with: ", ""), (f"penstock gc{days} --yes", "code")])
    return lines
