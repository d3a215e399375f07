"""Paths inside of other values."""

from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path, PurePath

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from penstock.plan.within import paths_in, with_paths

Pair = namedtuple("Pair", "one two")


@dataclass(frozen=True)
class Cold:
    where: Path
    depth: int = 1


class Quick(Struct, frozen=True):
    where: Path
    depth: int = 1


leaves = st.none() | st.integers() | st.text() | st.sampled_from("abc").map(Path)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Pair, inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.frozensets(leaves, max_size=3)
        | st.builds(Cold, inner)
        | st.builds(Quick, inner)
    ),
    max_leaves=8,
)


@given(values)
def test_every_path_is_found_and_replaced_and_all_else_stays(value):
    found = paths_in(value)
    assert all(repr(path) in repr(value) for path in found)
    assert with_paths(value, lambda path: path) == value
    moved = with_paths(value, lambda path: Path("/root") / path)
    assert type(moved) is type(value)
    assert set(paths_in(moved)) == {Path("/root") / path for path in found}
    assert paths_in(with_paths(value, str)) == []
    assert paths_in(value) == found  # the original is as it was


def test_classes_and_other_flavours():
    assert paths_in(Cold) == []
    assert paths_in([PurePath("a")]) == [Path("a")]
