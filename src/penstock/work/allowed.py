"""What the definition of a parameter allows of a value that reaches it as data: its type, its range, its choices."""

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["allowed", "typed"]

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def allowed(definition: Mapping[str, Any], value: Any) -> Any:
    """A value as its parameter takes it: of the type that is declared, within its bounds, among its choices.

    Each item of a list is looked at. Raises `ValueError` that says what is wanted, in the words of the `valohai-yaml`
    package where it has some.

    >>> allowed({"name": "epochs", "type": "integer", "max": 9}, "3")
    3
    """
    from valohai_yaml.excs import InvalidType, ValidationErrors
    from valohai_yaml.objs.parameter import Parameter

    if value is None:
        return None
    kind = str(definition.get("type") or "string")
    if isinstance(value, list | tuple):
        return [allowed(definition, one) for one in value]
    found = _typed(kind, value)
    if kind == "flag":
        return found
    known = Parameter.parse({**definition, "default": None})
    try:
        known.validate([found] if known.multiple else found)
    except (ValidationErrors, InvalidType) as errors:
        said = errors if isinstance(errors, ValidationErrors) else (errors,)
        raise ValueError("; ".join([str(one) for one in said])) from None
    return found


def _typed(kind: str, value: Any) -> Any:
    found = typed(kind, value)
    if kind == "flag":
        said = _WORDS.get(str(found).strip().lower())
        if said is None:
            raise ValueError("a truth value is wanted: true or false")
        return said
    number = isinstance(found, int | float) and not isinstance(found, bool)
    if kind == "integer" and not (number and isinstance(found, int)):
        raise ValueError("a whole number is wanted")
    if kind == "float" and not number:
        raise ValueError("a number is wanted")
    if kind == "string" and not isinstance(found, str):
        return json.dumps(found, ensure_ascii=False) if isinstance(found, dict) else str(found)
    return found


def typed(kind: str, value: Any) -> Any:
    """A value as what its parameter's type says, where it is written otherwise: YAML takes `1e-4` for text.

    >>> typed("float", "1e-4"), typed("integer", 3.0), typed("integer", "many"), typed("string", "1")
    (0.0001, 3, 'many', '1')
    """
    try:
        if kind == "integer" and (isinstance(value, str) or (isinstance(value, float) and value.is_integer())):
            return int(value)
        if kind == "float" and isinstance(value, str) and math.isfinite(float(value)):
            return float(value)
    except ValueError:
        return value
    return value
