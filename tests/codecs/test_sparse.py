"""Sparse matrices of every format come back equal; the order of their cells does not count."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from penstock.codecs.registry import Codecs
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()
DENSE = np.array([[0, 1.5, 0, 0], [2, 0, 0, np.inf], [0, 0, 0, 0], [0, 0, -1, 0]])
FORMS = [f"{kind}_{form}" for kind in ("csr", "csc", "bsr", "coo", "dia", "lil", "dok") for form in ("matrix", "array")]


class TestSparseCodec(CodecContract):
    codec = CODECS.named("sparse")

    def examples(self) -> list[Any]:
        made = [getattr(sp, name)(DENSE) for name in FORMS]
        large = sp.random_array((3000, 100), density=0.1, rng=np.random.default_rng(1), format="csr")
        return [*made, sp.csr_array(DENSE.astype("f4")), sp.csr_array((4, 5)), sp.coo_array(np.array([0, 1, 0])), large]

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        assert left.nnz == right.nnz
        assert np.array_equal(left.toarray(), right.toarray())

    def spoil(self, value: Any) -> None:
        value.data[:1] = 9


@pytest.mark.parametrize("name", ["csr_array", "csc_matrix", "coo_array"])
def test_the_order_and_the_pieces_of_cells_do_not_count(name: str) -> None:
    make = getattr(sp, name)
    clean = make(sp.coo_array((np.array([1.0, 5.0]), (np.array([0, 2]), np.array([1, 0]))), shape=(3, 2)))
    coo = sp.coo_array((np.array([2.0, 1.0, 3.0]), (np.array([2, 0, 2]), np.array([0, 1, 0]))), shape=(3, 2))
    if name == "coo_array":
        dirty = coo
    else:
        dirty = make(clean.shape)
        indptr, indices = ([0, 1, 1, 3], [1, 0, 0]) if name == "csr_array" else ([0, 2, 3], [2, 2, 0])
        data = np.array([1.0, 2.0, 3.0]) if name == "csr_array" else np.array([2.0, 3.0, 1.0])
        dirty = make((data, np.array(indices), np.array(indptr)), shape=clean.shape)
        assert not dirty.has_canonical_format
    before = dirty.nnz
    assert CODECS.encode(dirty, MemorySink()).digest == CODECS.encode(clean, MemorySink()).digest
    assert dirty.nnz == before  # the caller's own matrix is left as it was


def test_a_zero_that_was_given_is_content() -> None:
    given = sp.csr_array((np.array([0.0]), np.array([1]), np.array([0, 1])), shape=(1, 2))
    assert CODECS.encode(given, MemorySink()).digest != CODECS.encode(sp.csr_array((1, 2)), MemorySink()).digest


def test_large_arrays_are_parts() -> None:
    stored = CODECS.encode(
        sp.random_array((3000, 100), density=0.1, rng=np.random.default_rng(1), format="csr"), MemorySink()
    )
    assert len(stored.parts) == 3
    assert stored.about.details["stored"] == 30_000
    assert stored.about.rows == 3000
