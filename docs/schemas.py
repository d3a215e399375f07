"""The JSON Schemas of what `--json` prints, and the page that lists them; `docs/generate.py` writes them."""

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from penstock.report.documents import DOCUMENTS as FIRST
from penstock.report.history_documents import HISTORY_DOCUMENTS
from penstock.report.place_documents import PLACE_DOCUMENTS

__all__ = ["schema", "schemas"]

DOCUMENTS = {**FIRST, **HISTORY_DOCUMENTS, **PLACE_DOCUMENTS}


def schemas(folder: Path) -> dict[Path, str]:
    """Every schema, and the page that names them, by path under the folder of the reference."""
    made = {
        folder / "schemas" / f"{name}.json": json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in DOCUMENTS
    }
    return {**made, folder / "json.md": _page()}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document. More fields may come: none is forbidden."""
    found = msgspec.json.schema(DOCUMENTS[name][0])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": _COMMENT, **found}


def _page() -> str:
    rows = []
    for name, (kind, commands) in DOCUMENTS.items():
        shown = commands if name == "error" else ", ".join(f"`penstock {one}`" for one in commands.split(", "))
        first = " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
        rows.append(f"| {shown} | [{name}.json](schemas/{name}.json) | {first} |")
    return _HEAD + "\n".join(rows) + "\n"


_COMMENT = "Written by docs/generate.py from penstock.report.documents: edit the types instead."
_HEAD = """<!-- Written by docs/generate.py (`make docs`): edit penstock.report.documents instead. -->

# What `--json` prints

One JSON document on standard output, on failure too; people's words go to standard error. Fields may be added, none is renamed
or removed. Times are ISO 8601 in UTC, durations in seconds, sizes in bytes. A run that failed or was stopped has its whole document
and an `error` beside it.

| command | schema | |
|---|---|---|
"""
