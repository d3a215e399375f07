"""What is known of one module of the project: its facts, and (once it is imported) its namespace."""

import linecache
from pathlib import Path
from types import CodeType
from typing import Any

from penstock.declare.facts import Facts, Unit
from penstock.declare.places import inside
from penstock.declare.project import Loaded
from penstock.declare.values_of import Snapshot

__all__ = ["View", "absolute_module", "cell_source"]


class View:
    """A module, or a cell of a notebook. `namespace` is None where the module is not imported: then only the text tells."""

    __slots__ = (
        "decorated", "facts", "file", "keeps", "lines", "loaded", "name", "namespace", "package", "places", "relative", "scopes", "snaps",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        file: str,
        facts: Facts,
        source: bytes,
        namespace: dict[str, Any] | None,
        root: str,
        loaded: Loaded | None = None,
        *,
        keeps: bool = True,
    ) -> None:
        self.name = name
        self.file = file
        self.relative = file.removeprefix(root.rstrip("/") + "/") if inside(file, root) else file
        self.facts = facts
        self.namespace = namespace
        self.loaded = loaded
        self.keeps = keeps  # whether values are looked at once (after import) or each time (notebooks)
        is_package = Path(file).name == "__init__.py"
        self.package = name if is_package else name.rpartition(".")[0]
        self.snaps: dict[str, Snapshot] = {}
        self.lines = [f"{line}\n" for line in source.decode("utf-8", "replace").split("\n")]
        self.places: dict[tuple[int, str], list[int]] = {}
        self.scopes: dict[str, list[int]] = {}
        self.decorated: dict[int, list[int]] = {}  # units, and those with decorators inside of them
        for index, unit in enumerate(facts.units):
            above = unit.parent if unit.decorators else -1
            while above != -1:
                self.decorated.setdefault(above, []).append(index)
                above = facts.units[above].parent
            if unit.kind in ("def", "lambda"):
                self.places.setdefault((unit.line, unit.name.rpartition(".")[2]), []).append(index)
            elif unit.kind == "class":
                self.scopes.setdefault(unit.name, []).append(index)

    def text(self, unit: Unit) -> str:
        """The source of a unit, as it was written."""
        return "".join(self.lines[unit.line - 1 : unit.last])

    def index_of(self, code: CodeType) -> list[int]:
        """The units that a code object may have been compiled from: one, unless lambdas can't be told apart."""
        found = self.places.get((code.co_firstlineno, code.co_name), [])
        if len(found) > 1:
            # Several lambdas on a line: the instructions know the columns of what they were made from.
            starts = {(line, column) for line, _, column, _ in code.co_positions() if line is not None}
            columns = {column for _, column in starts}
            exact = [one for one in found if self.facts.units[one].column in columns]
            inner = [
                one for one in exact if not any(_holds(self.facts.units, other, one) for other in exact if other != one)
            ]
            first = min((pair for pair in starts if pair[1]), default=None)
            named = [one for one in exact if first is not None and self.facts.units[one].column == first[1]]
            return named or inner or found
        return found

    def top(self, index: int) -> int:
        """The module-level unit around a unit."""
        units = self.facts.units
        while units[index].parent != -1:
            index = units[index].parent
        return index


def _holds(units: tuple[Unit, ...], outer: int, index: int) -> bool:
    while index != -1:
        index = units[index].parent
        if index == outer:
            return True
    return False


def absolute_module(level: int, module: str, package: str) -> str:
    """The absolute name of a possibly relative import.

    >>> absolute_module(2, "x", "a.b"), absolute_module(0, "x", "a")
    ('a.x', 'x')
    """
    if level == 0:
        return module
    base = package.split(".") if package else []
    kept = base[: len(base) - (level - 1)]
    return ".".join([*kept, module] if module else kept)


def cell_source(filename: str) -> bytes | None:
    """The source of a file, as it is now, or of a notebook's cell."""
    if Path(filename).is_file():
        linecache.checkcache(filename)
    lines = linecache.getlines(filename)
    return "".join(lines).encode("utf-8", "surrogatepass") if lines else None
