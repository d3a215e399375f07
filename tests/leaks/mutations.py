"""Clean functions with one thing altered, as a slip of the hand would: each leaks then."""

import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
from tests.leaks.case import Case

__all__ = ["MUTATIONS", "Mutant", "mutants"]

MUTATIONS: dict[str, tuple[str, str]] = {
    "looks ahead": (r"\.shift\((1?)\)", r".shift(-1)"),
    "looks a week ahead": (r"\.shift\(7\)", r".shift(-7)"),
    "centred": (r"\.rolling\((\d+)", r".rolling(\1, center=True"),
    "with its own row": (r'closed="left"', r'closed="both"'),
    "without the lag": (r"\.shift\(1?\)\.(expanding|rolling)", r".\1"),
    "filled backward": (r"\.ffill\(", r".bfill("),
    "polars filled backward": (r"\.forward_fill\(", r".backward_fill("),
    "fitted on all customers": (r"\.loc\[~is_test\(customers\), ", r".loc[:, "),
    "counted on all customers": (r"customers\[~is_test\(customers\)\]", r"customers"),
    "fitted on all houses": (r"train, _ = sides\(houses\)", r"train = houses"),
    "an hour early": (r" - pd\.Timedelta\((hours=1)\)$", r""),
    "a day early": (r" [+-] pd\.Timedelta\((days=1)\)", r""),
    "both ways": (r"signal\.(lfilter|sosfilt)\(", r"signal.\1\1("),
    "nearest": (r"pd\.merge_asof\(", r"_nearest("),
    "lag the wrong way": (r'offset_by\("(\d)', r'offset_by("-\1'),
}
_TWO_WAY = {"lfilterlfilter": "filtfilt", "sosfiltsosfilt": "sosfiltfilt"}


def _nearest(*tables: Any, **options: Any) -> pd.DataFrame:
    return pd.merge_asof(*tables, **{**options, "direction": "nearest"})


class Mutant(NamedTuple):
    """A clean case, the slip, and the function with it."""

    case: Case
    slip: str
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        """Which case, and what was done to it."""
        return f"{self.case.name}, {self.slip}"


def mutants(cases: list[Case]) -> list[Mutant]:
    """All clean functions of these with each slip that changes them."""
    found = []
    for case in cases:
        source = textwrap.dedent(inspect.getsource(case.function))
        source = source[source.index("def ") :]
        for slip, (pattern, put) in MUTATIONS.items():
            altered = re.sub(pattern, put, source, flags=re.MULTILINE)
            for wrong, right in _TWO_WAY.items():
                altered = altered.replace(wrong, right)
            if altered != source:
                space = {**vars(sys.modules[case.function.__module__]), "_nearest": _nearest}
                exec(compile(altered, f"<{case.name}, {slip}>", "exec"), space)
                found.append(Mutant(case, slip, space[case.function.__name__]))
    return found
