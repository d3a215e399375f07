"""The same value, the same column."""

import pyarrow as pa

from penstock.values.alike import equal, same

NAN = float("nan")


def test_values() -> None:
    assert same(NAN, NAN) and same(None, None) and same("a", "a") and same(1, 1.0)
    assert not same(NAN, 1.0) and not same(None, NAN) and not same("a", "b")
    assert same(1.0, 1.5, 0.5) and not same(1.0, 1.6, 0.5)
    assert same(float("inf"), float("inf")) and not same(float("inf"), 1.0, 9.0)


def test_columns() -> None:
    chunks = pa.chunked_array([[1.0], [NAN, None]])
    assert equal(chunks, pa.chunked_array([[1.0, NAN, None]]))
    assert equal(pa.array([1.0, NAN]), pa.array([1.0, NAN]))
    assert not equal(pa.array(["a"]), pa.array(["b"]))
