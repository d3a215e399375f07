"""Frozen contracts as files: YAML that people review."""

from typing import Any

import msgspec

from penstock.errors import ContractError, MissingExtra, extra_hint
from penstock.model.frozen import FrozenTable

__all__ = ["read_frozen", "write_frozen"]

_HEAD = """\
# What the rows of `{source}` looked like in run {run}, with some room for the next; written by `penstock contract freeze`.
# Review it, mend it by hand, and keep it with the code. `ps.source(contract="{name}")` holds later rows to it.
"""


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingExtra(
            "frozen contracts are YAML, and PyYAML is not installed", hint=extra_hint("frames")
        ) from None
    return yaml


def read_frozen(text: bytes, name: str) -> FrozenTable:
    """The content of a file. Raises `ContractError` with the place for what it can't mean."""
    yaml = _yaml()
    try:
        return msgspec.convert(
            yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), FrozenTable, strict=True
        )
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark is not None else name
        raise ContractError(f"{getattr(error, 'problem', None) or error}", where=place, hint=_HINT) from None
    except (msgspec.ValidationError, TypeError) as error:
        raise ContractError(f"this is no frozen contract: {error}", where=name, hint=_HINT) from None


def write_frozen(frozen: FrozenTable, name: str) -> str:
    """The file of a frozen contract: a line a column."""
    yaml = _yaml()
    said = msgspec.to_builtins(frozen)
    columns = said.pop("columns", {})
    for one in columns.values():
        if not one.get("nulls"):
            one.pop("nulls", None)
    head = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=None)
    lines = [f"  {_flow(yaml, one)}: {_flow(yaml, columns[one])}\n" for one in columns]
    return (
        _HEAD.format(source=_word(frozen.source), run=_word(frozen.run), name=_word(name))
        + str(head)
        + ("columns:\n" if lines else "columns: {}\n")
        + "".join(lines)
    )


def _flow(yaml: Any, value: Any) -> str:
    text = str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True))
    return text.removesuffix("...\n").strip("\n")  # wide spaces at the end of a word are a part of it


def _word(text: str) -> str:
    """A name within a comment, which must not end it."""
    return "".join([one if one.isprintable() else "?" for one in text])


_HINT = "`penstock contract freeze` writes a good one anew; docs/contracts.md says what may stand in it."
