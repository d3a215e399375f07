"""What a notebook shows of a pipeline and of a run: static pieces of HTML that need nothing else and style nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.report.documents import RunDocument
from penstock.report.graph_svg import Box, graph_svg
from penstock.report.markup import Markup, element
from penstock.report.page_parts import badge, facts
from penstock.report.run_html import FAILED, failure_card, metric_cards, run_graph, status_words
from penstock.report.style import fragment_style
from penstock.report.units import duration, plural

__all__ = ["graph_fragment", "run_fragment"]

_BIG_GRAPH = 400  # steps beyond which a drawing helps nobody
_CLASS = "penstock-shown"


def graph_fragment(name: str, graph: Mapping[str, Any], edges: Sequence[tuple[str, str]]) -> Markup:
    """A pipeline's graph. `graph` maps each step to what is recorded of it (`kind`, `where`, `description`)."""
    boxes = [
        Box(
            step,
            about.get("kind", "step"),
            f"k-{about.get('kind', 'step')}",
            f"{step} {about.get('where', '')}".strip(),
        )
        for step, about in graph.items()
    ]
    drawn: object = element("p", "It has no steps yet.", class_="soft")
    if len(boxes) > _BIG_GRAPH:
        drawn = element("p", "Too many to be drawn; `penstock ui` shows them.", class_="soft")
    elif boxes:
        drawn = element("div", graph_svg(boxes, edges), class_="scroll")
    return _fragment(element("p", element("strong", name), " ", plural(len(boxes), "step")), drawn)


def run_fragment(run: RunDocument, edges: Sequence[tuple[str, str]]) -> Markup:
    """A run in short: its status, what failed and why, its metrics, its graph, and what checks found."""
    findings = run["checks"]["findings"]
    proven = sum(one["verdict"] == "PROVEN" for one in findings)
    said = f"{plural(len(findings), 'finding')} of checks, {proven} PROVEN" if findings else ""
    return _fragment(
        element("p", element("strong", run["pipeline"]), " ", badge(run["status"])),
        facts(
            [
                one
                for one in (run["name"], f"run {run['run']}", duration(run["seconds"]), status_words(run), said)
                if one
            ]
        ),
        *[
            failure_card(one["step"], one["error"], one["status"])
            for one in run["steps"]
            if one["error"] and one["status"] in FAILED
        ],
        metric_cards(run, {}, ""),
        run_graph(run, edges, {}),
    )


def _fragment(*inside: object) -> Markup:
    return element("div", element("style", Markup(fragment_style(_CLASS))), *inside, class_=_CLASS)
