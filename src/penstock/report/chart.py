"""A series of numbers as a small chart: on a terminal, or as an SVG drawing."""

import math
from collections.abc import Sequence

from penstock.report.markup import Markup, element
from penstock.report.paint import Line, width
from penstock.report.units import number

__all__ = ["chart_lines", "chart_svg"]

_HIGH = 8  # lines of a chart on a terminal
_STEP = 4  # columns from one point to the next, while there is room


def chart_lines(values: Sequence[float | None], columns: int = 0, high: int = _HIGH) -> list[Line]:
    """Points from left to right, the scale at their left. What does not fit in so many columns (0: 80) is left out at
    the left; a value that is not finite leaves a gap.

    >>> from penstock.report.paint import plain
    >>> [plain(line) for line in chart_lines([1, 2, 3], high=3)]
    ['  3 ┤        ●', '    │    ●', '  1 ┤●']
    """
    finite = [one for one in values if one is not None and math.isfinite(one)]
    if not finite:
        return []
    low, top = min(finite), max(finite)
    marks = {0: number(top), high - 1: number(low)} if top > low else {high // 2: number(low)}
    wide = max(width(text) for text in marks.values())
    room = max((columns or 80) - wide - 5, 10)
    gap = max(1, min(_STEP, room // max(len(values), 1)))
    shown = list(values)[-(room // gap) :]
    rows = [[" "] * (len(shown) * gap) for _ in range(high)]
    for place, value in enumerate(shown):
        if value is not None and math.isfinite(value):
            rows[_row(value, low, top, high)][place * gap] = "●"
    lines: list[Line] = []
    for index, row in enumerate(rows):
        mark = marks.get(index, "")
        axis = f"  {' ' * (wide - width(mark))}{mark} {'┤' if mark else '│'}"
        lines.append([(axis, "dim"), ("".join(row).rstrip(), "code")])
    return lines


def _row(value: float, low: float, top: float, high: int) -> int:
    return high // 2 if top == low else round((top - value) / (top - low) * (high - 1))


def chart_svg(
    values: Sequence[float | None], titles: Sequence[str] = (), *, wide: int = 480, high: int = 120
) -> Markup:
    """The same as a drawing: a line through points, each with its title under the pointer. Colours are those of the
    text around it."""
    finite = [one for one in values if one is not None and math.isfinite(one)]
    if not finite:
        return element("p", "No value is finite.")
    low, top = min(finite), max(finite)
    left, edge = 70, 12
    across = (wide - left - edge) / max(len(values) - 1, 1)
    places: list[tuple[float, float, int]] = []
    for index, value in enumerate(values):
        if value is not None and math.isfinite(value):
            share = 0.5 if top == low else (top - value) / (top - low)
            places.append((left + index * across, edge + share * (high - 2 * edge), index))
    path = " ".join([f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y, _) in enumerate(places)])
    dots = [
        element(
            "circle",
            element("title", f"{titles[index]}: {number(values[index])}" if titles else number(values[index])),
            cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5", fill="currentColor",
        )
        for x, y, index in places
    ]  # fmt: skip
    style = {"font-size": "11", "fill": "currentColor", "text-anchor": "end", "opacity": "0.7"}
    scale = [element("text", number(top), x=str(left - 10), y=str(edge + 4), **style)]
    if top != low:
        scale.append(element("text", number(low), x=str(left - 10), y=str(high - edge + 4), **style))
    else:
        scale = [element("text", number(low), x=str(left - 10), y=str(high // 2 + 4), **style)]
    line = element("path", d=path, fill="none", stroke="currentColor", **{"stroke-width": "1.5", "opacity": "0.5"})
    return element(
        "svg", *scale, line, *dots,
        viewBox=f"0 0 {wide} {high}", width=str(wide), height=str(high), role="img", **{"font-family": "sans-serif"},
    )  # fmt: skip
