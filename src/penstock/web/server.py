"""The server: the guard in front, the API under `/api/v1`, and the page."""

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from starlette.exceptions import HTTPException

import penstock
from penstock.app.launching import Launches
from penstock.app.settings import Settings
from penstock.report.browse_documents import WhereDocument
from penstock.web.answers import Json, answer_errors
from penstock.web.compare import compare_routes
from penstock.web.control import control_routes
from penstock.web.desk import Desk
from penstock.web.guard import Guard, allowed_hosts
from penstock.web.live import live_routes
from penstock.web.rows import row_routes
from penstock.web.runs import run_routes
from penstock.web.schema import describe, document

__all__ = ["make_api", "make_server"]

_FOREVER = "private, max-age=31536000, immutable"


def make_server(
    settings: Settings,
    *,
    token: str,
    host: str = "127.0.0.1",
    port: int = 8765,
    hosts: frozenset[str] = frozenset(),
    launches: Launches | None = None,
) -> Guard:
    """The whole server, to be run by any ASGI server. `hosts` are further values that `Host` may have (behind a proxy); with
    `launches`, it also runs things."""
    app = make_api(settings, launches)
    return Guard(app, token=token, hosts=allowed_hosts(host, port) | hosts, port=port, writes=launches is not None)


def make_api(settings: Settings, launches: Launches | None = None) -> FastAPI:
    """The server without its guard: for tests of what it answers, never to be served."""
    desk = Desk(settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        with desk.open():
            yield

    app = FastAPI(
        title="Penstock",
        version="1",
        description="Everything that the ledger of one state folder knows. Reading never imports a pipeline.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=living,
    )
    answer_errors(app)
    api = APIRouter(prefix="/api/v1")

    @api.get("/where", responses=document("where"), tags=["runs"])
    def where() -> Response:
        """What is shown."""
        found: WhereDocument = {
            "pipeline": settings.pipeline,
            "folder": settings.root.name,
            "file": settings.file.name if settings.file is not None else "",
            "version": penstock.__version__,
            "allow_run": launches is not None,
        }
        return Json(found)

    for routes in (live_routes(desk), run_routes(desk), compare_routes(desk), row_routes(desk)):
        api.include_router(routes)
    if launches is not None:
        api.include_router(control_routes(desk, launches))
    app.include_router(api)
    _add_page(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _add_page(app: FastAPI) -> None:
    """The page's files, each by its own name, and the page itself for whatever else a browser may have in its address."""
    held: dict[str, tuple[bytes, str]] = {}
    for path, file in _files(files("penstock.web").joinpath("static"), ""):
        held[path] = (file.read_bytes(), mimetypes.guess_type(path)[0] or "application/octet-stream")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        found = held.get(path)
        if found is not None and path != "index.html":
            headers = {"cache-control": _FOREVER} if path.startswith("assets/") else {}
            return Response(found[0], media_type=found[1], headers=headers)
        if path.startswith(("api/", "assets/")) or "index.html" not in held:
            raise HTTPException(404)
        return Response(held["index.html"][0], media_type="text/html; charset=utf-8")


def _files(folder: Traversable, inside: str) -> list[tuple[str, Traversable]]:
    if not folder.is_dir():
        return []
    found: list[tuple[str, Traversable]] = []
    for one in folder.iterdir():
        name = f"{inside}{one.name}"
        if one.is_dir():
            found += _files(one, f"{name}/")
        elif one.is_file():
            found.append((name, one))
    return found
