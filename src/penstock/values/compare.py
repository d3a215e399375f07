"""What moved between two values: which column, which rows, from what to what, beyond what rounding explains.

Floating point columns are compared at 1e-9 of their own standard deviation: sums in another order differ in their last
bits, and that is not a finding. Everything else is compared exactly. NaN equals NaN, and a missing value equals a missing
value. Fitted models, and whatever else has neither rows nor parts, are compared by the digest of their state.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from penstock.values.state import StateError, state
from penstock.values.table import Table, is_table

__all__ = [
    "TOLERANCE",
    "Comparison",
    "Moved",
    "compare",
    "different",
    "differing",
    "missing_otherwise",
    "outline",
]

TOLERANCE = 1e-9
_KEPT = 20


class Moved(Struct, frozen=True):
    """A column (or a part of a nested value) that moved.

    `rows` are the positions of the first rows that moved, `count` how many did, `before` and `after` the values there,
    `largest` the largest difference in units of the column's standard deviation (infinite where there is no number).
    """

    column: str
    count: int
    rows: tuple[int, ...] = ()
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    largest: float = math.inf


class Comparison(Struct, frozen=True):
    """What came of comparing: `moved` by column; `shape` says in words how the two do not even align ("" if they do)."""

    moved: tuple[Moved, ...] = ()
    shape: str = ""

    @property
    def equal(self) -> bool:
        """Nothing moved."""
        return not self.moved and not self.shape

    def column(self, name: str) -> Moved | None:
        """What moved in one column."""
        return next((one for one in self.moved if one.column == name), None)


def compare(
    before: Any,
    after: Any,
    *,
    tolerance: float = TOLERANCE,
    floors: Mapping[str, float] | None = None,
    rows: Sequence[int] | None = None,
) -> Comparison:
    """Compare two values, tables by row position (only `rows`, where given).

    `tolerance` is a fraction of a column's standard deviation; `floors` are absolute differences by column that a null
    world has shown to be noise.
    """
    floors = floors or {}
    if is_table(before) and is_table(after):
        if _is_sparse(before) and _is_sparse(after) and before.shape == after.shape:
            return _compare_sparse(before, after, tolerance)
        return _compare_tables(Table(before), Table(after), tolerance, floors, rows)
    if type(before) is not type(after):
        return Comparison(shape=f"{_name(before)} became {_name(after)}")
    if type(before).__name__ == "ndarray" and before.ndim > 2 and before.shape == after.shape and before.size:
        flat = [one.reshape(one.shape[0], -1) for one in (before, after)]  # rows of numbers, whatever their shape
        return compare(*flat, tolerance=tolerance, floors=floors, rows=rows)
    found: list[Moved] = []
    _walk(before, after, "", tolerance, floors, found)
    return Comparison(tuple(found))


def _name(value: Any) -> str:
    return type(value).__qualname__


def _compare_tables(
    one: Table, other: Table, tolerance: float, floors: Mapping[str, float], rows: Sequence[int] | None
) -> Comparison:
    shape = []
    gone = [name for name in one.columns if name not in other.columns]
    new = [name for name in other.columns if name not in one.columns]
    if gone:
        shape.append(f"columns gone: {', '.join(gone)}")
    if new:
        shape.append(f"columns new: {', '.join(new)}")
    if one.rows != other.rows:
        shape.append(f"{one.rows} rows became {other.rows}")
        return Comparison(shape="; ".join(shape))
    moved = []
    for name in one.columns:
        if name in gone:
            continue
        found = _compare_columns(name, one.column(name), other.column(name), tolerance, floors.get(name, 0.0), rows)
        if found is not None:
            moved.append(found)
    return Comparison(tuple(moved), "; ".join(shape))


def _compare_columns(
    name: str, before: Any, after: Any, tolerance: float, floor: float, rows: Sequence[int] | None
) -> Moved | None:
    import numpy as np

    positions = None
    if rows is not None:
        positions = np.asarray(rows, dtype=np.int64)
        before, after = before.take(positions), after.take(positions)
    unequal, largest = different(before, after, tolerance, floor)
    if not unequal.any():
        return None
    at = np.flatnonzero(unequal)
    first = at[:_KEPT]
    shown = first if positions is None else positions[first]
    return Moved(
        name,
        int(at.size),
        tuple(shown.tolist()),
        tuple(before.take(first).to_pylist()),
        tuple(after.take(first).to_pylist()),
        largest,
    )


def differing(before: Any, after: Any, tolerance: float = TOLERANCE) -> Any:
    """Which rows differ between two Arrow columns of one length, as an array of booleans."""
    return different(before, after, tolerance, 0.0)[0]


def different(
    before: Any, after: Any, tolerance: float = TOLERANCE, floor: float = 0.0, whole: Any = None
) -> tuple[Any, float]:
    """Which rows of two Arrow columns of one length differ (booleans), by more than `floor` where they are numbers; and
    the largest difference in standard deviations (of `whole`, the column that `before` is a part of, if given)."""
    import numpy as np
    import pyarrow as pa

    types = pa.types
    left, right = before.type, after.type
    if types.is_floating(left) or types.is_floating(right):
        if _is_number(left) and _is_number(right):
            scale = None if whole is None else _scale(_numbers(whole))
            return _floats(_numbers(before), _numbers(after), tolerance, floor, scale)
    elif _flat_floats(left) and _flat_floats(right):
        return _float_lists(before, after, tolerance, floor)
    elif not types.is_nested(left) and not types.is_nested(right):
        exact = _exact(before, after)
        if exact is not None:
            return exact, math.inf
    pairs = zip(before.to_pylist(), after.to_pylist(), strict=True)
    return np.array([not _same(one, other) for one, other in pairs], dtype=bool), math.inf


def missing_otherwise(before: Any, after: Any) -> Any:
    """In which rows one value is missing and the other is not, NaN included."""
    import numpy as np

    return np.asarray(before.is_null()) != np.asarray(after.is_null())


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind))


def _numbers(column: Any) -> Any:
    """As float64, NaN where a value is missing."""
    import numpy as np
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _scale(values: Any) -> float:
    """The standard deviation of the finite values; of constants, their size."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(finite.std())
    return spread if spread > 0 and math.isfinite(spread) else float(np.abs(finite).max())


def _floats(before: Any, after: Any, tolerance: float, floor: float, scale: float | None = None) -> tuple[Any, float]:
    import numpy as np

    same = (before == after) | (np.isnan(before) & np.isnan(after))
    if same.all():
        return ~same, 0.0
    scale = _scale(before) if scale is None else scale
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(after - before)
        near = gap <= max(tolerance * scale, floor)
    different = ~(same | near)
    gaps = gap[different]
    if gaps.size == 0:
        return different, 0.0
    largest = float(np.nanmax(gaps)) if not np.isnan(gaps).all() else math.inf
    return different, largest / scale if scale > 0 else math.inf


def _flat_floats(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(is_list and types.is_floating(kind.value_type))


def _float_lists(before: Any, after: Any, tolerance: float, floor: float) -> tuple[Any, float]:
    """Rows of numbers (embeddings): a row moved where its length did or one of its numbers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = [pc.fill_null(pc.list_value_length(one).cast(pa.int64()), -1).to_numpy() for one in (before, after)]
    different = lengths[0] != lengths[1]
    keep = pa.array(~different)
    flat = [_numbers(pc.list_flatten(one.filter(keep))) for one in (before, after)]
    moved, largest = _floats(flat[0], flat[1], tolerance, floor)
    kept = np.flatnonzero(~different)
    owners = np.repeat(kept, np.maximum(lengths[0][kept], 0))
    any_length = bool(different.any())
    different[owners[moved]] = True
    return different, math.inf if any_length else largest


def _exact(before: Any, after: Any) -> Any:
    """Which rows differ, for types that Arrow can compare; None for the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if pa.types.is_dictionary(before.type):
            before = before.cast(before.type.value_type)
        if pa.types.is_dictionary(after.type):
            after = after.cast(after.type.value_type)
        unequal = pc.fill_null(pc.not_equal(before, after), False)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None
    missing = pc.xor(pc.is_null(before), pc.is_null(after))
    return pc.or_(unequal, missing).to_numpy()


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(held, other[key]) for key, held in one.items())
    return bool(one == other)


def _is_sparse(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "scipy"


def _compare_sparse(before: Any, after: Any, tolerance: float) -> Comparison:
    """Cell by stored cell; the scale of a column counts its zeros."""
    import numpy as np

    one, other = before.tocsc().astype(np.float64), after.tocsc().astype(np.float64)
    gap = (other - one).tocoo()
    total = max(1, one.shape[0])
    mean = np.asarray(one.sum(axis=0)).ravel() / total
    square = np.asarray(one.multiply(one).sum(axis=0)).ravel() / total
    scale = np.sqrt(np.maximum(square - mean**2, 0.0))
    moved = []
    with np.errstate(invalid="ignore"):
        beyond = ~(np.abs(gap.data) <= tolerance * scale[gap.col])
    for number in np.unique(gap.col[beyond]).tolist():
        rows = np.sort(gap.row[beyond & (gap.col == number)])
        old, new = (matrix[:, [number]].toarray().ravel() for matrix in (one, other))
        rows = rows[~(np.isnan(old[rows]) & np.isnan(new[rows]))]
        if rows.size == 0:
            continue
        first = rows[:_KEPT]
        widest = float(np.abs(new[rows] - old[rows]).max())
        largest = widest / scale[number] if scale[number] > 0 and not math.isnan(widest) else math.inf
        moved.append(
            Moved(str(number), int(rows.size), tuple(first.tolist()), tuple(old[first]), tuple(new[first]), largest)
        )
    return Comparison(tuple(moved))


def _walk(
    before: Any, after: Any, path: str, tolerance: float, floors: Mapping[str, float], found: list[Moved]
) -> None:
    """Compare nested values; what moved is named by its path."""
    if is_table(before) and is_table(after):
        inner = compare(before, after, tolerance=tolerance, floors=floors)
        if inner.shape:
            found.append(Moved(path, 1, before=(outline(before),), after=(outline(after),)))
        for one in inner.moved:
            named = f"{path}.{one.column}" if path else one.column
            found.append(Moved(named, one.count, one.rows, one.before, one.after, one.largest))
    elif type(before) is not type(after):
        found.append(Moved(path, 1, before=(before,), after=(after,)))
    elif isinstance(before, Mapping):
        for key in [*before, *[one for one in after if one not in before]]:
            step = f"{path}[{key!r}]"
            if key not in before or key not in after:
                found.append(Moved(step, 1, before=(before.get(key),), after=(after.get(key),)))
            else:
                _walk(before[key], after[key], step, tolerance, floors, found)
    elif isinstance(before, list | tuple):
        _walk_items(before, after, path, tolerance, floors, found)
    elif isinstance(before, float):
        _walk_float(before, after, path, tolerance, floors, found)
    elif not _equal(before, after):
        found.append(Moved(path, 1, before=(_shown(before),), after=(_shown(after),)))


def _walk_items(
    before: Sequence[Any],
    after: Sequence[Any],
    path: str,
    tolerance: float,
    floors: Mapping[str, float],
    found: list[Moved],
) -> None:
    if len(before) != len(after):
        found.append(Moved(path, 1, before=(f"{len(before)} items",), after=(f"{len(after)} items",)))
        return
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        _walk(one, other, f"{path}[{number}]", tolerance, floors, found)


def _walk_float(
    before: float, after: float, path: str, tolerance: float, floors: Mapping[str, float], found: list[Moved]
) -> None:
    gap = abs(after - before)
    limit = max(tolerance * max(abs(before), abs(after)), floors.get(path, 0.0)) if math.isfinite(gap) else 0.0
    if not (_same(before, after) or gap <= limit):
        found.append(Moved(path, 1, before=(before,), after=(after,), largest=gap))


def _equal(before: Any, after: Any) -> bool:
    if isinstance(before, str | int | bytes | bool | type(None)):
        return bool(before == after)
    try:
        return state(before) == state(after)
    except StateError:
        return before is after


def _shown(value: Any) -> Any:
    """A value in words: of an object, its class and the beginning of its state's digest, so that two of a kind are told apart."""
    if isinstance(value, str | int | bytes | bool | type(None)):
        return value
    try:
        return f"a {_name(value)} (state {state(value).rpartition(':')[2][:8]})"
    except StateError:
        return f"a {_name(value)}"


def outline(value: Any) -> str:
    """How large a table is, and what its columns are called.

    >>> import numpy as np
    >>> outline(np.eye(3))
    '3 rows of 0, 1, 2'
    """
    table = Table(value)
    names = ", ".join(map(str, table.columns[:5])) + (", …" if len(table.columns) > 5 else "")
    return f"{table.rows} rows of {names}"
