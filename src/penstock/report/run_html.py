"""One run as one HTML page that needs nothing else: no script, no font, no picture from outside."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from penstock.model.digest import short
from penstock.report.board import WORDS
from penstock.report.documents import ArtifactDocument, FailureDocument, RunDocument, StepDetails, StepDocument
from penstock.report.graph_svg import Box, graph_svg
from penstock.report.markup import Markup, element, joined, page, prose
from penstock.report.page_parts import PictureData, badge, diff_block, facts, grid_table, picture, reason_item, section
from penstock.report.style import STYLE
from penstock.report.units import count, difference, duration, error_words, lasted, number, plural, size

__all__ = ["FAILED", "failure_card", "metric_cards", "run_graph", "run_page", "status_words"]

_BIG_GRAPH = 400  # steps beyond which a drawing helps nobody
_CELL = 120
FAILED = ("failed", "tolerated")


def run_page(
    run: RunDocument,
    steps: Sequence[StepDetails],
    *,
    edges: Sequence[tuple[str, str]] = (),
    logs: Mapping[str, str] | None = None,
    pictures: Mapping[tuple[str, str], PictureData] | None = None,
    before: Mapping[str, float | None] | None = None,
    before_run: str = "",
    diff: str = "",
) -> str:
    """A run as a page. `steps` are those told in full; `edges` the graph's, by step; `logs` what steps printed; `before`
    the metrics of an earlier run; `diff` what differed from the commit."""
    anchors = {one["step"]["step"]: f"step-{index}" for index, one in enumerate(steps)}
    told = [_step(one, anchors, (logs or {}).get(one["step"]["step"], ""), pictures or {}) for one in steps]
    body = [
        _head(run),
        *[
            failure_card(one["step"], one["error"], one["status"])
            for one in run["steps"]
            if one["error"] and one["status"] in FAILED
        ],
        section("Metrics", metric_cards(run, before or {}, before_run), name="metrics"),
        section("Graph", run_graph(run, edges, anchors), name="graph"),
        section("Warnings", _warnings(run)),
        section("Checks", _checks(run)),
        section("Steps", *told, _untold(run, anchors), name="steps"),
        section("Parameters", _parameters(run), name="parameters"),
        section("Code", _code(run, diff), name="code"),
        section("Environment", _environment(run), name="environment"),
        element("footer", f"Written by Penstock: penstock report {run['run']}"),
    ]
    return page(f"{run['pipeline']} · run {run['run']}", body, STYLE)


def _head(run: RunDocument) -> Markup:
    started = datetime.fromisoformat(run["started"]).strftime("%Y-%m-%d %H:%M:%S UTC")
    labels = [run["name"], *[f"#{one}" for one in run["tags"]]]
    many = sum(not one["parent"] for one in run["steps"])
    return joined(
        [
            element("h1", run["pipeline"], " ", badge(run["status"])),
            element("p", *[element("span", one, class_="label") for one in labels if one]) if any(labels) else None,
            facts(
                [
                    f"run {run['run']}",
                    started,
                    lasted(run["seconds"]),
                    f"{plural(many, 'step')}: {status_words(run)}",
                    run["file"],
                    f"seed {run['seeds']['run']}",
                    f"{run['executor']}, {plural(run['workers'], 'worker')}" if run["executor"] else "",
                ]
            ),
        ]
    )


def status_words(run: RunDocument) -> str:
    """How many steps there are of each status, those aside that a step grew."""
    counts: dict[str, int] = {}
    for one in run["steps"]:
        if not one["parent"]:
            counts[one["status"]] = counts.get(one["status"], 0) + 1
    return ", ".join([f"{many:,} {WORDS.get(status, status)}" for status, many in counts.items()])


def failure_card(step: str, error: FailureDocument, status: str) -> Markup:
    """A step that failed: its error, the values of its parameters, the traceback."""
    values = ", ".join([f"{name}={value}" for name, value in error["parameters"].items()])
    how = "tolerated: " if status == "tolerated" else ""
    return element(
        "div",
        element("h3", step, "  ", element("span", how + error_words(error["kind"], error["message"]), class_="bad")),
        element("p", element("code", error["where"])) if error["where"] else None,
        element("pre", error["traceback"]) if error["traceback"] else None,
        element("p", "with ", element("code", values), class_="soft") if values else None,
        element("p", error["hint"]) if error["hint"] else None,
        class_="card failed",
    )


def metric_cards(run: RunDocument, before: Mapping[str, float | None], before_run: str) -> Markup | None:
    """Metrics, each beside that of an earlier run; None without any."""
    cards = []
    for name, value in run["metrics"].items():
        old = before.get(name)
        moved = difference(value, old) if value is not None and old is not None else ""
        cards.append(
            element(
                "div", element("span", name, class_="soft"), element("b", number(value)),
                element("span", f"{moved} was {number(old)}" if moved not in ("", "=") else moved, class_="soft"),
                class_="metric",
            )
        )  # fmt: skip
    against = any(name in before for name in run["metrics"])
    return joined(
        [
            element("div", *cards, class_="grid") if cards else None,
            element("p", f"Against run {before_run}.", class_="soft") if cards and against else None,
        ]
    )


def run_graph(run: RunDocument, edges: Sequence[tuple[str, str]], anchors: Mapping[str, str]) -> Markup | None:
    """The graph with the state of each step; a click on a step leads to its anchor. None without steps."""
    shown = [one for one in run["steps"] if not one["parent"]]
    if not shown:
        return None
    if len(shown) > _BIG_GRAPH:
        return element("p", f"{plural(len(shown), 'step')}: too many to be drawn.", class_="soft")
    boxes = [
        Box(
            one["step"],
            f"{one['kind']} · {_took(one)}",
            f"k-{one['kind']} s-{one['status']}",
            f"{one['step']}: {WORDS.get(one['status'], one['status'])}",
            f"#{anchors[one['step']]}" if one["step"] in anchors else "",
        )
        for one in shown
    ]
    return element("div", graph_svg(boxes, edges), class_="scroll")


def _took(step: StepDocument) -> str:
    return duration(step["seconds"]) if step["status"] in ("succeeded", *FAILED) else step["status"]


def _warnings(run: RunDocument) -> Markup | None:
    rows = [
        (
            element("b", one["step"]),
            one["what"],
            element("code", one["where"]),
            element("span", one["hint"], class_="soft"),
        )
        for one in run["warnings"]
    ]
    return grid_table(("step", "", "", ""), rows)


def _checks(run: RunDocument) -> Markup | None:
    checks = run["checks"]
    if not checks["findings"] and not checks["checks"]:
        return None
    rows = [
        (
            element("b", one["verdict"]), one["check"], one["step"], f"{one['artifact']} {one['column']}".strip(), one["row"],
            f"{_cell(one['before'])} → {_cell(one['after'])}", one["hint"],
        )
        for one in checks["findings"]
    ]  # fmt: skip
    return joined(
        [
            element("p", "Verdict: ", element("b", checks["verdict"])),
            grid_table(("verdict", "check", "step", "column", "row", "before → after", "what to do"), rows),
        ]
    )


def _step(
    details: StepDetails, anchors: Mapping[str, str], log: str, pictures: Mapping[tuple[str, str], PictureData]
) -> Markup:
    step = details["step"]
    name = step["step"]
    made = element("p", f"Reused from run {details['made_in']}.") if step["status"] == "reused" else None
    reasons = [reason_item(one) for one in step["reasons"] if one["kind"] != "same"]
    inputs = [
        (argument, _reference(one["artifact"], anchors), element("code", short(one["digest"], 12)))
        for argument, one in step["inputs"].items()
    ]
    return element(
        "details",
        element(
            "summary",
            element("b", name),
            element("span", step["kind"], class_="soft"),
            badge(step["status"]),
            element("span", class_="grow"),
            element("span", _sizes(step), class_="soft"),
        ),
        element("p", step["note"], class_="warn") if step["note"] else None,
        made,
        element("ul", *reasons) if reasons else None,
        *[element("div", prose(one)) for one in details["notes"]],
        *[picture(pictures, name, one["name"]) for one in details["figures"]],
        _titled("Metrics", grid_table(("", ""), [(one, number(each)) for one, each in step["metrics"].items()], [1])),
        _titled("Inputs", grid_table(("argument", "artifact", "digest"), inputs)),
        _titled("Parameters", grid_table(("", ""), list(details["parameters"].items()))),
        *[_artifact(one) for one in details["artifacts"]],
        _titled("Log", element("pre", log)) if log.strip() else None,
        facts(
            [
                f"{plural(step['attempts'], 'attempt')}" if step["attempts"] > 1 else "",
                f"{duration(step['cpu_seconds'])} of processor time" if step["cpu_seconds"] else "",
                f"seed {details['seed']}" if details["seed"] is not None else "",
                f"key {short(step['key'], 12)}" if step["key"] else "",
            ]
        ),
        id=anchors[name],
        class_=f"card {'failed' if step['status'] in FAILED else ''}".strip(),
        open=step["status"] in FAILED or bool(details["figures"]) or bool(details["notes"]),
    )


def _sizes(step: StepDocument) -> str:
    rows = [one["rows"] for one in step["outputs"] if one["rows"] is not None]
    parts = [
        " + ".join([count(one) for one in rows[:3]]) + (" + …" if len(rows) > 3 else "") + " rows" if rows else "",
        size(sum([one["bytes"] for one in step["outputs"]])) if step["outputs"] else "",
        size(step["peak_memory"]) + " memory" if step["peak_memory"] and step["status"] != "reused" else "",
        duration(step["seconds"]) if step["seconds"] else "",
    ]
    return " · ".join([one for one in parts if one])


def _reference(artifact: str, anchors: Mapping[str, str]) -> object:
    owner = artifact if artifact in anchors else artifact.rpartition(".")[0]
    return element("a", artifact, href=f"#{anchors[owner]}") if owner in anchors else artifact


def _artifact(one: ArtifactDocument) -> Markup:
    about = [
        one["type"],
        " × ".join([count(each) for each in one["shape"]]),
        size(one["bytes"]),
        f"role {one['role']}" if one["role"] else "",
        "pickled" if one["pickled"] else "",
        one["digest"],
    ]
    columns = [
        (each["name"], each["dtype"], count(each["nulls"]) if each.get("nulls") else "") for each in one["columns"]
    ]
    names = [str(each["name"]) for each in one["columns"]] or [""] * max(map(len, one["head"]), default=0)
    return joined(
        [
            element("h3", one["artifact"]),
            facts(about),
            element("pre", one["text"], class_="wrap") if one["text"] and not one["columns"] else None,
            grid_table(names, [[_cell(value) for value in row] for row in one["head"]]),
            element("details", element("summary", plural(len(columns), "column")), grid_table(("", "type", "missing"), columns, [2]))
            if columns
            else None,
            element("details", element("summary", "details"), element("pre", _json(one["details"], 1))) if one["details"] else None,
        ]
    )  # fmt: skip


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False, default=str)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    text = (
        value
        if isinstance(value, str)
        else "—"
        if value is None
        else json.dumps(value, ensure_ascii=False, default=str)
    )
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def _titled(title: str, inside: Markup | None) -> Markup | None:
    return joined([element("h3", title), inside]) if inside else None


def _untold(run: RunDocument, anchors: Mapping[str, str]) -> Markup | None:
    """The steps that are not told one by one: very many, or parts of a step that grew."""
    rest = [one for one in run["steps"] if one["step"] not in anchors]
    if not rest:
        return None
    rows = [(one["step"], one["kind"], badge(one["status"]), duration(one["seconds"])) for one in rest]
    return element(
        "details", element("summary", f"{plural(len(rest), 'more step')}"), grid_table(("step", "kind", "", "time"), rows, [3]),
        class_="card",
    )  # fmt: skip


def _parameters(run: RunDocument) -> Markup | None:
    rows = [
        (f"{step}.{name}", element("code", value))
        for step, values in run["parameters"].items()
        for name, value in values.items()
    ]
    return grid_table(("", ""), rows)


def _code(run: RunDocument, diff: str) -> Markup:
    code = run["code"]
    changes = (
        element("details", element("summary", "What differed from the commit"), diff_block(diff)) if diff else None
    )
    return joined(
        [
            grid_table(
                ("", ""),
                [
                    ("file", run["file"] or "composed in Python"),
                    (
                        "commit",
                        f"{code['commit']}{', and changes' if code['dirty'] else ''}" if code["commit"] else "none",
                    ),
                    ("snapshot", code["snapshot"] or "none"),
                ],
            ),
            changes,
        ]
    )


def _environment(run: RunDocument) -> Markup | None:
    machine = [(name, str(value)) for name, value in run["machine"].items()]
    packages = [(name, version) for name, version in run["environment"].items()]
    if not packages:
        return None
    return joined(
        [
            grid_table(("", ""), machine),
            element("details", element("summary", plural(len(packages), "package")), grid_table(("", ""), packages)),
        ]
    )
