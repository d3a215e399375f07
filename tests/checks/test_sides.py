"""Which side stands against which, and what its rows are called."""

import polars as pl
import pytest
from tests.checks.scans.views import split_view

from penstock.checks.sides import fetched, named, own_columns, root, sides

FRAME = pl.DataFrame({"id": ["a", "b", "c", "d"], "x": [1, 2, 3, 4], "g": ["p", "q", "p", "q"]})


def pairs(*outputs: str) -> tuple[list[tuple[str, str]], str]:
    given = {}
    for number, one in enumerate(outputs):
        name, _, role = one.partition(":")
        held = FRAME[:number].select("x").rename({"x": "y"}) if name.startswith("y_") else FRAME[:number]
        given[name] = (role, held)
    found = sides(split_view(FRAME, given))
    return [(one.artifacts[0][6:], other.artifacts[0][6:]) for one, other in found.pairs], found.unpaired


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (("test:test", "train:train"), [("train", "test")]),
        (("a:train", "b:valid", "c:test"), [("a", "b"), ("a", "c"), ("b", "c")]),
        (("fit:train", "early:test", "late:test"), [("fit", "early"), ("fit", "late")]),
        (("t1:train", "t2:train", "holdout:test"), [("t1", "holdout"), ("t2", "holdout")]),
        (
            ("train_1:train", "train_2:train", "test_1:test", "test_2:test"),
            [("train_1", "test_1"), ("train_2", "test_2")],
        ),
        (("train:train", "rest:unused"), []),
    ],
)
def test_who_stands_against_whom(outputs: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    assert pairs(*outputs)[0] == expected


def test_the_rows_of_a_last_model_are_no_side_by_themselves() -> None:
    def sizes(**outputs: tuple[str, int, int]) -> list[tuple[str, str]]:
        given = {name: (role, FRAME[low:high]) for name, (role, low, high) in outputs.items()}
        return [(one.artifact[6:], other.artifact[6:]) for one, other in sides(split_view(FRAME, given)).pairs]

    assert sizes(train=("train", 0, 3), test=("test", 3, 4), full=("train", 0, 4)) == [("train", "test")]
    assert sizes(
        train=("train", 0, 1), valid=("valid", 1, 2), both=("train", 0, 2), test=("test", 2, 4)
    ) == [("train", "valid"), ("train", "test"), ("both", "test"), ("valid", "test")]  # fmt: skip


def test_what_no_name_pairs_is_said() -> None:
    found, unpaired = pairs("train_1:train", "train_2:train", "test_1:test", "test_9:test")
    assert found == [("train_1", "test_1")]
    assert "sides.train_2, sides.test_9" in unpaired


def test_a_column_is_the_rows_own_or_looked_up() -> None:
    contract = {"key": ["id"], "group": ["g"]}
    view = split_view(
        FRAME,
        {"train": ("train", FRAME[2:]), "test": ("test", FRAME[:2].drop("g")), "bare": ("valid", FRAME.select("x"))},
        contract,
    )
    source = view.nodes["table"]
    train, test, bare = (view.records(f"sides.{name}") for name in ("train", "test", "bare"))
    assert root(view, source).rows == 4
    assert own_columns(view, train, source, ("g",)) == ("g",)
    assert own_columns(view, test, source, ("g",)) is None
    assert fetched(view, train, source, "g").to_pylist() == ["p", "q"]
    assert fetched(view, test, source, "g").to_pylist() == ["p", "q"]
    assert fetched(view, bare, source, "g") is None
    assert fetched(view, test, source, "nothing") is None


def test_what_was_altered_on_the_way_is_looked_up() -> None:
    changed = FRAME.with_columns(g=pl.col("g").shift(1).fill_null("p"))
    view = split_view(FRAME, {"train": ("train", changed), "test": ("test", FRAME[:0])}, {"key": ["id"]})
    assert fetched(view, view.records("sides.train"), view.nodes["table"], "g").to_pylist() == ["p", "q", "p", "q"]


def test_a_key_that_names_several_rows_looks_nothing_up() -> None:
    frame = pl.DataFrame({"id": ["a", "a", "b"], "g": [1, 2, 3]})
    view = split_view(frame, {"train": ("train", frame.drop("g")), "test": ("test", frame[:0])}, {"key": ["id"]})
    held = view.records("sides.train")
    assert fetched(view, held, view.nodes["table"], "g").to_pylist() == [None, None, 3]


def test_rows_are_named_by_key_or_by_position() -> None:
    view = split_view(FRAME, {"train": ("train", FRAME[2:]), "test": ("test", FRAME.select("x"))}, {"key": ["id"]})
    early, late = sides(view).pairs[0]
    assert named(view, early, [1, 0]) == ["d", "c"]
    assert named(view, late, [1, 0]) == ["#1", "#0"]
