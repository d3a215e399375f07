"""The graph of a run as an SVG drawing, from the first steps at the top to the last at the bottom.

A layered drawing after Sugiyama, Tagawa and Toda (1981): steps in layers by their longest way from the start, edges that pass
layers bent at helping points, the order within a layer improved by barycentres, places drawn towards their neighbours.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from penstock.report.markup import Markup, element
from penstock.report.paint import width

__all__ = ["Box", "graph_svg", "layout"]

_WIDE, _HIGH = 168.0, 40.0  # of a box
_HELPER = 12.0  # the width of a helping point
_ACROSS, _DOWN = 18.0, 36.0  # from box to box
_EDGE = 8.0
_SWEEPS = 8
_LONGEST = 22  # columns of a name


_Place = tuple[float, float]


class Box(Struct, frozen=True):
    """A step to be drawn: its name, a second line, CSS classes, a title for the pointer, and where a click leads."""

    name: str
    under: str = ""
    classes: str = ""
    title: str = ""
    target: str = ""


def graph_svg(boxes: Sequence[Box], edges: Sequence[tuple[str, str]]) -> Markup:
    """The drawing. Edges are (from, to) by the names of the boxes; what names no box is left out."""
    names = {one.name for one in boxes}
    kept = [(one, other) for one, other in dict.fromkeys(edges) if one in names and other in names and one != other]
    places, bends = layout([one.name for one in boxes], kept)
    wide = max([x for x, _ in places.values()], default=0.0) + _WIDE + 2 * _EDGE
    high = max([y for _, y in places.values()], default=0.0) + _HIGH + 2 * _EDGE
    lines = [_line(places[one], bends[one, other], places[other]) for one, other in kept]
    drawn = [_box(one, *places[one.name]) for one in boxes]
    return element(
        "svg", element("g", *lines, class_="edges"), *drawn,
        viewBox=f"{-_EDGE:.0f} {-_EDGE:.0f} {wide:.0f} {high:.0f}", width=f"{wide:.0f}", height=f"{high:.0f}",
        class_="graph", role="img", aria_label="The graph of the pipeline",
    )  # fmt: skip


def _line(start: _Place, bends: Sequence[_Place], end: _Place) -> Markup:
    points = [(start[0] + _WIDE / 2, start[1] + _HIGH)]
    for x, y in bends:
        points += [(x, y), (x, y + _HIGH)]
    points.append((end[0] + _WIDE / 2, end[1]))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for index, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if index % 2:  # straight through the layer that it passes
            path += f" L{to_x:.1f} {to_y:.1f}"
        else:
            middle = (y + to_y) / 2
            path += f" C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
    return element("path", d=path)


def _box(one: Box, x: float, y: float) -> Markup:
    inside = [
        element("title", one.title or one.name),
        element("rect", width=f"{_WIDE:.0f}", height=f"{_HIGH:.0f}", rx="7"),
        element("text", _short(one.name), x="12", y="17" if one.under else "25", class_="name"),
    ]
    if one.under:
        inside.append(element("text", _short(one.under), x="12", y="32", class_="under"))
    group = element("g", *inside, transform=f"translate({x:.1f} {y:.1f})", class_=f"box {one.classes}".strip())
    return element("a", group, href=one.target) if one.target else group


def _short(text: str) -> str:
    while width(text) > _LONGEST:
        text = text[:-2].rstrip("…") + "…"
    return text


def layout(
    names: Sequence[str], edges: Sequence[tuple[str, str]]
) -> tuple[dict[str, _Place], dict[tuple[str, str], list[_Place]]]:
    """Where each box is (its upper left corner), and the points at which each edge enters the layers that it passes. No two
    boxes overlap.

    Edges must make no circle.
    """
    layers = _layers(names, edges)
    rows, links, chains = _with_helpers(names, edges, layers)
    _order(rows, links)
    across = _places(rows, links)
    left = min([across[name] - _WIDE / 2 for name in names], default=0.0)
    left = min([left, *[across[one] for chain in chains.values() for one in chain]])
    step = _HIGH + _DOWN
    boxes = {name: (across[name] - left - _WIDE / 2, layers[name] * step) for name in names}
    bends = {
        (one, other): [(across[node] - left, layer * step) for layer, node in enumerate(chain, layers[one] + 1)]
        for (one, other), chain in chains.items()
    }
    return boxes, bends


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    above: dict[str, list[str]] = {name: [] for name in names}
    below: dict[str, list[str]] = {name: [] for name in names}
    for one, other in edges:
        above[other].append(one)
        below[one].append(other)
    waiting = {name: len(above[name]) for name in names}
    ready = [name for name in names if not waiting[name]]
    layers: dict[str, int] = {}
    while ready:
        name = ready.pop()
        layers[name] = max([layers[parent] + 1 for parent in above[name]], default=0)
        for child in below[name]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    for name in names:  # what comes from nowhere stands next to what reads it
        layers.setdefault(name, 0)
        if not above[name] and below[name]:
            layers[name] = max(min([layers.get(child, 0) for child in below[name]]) - 1, 0)
    return layers


def _with_helpers(
    names: Sequence[str], edges: Sequence[tuple[str, str]], layers: Mapping[str, int]
) -> tuple[list[list[str]], dict[str, list[str]], dict[tuple[str, str], list[str]]]:
    """The rows of boxes and helping points, which of them are joined (both ways), and the helpers of each edge."""
    rows: list[list[str]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for name in names:
        rows[layers[name]].append(name)
    links: dict[str, list[str]] = {name: [] for name in names}
    chains: dict[tuple[str, str], list[str]] = {}
    for number, (one, other) in enumerate(edges):
        chain = [f"\x00{number}/{layer}" for layer in range(layers[one] + 1, layers[other])]
        for layer, helper in enumerate(chain, layers[one] + 1):
            rows[layer].append(helper)
            links[helper] = []
        way = [one, *chain, other]
        for left, right in pairwise(way):
            links[left].append(right)
            links[right].append(left)
        chains[one, other] = chain
    return rows, links, chains


def _order(rows: list[list[str]], links: Mapping[str, list[str]]) -> None:
    for sweep in range(_SWEEPS):
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for index in order:
            beside = rows[index - 1] if sweep % 2 == 0 else rows[index + 1]
            place = {node: number for number, node in enumerate(beside)}
            now = {node: number for number, node in enumerate(rows[index])}
            rows[index].sort(
                key=lambda node: (_mean([place[one] for one in links[node] if one in place], now[node]), now[node])
            )


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _places(rows: list[list[str]], links: Mapping[str, list[str]]) -> dict[str, float]:
    """How far to the right the middle of each box and helping point is."""
    half = {node: (_HELPER if node.startswith("\x00") else _WIDE) / 2 for row in rows for node in row}
    across: dict[str, float] = {}
    for row in rows:
        end = 0.0
        for node in row:
            across[node] = end + half[node]
            end += 2 * half[node] + _ACROSS
    for sweep in range(2 * _SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [_mean([across[one] for one in links[node]], across[node]) for node in row]
            placed: list[float] = []
            for index, (want, node) in enumerate(zip(wanted, row, strict=True)):
                least = placed[-1] + half[row[index - 1]] + half[node] + _ACROSS if placed else want
                placed.append(max(want, least))
            shift = _mean([want - place for want, place in zip(wanted, placed, strict=True)], 0.0)
            across.update({node: place + shift for node, place in zip(row, placed, strict=True)})
    return across
