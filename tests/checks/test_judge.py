"""What moved: in rows that must hold, beyond rounding and noise; of tables and of what was fitted."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from penstock.checks.facts import Identity
from penstock.checks.judge import SHUFFLED, members, moved_rows, moved_state, moved_value, shuffled
from penstock.values.records import Records, records

BASE = pd.DataFrame({"a": np.arange(20.0), "b": list("abcdefghijklmnopqrst")})


def held(value: Any) -> Records:
    found = records(value)
    assert found is not None
    return found


def identity(rows: Any) -> Identity:
    at = np.asarray(rows, np.int64)
    return Identity("s", at, np.zeros_like(at), "key")


ALL = identity(range(20))
HOLD = np.arange(20) < 10


def test_rows_that_need_not_hold_may_move() -> None:
    other = BASE.assign(a=np.where(HOLD, BASE["a"], -1))
    assert moved_rows("t", held(BASE), held(other), (ALL, ALL), HOLD).hits == ()
    hits = moved_rows("t", held(BASE), held(other), (ALL, ALL), np.ones(20, bool)).hits
    assert [(one.column, one.row, one.before, one.after, one.moved) for one in hits] == [("a", 19, 19.0, -1.0, 10)]


def test_order_and_lost_rows_are_no_hits() -> None:
    mixed = BASE.iloc[::-1].iloc[3:]
    found = moved_rows("t", held(BASE), held(mixed.reset_index(drop=True)), (ALL, identity(range(16, -1, -1))), HOLD)
    assert found.hits == () and found.rows == 10
    few = moved_rows("t", held(BASE), held(BASE.iloc[:2] * 2), (ALL, identity([0, 1])), HOLD)
    assert few.hits == () and few.rows == 0


def test_rounding_and_floors_are_no_hits() -> None:
    sigma = BASE["a"].std()
    hold = np.ones(20, bool)
    near, far = BASE.assign(a=BASE["a"] + 5e-10 * sigma), BASE.assign(a=BASE["a"] + 5e-9 * sigma)
    assert moved_rows("t", held(BASE), held(near), (ALL, ALL), hold).hits == ()
    assert moved_rows("t", held(BASE), held(far), (ALL, ALL), hold).hits
    assert moved_rows("t", held(BASE), held(far), (ALL, ALL), hold, floors={"a": 1e-7}).hits == ()
    assert moved_rows("t", held(BASE), held(far), (ALL, ALL), hold, skip=("a",)).hits == ()


def test_columns_that_come_or_go_are_told_apart_from_hits() -> None:
    found = moved_rows("t", held(BASE), held(BASE.drop(columns="b").assign(c=1)), (ALL, ALL), HOLD)
    assert found.hits == () and set(found.columns) == {"b", "c"}


def test_fitted_objects_are_compared_by_their_members() -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    one = make_pipeline(StandardScaler(), LinearRegression()).fit(X, X[:, 0])
    same = make_pipeline(StandardScaler(), LinearRegression()).fit(X * (1 + 1e-15), X[:, 0])
    other = make_pipeline(StandardScaler(), LinearRegression()).fit(X + 1, X[:, 0])
    assert moved_state("m", one, same).hits == ()
    columns = [hit.column for hit in moved_state("m", one, other).hits]
    assert any("mean_" in name for name in columns)
    assert moved_state("m", one, StandardScaler()).hits
    assert members(StandardScaler().fit(X))["mean_"].shape == (2,)


def test_how_long_a_search_took_is_no_part_of_it() -> None:
    x, y = np.arange(40.0)[:, None], np.arange(40.0)
    made = [GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=2).fit(x, y) for _ in range(2)]
    assert moved_state("m", *made).hits == ()
    other = GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=2).fit(x, y**2)
    assert moved_state("m", made[0], other).hits


def test_two_objects_of_a_kind_are_told_apart() -> None:
    from sklearn.neighbors import KDTree

    points = np.random.default_rng(0).normal(size=(50, 2))
    [hit] = moved_state("model", {"tree": KDTree(points)}, {"tree": KDTree(points + 1)}).hits
    assert hit.before.startswith("a KDTree (state ")
    assert hit.before != hit.after
    assert not moved_state("model", {"tree": KDTree(points)}, {"tree": KDTree(points.copy())}).hits


def test_what_has_no_state_to_compare_is_no_finding_of_itself() -> None:
    import threading

    class Model:
        def __init__(self, mean: float) -> None:
            self.mean, self.lock = mean, threading.Lock()

        def predict(self, rows: object) -> float:
            return self.mean

    assert not moved_value("model", Model(1.0), Model(1.0)).hits
    assert [hit.column for hit in moved_value("model", Model(1.0), Model(2.0)).hits] == ["['mean']"]


def test_tables_of_another_shape_say_both() -> None:
    [hit] = moved_value("made", np.zeros((3, 2)), np.zeros((4, 2))).hits
    assert (hit.before, hit.after) == ("3 rows of 0, 1", "4 rows of 0, 1")


def test_the_same_rows_in_another_order_are_no_proof() -> None:
    mixed = BASE.iloc[::-1].reset_index(drop=True)
    assert shuffled(held(BASE), held(mixed)) and not shuffled(held(BASE), held(mixed.assign(a=0.0)))
    (hit,) = moved_value("t", BASE, mixed).hits
    assert (hit.after, hit.largest) == (SHUFFLED, 0.0)
    swapped = BASE.assign(a=BASE["a"][::-1].to_numpy())  # cells of one column: other rows
    assert [hit.column for hit in moved_value("t", BASE, swapped).hits] == ["a"]


def test_intervals_of_pandas_have_no_codes() -> None:
    table = BASE.assign(a=pd.cut(np.arange(len(BASE), dtype=float), 2))
    assert not shuffled(held(table), held(table[::-1]))
