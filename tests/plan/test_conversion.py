"""Conversion of parameters from text and from Python values, and what is said when it fails."""

import contextlib
import enum
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, NewType, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.plan.conversion import convert, guess


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclass(frozen=True)
class Tree:
    depth: int = 1


@dataclass
class Forest:
    tree: Tree
    colours: list[Colour] = field(default_factory=list)


class Model:
    """Stands for pydantic's."""

    @classmethod
    def model_validate(cls, value):
        return f"validated {value}"


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("3", int, 3),
        ("-3", int, -3),
        ("0.5", float, 0.5),
        ("1e-3", float, 0.001),
        ("3", float, 3.0),
        ("yes", bool, True),
        ("off", bool, False),
        ("x", str, "x"),
        ("3", str, "3"),
        ("none", Optional[int], None),
        ("3", int | None, 3),
        ("red", Colour, Colour.RED),
        ("b", Literal["a", "b"], "b"),
        ("2020-01-02", date, date(2020, 1, 2)),
        ("PT2H", timedelta, timedelta(hours=2)),
        ("1,2", list[int], [1, 2]),
        ("[1, 2]", list[int], [1, 2]),
        ("a,b", tuple[str, ...], ("a", "b")),
        ('{"a": 1}', dict[str, int], {"a": 1}),
        ("a/b", Path, Path("a/b")),
        ('{"depth": 3}', Tree, Tree(3)),
        (".5", float, 0.5),
        (" 7 ", int, 7),
        ("1_000", int, 1000),
        ("1e3", int, 1000),
        ("1+2j", complex, 1 + 2j),
        ("", list[int], []),
        ("1,a", list, [1, "a"]),
        ("RED", Colour, Colour.RED),
        ("2", Colour, Colour.BLUE),
        ("3", Literal["a", 3], 3),
        ("3", int | str, 3),
        ("x", int | str, "x"),
        ("2020-01-02", date | None, date(2020, 1, 2)),
        ("2020-01-02 03:04", datetime, datetime(2020, 1, 2, 3, 4)),
        ("2020-01-02", datetime, datetime(2020, 1, 2)),
        ("2020-01-02T03:04:00Z", datetime, datetime(2020, 1, 2, 3, 4, tzinfo=UTC)),
        ("12:30", time, time(12, 30)),
        ("90", timedelta, timedelta(seconds=90)),
        ("2h30m", timedelta, timedelta(hours=2, minutes=30)),
        ("1.5 days", timedelta, timedelta(days=1.5)),
        ("2020-01-01,2021-01-01", list[date], [date(2020, 1, 1), date(2021, 1, 1)]),
        ('{"a": "1d"}', dict[str, timedelta], {"a": timedelta(days=1)}),
        ("a,b", list[Path], [Path("a"), Path("b")]),
        ("a", Path | None, Path("a")),
        ('{"tree": {"depth": "2"}, "colours": ["red"]}', Forest, Forest(Tree(2), [Colour.RED])),
        ("5", NewType("Days", int), 5),
        ("5", Annotated[int, "how many"], 5),
        ('{"a": 5}', Model, "validated {'a': 5}"),
    ],
)
def test_text_becomes_what_the_annotation_says(text, annotation, value):
    found = convert(text, annotation)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        ("x", int, "a whole number is wanted"),
        ("3.5", int, "whole"),
        ("maybe", bool, "true or false"),
        ("c", Literal["a", "b"], "one of 'a', 'b' is wanted"),
        ("blue", Colour, "`Colour` is wanted: red or 2"),
        ("a", date, "2024-02-03"),
        ("soon", timedelta, "2h30m"),
        ("3 moons", timedelta, "2h30m"),
        ("", Path, "a file or folder"),
        ("x", int | None, "a whole number"),
        ("a:1", dict[str, int], "JSON, as in"),
        ("3", Tree, '"depth"'),
        ('{"dept": 3}', Tree, "no field `dept`. Did you mean `depth`"),
        ({"dept": 3}, Tree, "no field `dept`"),
        ('{"tree": {"dept": 3}}', Forest, "tree: `Tree` has no field"),
        ("{}", Forest, "tree"),
        ("1,x", list[int], r"`list\[int\]` is wanted: a whole number"),
        ("1", tuple[int, int], "of 2 values"),
        (3.5, int, "int"),
        ("[1", list[int], "JSON"),
    ],
)
def test_what_does_not_fit_says_what_is_wanted(value, annotation, words):
    with pytest.raises(ValueError, match=words):
        convert(value, annotation)


def test_values_of_python_are_taken_as_they_are_or_made_to_fit():
    assert convert(3, float) == 3.0
    assert convert({"depth": 3}, Tree) == Tree(3)
    assert convert([1, 2], tuple[int, ...]) == (1, 2)
    assert convert(Tree(3), Tree) == Tree(3)
    assert convert(None, int | None) is None
    assert convert("red", Colour) is Colour.RED


@given(st.integers() | st.floats(allow_nan=False) | st.booleans() | st.dates() | st.datetimes() | st.times())
def test_what_python_writes_of_plain_values_is_read_again(value):
    assert convert(str(value), type(value)) == value


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59))
def test_lengths_of_time_add_up(hours, minutes, seconds):
    wanted = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert convert(f"{hours}h{minutes}m{seconds}s", timedelta) == wanted
    assert convert(str(wanted.total_seconds()), timedelta) == wanted


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for annotation in (
        int,
        float,
        bool,
        date,
        datetime,
        time,
        timedelta,
        Path,
        Colour,
        Tree,
        list[int],
        dict[str, int],
    ):
        with contextlib.suppress(ValueError):
            convert(text, annotation)
    assert convert(text, str) == text
    guess(text)
