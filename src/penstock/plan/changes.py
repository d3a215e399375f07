"""What differs between two closures, as reasons: the changed function, its file and line, and the diff."""

import difflib

from penstock.model.code import Code, Piece
from penstock.model.run import Reason

__all__ = ["changes"]

_ORDER = (
    "declaration",
    "function",
    "class",
    "constant",
    "value",
    "effect",
    "module",
    "project",
    "repository",
    "file",
    "variable",
    "environment",
    "image",
    "package",
    "python",
)
_SOURCE = frozenset({"function", "class", "constant", "effect", "module", "declaration", "environment"})
_KINDS = {
    "environment": "environment",
    "image": "image",
    "package": "package",
    "python": "python",
    "file": "file",
    "repository": "file",
    "variable": "variable",
}
_SHOWN = 60  # characters of a value in a sentence


def changes(old: Code, new: Code, own: str = "") -> tuple[Reason, ...]:
    """Why two closures differ, most telling first. `own` is the name of the step's own function.

    A changed piece comes before one that is reached only now, or no longer; places are those of the new closure.
    """
    before, after = (
        {(piece.kind, piece.name): piece for piece in code.pieces if piece.kind != "source"} for code in (old, new)
    )
    found: list[tuple[int, int, Reason]] = []
    for key in {**after, **before}:
        was, now = before.get(key), after.get(key)
        if was is not None and now is not None and was.digest == now.digest:
            continue
        rank = 0 if was is not None and now is not None else 1
        found.append((rank, _ORDER.index(key[0]), _reason(was, now, own)))
    found.sort(key=lambda one: one[:2])
    return tuple([reason for _, _, reason in found])


def _reason(was: Piece | None, now: Piece | None, own: str) -> Reason:
    piece = now or was
    assert piece is not None
    if was is None:
        what = f"it now also {_reaches(piece)}"
    elif now is None:
        what = f"it no longer {_reaches(piece)}"
    else:
        what = _changed(was, now, own)
    where = f"{piece.file}:{piece.line}" if piece.file and piece.line else piece.file
    diff = _diff(was, now) if was is not None and now is not None and piece.kind in _SOURCE else ""
    return Reason(_KINDS.get(piece.kind, "code"), what, where if now is not None else "", diff)


def _name(piece: Piece) -> str:
    return piece.name.partition(".")[2] or piece.name


def _reaches(piece: Piece) -> str:
    verb = {
        "package": "imports",
        "file": "reads",
        "repository": "finds",
        "variable": "reads environment variable",
        "python": "runs on Python",
        "environment": "runs in an environment of its own,",
        "image": "runs in an image of its own,",
    }
    return f"{verb.get(piece.kind, 'reaches')} `{piece.name if piece.kind in _KINDS else _name(piece)}`"


def _changed(was: Piece, now: Piece, own: str) -> str:
    name = _name(now)
    if now.kind == "package":
        return f"{now.name} {was.digest} → {now.digest}"
    if now.kind == "python":
        return f"Python {was.digest} → {now.digest}"
    if now.kind == "function":
        return f"its code changed (`{name}`)" if own and name == own else f"helper `{name}` changed"
    if now.kind == "value":
        return f"`{name}` has another value{_values(was, now)}"
    words = {
        "environment": "its environment resolves to other versions",
        "image": "its image is another",
        "class": f"class `{name}` changed",
        "constant": f"`{name}` changed{_values(was, now)}",
        "effect": f"what `{now.name}` does when it is loaded changed",
        "module": f"module `{now.name}`, which counts as a whole, changed",
        "project": "the project changed, all of which counts: what the code reaches can't be known",
        "file": f"file `{now.name}` has other content",
        "repository": f"file `{now.name}` has other content",
        "variable": f"environment variable `{now.name}` is another",
        "declaration": "its declaration changed",
    }
    return words[now.kind]


def _values(was: Piece, now: Piece) -> str:
    one, two = (" ".join(piece.text.split()) for piece in (was, now))
    if not one or not two or one == two or max(len(one), len(two)) > _SHOWN:
        return ""
    return f": {one} → {two}"


def _diff(was: Piece, now: Piece) -> str:
    if was.text == now.text:
        return ""
    lines = difflib.unified_diff(
        was.text.splitlines(), now.text.splitlines(), f"before/{now.file}", f"now/{now.file}", n=2, lineterm=""
    )
    return "\n".join(lines)
