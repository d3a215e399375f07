"""The way of one row as a page: one file, without scripts, that needs nothing else."""

import re
from html import escape
from typing import Any

from penstock.report.row_documents import FeatureDocument, StopDocument, TraceDocument
from penstock.report.row_text import STATES, loss_words, value_text
from penstock.report.units import number

__all__ = ["trace_fragment", "trace_page"]

_STYLE = """
.penstock-trace{font:14px/1.5 system-ui,sans-serif;color:#1c2733;max-width:72rem}
.penstock-trace h1{font-size:1.4rem;margin:0 0 .2rem;overflow-wrap:anywhere}
.penstock-trace h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
.penstock-trace p{margin:.2rem 0;color:#51606f}
.penstock-trace .facts span{display:inline-block;background:#eef2f6;border-radius:.3rem;padding:.1rem .5rem;margin:.2rem .4rem .2rem 0;color:#1c2733}
.penstock-trace ol{list-style:none;margin:1rem 0;padding:0;border-left:2px solid #d5dde5}
.penstock-trace li{position:relative;padding:.35rem 0 .35rem 1.4rem}
.penstock-trace li::before{content:"";position:absolute;left:-.42rem;top:.8rem;width:.7rem;height:.7rem;border-radius:50%;background:#fff;border:2px solid #8fa0b0;box-sizing:border-box}
.penstock-trace li.present::before{background:#1d8a52;border-color:#1d8a52}
.penstock-trace li.dropped::before{background:#c22f2f;border-color:#c22f2f}
.penstock-trace li.multiplied::before{background:#b97a00;border-color:#b97a00}
.penstock-trace li.unknown::before{border-color:#b97a00}
.penstock-trace li.absent{color:#7a8896}
.penstock-trace b.state{font-weight:600;padding-left:.5rem}
.penstock-trace .present b.state{color:#1d8a52}.penstock-trace .dropped b.state{color:#c22f2f}
.penstock-trace .multiplied b.state,.penstock-trace .unknown b.state{color:#8a5b00}
.penstock-trace small{color:#6a7885}
.penstock-trace table{border-collapse:collapse;margin:.4rem 0;font-size:13px}
.penstock-trace td,.penstock-trace th{padding:.15rem .7rem .15rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #eef2f6;overflow-wrap:anywhere}
.penstock-trace th{font-weight:500;color:#6a7885}
.penstock-trace del{color:#9a5050}.penstock-trace ins{color:#1d6b45;text-decoration:none}
.penstock-trace .late{color:#c22f2f;font-weight:600}
.penstock-trace details summary{cursor:pointer;color:#51606f}
.penstock-trace code{font-family:ui-monospace,monospace;font-size:.95em}
"""


def trace_page(trace: TraceDocument) -> str:
    """The page."""
    title = escape(f"{trace['key']} of {trace['source']}")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{title}</title>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body style="margin:2rem">\n{trace_fragment(trace)}\n</body></html>\n'


def trace_fragment(trace: TraceDocument) -> str:
    """The same as a part of another page, a notebook's for one."""
    facts = [f"source {trace['source']}", f"run {trace['run']}"]
    if trace["asked"]:
        facts.append(f"asked {value_text(trace['asked'])}")
    facts.extend(loss_words(trace))
    if trace["side"]:
        facts.append(f"side {trace['side']}")
    for one in trace["predictions"]:
        facts.append(f"predicted {value_text(one['value'])}")
        if one["label"] is not None:
            facts.append(f"was {value_text(one['label'])}")
        if one["error"] is not None:
            facts.append(f"off by {number(abs(one['error']))}")
        if one["model"]:
            facts.append(f"model {one['model'][:19]}")
    listed = "".join([f"<span>{escape(one)}</span>" for one in facts])
    stops = "".join([_stop(one) for one in trace["steps"]])
    advice = "".join([f"<p>{_marked(one)}</p>" for one in trace["advice"]])
    return (
        f'<div class="penstock-trace"><style>{_STYLE}</style><h1>{escape(trace["key"])}</h1>'
        f'<div class="facts">{listed}</div><ol>{stops}</ol>{_features(trace)}{advice}</div>'
    )


def _stop(stop: StopDocument) -> str:
    sign = STATES[stop["state"]][0]
    state = f"{stop['rows']} rows" if stop["state"] == "multiplied" else stop["state"]
    words = f" {_marked(stop['reason'])}" if stop["reason"] else ""
    how = f' <small title="how the row was recognised">{escape(stop["how"])}</small>' if stop["how"] else ""
    place = f" <small>{escape(stop['where'])}</small>" if stop["where"] and stop["state"] == "dropped" else ""
    return (
        f'<li class="{stop["state"]}"><code>{escape(stop["artifact"])}</code><b class="state">{sign} {escape(state)}</b>'
        f"{words}{how}{place}{_values(stop)}</li>"
    )


def _marked(text: str) -> str:
    """Text in which names stand between backquotes."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _values(stop: StopDocument) -> str:
    if not stop["rows"]:
        return ""
    marked = [
        f"<tr><th>{escape(name)}</th><td><del>{escape(value_text(a))}</del> → <ins>{escape(value_text(b))}</ins></td></tr>"
        for name, (a, b) in stop["changed"].items()
    ]
    fresh = [_row(name, stop["values"][name]) for name in stop["new"]]
    rest = [
        _row(name, one)
        for name, one in stop["values"].items()
        if name not in stop["changed"] and name not in stop["new"]
    ]
    parts = [f"<table>{''.join([*marked, *fresh])}</table>"] if marked or fresh else []
    if "all_values" in stop:
        parts.append(_all(stop["all_values"]))
    if rest:
        said = f"{len(rest)} unchanged" if marked or fresh or stop["kind"] != "source" else f"{len(rest)} columns"
        parts.append(f"<details><summary>{said}</summary><table>{''.join(rest)}</table></details>")
    return "".join(parts)


def _row(name: str, value: Any) -> str:
    return f"<tr><th>{escape(name)}</th><td>{escape(value_text(value))}</td></tr>"


def _all(several: list[dict[str, Any]]) -> str:
    names = [name for name in several[0] if len({str(one.get(name)) for one in several}) > 1] or list(several[0])[:8]
    head = "".join([f"<th>{escape(name)}</th>" for name in names])
    body = "".join(
        [
            "<tr>" + "".join([f"<td>{escape(value_text(one.get(name)))}</td>" for name in names]) + "</tr>"
            for one in several
        ]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _features(trace: TraceDocument) -> str:
    if not trace["features"]:
        return ""
    rows = "".join([_feature(one) for one in trace["features"]])
    asked = f", asked {escape(value_text(trace['asked']))}" if trace["asked"] else ""
    return (
        f"<h2>Columns of <code>{escape(trace['table'])}</code>{asked}</h2>"
        f"<table><tr><th>column</th><th>value</th><th>known</th></tr>{rows}</table>"
    )


def _feature(one: FeatureDocument) -> str:
    if one["label"]:
        known = "the label"
    elif not one["origin"]:
        known = "computed"
    elif one["known_at"] is None:
        known = "from the start"
    else:
        known = value_text(one["known_at"])
    late = ' class="late"' if one["late"] else ""
    words = f"{known}: after the decision" if one["late"] else known
    return f"<tr><td>{escape(one['column'])}</td><td>{escape(value_text(one['value']))}</td><td{late}>{escape(words)}</td></tr>"
