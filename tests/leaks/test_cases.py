"""Each leak is proven, with its step and its columns; of what is clean nothing is.

The figures of the whole are printed by `python -m tests.leaks.score`."""

import pytest
from tests.leaks import CASES, Case
from tests.leaks.judged import judge
from tests.leaks.oracle import moved

# Of the second set every other one, since all of them take a minute: `python -m tests.leaks.score` asks them all.
SECOND = [case for case in CASES.values() if case.function.__module__.endswith("_again")][1::2]
ASKED = [case for case in CASES.values() if case not in SECOND]
LEAKY = [case for case in ASKED if case.leaks]
CLEAN = [case for case in ASKED if not case.leaks]


def test_there_are_enough() -> None:
    assert len(LEAKY) >= 60 and len(CLEAN) >= 60


@pytest.mark.parametrize("case", LEAKY, ids=lambda case: case.name)
def test_a_leak_is_proven_where_it_is(case: Case) -> None:
    judged = judge(case)
    assert judged.report.verdict == "PROVEN"
    assert not judged.missed, judged.report.checks
    assert not judged.false, judged.report.findings
    for one in judged.report.findings:
        if one.verdict == "PROVEN":
            assert one.world and one.hint
            assert one.where.rpartition(":")[0].endswith(".py")
            assert not one.row or one.before != one.after  # members of what is fitted may have no words for what moved


@pytest.mark.parametrize("case", CLEAN, ids=lambda case: case.name)
def test_the_innocent_are_not_convicted(case: Case) -> None:
    report = judge(case).report
    assert [one for one in report.findings if one.verdict == "PROVEN"] == []
    suspects = [one for one in report.findings if one.verdict == "SUSPECT"]
    if case.verdict == "CLEAN":  # UNKNOWN is what can't be asked: without a clock, say
        assert suspects == []
        assert report.verdict in {"CLEAN", "UNKNOWN"}
    elif case.verdict == "SUSPECT":
        assert suspects


# Slow and simple, by brute force: that the leaky leak, and the clean do not, whatever Penstock says. Some of each kind, since all
# of them take a minute: `python -m tests.leaks.oracle` asks them all.
@pytest.mark.parametrize("case", [*LEAKY[::8], *CLEAN[::8]], ids=lambda case: case.name)
def test_expectations_are_what_brute_force_finds(case: Case) -> None:
    found = moved(case)
    expected = {(check, name) for check, names in case.expected.items() for name in names}
    assert expected <= found
    columns = {name for _, name in expected}
    assert {one for one in found - expected if one[1] not in columns and one[0] not in case.naive} == set()
