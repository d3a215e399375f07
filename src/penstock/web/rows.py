"""Routes about data: pages and profiles of tables, the way of a row, losses. Nothing is done again to answer them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from penstock.app.browsing import profile_view, table_page
from penstock.report.row_views import dropped_view, forward_view, rows_view, trace_view
from penstock.web.answers import Json
from penstock.web.desk import Desk
from penstock.web.runs import RunName
from penstock.web.schema import document

__all__ = ["row_routes"]

_Artifact = Annotated[str, Path(description="`step` or `step.output`, or its unique end.", max_length=1000)]
_Columns = Annotated[list[str] | None, Query(description="Only these columns; may be given again.", max_length=1000)]


def row_routes(desk: Desk) -> APIRouter:
    """The routes, all of which only read."""
    router = APIRouter(tags=["rows"])

    @router.get("/runs/{run}/table/{artifact:path}", responses=document("table"))
    def table(
        run: RunName,
        artifact: _Artifact,
        offset: Annotated[int, Query(ge=-(2**53), le=2**53, description="From the end where it is negative.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        column: _Columns = None,
    ) -> Response:
        """Rows of a table that a run holds."""
        return Json(table_page(desk.ledger, desk.store, run, artifact, offset, limit, column or ()))

    @router.get("/runs/{run}/profile/{artifact:path}", responses=document("profile"))
    def profile(
        run: RunName,
        artifact: _Artifact,
        column: _Columns = None,
        against: Annotated[str, Query(max_length=200, description="Another run, to hold it against.")] = "",
    ) -> Response:
        """The columns of a table at a glance, and how far they drifted from those of another run."""
        return Json(profile_view(desk.ledger, desk.store, run, artifact, column or (), against))

    @router.get("/runs/{run}/trace", responses=document("trace"))
    def trace(
        run: RunName,
        key: Annotated[str, Query(min_length=1, max_length=2000)],
        source: Annotated[str, Query(max_length=1000)] = "",
    ) -> Response:
        """The way of one row through the steps of a run."""
        return Json(trace_view(desk.tracing(run).trace(key, source, probe=False)))

    @router.get("/runs/{run}/forward", responses=document("forward"))
    def forward(
        run: RunName,
        key: Annotated[str, Query(min_length=1, max_length=2000)],
        source: Annotated[str, Query(max_length=1000)] = "",
    ) -> Response:
        """All that a row reached in this run."""
        return Json(forward_view(desk.tracing(run).forward(key, source, every_run=False)))

    @router.get("/runs/{run}/rows", responses=document("rows"))
    def rows(run: RunName) -> Response:
        """What became of the rows of every step's inputs."""
        found, counted = desk.counted(run)
        return Json(rows_view(found, counted.accounts, counted.findings))

    @router.get("/runs/{run}/dropped/{source:path}", responses=document("dropped"))
    def dropped(run: RunName, source: Annotated[str, Path(max_length=1000)]) -> Response:
        """Losses of a source by step, with reasons."""
        tracing = desk.tracing(run)
        many, accounts = tracing.losses(source)
        mine = {one.step for one in accounts} | {source}
        findings = [one for one in desk.counted(run)[1].findings if one.step in mine]
        return Json(dropped_view(source, tracing.run.id, many, accounts, findings))

    return router
