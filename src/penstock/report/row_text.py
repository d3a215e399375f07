"""Rows as lines for people: the way of one row, and rows counted by step."""

import shlex
from datetime import datetime, timedelta
from typing import Any

from penstock.report.check_text import finding_lines
from penstock.report.paint import Line, safe, table
from penstock.report.row_documents import (
    AccountDocument,
    CellDocument,
    DroppedDocument,
    FeatureDocument,
    ForwardDocument,
    PredictionDocument,
    RowsDocument,
    StopDocument,
    ThroughDocument,
    TraceDocument,
)
from penstock.report.units import number, plural

__all__ = [
    "STATES",
    "cell_lines",
    "dropped_lines",
    "forward_lines",
    "loss_words",
    "moved_lines",
    "rows_lines",
    "trace_lines",
    "value_text",
]

STATES: dict[str, tuple[str, str]] = {
    "present": ("✓", "good"),
    "dropped": ("✗", "bad"),
    "multiplied": ("▲", "warn"),
    "absent": ("·", "dim"),
    "unknown": ("?", "warn"),
}
"""The sign and style of each state of a row."""

_WORDS = 6  # values that are told of one step
_LONG = 40


def value_text(value: Any) -> str:
    """A value in few words.

    >>> value_text("2013-12-24T11:00:00+00:00"), value_text(0.123456789), value_text(None)
    ('2013-12-24 11:00 UTC', '0.12346', 'missing')
    """
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return number(value).replace(",", "")
    text = safe(str(value))
    if len(text) >= 19 and text[10:11] == "T" and text[:4].isdigit():
        text = _instant(text.replace("T", " ", 1))
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def _instant(text: str) -> str:
    """An instant without the seconds that are none."""
    zone = " UTC" if text.endswith("+00:00") else text[19:]
    return (text[:16] if text[16:19] == ":00" else text[:19]) + (zone if "." not in text[19:] else text[19:])


def trace_lines(trace: TraceDocument, *, wide: bool = False) -> list[Line]:
    """The way of a row; `wide` shows every value."""
    title = [(safe(trace["key"]), "title"), (f"  a row of {trace['source']}", ""), (f"  run {trace['run']}", "dim")]
    facts = _facts(trace)
    lines: list[Line] = [title]
    if facts:
        lines.append([("  " + " · ".join(facts), "")])
    lines += [[], *_steps(trace, wide=wide)]
    if trace["features"]:
        lines += [[], *_features(trace)]
    lines.extend([[("  " + one, "dim")] for one in trace["advice"]])
    return lines


def _facts(trace: TraceDocument) -> list[str]:
    facts = []
    if trace["asked"]:
        facts.append(f"asked {value_text(trace['asked'])}")
    facts.extend(loss_words(trace))
    if trace["side"]:
        facts.append(f"on the side {trace['side']}")
    facts.extend([_prediction(one) for one in trace["predictions"]])
    return facts


def loss_words(trace: TraceDocument) -> list[str]:
    """Which step dropped a row, and, where another way kept it, where it is."""
    if trace["dropped_at"]:
        return [f"dropped by {trace['dropped_at']}"]
    if trace["dropped_by"]:
        return [f"dropped by {' and '.join(trace['dropped_by'])} on one way, kept in {' and '.join(trace['kept_in'])}"]
    return []


def _prediction(one: PredictionDocument) -> str:
    said = f"predicted {value_text(one['value'])}"
    if one["label"] is not None:
        said += f", was {value_text(one['label'])}"
    if one["error"] is not None:
        said += f" (off by {number(abs(one['error']))})"
    return said + (f" · model {one['model'].partition(':')[2][:12]}" if one["model"] else "")


def _steps(trace: TraceDocument, *, wide: bool) -> list[Line]:
    rows: list[list[Line | str]] = []
    more: dict[int, list[Line]] = {}
    for stop in trace["steps"]:
        glyph, style = STATES[stop["state"]]
        quiet = "dim" if stop["state"] == "absent" else ""
        state = stop["state"] if stop["state"] != "multiplied" else f"{stop['rows']} rows"
        rows.append(
            [
                [(f"{glyph} ", style), (safe(stop["artifact"]), "name" if not quiet else "dim")],
                [(state, style)],
                [(_told(stop, wide=wide), quiet)],
            ]
        )
        if "all_values" in stop:
            more[len(rows) - 1] = _each(stop)
    lines = table(rows)
    found: list[Line] = []
    for place, line in enumerate(lines):
        found.append(line)
        found.extend(more.get(place, []))
    return found


def _told(stop: StopDocument, *, wide: bool) -> str:
    parts = []
    if stop["reason"]:
        place = f"  {stop['where']}" if stop["state"] == "dropped" and stop["where"] else ""
        parts.append(safe(stop["reason"]) + place)
    if stop["rows"]:
        limit = 1000 if wide else _WORDS
        changed = [f"{name} {value_text(a)} → {value_text(b)}" for name, (a, b) in stop["changed"].items()]
        fresh = stop["new"] if stop["kind"] != "source" else list(stop["values"])
        new = [f"{name} {value_text(stop['values'][name])}" for name in fresh]
        if stop["kind"] == "predict":
            new = [value_text(one) for one in stop["values"].values()]
        told = [*changed, *new]
        more = f" … {len(told) - limit} more" if len(told) > limit else ""
        if told:
            parts.append(", ".join(told[:limit]) + more)
        elif not parts:
            parts.append("unchanged")
    return "; ".join(parts)


def _each(stop: StopDocument) -> list[Line]:
    """The values in which the rows that one became differ."""
    several = stop.get("all_values", [])
    names = [name for name in several[0] if len({str(one.get(name)) for one in several}) > 1]
    if not names:
        return [[("      the rows are equal in every column", "warn")]]
    shown = names[:_WORDS]
    rows: list[list[Line | str]] = [[[(name, "dim")] for name in shown]]
    rows += [[value_text(one.get(name)) for name in shown] for one in several[:10]]
    lines = table(rows, indent=6)
    if stop["rows"] > 10:
        lines.append([(f"      … {stop['rows'] - 10} more rows", "dim")])
    return lines


def _features(trace: TraceDocument) -> list[Line]:
    computed = [one for one in trace["features"] if not one["origin"] and not one["label"]]
    given = [one for one in trace["features"] if one["origin"] or one["label"]]
    asked = f" against the decision at {value_text(trace['asked'])}" if trace["asked"] else ""
    lines: list[Line] = [[(f"  columns of {trace['table']}{asked}", "title")]]
    rows: list[list[Line | str]] = [
        [[(safe(one["column"]), "")], value_text(one["value"]), _known(one, trace["asked"])] for one in given
    ]
    lines += table(rows, indent=4)
    if computed:
        listed = ", ".join([one["column"] for one in computed[:8]]) + (" …" if len(computed) > 8 else "")
        lines.append([(f"    computed: {listed}", "dim")])
        example = f"penstock trace {_quoted(trace['key'])} --cell {trace['table']}.{computed[0]['column']}"
        lines.append([("    what stands behind one: ", "dim"), (example, "code")])
    return lines


def _quoted(key: str) -> str:
    return shlex.quote(key)


def _known(one: FeatureDocument, asked: Any) -> Line:
    if one["label"]:
        return [("the label", "dim")]
    if one["known_at"] is None:
        return [("known from the start", "dim")]
    if one["known_at"] == "never":
        return [("⚠ it never became known", "bad")] if one["late"] else [("missing", "dim")]
    when = f"known {value_text(one['known_at'])}"
    if one["late"]:
        return [(f"⚠ {when}, {_after(one['known_at'], asked)} the decision: a leak, if the model uses it", "bad")]
    return [(when, "good")]


def _after(known: Any, asked: Any) -> str:
    try:
        gap: timedelta = datetime.fromisoformat(str(known)) - datetime.fromisoformat(str(asked))
    except (TypeError, ValueError):
        return "after"
    minutes = int(gap.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min after" if minutes >= 60 else f"{minutes} min after"


# --- counted


def rows_lines(document: RowsDocument) -> list[Line]:
    """The rows of a run by step."""
    return [*_table(document["accounts"]), *finding_lines(document["findings"])]


def moved_lines(document: RowsDocument) -> list[Line]:
    """The steps whose rows are not those of their input, one line each; none where all rows stayed."""
    rows: list[list[Line | str]] = []
    for one in document["accounts"]:
        words = [f"{one[what]:,} {what}" for what in ("multiplied", "new") if one[what]]
        if one["dropped"]:
            words = [f"{_share(one['dropped'], one['rows_in'])} dropped", *words]
        if one["main"] and words:
            counts = f"{one['rows_in']:,} → {one['rows_out']:,}"
            rows.append([[(safe(one["step"]), "name")], counts, [(", ".join(words), "")]])
    if not rows:
        return []
    how: Line = [("  rows", "dim"), (f"  penstock show {document['run']} --rows", "dim")]
    return [[], how, *table(rows, right=[1], indent=4)]


def _table(accounts: list[AccountDocument]) -> list[Line]:
    head: list[Line | str] = [
        [(word, "dim")] for word in ("  step", "input", "rows", "kept", "dropped", "multiplied", "new", "known by")
    ]
    rows: list[list[Line | str]] = []
    for one in accounts:
        if one["method"] == "unknown":
            cells: list[Line | str] = [[("UNKNOWN", "warn")], "", "", "", [(safe(one["how"]), "dim")]]
        else:
            lost = "bad" if one["main"] and one["dropped"] else "dim" if not one["dropped"] else ""
            grown = "warn" if one["main"] and one["multiplied"] else "dim" if not one["multiplied"] else ""
            cells = [
                f"{one['kept']:,}",
                [(_share(one["dropped"], one["rows_in"]), lost)],
                [(f"{one['multiplied']:,}", grown)],
                [(f"{one['new']:,}", "" if one["new"] else "dim")],
                [(safe(one["how"]) + ("" if one["main"] else ", looked up"), "dim")],
            ]
        style = "name" if one["main"] else ""
        rows.append([[("  ", ""), (safe(one["step"]), style)], safe(one["artifact"]), f"{one['rows_in']:,}", *cells])
    if not rows:
        return [[("  No step of this run makes rows of rows.", "dim")]]
    return table([head, *rows], right=[2, 3, 4, 5, 6], indent=0)


def _share(part: int, whole: int) -> str:
    if not part:
        return "0"
    share = part / max(whole, 1)
    return f"{part:,} ({share:.1%})" if share >= 0.0005 else f"{part:,}"


def dropped_lines(document: DroppedDocument) -> list[Line]:
    """The losses of a source's rows by step."""
    lines: list[Line] = [
        [
            (safe(document["source"]), "title"),
            (f"  {plural(document['rows'], 'row')}", ""),
            (f"  run {document['run']}", "dim"),
        ]
    ]
    for one in document["steps"]:
        lines += [[], *_loss(one)]
    if not document["steps"]:
        lines.append([("  No step makes rows of its rows.", "dim")])
    return [*lines, *finding_lines(document["findings"])]


def _loss(one: AccountDocument) -> list[Line]:
    name = (safe(one["step"]), "name")
    if one["method"] == "unknown":
        return [[("  ? ", "warn"), name, (f"  UNKNOWN what became of {one['artifact']}: {safe(one['how'])}", "")]]
    flow = f"  {one['rows_in']:,} → {one['rows_out']:,}"
    if not one["dropped"]:
        return [[("  ✓ ", "good"), name, (flow, ""), ("  nothing dropped" + _more(one), "dim")]]
    lines: list[Line] = [
        [
            ("  ✗ ", "bad"),
            name,
            (flow, ""),
            (f"  {_share(one['dropped'], one['rows_in'])} dropped", "bad"),
            (_more(one), ""),
        ]
    ]
    wide = max([len(f"{reason['rows']:,}") for reason in one["reasons"]], default=0)
    lines += [[(f"      {reason['rows']:>{wide},}  ", ""), (safe(reason["what"]), "")] for reason in one["reasons"]]
    if one["examples"]:
        lines.append([("      such as ", "dim"), (safe(", ".join(one["examples"][:3])), "code")])
    for rate in one["rates"]:
        whole = sum([part["dropped"] for part in rate["parts"]]) / max(sum([part["rows"] for part in rate["parts"]]), 1)
        parts = [part for part in rate["parts"] if part["rows"] >= 10]
        if len(parts) < 2 or not _uneven([p["dropped"] / p["rows"] for p in parts], whole):
            continue
        worst = sorted(parts, key=lambda part: -part["dropped"] / part["rows"])[:3]
        told = ", ".join([f"{safe(part['value'])} {part['dropped'] / part['rows']:.1%}" for part in worst])
        by = f"{rate['by']} {rate['column']}".strip()
        lines.append([(f"      by {by}: {told}; of all {whole:.1%}", "dim")])
    return lines


def _uneven(shares: list[float], whole: float) -> bool:
    """Whether a part lost so much more than all together that it is worth a line."""
    return max(shares) >= 0.01 and max(shares) >= 1.25 * whole


def _more(one: AccountDocument) -> str:
    said = []
    if one["multiplied"]:
        said.append(f"{one['multiplied']:,} multiplied")
    if one["new"]:
        said.append(f"{one['new']:,} new")
    return "".join([f", {part}" for part in said])


# --- behind and ahead


def cell_lines(cell: CellDocument) -> list[Line]:
    """What stands behind one value."""
    sure = ("exact", "good") if cell["exact"] else ("not exact", "warn")
    lines: list[Line] = [
        [(safe(cell["cell"]), "title"), (f" of {safe(cell['key'])} is ", ""), (value_text(cell["value"]), "name")],
        [
            ("  ", ""),
            sure,
            (f" · {plural(len(cell['sources']), 'source row')} · {plural(cell['reruns'], 're-execution')}", ""),
        ],
    ]
    if cell["asked"]:
        lines[-1].append((f" · asked {value_text(cell['asked'])}", ""))
    if cell["why"]:
        lines.append([(f"  {safe(cell['why'])}", "warn")])
    if cell["note"]:
        lines.append([(f"  {safe(cell['note'])}", "dim")])
    rows: list[list[Line | str]] = []
    for one in cell["sources"][:200]:
        known = f"known {value_text(one['known_at'])}" if one["known_at"] else ""
        rows.append(
            [
                [(safe(one["source"]), "")],
                [(safe(one["key"]), "name")],
                [(safe(", ".join(one["columns"])), "code"), (" together with others" * one["together"], "warn")],
                [((f"⚠ {known}, after the decision" if one["late"] else known), "bad" if one["late"] else "dim")],
            ]
        )
    if not rows:
        lines.append([("  no row was found whose absence or other values would move it", "dim")])
    lines += [[], *table(rows)] if rows else []
    if len(cell["sources"]) > 200:
        lines.append([(f"  … {len(cell['sources']) - 200} more; --json has them all", "dim")])
    lines.extend([[(f"  through {safe(_made(one))}", "warn")] for one in cell["through"]])
    return lines


def _made(one: ThroughDocument) -> str:
    """A fitted model, or what else has no rows, in words."""
    digest = one["digest"].partition(":")[2][:12]
    of = " and ".join([f"{plural(rows, 'row')} of {table}" for table, rows in one["rows"].items()])
    if one["kind"] == "train":
        return f"the model `{one['artifact']}` ({digest}), fitted on {of or 'what is not told'} by step {one['step']}"
    return f"`{one['artifact']}` ({digest}), computed of {of or 'what is not told'} by step {one['step']}"


def forward_lines(found: ForwardDocument) -> list[Line]:
    """What a source row reached."""
    lines: list[Line] = [
        [
            (safe(found["key"]), "title"),
            (f"  a row of {found['source']}", ""),
            (f"  in {plural(found['runs'], 'run')}", "dim"),
        ],
        [],
    ]
    rows: list[list[Line | str]] = [
        [
            [(safe(one["artifact"]), "name")],
            [(plural(one["rows"], "row") if one["rows"] else "", "")],
            [(safe(one["how"]), "")],
            [(f"run {one['run']}", "dim")],
        ]
        for one in found["reached"]
    ]
    lines += table(rows)
    if found["models"]:
        listed = ", ".join([one.partition(":")[2][:12] for one in found["models"]])
        lines += [
            [],
            [(f"  {plural(len(found['models']), 'model')} learnt from it or through it: ", ""), (listed, "name")],
        ]
    if found["unknown"]:
        lines.append([(f"  UNKNOWN whether it is in {', '.join(found['unknown'])}", "warn")])
    return lines
