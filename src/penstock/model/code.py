"""The identity of a step's code: a closure of pieces."""

from typing import Literal

from msgspec import Struct

from penstock.model.digest import combine

__all__ = ["VOLATILE", "Code", "Piece", "PieceKind"]

VOLATILE = frozenset({"value", "variable", "repository"})
"""Kinds of pieces that only running can tell, and that may differ from process to process."""

PieceKind = Literal[
    "function",  # a function, method or lambda of the project
    "class",  # a class of the project, with its whole body
    "constant",  # a module-level statement that binds a name the step reaches
    "value",  # a value that only running could tell (configuration read at import, a closure's cell, a default)
    "effect",  # a module-level statement that changes something the step reaches
    "module",  # a whole module of the project, where reach inside it can't be known
    "project",  # the whole project, where reach can't be known at all
    "package",  # an installed distribution, by version
    "repository",  # a file of the repository, as it was copied for a command to run in (or a folder of many)
    "file",  # a file that the code names by a constant path, or that import read
    "variable",  # an environment variable that the code reads by a constant name
    "python",  # the interpreter, by its minor version
    "declaration",  # what the decorator says that changes the work (`version=`, outputs, target)
]


class Piece(Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing that a step's work depends on.

    `name` is qualified (`features.clean_name`, `polars`); `digest` is that of its normalised source, its value, or
    its version; `file` is relative to the project with `line` counted from 1; `text` is its source, for diffs.
    """

    kind: PieceKind
    name: str
    digest: str
    file: str = ""
    line: int = 0
    text: str = ""


class Code(Struct, frozen=True, gc=False, omit_defaults=True):
    """The closure of one step: the digest of the whole, and its pieces in order of name."""

    digest: str
    pieces: tuple[Piece, ...] = ()

    @property
    def source(self) -> str:
        """The digest of all pieces but the volatile ones: equal where the same source was loaded."""
        solid = [piece for piece in self.pieces if piece.kind not in VOLATILE]
        return combine("source", [text for piece in solid for text in (piece.kind, piece.name, piece.digest)])
