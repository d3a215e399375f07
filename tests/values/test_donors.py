"""Donors: rows of the same column that hold another value."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.values.donors import codes, others


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=20), st.integers(0, 3), st.data())
def test_a_donor_holds_another_value_wherever_there_is_one(
    cells: list[int | None], turn: int, data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(cells) - 1), min_size=1)), np.int64)
    found = others(pa.chunked_array([pa.array(cells, pa.int64())]), rows, turn)
    if len(set(cells)) == 1:
        assert found is None
    else:
        assert [cells[row] for row in found] != []
        assert all(cells[row] != cells[donor] for row, donor in zip(rows, found, strict=True))


@pytest.mark.parametrize("cells", [["b", "a", None, "a"], [[2], [1], [3], [1]]])
def test_equal_values_have_equal_codes(cells: list[object]) -> None:
    found = codes(pa.chunked_array([pa.array(cells)]))
    assert found[1] == found[3]
    assert len(set(found.tolist())) == 3
