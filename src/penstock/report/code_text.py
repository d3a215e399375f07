"""What a step's code was, as text: the pieces that its identity was made of."""

from penstock.model.code import Code

__all__ = ["code_text"]

_SHOWN = frozenset({"function", "class", "constant", "effect"})


def code_text(code: Code | None) -> str:
    """The functions, classes and constants that a step reached, each under its place; "" where none was kept."""
    pieces = [one for one in code.pieces if one.kind in _SHOWN and one.text] if code is not None else []
    return "\n\n".join([f"# {one.file}:{one.line}  {one.name}\n{one.text.rstrip()}" for one in pieces])
