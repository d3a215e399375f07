"""`penstock verify`."""

import sys

import click

from penstock.app.settings import open_store
from penstock.app.verifying import Damage, Verified
from penstock.app.verifying import verify as verify_all
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import Counter, show
from penstock.report.documents import DamageDocument, UserDocument, VerifyDocument
from penstock.report.paint import Line, safe
from penstock.report.units import plural, size

__all__ = ["verify"]

_MOST = 40  # damages that are told one by one
_OUTCOMES = {
    "restored": ("restored from another copy", "good"),
    "forgotten": ("the next run makes it again", "warn"),
    "lost": ("lost", "bad"),
    "put aside": ("put aside; nothing needs it", "dim"),
    "left": ("left as it is", "bad"),
}


@click.command()
@click.option("--no-repair", is_flag=True, help="Change nothing; only say what is damaged.")
@file_option
@json_option
def verify(no_repair: bool, file: str | None, as_json: bool) -> int:
    """Check every stored byte, and mend what can be mended.

    Looks at the ledger, hashes every blob, and sees that all is there that executions and figures need. What is damaged
    is restored where another copy exists; else it is put aside, and what needed it is forgotten, so that the next run
    makes it again. May be called while runs go on. Ends with 1 if something was damaged.
    """
    with reading(file) as (settings, ledger):
        store = open_store(settings)
        with Counter(sys.stderr) as counter:
            found = verify_all(
                ledger,
                store,
                repair=not no_repair,
                on_blob=lambda count, total: counter.say(f"{plural(count, 'blob')}, {size(total)}"),
            )
    document = _document(found, repair=not no_repair)
    show(document, _lines(document), as_json=as_json)
    return 0 if found.good else 1


def _document(found: Verified, *, repair: bool) -> VerifyDocument:
    return {
        "ok": found.good,
        "repair": repair,
        "ledger": list(found.problems),
        "damaged": [_damage(one) for one in found.damaged],
        "blobs": {"count": found.blobs, "bytes": found.bytes},
        "quarantined": found.quarantined,
        "leftovers": {"count": found.leftovers, "bytes": found.leftover_bytes},
    }


def _damage(one: Damage) -> DamageDocument:
    return {
        "what": one.what,
        "name": one.name,
        "state": one.state,
        "outcome": one.outcome,
        "users": [
            {"pipeline": user.pipeline, "artifact": user.artifact, "step": user.step, "run": user.run}
            for user in one.users
        ],
    }


def _lines(document: VerifyDocument) -> list[Line]:
    lines: list[Line] = [[("✗ ", "bad"), ("ledger  ", "dim"), (safe(one), "")] for one in document["ledger"]]
    for one in document["damaged"][:_MOST]:
        words, style = _OUTCOMES[one["outcome"]]
        name = one["name"].removeprefix("blake3:")[:12] if one["what"] != "source" else one["name"]
        what = f"{one['what']} {name} is {one['state']}: "
        lines.append([("✗ ", "bad"), (safe(what), ""), (words, style)])
        lines += [[("    ", ""), (_whose(user), "dim")] for user in one["users"][:3]]
        if len(one["users"]) > 3:
            lines.append([("    ", ""), (f"and {len(one['users']) - 3} more", "dim")])
    if len(document["damaged"]) > _MOST:
        lines.append([(f"  and {len(document['damaged']) - _MOST} more: --json names them all", "dim")])
    blobs, left = document["blobs"], document["leftovers"]
    if left["count"]:
        done = "removed" if document["repair"] else "left by dead processes"
        lines.append([("  ", ""), (f"{plural(left['count'], 'leftover')}, {size(left['bytes'])}: {done}", "dim")])
    if document["quarantined"]:
        files = plural(document["quarantined"], "damaged file")
        lines.append([("  ", ""), (f"{files} put aside earlier; `penstock gc` removes old ones", "dim")])
    many = f"{plural(blobs['count'], 'blob')}, {size(blobs['bytes'])}"
    if document["ok"]:
        return [*lines, [("✓ ", "good"), (f"ledger and {many}: all good", "")]]
    number = len(document["damaged"]) or len(document["ledger"])
    lines += [[], [(f"{plural(number, 'thing')} damaged", "bad"), (f"; {many} checked", "")]]
    return [*lines, *_next(document)]


def _whose(one: UserDocument) -> str:
    step = one["artifact"] or one["step"] or "sources"
    return safe(f"{step} of run {one['run'] or '?'}" + (f" ({one['pipeline']})" if one["pipeline"] else ""))


def _next(document: VerifyDocument) -> list[Line]:
    if not document["repair"]:
        return [[("Nothing was changed. Mend it with: ", ""), ("penstock verify", "code")]]
    lines: list[Line] = []
    if any(one["outcome"] == "forgotten" for one in document["damaged"]):
        lines.append([("The next ", ""), ("penstock run", "code"), (" makes again what is needed of it.", "")])
    if any(one["state"] == "unreadable" for one in document["damaged"]):
        lines.append([("What can't be read was left alone: check the owner and permissions of the state folder.", "")])
    return lines
