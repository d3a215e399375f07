"""Sizes, times and counts as people read them."""

import math
from datetime import UTC, datetime

__all__ = [
    "ago",
    "change",
    "clock",
    "count",
    "difference",
    "duration",
    "error_words",
    "iso",
    "lasted",
    "number",
    "plural",
    "size",
]


def duration(seconds: float) -> str:
    """A length of time in two or three digits.

    >>> [duration(x) for x in (0, 0.0042, 0.83, 4.13, 41.2, 72, 3720, 100000)]
    ['0 ms', '4 ms', '0.83 s', '4.1 s', '41 s', '1 m 12 s', '1 h 02 m', '1 d 03 h']
    """
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def clock(seconds: float) -> str:
    """A running time: minutes and seconds, with hours where there are any.

    >>> clock(7.9), clock(125), clock(3725)
    ('0:07', '2:05', '1:02:05')
    """
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size(amount: float) -> str:
    """A number of bytes, in powers of 1,000.

    >>> [size(x) for x in (0, 999, 1500, 41_200_000, 999_999_999, 2.5e12)]
    ['0 B', '999 B', '1.5 kB', '41 MB', '1.0 GB', '2.5 TB']
    """
    if amount < 1000:
        return f"{amount:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 9.95:
            return f"{amount:.1f} {unit}"
        if amount < 999.5:
            return f"{amount:.0f} {unit}"
    return f"{amount / 1000:.1f} PB"


def count(amount: float) -> str:
    """A count with separators; fractions only where there are any.

    >>> count(336776), count(12.0), count(0.5)
    ('336,776', '12', '0.5')
    """
    if not math.isfinite(amount):
        return str(amount)
    return f"{int(amount):,}" if amount == int(amount) else f"{amount:,.4g}"


def plural(amount: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "step"), plural(1200, "step"), plural(2, "run")
    ('1 step', '1,200 steps', '2 runs')
    """
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def lasted(seconds: float) -> str:
    """A duration that may not be known, as of a run whose process was killed: nobody saw its end.

    >>> lasted(2.5), lasted(0.0)
    ('2.5 s', '—')
    """
    return duration(seconds) if seconds else "—"


def number(value: float | None) -> str:
    """A metric: five significant digits, plain where that is short.

    >>> [number(x) for x in (18.204318, 0.000012345, 1234567.0, 3.0, None, float("nan"))]
    ['18.204', '1.2345e-05', '1,234,567', '3', '—', 'nan']
    """
    if value is None:
        return "—"
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 100_000:
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.4e}"
    return f"{value:.5g}"


def change(before: object, after: object) -> tuple[str, str]:
    """Two values of a cell, with as many digits as it takes to tell them apart; what is not there is `missing`.

    >>> change(376.6312, 376.6348), change(None, "a"), change(1.0, 2)
    (('376.631', '376.635'), ('missing', 'a'), ('1', '2'))
    """
    told = [_cell(one) for one in (before, after)]
    if told[0] == told[1] and isinstance(before, float) and isinstance(after, float) and before != after:
        for digits in range(6, 18):
            told = [f"{one:.{digits}g}" for one in (before, after)]
            if told[0] != told[1]:
                break
    return told[0], told[1]


def _cell(value: object) -> str:
    return "missing" if value is None else number(value) if isinstance(value, float) else str(value)


def difference(now: float, before: float) -> str:
    """How a metric moved: an arrow and by how much.

    >>> difference(18.2, 18.44), difference(2, 1), difference(1.0, 1.0)
    ('▼ 0.24', '▲ 1', '=')
    """
    if now == before or (math.isnan(now) and math.isnan(before)):
        return "="
    if not (math.isfinite(now) and math.isfinite(before)):
        return "≠"
    change = abs(now - before)
    digits = f"{change:.3g}" if change < 100_000 else f"{change:,.0f}"
    return f"{'▲' if now > before else '▼'} {digits}"


def iso(time: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the millisecond.

    >>> iso(0.25)
    '1970-01-01T00:00:00.250+00:00'
    """
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")


def ago(time: float, now: float) -> str:
    """How long ago something was, and its date once that says more. Both in seconds since 1970.

    >>> [ago(100000.0 - x, 100000.0) for x in (0, 3, 90, 7300)]
    ['just now', '3 s ago', '1 min ago', '2 h ago']
    """
    passed = now - time
    if passed < 2:
        return "just now"
    for limit, per, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (7 * 86400, 86400, "d")):
        if passed < limit:
            return f"{int(passed // per)} {unit} ago"
    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")


def error_words(kind: str, message: str) -> str:
    """An error in a line: its kind, and what it says if it says something.

    >>> error_words("ValueError", "no"), error_words("AssertionError", "")
    ('ValueError: no', 'AssertionError')
    """
    return f"{kind}: {message}" if message.strip() else kind
