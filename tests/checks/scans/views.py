"""Views over values that nobody stored, for tests of scans."""

from collections.abc import Mapping
from typing import Any

from penstock.checks.view import View, nodes_of

__all__ = ["split_view", "view_of"]


def view_of(graph: Mapping[str, Any], step: str, values: Mapping[str, Any], **more: Any) -> View:
    return View(nodes_of(graph), step, values.get, **more)


def split_view(
    table: Any,
    outputs: Mapping[str, tuple[str, Any]],
    contract: Mapping[str, Any] | None = None,
    **more: tuple[Any, Mapping[str, Any]],
) -> View:
    """A split of one table (a source with a contract) into outputs: name → (role, value). `more` are other inputs of the
    split: name → (value, contract)."""
    sources = {"table": (table, contract or {}), **more}
    graph: dict[str, Any] = {
        name: {"kind": "source", "where": "p.py:1", "contract": dict(said)} for name, (_, said) in sources.items()
    }
    graph["sides"] = {
        "kind": "split",
        "where": "p.py:9",
        "inputs": {name: name for name in sources},
        "outputs": {f"sides.{name}": role for name, (role, _) in outputs.items()},
    }
    values = {name: value for name, (value, _) in sources.items()}
    values.update({f"sides.{name}": value for name, (_, value) in outputs.items()})
    return view_of(graph, "sides", values)
