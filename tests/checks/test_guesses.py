"""What a script says of its rows without declaring it: sure only where the script uses a column so."""

from typing import Any

import pandas as pd
import pytest

from penstock.checks.guesses import Text, clocks_after, key_of, label_of, time_of, told
from penstock.values.records import Records, records

AT = pd.Timestamp("2024-01-01") + pd.to_timedelta(range(6), unit="D")


def rows(**columns: Any) -> Records:
    found = records(pd.DataFrame(columns))
    assert found is not None
    return found


def text(*lines: str) -> Text:
    return Text([("a.py", "\n".join(lines)), ("broken", "def (")])


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"a": [1.5] * 3, "trip_id": [3, 1, 2]}, "trip_id"),
        ({"a": [1.5] * 3, "customerID": ["x", "y", "z"]}, "customerID"),
        ({"a": [1.5] * 3, "trip_id": [3, 1, 1]}, ""),
        ({"a": [1.5] * 3, "trip_id": [3, 1, None]}, ""),
        ({"trip": ["a", "b", "c"]}, "trip"),
        ({"review": ["so good", "so so", "bad one"]}, ""),  # free text is no name
        ({"price": [1.5, 2.5, 3.5]}, ""),
        ({"x": [1.0] * 3, "grid": [1, 2, 3]}, ""),
    ],
)
def test_keys(columns: dict[str, Any], key: str) -> None:
    guess = key_of(rows(**columns))
    assert (guess.column if guess else "") == key


@pytest.mark.parametrize(
    ("line", "time", "sure"),
    [
        ("", "at", False),
        ("t = t.sort_values('later')", "later", True),
        ("t = t.sort_values(by=['at', 'later'])", "at", False),
        ("train = t[t['at'] < '2024-01-03']", "at", True),
        ("train = t.filter(pl.col('at') < border)", "at", True),
        ("t = t.set_index(TIME)", "at", True),
        ("t = pd.merge_asof(t, w, on='at')", "at", True),
        ("t['x'] = t['x'].rolling('7D', on='at').mean()", "at", True),
        ("t = t.sort_values('elsewhere')", "at", False),
    ],
)
def test_times(line: str, time: str, sure: bool) -> None:
    guess = time_of(rows(later=AT + pd.Timedelta(hours=1), at=AT, x=range(6)), text("TIME = 'at'", line))
    assert guess is not None
    assert (guess.column, guess.sure) == (time, sure)


def test_times_that_cannot_be_told() -> None:
    crossed = rows(a=AT, b=AT[::-1])
    assert time_of(crossed, text("")) is None
    assert time_of(rows(x=range(6)), text("t.sort_values('x')")) is None  # numbers are no instants
    written = rows(day=[str(one.date()) for one in AT])
    assert time_of(written, text("")) is None
    guess = time_of(written, text("t.sort_values('day')"))
    assert guess is not None
    assert guess.column == "day"


def test_clocks() -> None:
    held = rows(at=AT, later=AT + pd.Timedelta(hours=1), same=AT, before=AT - pd.Timedelta(hours=1))
    assert clocks_after(held, "at") == ["later"]
    assert clocks_after(held, "x") == []


@pytest.mark.parametrize(
    ("line", "label", "sure"),
    [
        ("model.fit(t[['x']], t['fare'])", "fare", True),
        ("model.fit(X=t[['x']], y=t.fare)", "fare", True),
        ("y = t.pop('fare')\ntrain_test_split(t, y)", "fare", True),
        ("y = t['fare'].values\nmodel.fit(t, y)", "fare", True),
        ("model.fit(t[COLUMNS], t[WANTED])", "fare", True),
        ("cross_val_score(model, t[['x']], t['fare'])", "fare", True),
        ("model.fit(t[['x']], np.log1p(t['fare']))", "target", False),
        ("y = t['fare']\nplot(x, y)", "target", False),
        ("model.fit(t[['x', 'fare']])", "target", False),
    ],
)
def test_labels(line: str, label: str, sure: bool) -> None:
    guess = label_of(rows(x=range(3), fare=range(3), target=range(3)), text("WANTED = 'fare'", line))
    assert guess is not None
    assert (guess.column, guess.sure) == (label, sure)


def test_no_label() -> None:
    assert label_of(rows(x=range(3), yield_=range(3)), text("")) is None


def test_told_as_it_is_declared() -> None:
    assert (
        told({"known_at": {"*": pd.Timedelta(hours=1).to_pytimedelta()}}) == 'known_at={"*": timedelta(seconds=3600)}'
    )
    assert told({"key": ["a", "b"], "time": "t"}) == 'key=["a", "b"], time="t"'
