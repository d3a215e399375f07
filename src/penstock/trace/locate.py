"""The row of a source that somebody means: by its key, in full or in part, or by its position."""

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from penstock.errors import ContractError, NotFound, UnknownName, did_you_mean
from penstock.rows.keys import exactly, find, keys_at, missing, rows_of
from penstock.trace.lineage import Lineage, Pact

__all__ = ["locate", "output_of"]

_READABLE = "Return a table whose columns Arrow can hold: a key as text, a number or an instant, not as an object (a Period of pandas is one)."
_POSITION = re.compile(r"#([0-9]+)")


def locate(lineage: Lineage, text: str, source: str = "") -> tuple[str, str, Any]:
    """The source, full key and rows that a text names. Raises `NotFound` with candidates or close matches,
    `ContractError` where the key of the source names several rows, `UnknownName` for a source that is not there."""
    pacts = lineage.pacts
    if source and source not in pacts:
        raise UnknownName(f"run {lineage.run.id} has no source `{source}`", hint=did_you_mean(source, pacts))
    names = [source] if source else list(pacts)
    keyed: list[tuple[str, Any]] = []
    unread: list[str] = []
    for name in names:
        held = lineage.records(output_of(lineage, name))
        if held is None:
            unread += [_unread(lineage, name)] if pacts[name].key or source else []
            continue
        if pacts[name].key:
            keyed += _with_key(lineage, name, held, only=len(names) == 1)
        elif source or len(names) == 1:
            rows = _numbered(text, held.rows)
            if rows is None:
                raise _no_position(name, text, held.rows)
            return name, str(int(rows[0])), rows
    if unread and not keyed:
        raise NotFound(f"the rows of {unread[0]}", hint=_READABLE)
    found = _by_key(lineage, text, keyed)
    if found is not None:
        return found
    if keyed and _POSITION.fullmatch(text):
        return _by_position(lineage, text, names, keyed)
    miss = _miss(lineage, text, names, [(name, find(held, pacts[name].key, text)) for name, held in keyed])
    raise NotFound(miss.what, hint=" ".join([miss.hint, *[f"The rows of {one}." for one in unread[:1]]]))


def _unread(lineage: Lineage, source: str) -> str:
    """A source whose rows can't be read, and why."""
    artifact = output_of(lineage, source)
    stored = lineage.stored.get(artifact)
    if artifact in lineage.missing:
        return f"`{source}` can't be read: {lineage.missing[artifact]}"
    if stored is None:
        return f"`{source}` were not made in run {lineage.run.id}"
    return f"`{source}` can't be read: {'it is pickled' if stored.about.pickled else 'it is no table'}"


def output_of(lineage: Lineage, source: str) -> str:
    """The artifact that holds the rows of a source."""
    return next(iter(lineage.nodes[source].outputs))


def _with_key(lineage: Lineage, name: str, held: Any, *, only: bool) -> list[tuple[str, Any]]:
    """A source whose rows have a key, and its rows. Raises `ContractError` where it is the only one asked and its key is no column."""
    absent = [column for column in lineage.pacts[name].key if column not in held]
    if absent and only:
        raise ContractError(
            f"the key of source `{name}` names `{absent[0]}`, which is no column of it",
            where=lineage.nodes[name].where,
            hint=did_you_mean(absent[0], held.columns) or f"It has {', '.join(held.columns[:12])}.",
        )
    return [] if absent else [(name, held)]


def _by_key(lineage: Lineage, text: str, keyed: list[tuple[str, Any]]) -> tuple[str, str, Any] | None:
    """The row whose key a text is in full. Raises `NotFound` where several rows may be meant."""
    read = [(name, exactly(held, lineage.pacts[name].key, text)) for name, held in keyed]
    for name, found in read:
        if found.ambiguous:
            raise NotFound(
                f"`{text}` may be each of {len(found.candidates)} keys of `{name}`",
                hint=f"Give one of them: {' or '.join([shlex.quote(one) for one in found.candidates])}",
            )
    hits = [(name, found) for name, found in read if found.key]
    if len(hits) > 1:
        listed = " and ".join([f"`{name}`" for name, _ in hits])
        raise NotFound(
            f"{hits[0][1].key} is the key of a row of {listed}", hint=f"Say of which: `--source {hits[0][0]}`."
        )
    if not hits:
        return None
    name, found = hits[0]
    if len(found.rows) > 1:
        raise _not_one(lineage, name, lineage.pacts[name], found.key, found.rows)
    return name, found.key, found.rows


def _by_position(lineage: Lineage, text: str, names: list[str], keyed: list[tuple[str, Any]]) -> tuple[str, str, Any]:
    """A row of the one source that is meant, by `#` and its position. Raises `ContractError` where it has no key, or one that others have,
    `NotFound` where it is not there, or not said of which source."""
    if len(names) > 1:
        raise NotFound(
            f"`{text}` names a row by its position, and not of which source",
            hint=f"Say of which: `--source {keyed[0][0]}`.",
        )
    name, held = keyed[0]
    pact = lineage.pacts[name]
    rows = _numbered(text, held.rows)
    if rows is None:
        raise _no_position(name, text, held.rows)
    values = held.row(int(rows[0]))
    absent = [column for column in pact.key if missing(values[column])]
    if absent:
        raise ContractError(
            f"row {int(rows[0])} of source `{name}` has no key: `{absent[0]}` is missing, and nothing else names it",
            where=lineage.nodes[name].where,
            hint="Declare a key that names each row (`key=[…]` takes several columns), or drop rows without one in the source.",
        )
    (key,) = keys_at(held, pact.key, rows)
    alike = rows_of(held, pact.key, [values[column] for column in pact.key])
    if len(alike) > 1:
        raise _not_one(lineage, name, pact, key, alike)
    return name, key, rows


def _numbered(text: str, rows: int) -> Any:
    """The position that a text gives, of so many rows; None for another text, and where there are fewer."""
    at = _POSITION.fullmatch(text if text.startswith("#") else f"#{text}")
    return (
        np.array([int(at.group(1))]) if at is not None and len(at.group(1)) < 19 and int(at.group(1)) < rows else None
    )


def _no_position(source: str, text: str, rows: int) -> NotFound:
    """Of a text that should be the position of a row, and is not."""
    known = f"its rows are #0 to #{rows - 1}" if rows else "it has no rows"
    if _POSITION.fullmatch(text):
        return NotFound(f"`{source}` has no row `{text}`", hint=f"{known[0].upper()}{known[1:]}.")
    hint = f"{known[0].upper()}{known[1:]}. Declare what names them: `@ps.source(key=…)`."
    return NotFound(f"`{text}` names no row of `{source}`, which declares no key", hint=hint)


def _not_one(lineage: Lineage, name: str, pact: Pact, key: str, rows: Any) -> ContractError:
    held = lineage.records(output_of(lineage, name))
    assert held is not None
    shown = "; ".join([f"row {int(row)}: {_brief(held.row(int(row)), pact.key)}" for row in rows[:3]])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return ContractError(
        f"the key {', '.join(pact.key)} of source `{name}` does not name one row: {len(rows)} rows are {key}: {shown}{more}",
        where=lineage.nodes[name].where,
        hint="Declare a key that names each row (`key=[…]` takes several columns), or drop the repeats in the source.",
    )


def _brief(values: Mapping[str, Any], skip: Iterable[str]) -> str:
    kept = [f"{name} {value}" for name, value in values.items() if name not in skip]
    return ", ".join(kept[:4])


def _miss(lineage: Lineage, text: str, names: list[str], misses: list[tuple[str, Any]]) -> NotFound:
    shown = ", ".join([f"`{name}`" for name in names]) or "any source"
    for name, found in misses:
        if found.partial:
            listed = ", ".join(found.candidates)
            more = " …" if found.many > len(found.candidates) else ""
            return NotFound(
                f"`{text}` is a part of {found.many:,} {'key' if found.many == 1 else 'keys'} of `{name}`",
                hint=f"Give one in full: {listed}{more}",
            )
    close = [f"{one} (of `{name}`)" for name, found in misses for one in found.candidates]
    if close:
        return NotFound(f"no row of {shown} has the key `{text}`", hint=f"Did you mean {' or '.join(close[:5])}?")
    if not misses:
        hint = "Declare one: `@ps.source(key=…)`; until then name a row by its position, as in `penstock trace '#0' --source NAME`."
        return NotFound(f"no source of run {lineage.run.id} declares a key whose rows can be read", hint=hint)
    said = "; ".join([f"`{name}`: {'/'.join(lineage.pacts[name].key)}" for name, _ in misses])
    return NotFound(f"no row of {shown} has the key `{text}`", hint=f"Keys are written as {said}.")
