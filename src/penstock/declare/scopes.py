"""A scope while it is read, and what refers out of it. Imported only where a file is not yet known."""

import json
from typing import Any

from blake3 import blake3

from penstock.declare.facts import Unit
from penstock.model.digest import PREFIX

__all__ = ["NOTHING", "Scope", "below", "digest_text", "sorted_refs"]

# What looks at hints and docstrings, or at the source itself: for its callers these count.
_LOOKS = frozenset(("signature", "getdoc", "getfullargspec", "get_annotations", "get_type_hints"))
_QUOTES = frozenset(("getsource", "getsourcelines", "getcomments"))

NOTHING = Unit("", "", (), -1, -1, 0, 0, 0, "", "", "")
"""Holds the place of a unit that is still being read."""


class Scope:
    """Names of one scope while it is read. `refs` are its own, `passed` came up from scopes inside."""

    __slots__ = (
        "binds",
        "bound",
        "children",
        "fixed",
        "imported",
        "kind",
        "made",
        "nonlocals",
        "passed",
        "paths",
        "refs",
    )

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.binds: set[str] = set()  # all names bound here
        self.bound: set[str] = set()  # those bound by something else than an import
        self.fixed: set[str] = set()
        self.nonlocals: set[str] = set()
        self.imported: dict[str, list[str]] = {}
        self.refs: list[tuple[str, Any]] = []
        self.passed: list[tuple[str, Any]] = []
        self.paths: dict[str, Any] = {}
        self.made: dict[str, str] = {}  # local variables by the call that made them
        self.children: list[tuple[int, set[str], set[str]]] = []


def digest_text(text: str) -> str:
    """The digest of normalised source."""
    return PREFIX + blake3(text.encode("utf-8", "surrogatepass")).hexdigest()


def below(units: list[Unit], index: int, ancestor: int) -> bool:
    """Whether a unit lies inside another (or is it)."""
    while index not in (-1, ancestor):
        index = units[index].parent
    return index == ancestor


def sorted_refs(refs: list[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """References by role, as the fields of a unit."""
    if not refs:
        return {}
    found: dict[str, dict[str, None]] = {"r": {}, "c": {}, "a": {}, "f": {}, "w": {}, "v": {}, "p": {}}
    for role, value in refs:
        kept = json.dumps(value) if role in "fw" else value.replace("^", "")
        found[role][kept] = None
    for chain in found["c"]:
        found["r"].setdefault(chain, None)
    if "!environ" in found["r"]:  # it may go through the environment, and take all variables that begin so
        del found["r"]["!environ"]
        found["v"].update(dict.fromkeys([one.removeprefix("'") + "*" for one in found["p"]]))
    last = {chain.rpartition(".")[2] for chain in found["r"]}
    if last & _LOOKS:
        found["r"]["!exact"] = None
    if last & _QUOTES:
        found["r"]["!source"] = None
    fields = {"r": "reads", "c": "calls", "a": "acts", "f": "files", "w": "wrote", "v": "variables"}
    return {field: tuple(sorted(found[role])) for role, field in fields.items()}
