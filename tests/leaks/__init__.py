"""Functions that leak and functions that do not, as people write them, and whether Penstock can tell which is which."""

from tests.leaks import (
    ahead_again,
    blameless,
    blameless_again,
    choices,
    fits,
    fits_again,
    innocent,
    innocent_again,
    joins,
    look_ahead,
)
from tests.leaks.case import CASES, Case

__all__ = [
    "CASES",
    "Case",
    "ahead_again",
    "blameless",
    "blameless_again",
    "choices",
    "fits",
    "fits_again",
    "innocent",
    "innocent_again",
    "joins",
    "look_ahead",
]
