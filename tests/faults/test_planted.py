"""The tests of faults find bugs: each of those in `planted` is planted, and one of them must fail."""

import os
from pathlib import Path

import pytest
from tests.faults.planted import BUGS, caught, plant
from tests.faults.trials import report, trials

FULL = "PENSTOCK_FAULT_TRIALS" in os.environ

pytestmark = pytest.mark.timeout(0 if FULL else 900)  # each bug runs tests of its own: a busy machine takes minutes


@pytest.mark.parametrize("place", range(len(BUGS)))
def test_each_bug_can_be_planted(tmp_path: Path, place: int) -> None:
    source = plant(BUGS[place], tmp_path)
    for name, _, _ in BUGS[place].changes:
        compile((source / "penstock" / name).read_text(), name, "exec")


@pytest.mark.needs("proc", "strace")
def test_what_is_planted_is_found(tmp_path: Path) -> None:
    """All of them in full runs, else those that are found within a few seconds."""
    chosen = BUGS if trials(0) else [one for one in BUGS if "test_commit" in one.tests[0] or "slept" in one.tests]
    found = {}
    for place, bug in enumerate(chosen):
        (tmp_path / str(place)).mkdir()
        found[bug.name] = caught(bug, tmp_path / str(place))
    report("planted bugs", planted=len(found), found=sum(map(bool, found.values())), how=found)
    assert [name for name, how in found.items() if not how] == []
