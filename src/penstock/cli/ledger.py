"""`penstock ledger`."""

import sys
from pathlib import Path

import click
from msgspec import structs

from penstock.app.places import LOCAL, ledger_at, ledger_place_of, ledger_shown
from penstock.app.settings import Settings, open_ledger, reading_settings
from penstock.cli.options import file_option, json_option
from penstock.cli.output import Counter, show
from penstock.errors import NotFound, SettingsError
from penstock.ledger.copying import Copied, copy
from penstock.ledger.sql import SqlLedger
from penstock.ports import Ledger
from penstock.report.history_documents import LedgerCopyDocument
from penstock.report.paint import Line, safe
from penstock.report.units import plural

__all__ = ["ledger"]

_TOLD = ("runs", "executions", "events")


@click.command()
@click.argument("action", type=click.Choice(["copy"]), metavar="copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@file_option
@json_option
def ledger(action: str, source: str, target: str, file: str | None, as_json: bool) -> None:  # noqa: ARG001 - the one there is
    """Copy a ledger into an empty one, of SQLite or PostgreSQL.

    FROM and TO are `local` (the one in the state folder), the path of an SQLite file, or an address such as
    postgresql://user@host/database. All of it is copied in one transaction, or nothing; counts and digests are compared before it counts.
    Doing it again finds that all is there. Values in the store stay where they are.
    """
    settings = _settings(file)
    if _place(source, settings) == _place(target, settings):
        raise SettingsError(f"{source} and {target} are the same ledger", hint="Name two.")
    with _opened(source, settings, create=False) as begin, _opened(target, settings, create=True) as end:
        with Counter(sys.stderr) as counter:
            done = copy(begin, end, on_rows=lambda count: counter.say(plural(count, "row")))
        document: LedgerCopyDocument = {
            "from": begin.location,
            "to": end.location,
            "done": done.done,
            "tables": {
                table: {"rows": count, "digest": done.digests[table]} for table, count in done.rows.items()
            },
        }  # fmt: skip
    show(document, _lines(document, done, _shown_for(target)), as_json=as_json)


def _settings(file: str | None) -> Settings:
    try:
        return reading_settings(file)
    except NotFound:
        raise
    except Exception:
        if file is not None:
            raise
        here = Path.cwd()  # two addresses need no pipeline
        return Settings(root=here, file=None, state=here / ".penstock", pipeline="")


def _place(named: str, settings: Settings) -> str:
    place = ledger_place_of(named, Path.cwd(), "the command line")
    return str(settings.state / "ledger.db") if place == LOCAL else place


def _opened(named: str, settings: Settings, *, create: bool) -> SqlLedger:
    if named == LOCAL:
        found: Ledger = open_ledger(structs.replace(settings, ledger=LOCAL), create=create)
    else:
        found = ledger_at(_place(named, settings), create=create)
    if not isinstance(found, SqlLedger):
        found.close()
        raise SettingsError(
            f"{ledger_shown(named)} is a ledger of another package, which this can't copy",
            hint="It can copy SQLite and PostgreSQL.",
        )
    return found


def _shown_for(target: str) -> str:
    return "" if target == LOCAL else ledger_shown(target)


def _lines(document: LedgerCopyDocument, done: Copied, target: str) -> list[Line]:
    many = ", ".join([plural(done.rows[table], table.removesuffix("s")) for table in _TOLD])
    words = "copied" if done.done else "there already"
    lines: list[Line] = [
        [("✓ ", "good"), (f"{many}: {words}, counts and digests are equal", "")],
        [("  ", ""), (safe(f"{document['from']} → {document['to']}"), "dim")],
    ]
    use = f"PENSTOCK_LEDGER={target}" if target else "PENSTOCK_LEDGER=local"
    return [*lines, [], [("Use it from now on with: ", ""), (safe(use), "code")]]
