"""What Penstock says of a case, and whether that is right."""

import warnings
from typing import Any, NamedTuple

from tests.leaks.case import Case
from tests.leaks.oracle import declared, elsewhere

import penstock as ps

__all__ = ["Judged", "judge", "probed"]


class Judged(NamedTuple):
    """`found`: something expected was PROVEN. `false`: (check, column) that was PROVEN and must not be. `missed`: what
    was expected and not PROVEN."""

    case: Case
    report: Any
    found: bool
    false: tuple[tuple[str, str], ...]
    missed: tuple[tuple[str, str], ...]

    @property
    def place(self) -> bool:
        """Whether step and columns are right: all that leak and no others, in the function itself."""
        return not self.false and not self.missed


def probed(case: Case) -> Any:
    """The report on a case, as anybody would ask for it."""
    made, contract = declared(case)
    main = next(iter(made.inputs))
    target = contract.pop("target", ())
    said = {name: {main: value} for name, value in contract.items()}
    for argument, words in made.lookups.items():
        for name, value in words.items():
            said.setdefault(name, {})[argument] = value
    with elsewhere(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ps.probe(case.function, made.inputs, **said, test=made.test, target=target)


def judge(case: Case) -> Judged:
    """Probe a case and hold what comes out against what is expected."""
    report = probed(case)
    named = any(name for names in case.expected.values() for name in names)
    proven = {
        (one.check, one.column if named or not case.expected else "")
        for one in report.findings
        if one.verdict == "PROVEN" and one.step == case.name
    }
    elsewhere = {
        (one.check, f"{one.step}.{one.column}")
        for one in report.findings
        if one.verdict == "PROVEN" and one.step != case.name
    }
    wanted = {(check, name) for check, names in case.expected.items() for name in names}
    columns = {name for _, name in wanted}
    also = (*case.also, "alone")  # what must not move with other rows does not come out the same alone either
    allowed = wanted | {(check, name) for check in also for name in columns}
    return Judged(
        case,
        report,
        bool(proven & wanted),
        tuple(sorted(proven - allowed | elsewhere)),
        tuple(sorted(wanted - proven)),
    )
