"""What differs between two closures, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.code import Code, Piece
from penstock.plan.changes import changes


def function(name, digest, text="", line=3):
    return Piece("function", name, digest, "features.py", line, text)


def said(old, new, own=""):
    return [(one.kind, one.what, one.where) for one in changes(Code("o", tuple(old)), Code("n", tuple(new)), own)]


def test_a_helper_is_named_with_its_place_and_diff():
    old = function("features.clean_name", "1", "def clean_name(x):\n    return x\n", 30)
    new = function("features.clean_name", "2", "def clean_name(x):\n    return x.strip()\n", 41)
    (reason,) = changes(Code("o", (old,)), Code("n", (new,)), "features")
    assert (reason.kind, reason.what, reason.where) == ("code", "helper `clean_name` changed", "features.py:41")
    assert "-    return x\n+    return x.strip()" in reason.diff


def test_the_step_s_own_function_is_told_from_helpers():
    assert said([function("p.clean", "1")], [function("p.clean", "2")], "clean")[0][1] == "its code changed (`clean`)"


@pytest.mark.parametrize(
    ("old", "new", "kind", "what"),
    [
        (Piece("package", "polars", "1.30"), Piece("package", "polars", "1.31"), "package", "polars 1.30 → 1.31"),
        (Piece("python", "python", "3.11"), Piece("python", "python", "3.12"), "python", "Python 3.11 → 3.12"),
        (Piece("file", "a.csv", "1"), Piece("file", "a.csv", "2"), "file", "file `a.csv` has other content"),
        (
            Piece("variable", "MODE", "1"),
            Piece("variable", "MODE", "2"),
            "variable",
            "environment variable `MODE` is another",
        ),
        (Piece("class", "p.Model", "1"), Piece("class", "p.Model", "2"), "code", "class `Model` changed"),
        (
            Piece("constant", "p.K", "1", text="K = 1"),
            Piece("constant", "p.K", "2", text="K = 2"),
            "code",
            "`K` changed: K = 1 → K = 2",
        ),
        (
            Piece("value", "p.K", "1", text="K = f()"),
            Piece("value", "p.K", "2", text="K = f()"),
            "code",
            "`K` has another value",
        ),
        (
            Piece("declaration", "declaration", "1"),
            Piece("declaration", "declaration", "2"),
            "code",
            "its declaration changed",
        ),
    ],
)
def test_each_kind_has_its_words(old, new, kind, what):
    assert said([old], [new])[0][:2] == (kind, what)


def test_changes_come_before_what_is_reached_only_now():
    old = [function("p.a", "1"), function("p.gone", "1")]
    new = [function("p.new", "1"), function("p.a", "2")]
    assert [what for _, what, _ in said(old, new)] == [
        "helper `a` changed",
        "it now also reaches `new`",
        "it no longer reaches `gone`",
    ]


pieces = st.lists(
    st.builds(
        Piece, st.sampled_from(["function", "class", "value", "package"]), st.sampled_from("abc"), st.sampled_from("12")
    ),
    unique_by=lambda one: (one.kind, one.name),
    max_size=5,
)


@given(pieces, pieces)
def test_there_is_a_reason_exactly_for_each_difference(old, new):
    found = changes(Code("o", tuple(old)), Code("n", tuple(new)))
    one = {(piece.kind, piece.name): piece.digest for piece in old}
    two = {(piece.kind, piece.name): piece.digest for piece in new}
    assert len(found) == sum(one.get(key) != two.get(key) for key in one.keys() | two.keys())
