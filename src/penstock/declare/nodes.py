"""A node of the graph of reach: one thing that code depends on."""

from collections.abc import Callable

from penstock.declare.views import View
from penstock.model.code import Piece

__all__ = ["Node"]


class Node:
    """One thing that code reaches. `token` is its own identity; `fill` finds where it leads when that is asked.

    `exact` is the token with docstrings and hints; `looks` says that this reads those of others (2: their source).
    `loads` are modules that it imports, for their effects; `view` the module it is in.
    """

    __slots__ = ("edges", "exact", "fill", "index", "input", "loads", "looks", "piece", "token", "view", "wrote")

    def __init__(self, token: str, piece: Piece | None = None, view: View | None = None) -> None:
        self.token = token
        self.exact = ""
        self.piece = piece
        self.view = view
        self.edges: list[tuple[str, Node]] = []
        self.fill: Callable[[Node], None] | None = None
        self.index = -1  # of its unit in the view
        self.looks = 0
        self.loads: tuple[str, ...] = ()
        self.input = ""  # a file's path or `$` and an environment variable: its content is asked each time
        self.wrote: tuple[str, ...] = ()
