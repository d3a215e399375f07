"""What checks found, as one page that needs nothing else: the graph with what each step came to, and the counter-examples."""

from collections.abc import Mapping, Sequence

from penstock.report.check_documents import (
    AlteredDocument,
    CheckDocument,
    CheckedDocument,
    ChecksDocument,
    FindingDocument,
    WaiverDocument,
)
from penstock.report.graph_svg import Box, graph_svg
from penstock.report.markup import Markup, element, page
from penstock.report.page_parts import facts, grid_table, section
from penstock.report.script_documents import ScriptDocument
from penstock.report.style import STYLE, fragment_style
from penstock.report.units import change, duration, plural

__all__ = ["check_fragment", "check_page"]

_CLASSES = {"PROVEN": "bad", "SUSPECT": "warn", "CLEAN": "good", "UNKNOWN": "soft"}
_MARKS = {"PROVEN": "✗", "SUSPECT": "!", "CLEAN": "✓", "UNKNOWN": "?"}
_RANK = {"PROVEN": 3, "SUSPECT": 2, "UNKNOWN": 1, "CLEAN": 0}
_BIG_GRAPH = 400  # steps beyond which a drawing helps nobody
_VALUE = 120

_MORE = """
.cells { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0; }
.cell { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 6px 12px; min-width: 0; overflow-wrap: anywhere; }
.cell .row { color: var(--soft); font-size: 13px; }
.cell b { display: block; font-weight: 600; font-size: 13px; } .arrow { color: var(--soft); font-size: 18px; }
.cell del { color: var(--soft); } .cell ins { text-decoration: none; font-weight: 700; color: var(--bad); }
.v-PROVEN rect { stroke: var(--bad); stroke-width: 2.5; } .v-SUSPECT rect { stroke: var(--warn); stroke-width: 2; }
.v-CLEAN rect { stroke: var(--good); } .v-UNKNOWN rect { stroke-dasharray: 4 3; }
.said { margin: 4px 0 0; padding-left: 20px; }
@media (max-width: 560px) { .cells { flex-direction: column; align-items: stretch; gap: 2px; } .arrow { align-self: center; transform: rotate(90deg); } }
"""


def check_page(
    document: CheckedDocument, *, edges: Sequence[tuple[str, str]] = (), kinds: Mapping[str, str] | None = None
) -> str:
    """The report of one run as a page. `edges` are the graph's, by step; `kinds` what each step is for."""
    body = [
        element("h1", document["pipeline"], " ", _badge(document["verdict"])),
        facts([f"run {document['run']}" if document["run"] else "", *_facts(document)]),
        section("What is known of rows", _said(document.get("script")), name="rows"),
        section("Findings", *[_finding(one) for one in document["findings"]], name="findings"),
        section("Graph", _graph(document, edges, kinds or {}), name="graph"),
        section("Checks", _grid(document["checks"]), _told(document["checks"]), name="checks"),
        section("Notes", _notes(document.get("script")), name="notes"),
        section("Waivers", _waivers(document.get("waivers", [])), name="waivers"),
        element("footer", "Written by Penstock: penstock check --html FILE"),
    ]
    return page(f"{document['pipeline']}: {document['verdict']}", body, STYLE + _MORE)


def check_fragment(document: ChecksDocument) -> Markup:
    """The findings and the grid of checks, for a notebook: styled by itself, and by nothing else."""
    return element(
        "div",
        element("style", Markup(fragment_style("penstock-check", _MORE))),
        element("p", _badge(document["verdict"]), " ", " · ".join([str(one) for one in _facts(document)])),
        *[_finding(one) for one in document["findings"]],
        _grid(document["checks"]),
        class_="penstock-check",
    )


def _said(script: ScriptDocument | None) -> Markup | None:
    """What was declared and inferred of the rows of a plain script."""
    rows = [
        (one["function"], one["table"], element("code", f"{one['option']}={one['value']}"), one["how"],
         one["why"], "" if one["sure"] else element("span", "not sure", class_="warn"))
        for one in (script["said"] if script else ())
    ]  # fmt: skip
    return grid_table(("function", "table", "", "", "why", ""), rows)


def _notes(script: ScriptDocument | None) -> Markup | None:
    """What was not asked of a plain script, and what failed."""
    if script is None:
        return None
    lines = [
        element("li", element("code", one["function"]), " was not asked: ", one["why"])
        for one in script["functions"]
        if not one["asked"] and one["why"]
    ]
    for note in script["notes"]:
        style = "bad" if note["failed"] else None
        lines.append(
            element(
                "li",
                element("span", note["text"], class_=style),
                " ",
                element("code", note["where"]),
                " ",
                note["hint"],
            )
        )
    return element("ul", *lines, class_="said") if lines else None


def _badge(verdict: str) -> Markup:
    return element("span", verdict, class_=f"badge {_CLASSES[verdict]}")


def _facts(document: ChecksDocument) -> list[str]:
    known = [one["verdict"] for one in document["checks"]]
    found = [plural(len(document["findings"]), "finding")]
    found += [f"{known.count(one)} {one.lower()}" for one in ("CLEAN", "UNKNOWN") if one in known]
    if "depth" in document:
        budget = document.get("budget", 0.0)
        took = f"{document['depth']} checks took {duration(document.get('seconds', 0.0))}"
        found.append(took + (f" of {duration(budget)}" if budget else ""))
    left = document.get("left", [])
    return [*found, f"{plural(len(left), 'check')} left for penstock check"] if left else found


def _finding(one: FindingDocument) -> Markup:
    place = ".".join([part for part in (one["artifact"] or one["step"], one["column"]) if part])
    return element(
        "div",
        element("h3", _badge(one["verdict"]), " ", one["check"], "  ", element("code", place)),
        element("p", one["world"]) if one["world"] else None,
        _example(one, place),
        element("p", "Waived: ", one["waived"], class_="warn") if one["waived"] else None,
        element("p", element("code", one["where"])) if one["where"] and one["cause"] is None else None,
        element("p", one["hint"]) if one["hint"] else None,
        element("p", one["severity"], class_="soft") if one["severity"] else None,
        element("p", element("code", one["replay"]), class_="soft") if one["replay"] else None,
        class_="card failed" if one["verdict"] == "PROVEN" and not one["waived"] else "card",
        id=f"finding-{one['id']}" if one["id"] else None,
    )


def _example(one: FindingDocument, place: str) -> Markup | None:
    """The counter-example, drawn: the cell that was altered, the step, the cell that moved."""
    parts: list[object] = []
    cause = one["cause"]
    if cause is not None:
        parts += [_cell(".".join([part for part in (cause["artifact"], cause["column"]) if part]), cause), _arrow()]
        parts += [element("div", element("b", one["step"]), element("code", one["where"]), class_="cell"), _arrow()]
    if one["before"] is not None or one["after"] is not None:
        moved: AlteredDocument = {
            "artifact": one["artifact"],
            "column": one["column"],
            "row": one["row"],
            "before": one["before"],
            "after": one["after"],
        }
        parts.append(_cell(place, moved))
    elif one["row"]:
        parts.append(element("div", element("b", "row"), one["row"], class_="cell"))
    return element("div", *parts, class_="cells") if parts else None


def _arrow() -> Markup:
    return element("span", "→", class_="arrow")


def _cell(name: str, one: AlteredDocument) -> Markup:
    before, after = change(one["before"], one["after"])
    return element(
        "div",
        element("b", name),
        element("div", "row ", one["row"], class_="row") if one["row"] else None,
        element("code", element("del", _short(before)), " → ", element("ins", _short(after))),
        class_="cell",
    )


def _short(text: str) -> str:
    return text if len(text) <= _VALUE else f"{text[: _VALUE - 1]}…"


def _graph(document: CheckedDocument, edges: Sequence[tuple[str, str]], kinds: Mapping[str, str]) -> Markup | None:
    worst: dict[str, str] = {}
    for check in document["checks"]:
        if _RANK[check["verdict"]] >= _RANK.get(worst.get(check["step"], ""), -1):
            worst[check["step"]] = check["verdict"]
    targets: dict[str, str] = {}
    for finding in document["findings"]:
        if not finding["waived"] and _RANK[finding["verdict"]] >= _RANK.get(worst.get(finding["step"], ""), -1):
            worst[finding["step"]] = finding["verdict"]
        if finding["id"]:
            targets.setdefault(finding["step"], f"#finding-{finding['id']}")
    if not kinds or len(kinds) > _BIG_GRAPH:
        return None
    boxes = [
        Box(
            name,
            f"{kind} · {worst.get(name, 'not asked')}",
            f"k-{kind} v-{worst.get(name, '')}",
            f"{name}: {worst.get(name, 'not asked')}",
            targets.get(name, ""),
        )
        for name, kind in kinds.items()
    ]
    return element("div", graph_svg(boxes, edges), class_="scroll")


def _grid(checks: Sequence[CheckDocument]) -> Markup | None:
    names = list(dict.fromkeys([one["check"] for one in checks]))
    steps = list(dict.fromkeys([one["step"] for one in checks]))
    known = {(one["check"], one["step"]): one for one in checks}
    rows = []
    for step in steps:
        cells: list[object] = [element("b", step or "all")]
        for name in names:
            one = known.get((name, step))
            said = f"{one['verdict']}: {one['reason']}" if one else ""
            cells.append(
                element("span", _MARKS[one["verdict"]], class_=_CLASSES[one["verdict"]], title=said) if one else ""
            )
        rows.append(cells)
    return grid_table(("step", *names), rows)


def _told(checks: Sequence[CheckDocument]) -> Markup | None:
    rows = [
        (one["check"], one["step"], element("span", one["verdict"], class_=_CLASSES[one["verdict"]]), one["reason"],
         f"{one['reruns']:,}" if one["reruns"] else "", f"{one['rows']:,}" if one["rows"] else "")
        for one in checks
    ]  # fmt: skip
    table = grid_table(("check", "step", "", "what was tried", "done again", "rows"), rows, [4, 5])
    return element("details", element("summary", "What was tried"), table) if table else None


def _waivers(waivers: Sequence[WaiverDocument]) -> Markup | None:
    rows = [
        (
            one["check"],
            one["step"],
            one["reason"],
            one["until"],
            one["state"],
            one["hint"],
            element("code", one["where"]),
        )
        for one in waivers
    ]
    return grid_table(("check", "step", "reason", "until", "", "", ""), rows)
