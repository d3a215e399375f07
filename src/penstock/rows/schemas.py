"""Pandera schemas: what they say of a table that a step made, as breaches with rows.

A schema is asked lazily, so that it names all that is wrong at once. It changes nothing: what it would coerce, the step must.
(Pandera: https://pandera.readthedocs.io/, backends for pandas and polars.)
"""

import math
from collections.abc import Mapping
from typing import Any

from penstock.errors import ContractError, MissingExtra, extra_hint
from penstock.model.frozen import Breach

__all__ = ["is_schema", "schema_breaches"]

_FEW = 5


def is_schema(value: Any) -> bool:
    """Whether a value can hold tables to something: a pandera schema, or a model (a class) of one. Imports nothing."""
    kinds = value.__mro__ if isinstance(value, type) else type(value).__mro__
    return any(one.__module__.partition(".")[0] == "pandera" for one in kinds) and hasattr(value, "validate")


def schema_breaches(schema: Any, value: Any) -> list[Breach]:
    """In what a table is not as a schema says. Raises `MissingExtra` without pandera, `ContractError` for what is no frame
    of the schema's library."""
    try:
        from pandera.errors import BackendNotFoundError, SchemaError, SchemaErrors
    except ImportError:
        raise MissingExtra("schemas are pandera's, which is not installed", hint=extra_hint("pandera")) from None
    table = value.collect() if type(value).__name__ == "LazyFrame" else value
    if type(table).__module__.partition(".")[0] == "pandas" and not _of_index(schema):
        table = table.reset_index(drop=True)  # so that rows are told by position
    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as errors:
        return _grouped(errors.failure_cases)
    except BackendNotFoundError:
        kind = f"{type(table).__module__.partition('.')[0]}.{type(table).__qualname__}"
        raise ContractError(
            f"the schema is for another library than pandera has for a {kind}",
            hint="`pandera.pandas` and `pandera.polars` each have schemas for their own frames.",
        ) from None
    except SchemaError as error:  # some checks of types can't wait
        return [Breach(str(getattr(error.schema, "name", None) or ""), _first_line(error), str(error.check or ""))]
    return []


def _of_index(schema: Any) -> bool:
    """Whether a schema says something of the index: then rows are told by its labels."""
    whole: Any = getattr(schema, "to_schema", lambda: schema)()
    return getattr(whole, "index", None) is not None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _grouped(cases: Any) -> list[Breach]:
    """Failure cases (a frame of pandas or polars, one row each) as one breach for each column and check."""
    listed = cases.to_dicts() if hasattr(cases, "to_dicts") else cases.to_dict("records")
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in listed:
        column = one.get("column")
        check = str(one.get("check"))
        if column is None or _nan(column) or one.get("schema_context") == "DataFrameSchema":
            column = one.get("failure_case") if check in ("column_in_dataframe", "column_in_schema") else column or ""
        grouped.setdefault((str(column or ""), check), []).append(one)
    return [_breach(column, check, some) for (column, check), some in grouped.items()]


def _breach(column: str, check: str, cases: list[Mapping[str, Any]]) -> Breach:
    rows = [
        int(one["index"]) for one in cases if isinstance(one.get("index"), int | float) and one["index"] == one["index"]
    ]
    values = [one.get("failure_case") for one in cases]
    shown = ", ".join(dict.fromkeys([str(one) for one in values[:_FEW]]))
    if check == "column_in_dataframe":
        return Breach(column, f"column `{column}` is gone", check, None)
    what = f"`{column}`: {check} fails" if column else f"{check} fails"
    what += f" in {len(rows):,} row{'s' if len(rows) > 1 else ''}: {shown}" if rows else f": {shown}"
    return Breach(column, what, check, values[0] if values else None, len(rows), tuple(rows[:_FEW]))
