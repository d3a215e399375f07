"""A function that takes the training rows and the test rows as two tables, asked as one that takes all rows and knows the side of each.

Its tables are put below each other, and taken apart again inside of the call; what it makes of both sides is put together in the same way.
Then everything that is asked of one table with two sides is asked of it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from penstock.checks.parted import role_of_name
from penstock.values.alter import stacked, take
from penstock.values.records import records
from penstock.work.calls import Call, has_rows, len_of

__all__ = ["Joined", "joined"]


class Joined(NamedTuple):
    """The tables that belong together: the name of both to (training argument, test argument); and the side of each row."""

    pairs: Mapping[str, tuple[str, str]]
    sides: Any

    @property
    def why(self) -> str:
        """How the sides are known, in words."""
        names = [f"`{one}`" for pair in self.pairs.values() for one in pair]
        return " and ".join(names) + " hold them"

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a call with both sides in one table."""
        taken = {one for pair in self.pairs.values() for one in pair}
        both = {name: stacked([given[train], given[test]]) for name, (train, test) in self.pairs.items()}
        return {**both, **{name: value for name, value in given.items() if name not in taken}}

    def calling(self, function: Callable[..., Any], sides: Any) -> Callable[..., Any]:
        """The function as one of both sides in one table, whose rows are on these `sides`."""
        train, test = np.flatnonzero(sides == "train"), np.flatnonzero(sides == "test")
        order = np.concatenate([train, test])
        back = np.argsort(order, kind="stable")
        pairs = dict(self.pairs)

        def again(**given: Any) -> Any:
            own = {name: value for name, value in given.items() if name not in pairs}
            for name, (first, second) in pairs.items():
                if len_of(given[name]) != sides.size:
                    raise ValueError("rows are gone: which side the others are on is not known")
                own |= {first: take(given[name], train), second: take(given[name], test)}
            made = function(**own)
            if made is None:  # it altered them in place
                made = tuple([own[one] for one in next(iter(pairs.values()))])
            return _together(made, train.size, test.size, back)

        return again


def joined(call: Call) -> Joined | None:
    """The training and test tables among a call's arguments; None where it takes no such two."""
    roles = {name: role_of_name(name.removeprefix("y_")) for name, value in call.arguments.items() if has_rows(value)}
    pairs: dict[str, tuple[str, str]] = {}
    sizes: set[tuple[int, int]] = set()
    for train, test in (
        (one, other) for one, r in roles.items() for other, s in roles.items() if (r, s) == ("train", "test")
    ):
        labels = train.startswith("y_"), test.startswith("y_")
        if labels[0] != labels[1] or any(test in pair for pair in pairs.values()):
            continue
        one, other = call.arguments[train], call.arguments[test]
        if type(one) is not type(other) or _columns(one) != _columns(other):
            continue
        try:
            stacked([one, other])
        except (TypeError, ValueError):
            continue
        pairs[f"{train} and {test}"] = train, test
        sizes.add((len_of(one), len_of(other)))
    if len(sizes) != 1:
        return None
    [(many, few)] = sizes
    return Joined(pairs, np.array(["train"] * many + ["test"] * few))


def _columns(value: Any) -> Any:
    held = records(value)
    return None if held is None else held.columns


def _together(made: Any, train: int, test: int, back: Any) -> Any:
    """What was made of both sides as one table in the order of the rows; all else as it is."""
    if not isinstance(made, tuple | list | dict):
        return made
    parts = dict(made) if isinstance(made, dict) else {str(number): one for number, one in enumerate(made)}
    names = [name for name, one in parts.items() if has_rows(one)]
    found: dict[str, Any] = {}
    while names:
        name = names.pop(0)
        other = next(
            (
                one
                for one in names
                if {len_of(parts[name]), len_of(parts[one])} == {train, test}
                and type(parts[name]) is type(parts[one])
                and _columns(parts[name]) == _columns(parts[one])
            ),
            "",
        )
        if not other:
            continue
        names.remove(other)
        first, second = (name, other) if len_of(parts[name]) == train else (other, name)
        found[f"{first} and {second}"] = take(stacked([parts.pop(first), parts.pop(second)]), back)
    return {**found, **parts} if found else made
