"""Conditions over metadata and parameters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.work.conditions import holds


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("metadata.acc >= 0.9", True),
        ("metadata.acc < 0.9", False),
        ("acc == 0.9 and parameter.lr == 0.1", True),
        ("parameters.lr > 1 or metadata.val-acc > 0", True),
        ("metadata.a.b == 2", True),
        ("metadata.name == 'x'", True),
        ("metadata.good", True),
        ("metadata.several > 2", True),
        ("metadata.several > 3", False),
        ("lambda == 1", True),
        ("not metadata.good", False),
    ],
)
def test_holds(expression: str, expected: bool) -> None:
    metadata = {"acc": 0.9, "val-acc": 1, "a.b": 2, "name": "x", "good": True, "several": [1, 3], "lambda": 1}
    assert holds(expression, metadata, {"lr": 0.1}) == (expected, "")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("metadata.loss < 1", "there is no `metadata.loss`"),
        ("loss < 1", "there is no `loss`"),
        ("metadata.name > 1", "'>' not supported"),
        ("1 +", "invalid syntax"),
        ("__import__('os').system('true')", ""),
        ("().__class__", ""),
    ],
)
def test_what_cannot_be_judged_does_not_hold(expression: str, why: str) -> None:
    good, told = holds(expression, {"name": "x"}, {})
    assert not good
    assert told
    assert why in told


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_compare_as_numbers(one: float, two: float) -> None:
    values: dict[str, Any] = {"x": one, "y": two}
    assert holds("metadata.x < metadata.y", values, {})[0] is (one < two)


@given(st.text(max_size=30))
def test_no_text_does_harm(text: str) -> None:
    good, _ = holds(text, {"a": 1}, {})
    assert good in (True, False)
