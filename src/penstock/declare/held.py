"""What a step's tables are held to, as a part of what its work is: schemas, and frozen contracts that fail a run."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from penstock.declare.python import Declaration
from penstock.model.code import Piece
from penstock.model.digest import combine, digest_bytes
from penstock.values.state import definition_digest

__all__ = ["held_to"]


def held_to(one: Declaration, root: Path) -> tuple[Piece, ...]:
    """The pieces: with another schema, or another file, the step is another work, and rows are held to it anew."""
    found = []
    if one.schema is not None:
        text = _text(one.schema)
        found.append(Piece("declaration", "schema", _digest(one.schema), text=text))
    contract = one.contract
    if contract is not None and contract.freeze and "schema" in contract.fail_on:
        path = root / contract.freeze
        digest = digest_bytes(path.read_bytes()) if path.is_file() else ""
        found.append(Piece("file", contract.freeze, digest, contract.freeze))
    return tuple(found)


def _digest(schema: Any) -> str:
    """Of what it says, and of the user's own functions in it: the objects of pandera are not alike in every process."""
    if isinstance(schema, Mapping):
        return combine("schemas", [part for name, one in schema.items() for part in (name, _digest(one))])
    whole: Any = getattr(schema, "to_schema", lambda: schema)()
    parts = [_text(schema)]
    for one in (whole, *getattr(whole, "columns", {}).values()):
        for check in (*(getattr(one, "checks", None) or ()), *(getattr(one, "parsers", None) or ())):
            parts.append(repr(getattr(check, "statistics", "")))
            function = getattr(check, "_check_fn", None) or getattr(check, "_parser_fn", None)
            function = getattr(function, "func", function)
            if isinstance(function, FunctionType):
                parts.append(digest_bytes(definition_digest(function)))
    return combine("schema", parts)


def _text(schema: Any) -> str:
    if isinstance(schema, Mapping):
        return "\n".join([f"{name}: {_text(one)}" for name, one in schema.items()])
    return re.sub(r" at 0x[0-9a-f]+", "", str(getattr(schema, "to_schema", lambda: schema)()))
