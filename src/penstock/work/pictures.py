"""Pictures of results that are drawn without a library."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["results_picture"]

_WIDTH, _HEIGHT, _EDGE = 640, 280, 44


def results_picture(table: Sequence[Mapping[str, Any]], metric: str = "") -> str:
    """A task's executions as an SVG: a bar for each one's metric (the first number that all share, where none is named).

    "" where there is nothing to draw.
    """
    names = (
        [metric]
        if metric
        else [name for name in (table[0] if table else ()) if name not in ("execution", "failed")][::-1]
    )
    for name in names:
        values = [one.get(name) for one in table]
        numbers = [float(one) if isinstance(one, int | float) and abs(one) < float("inf") else None for one in values]
        known = [one for one in numbers if one is not None]
        if known:
            return _bars(name, numbers, known)
    return ""


def _bars(name: str, numbers: Sequence[float | None], known: Sequence[float]) -> str:
    low, high = min(0.0, *known), max(0.0, *known)
    span = (high - low) or 1.0
    inner, wide = _HEIGHT - 2 * _EDGE, (_WIDTH - 2 * _EDGE) / max(1, len(numbers))

    def y(value: float) -> float:
        return _EDGE + inner * (high - value) / span

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<text x="{_EDGE}" y="22">{escape(name)} by execution</text>',
        f'<text x="{_EDGE - 6}" y="{y(high) + 4:.1f}" text-anchor="end">{high:.4g}</text>',
        f'<text x="{_EDGE - 6}" y="{y(low) + 4:.1f}" text-anchor="end">{low:.4g}</text>',
        f'<line x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="#888"/>',
    ]
    for index, value in enumerate(numbers):
        if value is None:
            continue
        top, bottom = min(y(value), y(0)), max(y(value), y(0))
        left = _EDGE + wide * index
        parts.append(
            f'<rect x="{left + wide * 0.1:.1f}" y="{top:.1f}" width="{wide * 0.8:.1f}" height="{max(1.0, bottom - top):.1f}" '
            f'fill="#3b7dd8"><title>{index}: {value:.6g}</title></rect>'
        )
        if len(numbers) <= 40:
            parts.append(f'<text x="{left + wide / 2:.1f}" y="{_HEIGHT - 18}" text-anchor="middle">{index}</text>')
    return "".join([*parts, "</svg>"])
