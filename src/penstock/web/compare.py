"""Routes about what runs measured and drew, and how two of them differ."""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from penstock.app.differing import Comparer
from penstock.app.pictures import Picture, picture_of
from penstock.app.result import find_stored
from penstock.errors import NotFound
from penstock.report.metric_history import metric_view
from penstock.report.run_diff import diff_view, figures_of, side_of
from penstock.report.series import series_view
from penstock.web.answers import Json
from penstock.web.desk import Desk
from penstock.web.runs import MOST, RunName, StepName
from penstock.web.schema import content, document

__all__ = ["compare_routes"]

_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def compare_routes(desk: Desk) -> APIRouter:
    """The routes, all of which only read."""
    router = APIRouter(tags=["runs"])

    @router.get(
        "/runs/{run}/figure/{step:path}",
        responses=content("image/*", "A picture."),
    )
    def figure(run: RunName, step: StepName, name: Annotated[str, Query(max_length=10_000)]) -> Response:
        """A figure that a step drew. SVG comes with a policy that lets nothing in it run or load."""
        side = side_of(desk.ledger, run)
        stored = figures_of(desk.ledger, side).get((step, name))
        if stored is None:
            raise NotFound(f"step `{step}` of run {side.run.id} drew no figure `{name}`")
        return _picture(picture_of(stored, desk.ledger, desk.store), f"the figure `{name}` of step `{step}`")

    @router.get("/runs/{run}/picture/{artifact:path}", responses=content("image/*", "A picture."))
    def picture(run: RunName, artifact: Annotated[str, Path(max_length=1000)]) -> Response:
        """An artifact that is a picture."""
        found = desk.ledger.run(run).id
        name, stored = find_stored(found, desk.ledger.steps(found), artifact)
        return _picture(picture_of(stored, desk.ledger, desk.store), f"`{name}`")

    @router.get("/runs/{run}/series", responses=document("series"))
    def series(run: RunName) -> Response:
        """What a run used over time, and what its steps measured more than once."""
        return Json(series_view(desk.ledger, run))

    @router.get("/metrics/{metric:path}", responses=document("metric"))
    def metric(
        metric: Annotated[str, Path(max_length=1000)],
        limit: Annotated[int, Query(ge=1, le=MOST)] = 200,
        pipeline: Annotated[str, Query(max_length=1000)] = "",
    ) -> Response:
        """A metric over runs, oldest first."""
        return Json(metric_view(desk.ledger, metric, limit, pipeline))

    @router.get("/diff/{before}/{after}", responses=document("diff"))
    def diff(before: RunName, after: RunName, data: bool = False) -> Response:
        """Two runs held against each other; with `data`, artifacts that differ are looked into."""
        one, other = side_of(desk.ledger, before), side_of(desk.ledger, after)
        compare = Comparer(desk.ledger, desk.store) if data else None
        return Json(diff_view(desk.ledger, one, other, compare, now=time.time()))

    return router


def _picture(drawn: Picture, words: str) -> Response:
    """A picture, with a policy that lets nothing in it run or load. Raises `NotFound` for what is none."""
    if not drawn.data:
        raise NotFound(f"{words} is no picture that can be shown")
    headers = {"content-security-policy": _SANDBOX, "x-frame-options": "SAMEORIGIN"}
    return Response(drawn.data, media_type=drawn.media_type, headers=headers)
