"""Charts: every point is where its value is, whatever the values."""

import math

from hypothesis import given
from hypothesis import strategies as st

from penstock.report.chart import chart_lines, chart_svg
from penstock.report.paint import plain, width

numbers = st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=300)


def drawn(values: list[float | None], columns: int = 0) -> list[str]:
    return [plain(line) for line in chart_lines(values, columns)]


@given(numbers, st.integers(30, 120))
def test_it_fits_and_shows_each_point(values: list[float | None], columns: int) -> None:
    lines = drawn(values, columns)
    finite = [one for one in values if one is not None]
    if not finite:
        assert lines == []
        return
    assert max(map(width, lines)) <= columns
    shown = sum([line.count("●") for line in lines])
    assert shown <= len(finite)
    if len(values) <= columns - 25:
        assert shown == len(finite)


def test_higher_is_higher() -> None:
    lines = drawn([3.0, 1.0, 2.0])
    heights = {line.index("●"): index for index, line in enumerate(lines) if "●" in line}
    first, second, third = [heights[place] for place in sorted(heights)]
    assert first < third < second
    assert lines[0].strip().startswith("3 ┤")
    assert lines[-1].strip().startswith("1 ┤")


def test_equal_values_and_none_at_all() -> None:
    assert sum([line.count("●") for line in drawn([2.0, 2.0, 2.0])]) == 3
    assert drawn([None, math.nan]) == []
    assert "No value" in chart_svg([None])


def test_a_gap_stays_a_gap() -> None:
    places = [
        [line.index("●") for line in drawn(values) if "●" in line] for values in ([3.0, None, 1.0], [3.0, 2.0, 1.0])
    ]
    assert places[0] == [places[1][0], places[1][2]]


def test_the_drawing_tells_each_run() -> None:
    svg = chart_svg([1.0, None, 2.0], ["a <1>", "b", "c"])
    assert svg.count("<circle") == 2
    assert "a &lt;1&gt;: 1" in svg
    assert "b:" not in svg
