"""What a script says of its rows without declaring it: the key, the time, the label, as far as its text and its tables tell.

A guess is `sure` where the script itself uses a column so (it sorts or cuts rows by the time, it fits to the label). What
rests on a guess that is not sure is never PROVEN. `known_at` is not guessed: nothing tells when a cell becomes known.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.checks.facts import ticks
from penstock.values.records import Records

__all__ = ["Guess", "Text", "clocks_after", "instants", "key_of", "label_of", "time_of", "told"]

_KEY = re.compile(r"(^id$|_id$|^uuid$|_uuid$|_key$|^key$|[a-z]I[dD]$|^index$)")
_LABEL = re.compile(r"^(y|target|label|labels|class|outcome)$", re.IGNORECASE)
_SORTS = frozenset({"sort_values", "sort", "set_index", "set_sorted", "rolling", "group_by_dynamic", "resample"})
_BY = frozenset({"on", "by", "left_on", "right_on", "index_column"})
_JOINS = frozenset({"merge_asof", "join_asof"})
_FITS = frozenset({"fit", "fit_transform", "fit_predict", "cross_val_score", "train_test_split", "partial_fit"})


class Guess(NamedTuple):
    """A column that is taken for the key, the time or the label, and why; `sure` where the script uses it so."""

    column: str
    why: str
    sure: bool = False


class Text:
    """The text of a script, cell by cell: (name, text) pairs. Cells that can't be read say nothing."""

    def __init__(self, cells: Sequence[tuple[str, str]]) -> None:
        self._trees: list[tuple[str, ast.Module]] = []
        for name, text in cells:
            try:
                self._trees.append((name, ast.parse(text)))
            except (SyntaxError, ValueError):
                continue
        self.constants = self._constants()

    def _constants(self) -> dict[str, str]:
        """Names that stand for one text."""
        found: dict[str, str] = {}
        for _, node in self.nodes():
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                value = node.value.value
                found.update(
                    {one.id: value for one in node.targets if isinstance(one, ast.Name) if isinstance(value, str)}
                )
        return found

    def nodes(self) -> Iterator[tuple[str, Any]]:
        """Each node with its place."""
        for name, tree in self._trees:
            for node in ast.walk(tree):
                yield f"{name}:{getattr(node, 'lineno', 1)}", node

    def texts(self, node: ast.AST) -> list[str]:
        """The texts in an expression; names of constants count as theirs."""
        found = []
        for one in ast.walk(node):
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                found.append(one.value)
            elif isinstance(one, ast.Name) and one.id in self.constants:
                found.append(self.constants[one.id])
        return found

    def ordered_by(self) -> dict[str, str]:
        """The columns that rows are sorted, cut or looked up by, with the place."""
        found: dict[str, str] = {}
        for place, node in self.nodes():
            columns: list[str] = []
            if isinstance(node, ast.Call):
                name = _called(node)
                said = [one.value for one in node.keywords if one.arg in _BY]
                if name in _JOINS:
                    columns = [text for one in said for text in self.texts(one)]
                elif name in _SORTS:
                    wanted = said if name in ("rolling", "resample") else [*node.args[:1], *said]
                    columns = [text for one in wanted for text in self.texts(one)]
            elif isinstance(node, ast.Compare) and any(
                isinstance(one, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for one in node.ops
            ):
                columns = [text for one in (node.left, *node.comparators) if not isinstance(one, ast.Constant)
                           for text in self._column(one)]  # fmt: skip
            for column in columns:
                found.setdefault(column, place)
        return found

    def fitted_to(self) -> dict[str, str]:
        """The columns that something is fitted to (`fit(X, frame["fare"])`, `train_test_split(X, y)`), with the place."""
        made: dict[str, ast.expr] = {}
        for _, node in self.nodes():
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        made.setdefault(target.id, node.value)
        found: dict[str, str] = {}
        for place, node in self.nodes():
            if not isinstance(node, ast.Call) or _called(node) not in _FITS:
                continue
            skipped = 2 if _called(node) == "cross_val_score" else 1
            wanted = [*node.args[skipped : skipped + 1], *[one.value for one in node.keywords if one.arg == "y"]]
            for one in wanted:
                value = made.get(one.id, one) if isinstance(one, ast.Name) else one
                for column in self._column(value):
                    found.setdefault(column, place)
        return found

    def _column(self, node: ast.AST) -> list[str]:
        """The column that an expression takes out of a table: `t["c"]`, `t.c`, `t.pop("c")`, `t["c"].values`, `pl.col("c")`."""
        while True:
            if isinstance(node, ast.Subscript):
                return (
                    self.texts(node.slice)[:1]
                    if not isinstance(node.slice, ast.List | ast.Tuple) or len(node.slice.elts) == 1
                    else []
                )
            if isinstance(node, ast.Call) and _called(node) in ("pop", "get_column", "col") and node.args:
                return self.texts(node.args[0])[:1]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                node = node.func.value
            elif isinstance(node, ast.Attribute):
                if node.attr in ("values", "array", "dt", "str"):
                    node = node.value
                else:
                    return [node.attr]
            else:
                return []


def _called(node: ast.Call) -> str:
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )


def key_of(held: Records) -> Guess | None:
    """The column that names rows: called an id (or the first of the table, and no free text), without nulls, and each value once."""
    for name in held.columns:
        column = held.column(name)
        called = bool(_KEY.search(name))
        first = name == held.columns[0] and (pa.types.is_integer(column.type) or _is_word(held, name))
        told_apart = (called or first) and column.null_count == 0 and not pa.types.is_floating(column.type)
        if told_apart and _distinct(column) == held.rows:
            return Guess(name, "its values name each row once", sure=True)
    return None


def _is_word(held: Records, name: str) -> bool:
    return _is_text(held, name) and not any(" " in (one or "") for one in held.column(name).slice(0, 50).to_pylist())


def _distinct(column: Any) -> int:
    try:
        return int(pc.count_distinct(column).as_py())
    except pa.ArrowException:
        return -1


def instants(held: Records) -> dict[str, Any]:
    """The columns that hold instants (of type, not text or numbers), as microseconds."""
    found = {}
    for name in held.columns:
        kind = held.column(name).type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            at = ticks(held.column(name))
            if at is not None and np.isfinite(at).sum() > 1:
                found[name] = at
    return found


def time_of(held: Records, text: Text) -> Guess | None:
    """The column with the instant of each row: the earliest of those that hold instants; sure where rows are sorted or cut by it."""
    found = instants(held)
    ordered = text.ordered_by()
    if not found:  # instants as text, and rows sorted by them
        for name, place in ordered.items():
            if name in held and _is_text(held, name):
                at = ticks(held.column(name))
                if at is not None and np.isfinite(at).all():
                    return Guess(name, f"rows are sorted or cut by it ({place})", sure=True)
        return None
    used = [name for name in found if name in ordered]
    if len(used) == 1:
        return Guess(used[0], f"rows are sorted or cut by it ({ordered[used[0]]})", sure=True)
    names = used or list(found)
    if len(names) == 1:
        return Guess(names[0], "it is the only column that holds instants")
    for name in names:
        if all(_before(found[name], found[other]) for other in names if other != name):
            return Guess(name, f"of {', '.join([f'`{one}`' for one in names])} it is the earliest in every row")
    return None


def _is_text(held: Records, name: str) -> bool:
    kind = held.column(name).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _before(one: Any, other: Any) -> bool:
    both = np.isfinite(one) & np.isfinite(other)
    return bool(both.any()) and bool((one[both] <= other[both]).all())


def clocks_after(held: Records, time: str) -> list[str]:
    """Columns of instants that are never before the time of their row, and sometimes after it: when something became known."""
    found = instants(held)
    at = found.pop(time, None)
    if at is None:
        return []
    return [name for name, other in found.items() if _before(at, other) and bool((other > at).any())]


def label_of(held: Records, text: Text) -> Guess | None:
    """The column that is predicted: what something is fitted to; else one that is called so."""
    for name, place in text.fitted_to().items():
        if name in held:
            return Guess(name, f"something is fitted to it ({place})", sure=True)
    for name in held.columns:
        if _LABEL.match(name):
            return Guess(name, "it is called so")
    return None


def told(options: Mapping[str, Any]) -> str:
    """Options as they are declared: `key="trip", time="at"`.

    >>> told({"key": "trip", "label": ["a", "b"]})
    'key="trip", label=["a", "b"]'
    """
    return ", ".join([f"{name}={_quoted(value)}" for name, value in options.items()])


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join([_quoted(one) for one in value])}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join([f"{_quoted(name)}: {_quoted(one)}" for name, one in value.items()]) + "}"
    if hasattr(value, "total_seconds"):
        return f"timedelta(seconds={value.total_seconds():g})"
    return repr(value)
