"""The graph of a run as a document."""

from typing import Any

from penstock.model.run import Run
from penstock.report.browse_documents import EdgeDocument, GraphDocument, NodeDocument

__all__ = ["graph_view"]


def graph_view(run: Run) -> GraphDocument:
    """Steps and edges as the run recorded them; parts that a step grew are not in it."""
    makers = {artifact: step for step, about in run.graph.items() for artifact in _outputs(step, about)}
    nodes: list[NodeDocument] = [
        {
            "step": step,
            "kind": about.get("kind", "step"),
            "where": about.get("where", ""),
            "description": about.get("description", ""),
            "tags": list(about.get("tags", ())),
            "outputs": _outputs(step, about),
            "contract": about.get("contract"),
        }
        for step, about in run.graph.items()
    ]
    edges: list[EdgeDocument] = [
        {"source": makers[artifact], "target": step, "artifact": artifact}
        for step, about in run.graph.items()
        for artifact in dict.fromkeys(about.get("inputs", {}).values())
        if artifact in makers
    ]
    return {"run": run.id, "nodes": nodes, "edges": edges}


def _outputs(step: str, about: dict[str, Any]) -> dict[str, str | None]:
    found = about.get("outputs")
    return dict(found) if found else {step: None}
