"""Frozen contracts of the sources of a run: written from what it stored, and held against it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from penstock.app.tracing import Tracing
from penstock.errors import ContractError, NotFound, UnknownName, did_you_mean
from penstock.model.contract import contract_of_record
from penstock.model.frozen import Breach, FrozenTable

__all__ = ["Difference", "Frozen", "differences", "freeze_run"]


class Frozen(NamedTuple):
    """A contract that was written: the source, the file (relative to the project), what it holds, and whether the source
    declares it already; `changed` says whether the file is another than before."""

    source: str
    file: str
    table: FrozenTable
    declared: bool
    changed: bool


class Difference(NamedTuple):
    """A source of a run against its file: what is not as it says (`breaches`), and what a new file would say otherwise
    (`changes`: column, what it says of, then, now)."""

    source: str
    file: str
    rows: int
    breaches: list[Breach]
    changes: list[tuple[str, str, Any, Any]]


def freeze_run(
    tracing: Tracing, names: Sequence[str] = (), *, file: str = "", overwrite: bool = False, now: datetime | None = None
) -> list[Frozen]:
    """Write what the sources of a run look like (those of `names`, if any) into files beside the pipeline: the one that a source
    declares, else `NAME.contract.yaml`; `file` is another, for one source.

    Raises `UnknownName` for a source that the run has not, `NotFound` for one without rows, `ContractError` for a file that is
    there already and would change, unless `overwrite` is said.
    """
    from penstock.rows.freezing import freeze
    from penstock.rows.frozen_file import read_frozen, write_frozen

    chosen = _chosen(tracing, names)
    if file and len(chosen) > 1:
        raise ContractError(
            "one file is for one source", hint=f"Name it: `penstock contract freeze {chosen[0]} -o {file}`."
        )
    made = []
    for name in chosen:
        contract = contract_of_record(tracing.run.graph[name].get("contract") or {})
        rows = tracing.lineage.records(_artifact(tracing, name))
        if rows is None:
            if names:
                raise _nothing(tracing, name)
            continue
        table = freeze(rows, contract, source=name, run=tracing.run.id, now=now)
        where = file or contract.freeze or f"{name}.contract.yaml"
        made.append((Frozen(name, where, table, where == contract.freeze, True), write_frozen(table, where)))
    if not made:
        raise _nothing(tracing, "")
    root = Path(tracing.settings.root)
    found = []
    for one, text in made:
        path = root / one.file
        if path.is_file():
            before = read_frozen(path.read_bytes(), one.file) if not overwrite else None
            if before is not None and _same(before, one.table):
                found.append(one._replace(changed=False))
                continue
            if not overwrite:
                raise ContractError(
                    f"{one.file} is there already, and says otherwise",
                    hint=f"See `penstock contract diff {one.source}`; --force writes it anew, and what was mended by hand is lost.",
                )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        found.append(one)
    return found


def _nothing(tracing: Tracing, source: str) -> NotFound:
    what = f"source `{source}` made no table" if source else "no source made a table"
    return NotFound(
        f"{what} in run {tracing.run.id}",
        hint="Name a run in which it did (--run RUN; `penstock runs` lists them).",
    )


def _same(one: FrozenTable, other: FrozenTable) -> bool:
    return one.columns == other.columns and (one.rows, one.key, one.newest) == (other.rows, other.key, other.newest)


def differences(tracing: Tracing, names: Sequence[str] = (), *, now: datetime | None = None) -> list[Difference]:
    """The sources of a run against their files. Raises `NotFound` where there is no file, `ContractError` for a broken one."""
    from penstock.rows.freezing import breaches, freeze
    from penstock.rows.frozen_file import read_frozen

    found = []
    root = Path(tracing.settings.root)
    for name in _chosen(tracing, names):
        contract = contract_of_record(tracing.run.graph[name].get("contract") or {})
        where = contract.freeze or f"{name}.contract.yaml"
        rows = tracing.lineage.records(_artifact(tracing, name))
        if not (root / where).is_file() or rows is None:
            if rows is None and (names or contract.freeze):
                raise _nothing(tracing, name)
            if names or contract.freeze:
                raise NotFound(f"there is no {where}", hint=f"`penstock contract freeze {name}` writes it.")
            continue
        frozen = read_frozen((root / where).read_bytes(), where)
        now_said = freeze(rows, contract, source=name, run=tracing.run.id, now=now)
        found.append(Difference(name, where, rows.rows, breaches(frozen, rows, now=now), _changes(frozen, now_said)))
    if not found:
        raise NotFound("no source has a frozen contract", hint="`penstock contract freeze` writes one for each.")
    return found


def _changes(then: FrozenTable, now: FrozenTable) -> list[tuple[str, str, Any, Any]]:
    found: list[tuple[str, str, Any, Any]] = []
    for what, one, other in (
        ("rows", then.rows, now.rows),
        ("key", then.key, now.key),
        ("newest", then.newest, now.newest),
    ):
        if one != other:
            found.append(("", what, _plain(one), _plain(other)))
    for name in dict.fromkeys([*then.columns, *now.columns]):
        before, after = then.columns.get(name), now.columns.get(name)
        if before is None or after is None:
            found.append((name, "column", before and before.type, after and after.type))
            continue
        for field in before.__struct_fields__:
            was, now_is = getattr(before, field), getattr(after, field)
            if was != now_is:
                found.append((name, field, was, now_is))
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "__struct_fields__"):
        return {name: one for name in value.__struct_fields__ if (one := getattr(value, name)) not in (None, "")}
    return value


def _chosen(tracing: Tracing, names: Sequence[str]) -> list[str]:
    known = list(tracing.lineage.pacts)
    for name in names:
        if name not in known:
            raise UnknownName(f"run {tracing.run.id} has no source `{name}`", hint=did_you_mean(name, known))
    return list(names) or known


def _artifact(tracing: Tracing, source: str) -> str:
    return next(iter(tracing.lineage.nodes[source].outputs))
