"""The identity of a step's code: a closure of pieces."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from penstock.model.digest import combine

__all__ = ["PLACES", "VOLATILE", "Code", "Piece", "PieceKind", "placed"]

VOLATILE = frozenset({"value", "variable", "repository"})
"""Kinds of pieces that only running can tell, and that may differ from process to process."""

PLACES = frozenset({"environment", "image"})
"""Kinds of pieces that say in what a step is done, where that is not what is here."""

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
    "environment",  # the lock of the virtual environment that the step asked for
    "image",  # the container image that it runs in
    "source",  # a file of the project, byte for byte: what another interpreter must find; counts for no key
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

    @property
    def place(self) -> str:
        """The digest of the environment or image that the work is done in; "" where it is done with what is here."""
        return next((piece.digest for piece in self.pieces if piece.kind in PLACES), "")

    @property
    def files(self) -> dict[str, str]:
        """The project's files that a placed step needs as they were, relative to the project, with their digests."""
        return {piece.name: piece.digest for piece in self.pieces if piece.kind == "source"}


def placed(code: Code, place: Piece, sources: Sequence[Piece] = ()) -> Code:
    """The closure of work that is done elsewhere: the place counts as the code does. `sources` are files that must be
    there as they are here; since the code counts already, they don't."""
    digest = combine("placed", [code.digest, place.kind, place.name, place.digest])
    return Code(digest, (place, *sources, *code.pieces))
