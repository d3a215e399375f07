"""What a case is: a function as people write it, what it is asked on, and what is to be said of it."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tests.leaks.data import Data

__all__ = ["CASES", "Case", "clean", "leaky"]


class Case(NamedTuple):
    """`expected` maps a check to the columns that it must prove to leak, all of them and no others ("" where no column
    is named, of a model or an array). Whatever else is PROVEN must be in `expected` or of a check in `also`, on the
    same columns. `verdict` is that of the whole report. `naive` are checks by which a simple judge would convict an innocent,
    and `after_train` says that something is fitted on the training side, so that earlier instants are none of its business."""

    name: str
    function: Callable[..., Any]
    data: Callable[[], Data]
    expected: dict[str, frozenset[str]]
    also: frozenset[str]
    options: dict[str, Any]
    verdict: str
    naive: frozenset[str] = frozenset()
    after_train: bool = False

    @property
    def leaks(self) -> bool:
        """Whether something must be PROVEN."""
        return self.verdict == "PROVEN"


CASES: dict[str, Case] = {}


def leaky(
    checks: str, columns: str | Iterable[str], data: Callable[[], Data], *, also: str = "", **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function that leaks: each of these checks must prove it of just these columns (names with blanks between).

    Others may say so too: what looks ahead moves the last rows before the test as well, and one row alone (`alone`)
    differs from its batch. `options` are those of `ps.probe` that differ from what
    is declared of the data."""
    names = columns.split() or [""] if isinstance(columns, str) else columns
    return _adding(
        data, dict.fromkeys(checks.split(), frozenset(names)), f"{also} alone test-blind test-label", options, "PROVEN"
    )


def clean(
    data: Callable[[], Data], *, verdict: str = "CLEAN", naive: str = "", after_train: bool = False, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function of which nothing may be PROVEN, however guilty it looks."""
    return _adding(data, {}, "", options, verdict, frozenset(naive.split()), after_train)


def _adding(
    data: Callable[[], Data],
    expected: dict[str, frozenset[str]],
    also: str,
    options: dict[str, Any],
    verdict: str,
    naive: frozenset[str] = frozenset(),
    after_train: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        if name in CASES:
            raise ValueError(f"two cases are called {name}")
        CASES[name] = Case(
            name, function, data, expected, frozenset(also.split()), options, verdict, naive, after_train
        )
        return function

    return add
