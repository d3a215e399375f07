"""How to mend a leak, where the pattern is recognised in the text of the guilty step.

The text is only read for words of advice: no verdict stands on it. The expression that makes the column is looked at first, then the whole function.
"""

import ast
import inspect
import linecache
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["hint"]

_TWO_SIDED = {"filtfilt", "sosfiltfilt", "savgol_filter", "gaussian_filter1d", "seasonal_decompose", "medfilt"}
_ALL_ROWS = {
    "mean",
    "std",
    "min",
    "max",
    "median",
    "sum",
    "count",
    "size",
    "quantile",
    "var",
    "nunique",
    "value_counts",
}


def hint(where: str, check: str, column: str = "") -> str:
    """Advice for the function at `file:line`, for one of its columns; "" where nothing is recognised or the text can't be read."""
    tree = _function(where)
    if tree is None:
        return ""
    for part in list(_makers(tree, column)) or [tree]:  # what makes another column says nothing of this one
        for recognise in _PATTERNS:
            for call in _calls(part):
                said = recognise(call, check)
                if said:
                    return said
    return ""


def _function(where: str) -> ast.AST | None:
    file, _, line = where.rpartition(":")
    if not file or not line.isdigit():
        return None
    lines = linecache.getlines(str(Path(file).absolute()))
    begin = lines[int(line) - 1 :]
    try:
        return ast.parse(inspect.cleandoc("x\n" + "".join(inspect.getblock(begin))).removeprefix("x\n"))
    except (SyntaxError, ValueError, IndexError, OSError, tokenize.TokenError):
        return None


def _makers(tree: ast.AST, column: str) -> Iterator[ast.AST]:
    """The expressions that a column is made of: `frame["x"] = …`, `assign(x=…)`, `with_columns(x=…)`, `… .alias("x")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and column in _texts(target.slice):
                    yield node.value
        elif isinstance(node, ast.keyword) and node.arg == column:
            yield node.value
        elif isinstance(node, ast.Call) and _name(node) == "alias" and column in _texts(node):
            yield node


def _texts(node: ast.AST) -> set[Any]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _said(call: ast.Call, name: str) -> Any:
    """The value of a keyword, where it is written out."""
    value = next((one.value for one in call.keywords if one.arg == name), None)
    try:
        return ast.literal_eval(value) if value is not None else None
    except ValueError:
        return None


def _first(call: ast.Call) -> Any:
    try:
        return ast.literal_eval(call.args[0]) if call.args else None
    except ValueError:
        return None


def _centred(call: ast.Call, _: str) -> str:
    if _name(call).startswith("rolling") and _said(call, "center") is True:
        return 'Leave out center=True: half of the window lies ahead of the row. To leave the row itself out, close the window on the left: closed="left".'
    return ""


def _shifted(call: ast.Call, _: str) -> str:
    by = _first(call) if _first(call) is not None else _said(call, "periods") or _said(call, "n")
    if _name(call) in ("shift", "diff", "pct_change") and isinstance(by, int) and by < 0:
        return f"{_name(call)}({by}) takes the value of a later row: use a positive number to look back."
    return ""


def _filled(call: ast.Call, _: str) -> str:
    name = _name(call)
    backward = name in ("bfill", "backfill") or "backward" in (_said(call, "strategy"), _first(call))
    if backward or (name == "fillna" and _said(call, "method") in ("bfill", "backfill")):
        return "Filling backwards takes the next value, which was not known yet: fill forward, or with a value of the training rows."
    if name == "interpolate":
        return "Interpolation draws a line to the next value, which was not known yet: fill forward."
    return ""


def _joined(call: ast.Call, _: str) -> str:
    if _name(call) in ("merge_asof", "join_asof"):
        for word in ("direction", "strategy"):
            if _said(call, word) in ("nearest", "forward"):
                return f'{word}="{_said(call, word)}" takes rows after the instant: use "backward", on the instant at which the row was known.'
    return ""


def _hours(call: ast.Call, check: str) -> str:
    if check == "as-of" and _name(call) in ("floor", "truncate", "to_period", "normalize"):
        return "A period is known when it has ended: join on the one before (less one hour, one day), or as of the instant at which it was complete."
    return ""


def _filtered(call: ast.Call, _: str) -> str:
    if _name(call) in _TWO_SIDED:
        return f"{_name(call)} runs over later values as well: use a causal filter (lfilter, ewm, a window that ends at the row)."
    return ""


def _fitted(call: ast.Call, check: str) -> str:
    if _name(call) in ("fit_transform", "fit", "fit_resample"):
        if check == "own-label":
            return "Encode out of fold: fit on the other folds, and transform this one (cross_fit, TargetEncoder.fit_transform of scikit-learn)."
        return f"{_name(call)} saw all rows: split first, fit on the training rows alone, then transform the others."
    return ""


def _binned(call: ast.Call, _: str) -> str:
    if _name(call) in ("qcut", "rank"):
        return f"{_name(call)} places a row among all others: compute the edges on the training rows (or on earlier ones), and apply them."
    return ""


def _grouped(call: ast.Call, check: str) -> str:
    name, what = _name(call), _first(call)
    over = name == "over" or (name in ("transform", "agg") and (what in _ALL_ROWS or isinstance(what, str)))
    if over and check == "own-label":
        return "The group's statistic holds the row's own label: leave the row out, take earlier rows only (shift(1).expanding()), or encode out of fold."
    if over and check == "as-of":
        return (
            "The group's statistic holds later rows: take what was known by then (shift(1).expanding(), an as-of join)."
        )
    if over:
        return "The group's statistic was computed on all rows: compute it on the training rows, and map it."
    return ""


def _whole(call: ast.Call, check: str) -> str:
    if _name(call) in _ALL_ROWS and check in ("as-of", "test-blind"):
        which = "earlier rows (expanding, or a fixed training period)" if check == "as-of" else "the training rows"
        return f"{_name(call)}() was computed on all rows: compute it on {which} alone, and keep it."
    return ""


_PATTERNS: tuple[Callable[[ast.Call, str], str], ...] = (
    *(_centred, _shifted, _filled, _joined, _filtered, _binned, _fitted, _grouped, _hours, _whole),
)
