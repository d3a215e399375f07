"""Events of a run as they come, by server-sent events: one message an event, and one at the end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from penstock.model.event import Record
from penstock.report.as_json import json_bytes
from penstock.report.happenings import happening
from penstock.web.desk import Desk
from penstock.web.runs import RunName
from penstock.web.schema import content

__all__ = ["live_routes"]

_PAUSE = 0.05  # seconds between two looks
_QUIET = 15.0  # seconds after which a comment keeps the connection open
_ONCE = 1_000  # events between two breaths
_OVER = frozenset({"succeeded", "failed", "cancelled"})


def live_routes(desk: Desk) -> APIRouter:
    """The one route that stays open."""
    router = APIRouter(tags=["runs"])

    def look(run: str, after: int) -> tuple[list[Record], str]:
        status = desk.ledger.status(run)  # asked first: an event that comes between the two is not lost
        return desk.ledger.events(run, after), status

    async def follow(request: Request, run: str, after: int) -> AsyncIterator[bytes]:
        quiet = 0.0
        while not await request.is_disconnected():
            records, status = await run_in_threadpool(look, run, after)
            for at in range(0, len(records), _ONCE):
                for one in records[at : at + _ONCE]:
                    after = one.number
                    data = json_bytes(happening(one)).decode()
                    yield format_sse_event(data_str=data, event="happened", id=str(one.number))
            if not records and status in _OVER:
                yield format_sse_event(data_str=json_bytes({"run": run, "status": status}).decode(), event="over")
                return
            quiet = 0.0 if records else quiet + _PAUSE
            if quiet >= _QUIET:
                quiet = 0.0
                yield format_sse_event(comment="still here")
            await asyncio.sleep(_PAUSE)

    @router.get(
        "/runs/{run}/events/live",
        responses=content("text/event-stream", "Events."),
    )
    async def live(
        request: Request,
        run: RunName,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        last_event_id: Annotated[str, Header(max_length=20)] = "",
    ) -> StreamingResponse:
        """Events of a run from `after` on, until it has ended: `happened` for each, `over` at the end."""
        found = await run_in_threadpool(lambda: desk.ledger.run(run).id)
        start = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 16 else after
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(follow(request, found, start), media_type="text/event-stream", headers=headers)

    return router
