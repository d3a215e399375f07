"""The OpenAPI description: FastAPI's own of paths and parameters, with the documents' schemas as msgspec makes them."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from penstock.report.browse_documents import BROWSE_DOCUMENTS
from penstock.report.documents import DOCUMENTS, ErrorDocument
from penstock.report.history_documents import HISTORY_DOCUMENTS

__all__ = ["content", "describe", "document"]

_KNOWN = {name: kind for known in (DOCUMENTS, HISTORY_DOCUMENTS, BROWSE_DOCUMENTS) for name, (kind, _) in known.items()}


def document(name: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers with, by the name of its document: for its `responses`."""
    return {200: _response(_KNOWN[name].__name__, "The document."), **_ERRORS}


def content(media_type: str, words: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers with that gives no document."""
    return {200: {"description": words, "content": {media_type: {"schema": {"type": "string"}}}}, **_ERRORS}


def _response(kind: str, words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}},
    }


_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "The token is missing or wrong.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    403: {
        "description": "Another page asks, or by another name.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    404: _response("ErrorDocument", "There is no such run, step, artifact or row; close matches are in the hint."),
    409: _response("ErrorDocument", "It can't be answered as things are."),
    422: _response("ErrorDocument", "The request can't be read."),
    501: _response("ErrorDocument", "It needs something that is not installed."),
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of the API, made once."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        kinds = list(dict.fromkeys([*_KNOWN.values(), ErrorDocument]))
        _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
        bodies = found.get("components", {}).get("schemas", {})
        found["components"] = {"schemas": {**bodies, **components}}
        found["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "penstock-PORT"},
        }
        found["security"] = [{"token": []}, {"cookie": []}]
        app.openapi_schema = found
    return app.openapi_schema
