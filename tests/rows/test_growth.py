from typing import Any

import polars as pl
import pytest

from penstock.rows.growth import growth
from penstock.values.records import Records, records


def held(frame: Any) -> Records:
    found = records(frame)
    assert found is not None
    return found


FRAME = pl.DataFrame({"id": ["a", "b"], "x": [1.0, 2.0], "y": [3.0, 4.0], "k": [1, 2]})
LISTS = FRAME.with_columns(some=pl.Series([[1, 2], [3]]))
PARTS = pl.DataFrame({"k": [1, 1, 2], "part": ["p", "q", "r"]})


@pytest.mark.parametrize(
    ("above", "below", "others", "way"),
    [
        (FRAME, FRAME.unpivot(["x", "y"], index="id"), {}, "long"),
        (LISTS, LISTS.explode("some"), {}, "lists"),
        (FRAME, pl.concat([FRAME, FRAME]), {}, "copies"),
        (FRAME, FRAME.join(PARTS, on="k"), {"parts": PARTS}, "join"),
        (FRAME, FRAME.join(FRAME.select(z="x"), how="cross"), {}, ""),
        (FRAME, FRAME.join(FRAME.select(z="x"), how="cross"), {"planes": pl.DataFrame({"tail": [1, 1]})}, ""),
    ],
)
def test_how_rows_became_several(above: Any, below: Any, others: dict[str, Any], way: str) -> None:
    assert growth(held(above), [held(below)], {name: held(one) for name, one in others.items()}) == way
