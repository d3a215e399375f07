"""What a route answers with: documents as JSON, and errors as the command line tells them."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from penstock.errors import MissingExtra, NotFound, PenstockError, UnknownName
from penstock.report.as_json import json_bytes
from penstock.report.documents import ErrorBody

__all__ = ["Json", "answer_errors"]

_LOG = logging.getLogger(__name__)


class Json(Response):
    """A document."""

    media_type = "application/json"

    def __init__(self, document: Mapping[str, Any], status_code: int = 200) -> None:
        super().__init__(json_bytes(document), status_code)


def answer_errors(app: FastAPI) -> None:
    """Let every error be answered with the document that the command line prints."""

    @app.exception_handler(PenstockError)
    def wrong(request: Request, error: PenstockError) -> Response:  # noqa: ARG001  the signature is Starlette's
        return _error(_status(error), error.kind, error.what, error.where, error.hint)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:  # noqa: ARG001
        first = error.errors()[0]
        name = ".".join([str(one) for one in first["loc"][1:]]) or "the request"
        return _error(422, "UsageError", f"{name}: {first['msg']}", "", "The API is described at /api/v1/openapi.json.")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        what = f"there is nothing at {request.url.path}" if error.status_code == 404 else str(error.detail)
        return _error(error.status_code, "NotFound" if error.status_code == 404 else "UsageError", what, "", "")

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
        return _error(
            500, type(error).__name__, "Penstock itself went wrong", "", "The terminal of `penstock ui` says more."
        )


def _status(error: PenstockError) -> int:
    if isinstance(error, NotFound | UnknownName):
        return 404
    return 501 if isinstance(error, MissingExtra) else 409


def _error(status: int, kind: str, message: str, where: str, hint: str) -> Json:
    body: ErrorBody = {"kind": kind, "message": message, "where": where, "hint": hint}
    return Json({"error": body}, status)
