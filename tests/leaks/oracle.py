"""The slow and simple judge: alter the tables at many places, run the function again, and look at what moved.

It knows nothing of how Penstock probes. A case's expectation must be what it finds: that is asserted before Penstock is."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse
from tests.leaks.case import Case
from tests.leaks.data import Data

__all__ = ["declared", "elsewhere", "moved"]

Found = set[tuple[str, str]]  # check and column


def declared(case: Case) -> tuple[Data, dict[str, Any]]:
    """The data of a case with what is declared of it, after the case's own options."""
    made = case.data()
    contract = {**made.contract, **case.options}
    for name in ("time", "known_at", "label"):
        if contract.get(name, "") is None:
            del contract[name]
    if "time" not in contract:
        contract.pop("known_at", None)
    return made, contract


def moved(case: Case, *, cuts: int = 60, rows: int = 120, tries: int = 5) -> Found:
    """Each (check, column) that moves in some world though it must hold. Looks no further for what was expected and
    found, and in fewer places where nothing is expected."""
    made, contract = declared(case)
    world = _World(case, made, contract)
    found: Found = {("rerun", name) for name in world.again()}
    if found:
        return found  # of what is not the same twice nothing else can be said
    g = np.random.default_rng(1)
    wanted = {(check, name) for check, names in case.expected.items() for name in names}

    def enough(check: str, asked: int, innocent: int) -> bool:
        mine = {one for one in wanted if one[0] == check}
        return mine <= found if mine else asked >= innocent

    if "time" in contract:
        times = world.time.sort_values()
        if case.after_train:  # what is fitted on the training side is of no earlier instant
            times = times[times >= times[~made.test].max()]
        for asked, cut in enumerate(times.iloc[g.permutation(np.linspace(3, len(times) - 4, cuts).astype(int))]):
            if enough("as-of", asked, 8):
                break
            found |= {("as-of", name) for name in world.changed(world.as_of(cut, g), (world.time <= cut).to_numpy())}
    if made.test is not None:
        for number in range(tries):
            found |= {("test-blind", name) for name in world.changed(world.test(g, number), ~made.test)}
    if "label" in contract:
        if made.test is not None:
            for number in range(tries):
                found |= {("test-label", name) for name in world.changed(world.labels(g, number), ~made.test)}
        for asked, row in enumerate(g.choice(len(world.table), rows, replace=False)):
            if enough("own-label", asked, 12):
                break
            mask = np.arange(len(world.table)) == row
            found |= {("own-label", name) for name in world.changed(world.own(row, g), mask, models=False)}
    return found


class _World:
    def __init__(self, case: Case, made: Data, contract: dict[str, Any]) -> None:
        self.case, self.contract, self.made = case, contract, made
        self.main = next(iter(made.inputs))
        self.polars = isinstance(made.inputs[self.main], pl.DataFrame)
        self.table = _pandas(made.inputs[self.main])
        self.others = {name: _pandas(value) for name, value in made.inputs.items() if name != self.main}
        key = contract["key"]
        self.key = [key] if isinstance(key, str) else list(key)
        self.time = self.table[contract["time"]] if "time" in contract else pd.Series(dtype="datetime64[us]")
        self.label = contract.get("label")
        self.ids = _names(self.table, self.key)
        np.random.seed(1)
        self.base = self.call(self.table, self.others)
        self.passed = self._passed()

    def again(self) -> set[str]:
        """The columns that differ when nothing is altered."""
        np.random.seed(7)
        return self.changed((self.table, self.others), np.ones(len(self.table), bool), models=False)

    def call(self, table: pd.DataFrame, others: dict[str, pd.DataFrame]) -> Any:
        given = {self.main: pl.from_pandas(table) if self.polars else table.copy(deep=True)}
        given |= {name: value.copy(deep=True) for name, value in others.items()}
        with elsewhere(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return self.case.function(**given)
            except (ValueError, KeyError):
                return None  # under this world nothing can be said

    def changed(
        self, world: tuple[pd.DataFrame, dict[str, pd.DataFrame]], hold: np.ndarray, *, models: bool = True
    ) -> set[str]:
        """The columns of which some cell moved in the rows that must hold."""
        other = self.call(*world)
        if other is None:
            return set()
        if not isinstance(self.base, pd.DataFrame | pl.DataFrame | np.ndarray) and not sparse.issparse(self.base):
            return {""} if models and _digest(self.base) != _digest(other) else set()
        before, after = self._rows(self.base, hold), self._rows(other, hold)
        common = before.index.intersection(after.index)
        before, after = before.loc[common], after.loc[common]
        out = set()
        for name in before.columns.intersection(after.columns):
            if name in self.passed or name in self.contract.get("target", ()):
                continue
            if not _equal(before[name], after[name]):
                out.add(name)
        return out

    def _rows(self, output: Any, hold: np.ndarray) -> pd.DataFrame:
        ids = self.ids[hold]
        if isinstance(output, pd.DataFrame | pl.DataFrame):
            frame = _pandas(output)
            frame.index = _names(frame, self.key)
            return frame.loc[frame.index.isin(set(ids))]
        table = output.toarray() if sparse.issparse(output) else np.asarray(output)
        return _stacked(pd.DataFrame(table[hold], index=ids))

    def _passed(self) -> set[str]:
        """Columns whose cells are those of the source, row by row."""
        if not isinstance(self.base, pd.DataFrame | pl.DataFrame):
            return set()
        frame = _pandas(self.base)
        keyed = self.table.set_axis(self.ids)
        index = _names(frame, self.key)
        return {
            name
            for name in frame.columns
            if name in keyed.columns and _equal(frame[name].set_axis(index), keyed.loc[index, name])
        }

    # --- worlds

    def as_of(self, cut: Any, g: np.random.Generator) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        main = _unknown(self.table, self.contract, cut, g)
        others = {
            name: _unknown(value, self.made.lookups[name], cut, g) if name in self.made.lookups else value
            for name, value in self.others.items()
        }
        return main, others

    def test(self, g: np.random.Generator, number: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        table = self.table.copy()
        where = np.flatnonzero(self.made.test)
        donors = [np.full(len(where), g.choice(where)), g.permutation(where), g.choice(where, len(where))][number % 3]
        fixed = {*self.key, self.contract.get("time")}
        for name in table.columns.difference(list(fixed)):
            _put(table, name, where, self.table[name].iloc[donors])
        if number > 2:  # numbers of another size
            for name in table.select_dtypes("float").columns:
                table.loc[self.made.test, name] *= 1.5
        return table, self.others

    def labels(self, g: np.random.Generator, number: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        table = self.table.copy()
        where = np.flatnonzero(self.made.test)
        values = self.table[self.label].iloc[g.permutation(where)].reset_index(drop=True)
        if self.table[self.label].nunique() == 2 and number:
            one, other = sorted(self.table[self.label].unique())
            values = self.table[self.label].iloc[where].map({one: other, other: one})
        _put(table, self.label, where, values)
        return table, self.others

    def own(self, row: int, g: np.random.Generator) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        table = self.table.copy()
        late = [self.label, *self.contract.get("known_at", {})]
        for name in late:
            values = self.table[name]
            if pd.api.types.is_datetime64_any_dtype(values):
                table.loc[row, name] = table.loc[row, name] + pd.Timedelta(minutes=int(g.integers(60, 6000)))
            else:
                others = values[values.ne(values[row]).fillna(True)]
                table.loc[row, name] = others.iloc[g.integers(len(others))]
        return table, self.others


def _digest(model: Any) -> str:
    """Of what was fitted; of a search, its best (how long each fit took is in the search as well)."""
    return str(joblib.hash(getattr(model, "best_estimator_", model)))


def _unknown(table: pd.DataFrame, contract: dict[str, Any], cut: Any, g: np.random.Generator) -> pd.DataFrame:
    out, time = table.copy(), table[contract["time"]]
    key = [contract["key"]] if isinstance(contract["key"], str) else contract["key"]
    known = contract.get("known_at", {})
    for name in table.columns:
        if name in key or name == contract["time"]:
            continue
        clock = known.get(name, known.get("*", pd.Timedelta(0)))
        at = table[clock] if isinstance(clock, str) else time + pd.Timedelta(clock)
        hidden = np.flatnonzero(((at > cut) | at.isna() | (time > cut)).to_numpy())
        if pd.api.types.is_datetime64_any_dtype(table[name]):
            values = pd.Series(cut + pd.to_timedelta(g.integers(60, 60 * 24 * 30, len(hidden)), unit="min"))
            values = values.where(table[name].iloc[hidden].notna().to_numpy()).dt.as_unit("us")
        else:
            values = table[name].iloc[g.integers(0, len(table), len(hidden))]
        _put(out, name, hidden, values)
    return out


def _put(table: pd.DataFrame, name: str, where: np.ndarray, values: pd.Series) -> None:
    column = table[name].copy()
    column.iloc[where] = values.array
    table[name] = column


def _names(table: pd.DataFrame, key: list[str]) -> pd.Index:
    parts = [table[name].astype("int64") if table[name].dtype.kind == "M" else table[name] for name in key]
    return pd.Index(zip(*parts, strict=True)) if len(parts) > 1 else pd.Index(parts[0])


def _pandas(value: Any) -> pd.DataFrame:
    return value.to_pandas() if isinstance(value, pl.DataFrame) else value.copy(deep=True)


def _stacked(table: pd.DataFrame) -> pd.DataFrame:
    """An array has no names of columns: all of its cells are judged as one column."""
    long = table.stack()
    long.index = pd.Index([f"{row}:{column}" for row, column in long.index])
    return long.to_frame("")


def _equal(before: pd.Series, after: pd.Series) -> bool:
    before, after = before[~before.index.duplicated()], after[~after.index.duplicated()]
    after = after.loc[before.index]
    if before.dtype.kind in "fiub" and after.dtype.kind in "fiub":
        a, b = before.to_numpy(float), after.to_numpy(float)
        scale = np.nanstd(a[np.isfinite(a)]) if np.isfinite(a).any() else 1.0
        return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9 * (scale or 1.0), equal_nan=True))
    return bool(
        (
            before.astype(object).where(before.notna(), None).astype(str).to_numpy()
            == after.astype(object).where(after.notna(), None).astype(str).to_numpy()
        ).all()
    )


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """A scratch folder to work in."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def main() -> int:
    """Ask of all cases; print those whose expectation is not what moves."""
    from tests.leaks import CASES

    wrong = 0
    for case in CASES.values():
        found = moved(case)
        expected = {(check, name) for check, names in case.expected.items() for name in names}
        columns = {name for _, name in expected}
        extra = {
            one
            for one in found - expected
            if one[0] not in case.naive and not (one[0] in case.also and one[1] in columns)
        }
        if expected - found or extra:
            wrong += 1
            print(f"{case.name:55} missing {sorted(expected - found)} more {sorted(extra)}", flush=True)
    print(f"{len(CASES)} cases, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
