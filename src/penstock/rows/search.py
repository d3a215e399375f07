"""Finding the few among many that matter, by asking of whole groups: group testing, adaptive and bounded.

A group that does not matter is left out for good, so what is asked about grows smaller and each question cheaper. First
large blocks are asked; then, from the left, a binary search finds the first that matters, a window as wide as the last gaps
suggest is asked, and only if it holds none, all the rest. For d among n it asks about d·log2(n/d) + 3d times where they
are scattered, and a few times each where they lie together. (After F. K. Hwang, "A method for detecting all defective members
in a population by group testing", Journal of the American Statistical Association 67, 1972, with windows that learn, and
the reduction of delta debugging: A. Zeller and R. Hildebrandt, "Simplifying and isolating failure-inducing input", 2002.)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Found", "Spent", "contributors", "least"]

_BLOCKS = 8
_JOINT = "some of them matter only together with others"
_MANY = 4096  # places from which on blocks are asked before single ones


class Spent(Exception):
    """No more questions may be asked."""


class Found(NamedTuple):
    """The places that matter. `exact`: each alone does, and all others together do not; else `why` not."""

    rows: Any
    exact: bool
    why: str = ""


def contributors(count: int, moves: Callable[[Any], bool], alone: Callable[[int], bool] | None = None) -> Found:
    """Which of `count` places matter. `moves` says whether altering these places (a sorted array) and no others
    moves what is watched; it raises `Spent` when the budget is, and what was found until then is returned. `alone`
    says it of a single place, where that is asked otherwise at the end."""
    search = _Search(count, moves)
    try:
        search.run()
        joint = [one for one in search.found if not (alone(one) if alone is not None else moves(np.array([one])))]
    except Spent:
        return Found(search.rows(), False, "the budget was spent before all was looked at")
    why = _JOINT if joint else ""
    return Found(search.rows(), not joint, why)


def least(places: Any, moves: Callable[[Any], bool], most: int = 16) -> Any:
    """Places that matter together while none of them can be spared; None where they are more than `most`. That all of
    `places` matter together is known."""
    kept: list[int] = []
    while True:
        low, high = 0, places.size  # with so many of them the kept do not matter, and do
        while high - low > 1:
            middle = (low + high) // 2
            if moves(np.sort([*kept, *places[:middle].tolist()])):
                high = middle
            else:
                low = middle
        kept.append(int(places[high - 1]))
        places = places[: high - 1]
        if moves(np.sort(kept)):
            return np.sort(kept)
        if len(kept) >= most:
            return None


class _Search:
    def __init__(self, count: int, moves: Callable[[Any], bool]) -> None:
        self.count, self.moves = count, moves
        self.gone = np.zeros(count, bool)  # all of these together do not matter
        self.found: list[int] = []

    def rows(self) -> Any:
        return np.array(sorted(self.found), np.int64)

    def ask(self, places: Any) -> bool:
        """Whether these matter, while what does not is left out. Those that do not are left out from now on."""
        altered = self.gone.copy()
        altered[places] = True
        if self.moves(np.flatnonzero(altered)):
            return True
        self.gone = altered
        return False

    def run(self) -> None:
        places = np.arange(self.count)
        if not self.count or not self.ask(places):
            return
        while places.size >= _MANY:
            blocks = [block for block in np.array_split(places, _BLOCKS) if self.ask(block)]
            left = np.concatenate(blocks) if blocks else places[:0]
            if left.size > places.size // 2:
                places = left
                break
            places = left
        self.scan(places)

    def scan(self, places: Any) -> None:
        """Look through places from the left."""
        at, last, gap = 0, -1, 1.0
        if not places.size or not self.ask(places):
            return
        end = len(places)
        while True:
            place = self.first(places, at, end)
            self.found.append(int(places[place]))
            if last >= 0:
                gap = 0.6 * gap + 0.4 * (place - last)
            last, at = place, place + 1
            if at >= len(places):
                return
            end = min(at + max(1, round(1.5 * gap)), len(places))
            if self.ask(places[at:end]):
                continue
            at, end = end, len(places)
            if at >= end or not self.ask(places[at:]):
                return

    def first(self, places: Any, low: int, high: int) -> int:
        """The first place between that matters, where all of these together do."""
        while high - low > 1:
            middle = (low + high) // 2
            if self.ask(places[low:middle]):
                high = middle
            else:
                low = middle
        return low
