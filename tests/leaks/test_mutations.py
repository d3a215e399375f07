"""A slip of the hand in a clean function is found; what it was before is not convicted (`test_cases`).

Of all slips in all clean functions some are asked here: `python -m tests.leaks.test_mutations` asks them all."""

import contextlib
import io
import sys

import pytest
from tests.leaks import CASES
from tests.leaks.judged import probed
from tests.leaks.mutations import Mutant, mutants

MUTANTS = mutants([case for case in CASES.values() if not case.leaks])
HARMLESS = {"default_rate_of_the_grade_among_closed_loans, nearest", "failures_known_by_now, nearest"}
"""What they see too early are cells of training rows alone, of which a function that knows the split may learn."""


def proven(mutant: Mutant) -> set[str]:
    with contextlib.redirect_stdout(io.StringIO()):
        report = probed(mutant.case._replace(function=mutant.function))
    return {one.column for one in report.findings if one.verdict == "PROVEN"}


def test_there_are_enough() -> None:
    assert len(MUTANTS) >= 60
    assert {one.name for one in MUTANTS} >= HARMLESS


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.name not in HARMLESS][::9], ids=lambda one: one.name)
def test_the_slip_is_proven(mutant: Mutant) -> None:
    assert proven(mutant)


def main() -> int:
    """Ask all of them; print what is not found."""
    missed = [one.name for one in MUTANTS if one.name not in HARMLESS and not proven(one)]
    print(*missed, f"{len(MUTANTS) - len(HARMLESS)} slips, {len(missed)} missed", sep="\n")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
