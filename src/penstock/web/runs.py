"""Routes about runs: lists, documents, graphs, steps, logs, events."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from penstock.app.counting import add_rows
from penstock.report.code_text import code_text
from penstock.report.graphs import graph_view
from penstock.report.happenings import events_view
from penstock.report.logs import find_log, read_log
from penstock.report.outlines import outline_view
from penstock.report.views import find_step, made_by, run_view, runs_view, step_view
from penstock.web.answers import Json
from penstock.web.desk import Desk
from penstock.web.schema import content, document

__all__ = ["MOST", "RunName", "StepName", "run_routes"]

RunName = Annotated[
    str, Path(description="A run's id or the beginning of it, its name, a tag, or `last`.", max_length=200)
]
StepName = Annotated[str, Path(description="A step's name; of a part of one that grew, `step[n]`.", max_length=1000)]
MOST = 2_000
"""Runs, and points of a metric, that are answered at once."""
_EVENTS = 5_000
_LOG = 4_000_000  # bytes at once


def _troubled(row: Mapping[str, Any]) -> bool:
    """Whether a step failed or waits."""
    return row["error"] is not None or row["status"] in ("failed", "waiting")


def run_routes(desk: Desk) -> APIRouter:
    """The routes, all of which only read."""
    router = APIRouter(tags=["runs"])

    @router.get("/runs", responses=document("runs"))
    def runs(
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        pipeline: Annotated[str, Query(max_length=1000)] = "",
        tag: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        """Runs, newest first."""
        return Json(runs_view(desk.ledger, limit, pipeline, tag, now=time.time()))

    @router.get("/runs/{run}", responses=document("run"))
    def run_document(
        run: RunName,
        troubled: Annotated[bool, Query(description="Of steps, only those that failed or wait.")] = False,
    ) -> Response:
        """One run: steps, metrics, checks, parameters, environment."""
        known = desk.ledger.run(run)
        rows = desk.ledger.steps(known.id)
        wanted = _troubled if troubled else lambda _: True
        found = run_view(desk.ledger, known.id, now=time.time(), rows=rows, wanted=wanted)
        made = made_by([one for one in rows if one["step"] in known.graph])
        add_rows(desk.settings, desk.ledger, found, look=False, made=made)
        return Json(found)

    @router.get("/runs/{run}/outline", responses=document("outline"))
    def outline(run: RunName) -> Response:
        """One run in few words: its steps' states, times and rows."""
        return Json(outline_view(desk.ledger, run, now=time.time()))

    @router.get("/runs/{run}/graph", responses=document("graph"))
    def graph(run: RunName) -> Response:
        """Steps and edges of a run."""
        return Json(graph_view(desk.ledger.run(run)))

    @router.get("/runs/{run}/events", responses=document("events"))
    def events(run: RunName, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
        """What happened in a run after an event, at most 5,000 events at once; `events/live` goes on."""
        found = desk.ledger.run(run).id
        records = desk.ledger.events(found, after)[:_EVENTS]
        return Json(events_view(found, desk.ledger.status(found), records, after))

    @router.get("/runs/{run}/steps/{step:path}", responses=document("step"))
    def step_document(run: RunName, step: StepName) -> Response:
        """One step of a run: inputs, outputs as described at commit, notes, figures, reasons."""
        return Json(step_view(desk.ledger, run, step, lambda _: "", now=time.time()))

    @router.get("/runs/{run}/code/{step:path}", responses=content("text/plain", "Source text."))
    def code(run: RunName, step: StepName) -> Response:
        """The functions, classes and constants that a step reached, as they were; empty where none are known."""
        execution = find_step(desk.ledger, desk.ledger.run(run).id, step)["execution"]
        found = desk.ledger.code(execution.code) if execution is not None else None
        return Response(code_text(found), media_type="text/plain; charset=utf-8")

    @router.get(
        "/runs/{run}/log/{step:path}",
        responses=content("text/plain", "Bytes as printed."),
    )
    def log(
        run: RunName,
        step: StepName,
        attempt: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        start: Annotated[int, Query(ge=0, le=2**53)] = 0,
    ) -> Response:
        """What an attempt at a step printed, from byte `start` on; headers tell the attempt, and whether more may come."""
        found = find_log(desk.ledger, run, step, attempt)
        pieces, size = [], 0
        for piece in read_log(found.span, desk.settings.state, start, growing=not found.over):
            pieces.append(piece)
            size += len(piece)
            if size >= _LOG:
                break
        headers = {
            "x-attempt": str(found.attempt),
            "x-attempts": ",".join([str(one) for one in found.attempts]),
            "x-next": str(start + size),
            "x-over": "true" if found.over and size < _LOG else "false",
        }
        return Response(b"".join(pieces), media_type="text/plain; charset=utf-8", headers=headers)

    return router
