"""Rows, groups and copies on both sides are found, and nothing else is."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.checks.scans.views import split_view, view_of

from penstock.checks.scans.overlap import SCAN
from penstock.model.verdict import Finding

KEY = {"key": ["id"], "label": ["y"]}


def table(n: int = 400, seed: int = 0) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "tail": draw.choice([f"N{i}" for i in range(40)], n),
            "a": draw.normal(size=n),
            "b": draw.normal(size=n),
            "c": draw.normal(size=n),
            "y": draw.integers(0, 2, n),
        }
    )


def halves(frame: Any, cut: int = 300, back: int = 0) -> dict[str, tuple[str, Any]]:
    return {"train": ("train", frame[:cut]), "test": ("test", frame[cut - back :])}


def looked(*args: Any, **more: Any) -> tuple[list[Finding], str, str]:
    found, result = SCAN.scan(split_view(*args, **more))
    assert result.check == "overlap"
    assert result.step == "sides"
    return found, result.verdict, result.reason


def forms(frame: pl.DataFrame) -> dict[str, Any]:
    return {
        "polars": frame,
        "pandas": frame.to_pandas(),
        "labelled": frame.to_pandas().set_index("id", drop=False),
        "arrow": frame.to_arrow(),
        "numpy": frame.select("a", "b", "c").to_numpy(),
        "sparse": sp.csr_matrix(frame.select("a", "b", "c").to_numpy()),
    }


@pytest.mark.parametrize("form", ["polars", "pandas", "labelled", "arrow", "numpy", "sparse"])
@pytest.mark.parametrize("contract", [KEY, {}], ids=["key", "no key"])
def test_rows_on_both_sides_are_proven_in_whatever_form(form: str, contract: dict[str, Any]) -> None:
    whole = forms(table())[form]
    cut = (lambda low, high: whole.slice(low, high - low)) if form == "arrow" else (lambda low, high: whole[low:high])
    apart = {"train": ("train", cut(0, 300)), "test": ("test", cut(300, 400))}
    found, verdict, reason = looked(whole, apart, contract)
    assert (found, verdict) == ([], "CLEAN"), reason
    shared = {"train": ("train", cut(0, 300)), "test": ("test", cut(297, 400))}
    found, verdict, reason = looked(whole, shared, contract)
    assert verdict == "PROVEN"
    assert len(found) == 1
    assert found[0].verdict == "PROVEN"
    assert (found[0].artifact, found[0].where) == ("sides.test", "p.py:9")
    assert "3 rows" in found[0].world
    names = ["r297", "r298", "r299"] if contract and form not in ("numpy", "sparse") else ["#297", "#298", "#299"]
    assert found[0].before == found[0].after == names
    assert found[0].hint


def test_a_shuffled_split_is_clean() -> None:
    whole = table().to_pandas()
    order = np.random.default_rng(3).permutation(400)
    outputs = {"train": ("train", whole.iloc[order[:300]]), "test": ("test", whole.iloc[order[300:]])}
    assert looked(whole, outputs, KEY)[:2] == ([], "CLEAN")
    assert looked(whole, outputs)[:2] == ([], "CLEAN")


@given(st.integers(0, 10**6), st.floats(0.1, 0.9), st.integers(5, 200), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_disjoint_sides_are_never_proven(seed: int, share: float, rows: int, values: int) -> None:
    """Not even where rows are equal, keys of looked-up tables are on both sides, and the index starts anew."""
    draw = np.random.default_rng(seed)
    whole = pd.DataFrame({name: draw.integers(0, values, rows) for name in ("a", "b", "tail")})
    here = draw.random(rows) < share
    planes = pd.DataFrame({"tail": range(values), "seats": range(values)})
    outputs = {
        "train": ("train", whole[here].reset_index(drop=True)),
        "test": ("test", whole[~here].reset_index(drop=True)),
    }
    found, verdict, _ = looked(whole, outputs, {}, planes=(planes, {"key": ["tail"]}))
    assert not [one for one in found if one.verdict == "PROVEN"]
    assert verdict != "PROVEN"


def test_a_table_that_was_looked_up_in_may_have_its_rows_on_both_sides() -> None:
    frame = table().drop("id")
    planes = pl.DataFrame({"tail": [f"N{i}" for i in range(1000)], "seats": range(1000)})
    found, verdict, reason = looked(frame, halves(frame), {}, planes=(planes, {"key": ["tail"]}))
    assert (found, verdict) == ([], "CLEAN"), reason


def test_an_index_that_counts_from_another_number_is_no_identity() -> None:
    frame = table().drop("id").to_pandas()
    train, test = frame[:300].copy(), frame[300:].copy()
    test.index = range(5, 105)
    frame["a"] = frame["b"] = frame["c"] = 1.0
    found, _, _ = looked(frame, {"train": ("train", train), "test": ("test", test)})
    assert not [one for one in found if one.verdict == "PROVEN"]


def test_rows_copied_before_the_split_are_proven_where_they_are_equal() -> None:
    frame = table()
    more = pl.concat([frame, frame.filter(pl.col("y") == 1)]).sample(fraction=1, shuffle=True, seed=1)
    found, _ = SCAN.scan(_with_step_between(frame, more, halves(more)))
    assert [one.verdict for one in found] == ["PROVEN"]
    assert "copied before the split" in found[0].world


def test_rows_that_became_several_are_suspect_where_they_differ() -> None:
    frame = table()
    draw = np.random.default_rng(1)
    more = (
        pl.concat([frame, frame])
        .with_columns(pl.Series("a", draw.normal(size=800)))
        .sample(fraction=1, shuffle=True, seed=1)
    )
    found, result = SCAN.scan(_with_step_between(frame, more, halves(more)))
    assert [one.verdict for one in found] == ["SUSPECT"]
    assert result.verdict == "SUSPECT"
    assert "became several rows" in found[0].world


def _with_step_between(frame: Any, more: Any, outputs: dict[str, tuple[str, Any]]) -> Any:
    graph = {
        "table": {"kind": "source", "contract": KEY},
        "more": {"kind": "step", "inputs": {"table": "table"}},
        "sides": {
            "kind": "split",
            "inputs": {"more": "more"},
            "outputs": {f"sides.{name}": role for name, (role, _) in outputs.items()},
        },
    }
    values = {"table": frame, "more": more, **{f"sides.{name}": value for name, (_, value) in outputs.items()}}
    return view_of(graph, "sides", values)


def test_groups_on_both_sides_are_proven() -> None:
    frame = table()
    found, verdict, _ = looked(frame, halves(frame), {**KEY, "group": ["tail"]})
    assert verdict == "PROVEN"
    assert [one.column for one in found] == ["tail"]
    assert "values of tail are in both train and test" in found[0].world
    by_group = frame.sort("tail")
    cut = by_group["tail"].search_sorted("N5")
    outputs = {"train": ("train", by_group[:cut]), "test": ("test", by_group[cut:])}
    assert looked(frame, outputs, {**KEY, "group": ["tail"]})[:2] == ([], "CLEAN")


def test_a_group_is_looked_up_by_the_key_where_it_was_left_out() -> None:
    frame = table()
    outputs = {name: (role, value.drop("tail")) for name, (role, value) in halves(frame).items()}
    found, verdict, _ = looked(frame, outputs, {**KEY, "group": ["tail"]})
    assert (verdict, [one.column for one in found]) == ("PROVEN", ["tail"])
    gone = {name: (role, value.drop("tail", "id")) for name, (role, value) in halves(frame).items()}
    found, verdict, reason = looked(frame, gone, {**KEY, "group": ["tail"]})
    assert (found, verdict) == ([], "UNKNOWN")
    assert "keep it, or the key of `table`" in reason


def test_a_group_of_two_columns_is_a_pair_of_values() -> None:
    frame = table().with_columns(g=pl.int_range(pl.len()) // 100, h=pl.int_range(pl.len()) % 2)
    outputs = {"train": ("train", frame.filter(pl.col("g") < 2)), "test": ("test", frame.filter(pl.col("g") >= 2))}
    assert looked(frame, outputs, {**KEY, "group": ["g", "h"]})[:2] == ([], "CLEAN")


def test_a_missing_group_is_no_group() -> None:
    frame = table().with_columns(tail=pl.lit(None, pl.String))
    assert looked(frame, halves(frame), {**KEY, "group": ["tail"]})[:2] == ([], "CLEAN")


def test_equal_rows_under_other_names_are_suspect() -> None:
    frame = table()
    copies = frame[:7].with_columns(id=pl.lit("z") + pl.col("id"))
    whole = pl.concat([frame, copies])
    found, verdict, _ = looked(whole, halves(whole), KEY)
    assert verdict == "SUSPECT"
    assert [one.column for one in found] == ["equal rows"]
    assert found[0].before[:2] == ["r0", "r1"]
    assert found[0].after[:2] == ["zr0", "zr1"]
    assert found[0].row == "zr0"


def test_equal_rows_are_normal_where_columns_take_few_values() -> None:
    draw = np.random.default_rng(0)
    frame = pl.DataFrame({name: draw.integers(0, 3, 2000) for name in "abcd"})
    found, verdict, reason = looked(frame, halves(frame, 1500))
    assert found == []
    assert "which is normal here" in reason
    assert "of 500 test rows" in reason
    ages = pl.DataFrame({name: draw.integers(0, 40, 2000) for name in "abc"})  # most are different, some are equal
    assert looked(ages, halves(ages, 1500))[0] == []


def test_nearly_equal_rows_are_suspect_and_close_rows_are_not() -> None:
    draw = np.random.default_rng(0)
    frame = table(2000)
    noisy = frame[:30].with_columns(
        [pl.col(name) + draw.normal(size=30) * 1e-4 for name in "abc"], id=pl.lit("z") + pl.col("id")
    )
    whole = pl.concat([frame, noisy])
    found, _, _ = looked(whole, halves(whole, 1500), KEY)
    assert [one.column for one in found] == ["nearly equal rows"]
    walk = pl.DataFrame({name: np.cumsum(draw.normal(size=4000)) for name in "ab"}).with_row_index("id")
    assert looked(walk, halves(walk, 3000), {"key": ["id"]})[0] == []
    grid = pl.DataFrame({name: draw.integers(0, 300, 4000) / 100 for name in "ab"}).with_row_index("id")
    assert looked(grid, halves(grid, 3000), {"key": ["id"]})[0] == []


def test_nearly_equal_texts_are_suspect() -> None:
    draw = np.random.default_rng(0)
    words = [f"{a}{b}" for a in "bcdfgklmnprst" for b in ("ari", "elo", "uvent", "omis", "inta")]
    texts = [" ".join(draw.choice(words, 14)) for _ in range(400)]
    texts += [one.upper()[:-1] + "! " for one in texts[:20]]
    frame = pl.DataFrame({"id": range(420), "said": texts})
    found, _, _ = looked(frame, halves(frame, 380), {"key": ["id"]})
    assert [(one.verdict, one.column) for one in found] == [("SUSPECT", "said")]
    assert found[0].after[0] == "400"


def test_texts_of_one_pattern_are_alike_by_nature() -> None:
    frame = pl.DataFrame(
        {
            "id": range(600),
            "said": [f"Order number {i * 37 % 997} was shipped to the customer on time" for i in range(600)],
        }
    )
    found, verdict, reason = looked(frame, halves(frame, 400), {"key": ["id"]})
    assert found == []
    assert verdict == "CLEAN"
    assert "normal here" in reason


def test_wide_matrices() -> None:
    draw = np.random.default_rng(0)
    dense = draw.normal(size=(300, 400))
    sparse = sp.random(300, 5000, 0.01, "csr", random_state=0)
    for whole in (dense, sparse):
        assert looked(whole, halves(whole, 200))[0] == []
    made = sp.vstack([sparse, sparse[:5]]).tocsr()
    found, _, _ = looked(made, halves(made, 200))
    assert [one.column for one in found] == ["equal rows"]


def test_folds_are_held_against_their_own() -> None:
    frame = table()
    outputs = {
        "train_1": ("train", frame[:200]), "test_1": ("test", frame[200:300]),
        "train_2": ("train", frame[:300]), "test_2": ("test", frame[300:]),
    }  # fmt: skip
    assert looked(frame, outputs, KEY)[:2] == ([], "CLEAN")
    outputs["test_2"] = ("test", frame[299:])
    found, _, _ = looked(frame, outputs, KEY)
    assert [one.artifact for one in found] == ["sides.test_2"]


def test_targets_beside_their_matrices_are_one_side() -> None:
    frame = table()
    x, y = frame.select("a", "b", "c").to_numpy(), frame["y"].to_numpy()
    outputs = {
        "X_train": ("train", x[:300]),
        "X_test": ("test", x[300:]),
        "y_train": ("train", y[:300]),
        "y_test": ("test", y[300:]),
    }
    found, result = SCAN.scan(split_view(x, outputs, {}))
    assert (found, result.verdict) == ([], "CLEAN")
    assert result.rows == 400


def test_what_has_no_rows_is_unknown() -> None:
    found, verdict, reason = looked(table(), {"train": ("train", 3), "test": ("test", 4)}, KEY)
    assert (found, verdict) == ([], "UNKNOWN")
    assert "no side of it is a table" in reason
    found, verdict, reason = looked(table(), {"train": ("train", table()[:3]), "rest": ("unused", table())}, KEY)
    assert (found, verdict) == ([], "UNKNOWN")


def test_empty_sides_share_nothing() -> None:
    frame = table()
    assert looked(frame, halves(frame, 400), KEY)[:2] == ([], "CLEAN")


def test_it_says_what_it_needs() -> None:
    view = split_view(table(), halves(table()), KEY, planes=(pl.DataFrame(), {}))
    assert SCAN.needs(view.nodes, "sides") == ["sides.train", "sides.test", "table", "planes"]
