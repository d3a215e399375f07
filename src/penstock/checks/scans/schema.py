"""`schema`: the rows of a source are as its frozen contract says.

A breach is a fact, and so PROVEN; whether it fails a run, the source says (`fail_on=["schema"]`): then the rows are held to
the file before anything is made of them, see `penstock.work.holding`.
"""

from collections.abc import Mapping

from penstock.checks.nodes import Node
from penstock.checks.view import Outcome, Scan, View
from penstock.errors import PenstockError
from penstock.model.frozen import Breach
from penstock.model.verdict import CheckResult, Finding
from penstock.rows.freezing import breaches
from penstock.rows.frozen_file import read_frozen
from penstock.rows.keys import keys_at
from penstock.values.records import Records

__all__ = ["SCAN"]

_SHOWN = 50


def _scan(view: View) -> Outcome:
    node, name = view.step, view.step.contract.freeze
    artifact = next(iter(node.outputs))
    if not name:
        hint = f"no frozen contract: `penstock contract freeze {node.name}` writes one"
        return [], CheckResult("schema", node.name, "CLEAN", hint)
    rows = view.records(artifact)
    text = view.frozen(name)
    if rows is None or text is None:
        why = (
            f"`{artifact}` has no rows"
            if rows is None
            else f"there is no file {name}: `penstock contract freeze` writes it"
        )
        return [], CheckResult("schema", node.name, "UNKNOWN", why)
    try:
        frozen = read_frozen(text, name)
    except PenstockError as error:
        return [], CheckResult("schema", node.name, "UNKNOWN", f"{error.where or name}: {error.what}", rows=rows.rows)
    found = breaches(frozen, rows)
    findings = [_finding(node, artifact, name, rows, one) for one in found[:_SHOWN]]
    said = f"{len(frozen.columns)} columns of {rows.rows:,} rows held to {name}"
    if found:
        said += f": {len(found)} breach{'es' if len(found) > 1 else ''}, first: {found[0].what}"
    return findings, CheckResult("schema", node.name, "PROVEN" if found else "CLEAN", said, rows=rows.rows)


def _finding(node: Node, artifact: str, name: str, rows: Records, one: Breach) -> Finding:
    key = node.contract.key
    named = (
        [*keys_at(rows, key, one.rows)]
        if key and all(column in rows for column in key)
        else [f"#{row}" for row in one.rows]
    )
    such = f", such as {', '.join(named[:3])}" if named else ""
    return Finding(
        "schema",
        "PROVEN",
        node.name,
        artifact,
        one.column,
        named[0] if named else "",
        before=one.expected,
        after=one.found,
        world=f"{one.what}{such}",
        where=node.where,
        hint=f"Mend the data; or if it is meant to be so, mend {name} (`penstock contract diff {node.name}` shows what differs).",
        replay=f"penstock trace '{named[0]}'" if named and not named[0].startswith("#") else "",
    )


def _needs(nodes: Mapping[str, Node], step: str) -> list[str]:
    node = nodes[step]
    return list(node.outputs)[:1] if node.contract.freeze else []


SCAN = Scan("schema", ("source",), _scan, _needs)
"""Registered in `penstock.checks.scans.registry`."""
