"""Functions that leak and functions that do not, as people write them, and whether Penstock can tell which is which."""

from tests.leaks import blameless, choices, fits, innocent, joins, look_ahead
from tests.leaks.case import CASES, Case

__all__ = ["CASES", "Case", "blameless", "choices", "fits", "innocent", "joins", "look_ahead"]
