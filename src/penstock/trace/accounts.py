"""The rows of a run, counted step by step: kept, dropped, multiplied and new, with the reasons that the values tell."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from penstock.model.account import Account, Part, Rate, Reason
from penstock.model.verdict import Finding
from penstock.rows.account import fates, rates
from penstock.rows.codes import distinct, encode, encode_columns
from penstock.rows.growth import growth
from penstock.rows.keys import broken, keys_at
from penstock.rows.reasons import explain, unmatched
from penstock.trace.lineage import Lineage, Node
from penstock.values.records import Records

__all__ = ["accounts", "key_findings", "step_accounts"]

_EXAMPLES = 5


def accounts(lineage: Lineage) -> Iterator[Account]:
    """The accounts of every step that has rows above and below."""
    for node in lineage.order:
        yield from step_accounts(lineage, node)


def step_accounts(lineage: Lineage, node: Node) -> list[Account]:
    """The accounts of one step, an account for each input that has rows; none for what makes no rows."""
    outputs = [one for one in node.outputs if one in lineage.stored and lineage.records(one) is not None]
    if node.kind == "source" or not outputs:
        return []
    found = [_account(lineage, node, argument, outputs) for argument in lineage.tables(node)]
    known = [one for one in found if one.account.method not in ("unknown", "group")]
    if not known:
        return [one.account for one in found]
    mains = _mains(lineage, node, known)
    # sides that pass a step side by side are each of them rows of its own
    sided = [one.account for one in known if one.shown and lineage.role(one.account.artifact)]
    if any(one in sided for one in mains):
        mains = sided
    sides: dict[str, Part] = {}
    for one in sided if mains is sided else ():
        role = lineage.role(one.artifact)
        had = sides.get(role, Part(role, 0, 0))
        sides[role] = Part(role, had.rows + one.rows_in, had.dropped + one.dropped)
    return [
        _main(lineage, node, one, tuple(sides.values())) if one.account in mains else _beside(lineage, node, one)
        for one in found
    ]


def _mains(lineage: Lineage, node: Node, known: Sequence["_Counted"]) -> list[Account]:
    """The inputs whose rows the step's rows are: of which the outputs show most rows; of equals, those that no other refers to by their key,
    as one refers to what is looked up; then those of which the larger share is shown, that keep more of their columns, and whose order is
    kept. Inputs that are alike in all of it are told both."""
    keys = {one.account.artifact: _key_of(lineage, one.account.artifact) for one in known}

    def holds(artifact: str, columns: Sequence[str]) -> bool:
        held = lineage.records(artifact)
        return held is not None and bool(columns) and all(name in held for name in columns)

    def referred(artifact: str) -> bool:
        return any(
            holds(other, keys[artifact]) and not holds(artifact, keys[other]) for other in keys if other != artifact
        )

    def rank(one: "_Counted") -> tuple[float, ...]:
        account = one.account
        held = lineage.records(account.artifact)
        assert held is not None
        there = {
            name for output in account.outputs if (made := lineage.records(output)) is not None for name in made.columns
        }
        columns = sum([name in there for name in held.columns]) / max(len(held.columns), 1)
        share = one.shown / max(account.rows_in, 1)
        return (one.shown, not referred(account.artifact), share, columns, _ordered(lineage, node, account))

    ranks = [rank(one) for one in known]
    return [one.account for one, mine in zip(known, ranks, strict=True) if mine == max(ranks)]


def _ordered(lineage: Lineage, node: Node, account: Account) -> bool:
    """Whether the rows of an input come out in its order."""
    for output in account.outputs:
        at = lineage.relation(node, account.argument, output).places()
        if at is None or (np.diff(at) < 0).any():
            return False
    return True


class _Counted(NamedTuple):
    """An account, how many rows of the input the outputs show, and for each row of it whether it is gone."""

    account: Account
    shown: int
    gone: Any


def _others(lineage: Lineage, node: Node, artifact: str) -> dict[str, Records]:
    """The other inputs of a step that have rows."""
    return {one: held for one in node.inputs.values() if one != artifact and (held := lineage.records(one)) is not None}


def _beside(lineage: Lineage, node: Node, counted: "_Counted") -> Account:
    """The account of an input in which rows were looked up: of those that nobody looked for, which partner they lack."""
    account, gone = counted.account, counted.gone
    above = lineage.records(account.artifact)
    if not account.dropped or above is None or gone is None:
        return account
    reasons = unmatched(above, gone, _others(lineage, node, account.artifact))
    return _replaced(account, reasons=reasons)


def _main(lineage: Lineage, node: Node, counted: _Counted, sides: tuple[Part, ...]) -> Account:
    """The account of an input whose rows the step's rows are, with reasons and rates; `sides` are those of all such inputs."""
    account, gone = counted.account, counted.gone
    above = lineage.records(account.artifact)
    assert above is not None
    others = _others(lineage, node, account.artifact)
    times = {pact.time for pact in lineage.pacts.values()}
    reasons: tuple[Reason, ...] = ()
    lost: tuple[Rate, ...] = ()
    grew = ""
    if account.multiplied:
        below = [held for one in account.outputs if (held := lineage.records(one)) is not None]
        grew = growth(above, below, others)
    if account.dropped:
        skip = [name for name in _key_of(lineage, account.artifact) if name not in times]
        reasons = explain(above, gone, others, skip)
        by_side = sides or _sides(lineage, node, account.artifact, gone)
        lost = rates(above, gone, _judged(lineage, account.artifact))
        lost = (Rate("side", "", by_side), *lost) if by_side else lost
    return _replaced(account, main=True, reasons=reasons, rates=lost, grew=grew)


def _sides(lineage: Lineage, node: Node, artifact: str, gone: Any) -> tuple[Part, ...]:
    """How many of the rows above went to each side by another way than this step, by their key, and how many of those
    the step dropped; () where none did."""
    above = lineage.records(artifact)
    assert above is not None
    side = np.full(above.rows, -1, np.int64)
    roles: list[str] = []
    for split in [one for one in lineage.order if one.kind == "split"]:
        for source in sorted(lineage.around(node, split)):
            up = lineage.column_of(artifact, source)
            for one, role in split.outputs.items():
                down = lineage.column_of(one, source) if up is not None and role else None
                held = lineage.records(one)
                if up is None or down is None or held is None:
                    continue
                numbers = encode_columns(above, held, list(zip(up, down, strict=True)))
                if numbers is not None:
                    roles += [role] if role not in roles else []
                    side[(side < 0) & np.isin(numbers[0], numbers[1]) & (numbers[0] >= 0)] = roles.index(role)
    if not (gone & (side >= 0)).any():
        return ()
    parts = [(role, side == number) for number, role in enumerate(roles)] + [("no side", side < 0)]
    return tuple([Part(role, int(rows.sum()), int((rows & gone).sum())) for role, rows in parts if rows.any()])


def _replaced(account: Account, **changes: Any) -> Account:
    said = {name: getattr(account, name) for name in account.__struct_fields__}
    return Account(**{**said, **changes})


def _judged(lineage: Lineage, artifact: str) -> dict[str, str]:
    """By which columns losses are broken down: the label, group and time of the sources above."""
    found: dict[str, str] = {}
    held = lineage.records(artifact)
    for name in sorted(lineage.sources_of(artifact)):
        if lineage.column_of(artifact, name) is None:
            continue  # a column of that name is something else here
        pact = lineage.pacts[name]
        for by, columns in (("label", pact.label), ("group", pact.group), ("time", (pact.time,) if pact.time else ())):
            for column in columns:
                if held is not None and column in held:
                    found.setdefault(by, column)
    return found


def _key_of(lineage: Lineage, artifact: str) -> tuple[str, ...]:
    """The columns that name the rows of an artifact best, () where none do."""
    borne = [lineage.column_of(artifact, key.source) for key in lineage.keys(artifact)]
    known = [columns for columns in borne if columns is not None]
    if len(known) < 2:
        return known[0] if known else ()

    def told_apart(columns: tuple[str, ...]) -> int:
        held = lineage.records(artifact)
        assert held is not None
        return distinct(encode([held.column(name) for name in columns], nulls=False))

    return max(known, key=lambda columns: (told_apart(columns), columns))


def _account(lineage: Lineage, node: Node, argument: str, outputs: Sequence[str]) -> _Counted:
    """What became of the rows of an input."""
    artifact = node.inputs[argument]
    above = lineage.records(artifact)
    assert above is not None
    relations = {one: lineage.relation(node, argument, one) for one in outputs}
    known = {one: found for one, found in relations.items() if found.method != "unknown"}
    rows_out = sum([held.rows for one in (known or relations) if (held := lineage.records(one)) is not None])
    if not known:
        first = next(iter(relations.values()))
        account = Account(
            node.name, argument, artifact, tuple(outputs), "unknown", first.why, above.rows, rows_out, where=node.where
        )
        return _Counted(account, 0, None)
    counted = fates(list(known.values()))
    became = counted.became
    lost = became == 0
    gone, many = np.flatnonzero(lost), np.flatnonzero(became > 1)
    names = _key_of(lineage, artifact) if gone.size or many.size else ()
    first = next(iter(known.values()))
    account = Account(
        step=node.name,
        argument=argument,
        artifact=artifact,
        outputs=tuple(known),
        method=first.method,
        why=first.why,
        rows_in=above.rows,
        rows_out=int(became.sum()) + counted.new if first.method != "group" else rows_out,
        kept=int((became == 1).sum()),
        dropped=int(gone.size),
        multiplied=int(many.size),
        new=counted.new,
        lost=_named(above, names, gone),
        grown=tuple(zip(_named(above, names, many), became[many[:_EXAMPLES]].tolist(), strict=True)),
        where=node.where,
    )
    return _Counted(account, counted.distinct, lost)


def _named(records: Any, names: Sequence[str], rows: Any) -> tuple[str, ...]:
    few = rows[:_EXAMPLES]
    return keys_at(records, names, few) if names else tuple([f"#{int(row)}" for row in few])


def key_findings(lineage: Lineage) -> list[Finding]:
    """Sources whose key does not name their rows, with a few of the rows."""
    listed = []
    for source, pact in lineage.pacts.items():
        artifact = next(iter(lineage.nodes[source].outputs))
        held = lineage.records(artifact)
        if held is None or not pact.key:
            continue
        said = _unnamed(held, pact.key)
        if said is not None:
            what, example = said
            listed.append(
                Finding(
                    "rows",
                    "PROVEN",
                    source,
                    artifact,
                    ", ".join(pact.key),
                    example,
                    world=what,
                    where=lineage.nodes[source].where,
                    hint="Declare a key that names each row (`key=[…]` takes several columns), or drop the repeats in the source.",
                )
            )
    return listed


def _unnamed(held: Any, key: Sequence[str]) -> tuple[str, str] | None:
    absent = [name for name in key if name not in held]
    if absent:
        return f"the key names `{absent[0]}`, which is no column of it: {', '.join(held.columns[:12])}", ""
    found = broken(held, key)
    said = []
    example = ""
    if found.repeated.size:
        example = keys_at(held, key, found.repeated[:1])[0]
        places = ", ".join([f"row {int(row)}" for row in found.repeated[:4]])
        said.append(f"{found.repeated.size:,} rows share their key with another, such as {example} ({places})")
    if found.missing.size:
        places = ", ".join([f"row {int(row)}" for row in found.missing[:4]])
        count = "1 row has" if found.missing.size == 1 else f"{found.missing.size:,} rows have"
        said.append(f"{count} no key ({places})")
    return ("; ".join(said), example) if said else None
