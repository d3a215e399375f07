from typing import Any

import numpy as np
import polars as pl

from penstock.rows.reasons import explain, reason_of
from penstock.values.records import Records, records


def held(frame: Any) -> Records:
    found = records(frame)
    assert found is not None
    return found


FRAME = pl.DataFrame(
    {
        "id": [f"f{n}" for n in range(200)],
        "distance": [17 if n == 3 else 100 + n for n in range(200)],
        "delay": [None if n % 20 == 0 else float(n % 7) for n in range(200)],
        "gate": [None if n % 20 == 0 else n for n in range(200)],
        "carrier": ["OO" if n in (5, 6) else ("UA", "AA", "DL")[n % 3] for n in range(200)],
        "tailnum": [f"N{n % 40}" for n in range(200)],
    }
)


def lost(condition: pl.Expr) -> Any:
    return FRAME.select(condition.alias("lost"))["lost"].to_numpy()


def test_a_missing_value() -> None:
    gone = lost(pl.col("delay").is_null())
    (reason,) = explain(held(FRAME), gone, skip=["id"])
    assert (reason.kind, reason.rows) == ("null", 10)
    assert reason.what == "`delay` and `gate` are missing"
    assert reason_of(held(FRAME), gone, 20, skip=["id"]) == reason.what
    assert reason_of(held(FRAME), gone, 21, skip=["id"]) == ""


def test_a_range() -> None:
    gone = lost(pl.col("distance") < 50)
    (reason,) = explain(held(FRAME), gone, skip=["id"])
    assert reason.what == "`distance` is below 100, the least of a kept row"
    assert reason_of(held(FRAME), gone, 3, skip=["id"]).endswith("(here 17)")


def test_a_value() -> None:
    gone = lost(pl.col("carrier") == "OO")
    (reason,) = explain(held(FRAME), gone, skip=["id"])
    assert (reason.kind, reason.what, reason.rows) == ("value", "no row with this `carrier` was kept", 2)


def test_a_missing_partner() -> None:
    planes = pl.DataFrame({"tailnum": [f"N{n}" for n in range(30)], "seats": range(30)})
    gone = lost(~pl.col("tailnum").is_in(planes["tailnum"].to_list()))
    (reason,) = explain(held(FRAME), gone, {"planes": held(planes)}, ["id"])
    assert (reason.kind, reason.partner, reason.rows) == ("partner", "planes", 50)
    assert "no partner in `planes` by tailnum" in reason.what
    assert reason_of(held(FRAME), gone, 35, {"planes": held(planes)}, ["id"]).endswith("(here N35)")


def test_several_reasons_the_largest_first_and_the_rest_said() -> None:
    gone = lost(pl.col("delay").is_null() | (pl.col("distance") < 50) | pl.col("id").is_in(["f101", "f150"]))
    found = explain(held(FRAME), gone, skip=["id"])
    assert [(one.kind, one.rows) for one in found] == [("null", 10), ("range", 1), ("unknown", 2)]


def test_all_rows_gone() -> None:
    (reason,) = explain(held(FRAME), np.ones(200, bool))
    assert (reason.what, reason.rows) == ("every row was dropped", 200)


def test_a_key_is_never_a_reason() -> None:
    gone = lost(pl.col("id") == "f7")
    assert [one.kind for one in explain(held(FRAME), gone, skip=["id"])] == ["unknown"]
