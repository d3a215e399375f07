"""The documents of checks: what they found, and what each of them did. Part of those of runs, rows and checks.

Values are as JSON has them. Additions are allowed, renames are not.
"""

from typing import Any, Literal, NotRequired, TypedDict

from penstock.model.verdict import Verdict
from penstock.report.script_documents import ScriptDocument

__all__ = [
    "AlteredDocument",
    "CheckDocument",
    "CheckedDocument",
    "ChecksDocument",
    "FindingDocument",
    "ForeseenDocument",
    "PairDocument",
    "ReplayDocument",
    "WaiverDocument",
]


class AlteredDocument(TypedDict):
    """A cell of an artifact, as it was and in an altered world."""

    artifact: str
    column: str
    row: str
    before: Any
    after: Any


class FindingDocument(TypedDict):
    """One fact that a check found, with its evidence. `id` is what `penstock replay` takes ("" where there is nothing to do
    again); `cause` is the one cell of an input that was altered; `waived` is why people let it pass, else ""."""

    check: str
    verdict: Verdict
    step: str
    artifact: str
    column: str
    row: str
    before: Any
    after: Any
    world: str
    where: str
    hint: str
    replay: str
    severity: str
    id: str
    cause: AlteredDocument | None
    waived: str


class CheckDocument(TypedDict):
    """What one check did to one step."""

    check: str
    step: str
    verdict: Verdict
    reason: str
    reruns: int
    rows: int
    seconds: float


class WaiverDocument(TypedDict):
    """A waiver of the pipeline file, and what became of it: it `applies` to so many `findings`, has `expired`, is
    `unneeded` (nothing was found), `unasked`, or names what is not there (`unknown`). `until` is a day, "" for good."""

    check: str
    step: str
    reason: str
    until: str
    where: str
    state: Literal["applies", "expired", "unneeded", "unasked", "unknown"]
    findings: int
    hint: str


class PairDocument(TypedDict):
    """A check, and the step that it is to be asked about."""

    check: str
    step: str


class ForeseenDocument(PairDocument):
    """What would be asked, before anything runs: whether `quick` checks at the end of a run (`no`: never) and `full` ones, of
    `penstock check`, would `ask` it, or it is `known` of an earlier run."""

    quick: Literal["ask", "known", "no"]
    full: Literal["ask", "known"]


class ChecksDocument(TypedDict):
    """All that the checks of a run found. What people waived does not count for the `verdict`.

    Where checks did steps again: `depth` says how much they were asked, `seconds` what they took, `budget` what they might
    have taken (0: as long as it takes), `left` what there was no time for, and `reused` how many results were known before.
    `script` is there where a plain script or notebook was checked, and no pipeline."""

    verdict: Verdict
    findings: list[FindingDocument]
    checks: list[CheckDocument]
    waivers: NotRequired[list[WaiverDocument]]
    depth: NotRequired[Literal["quick", "full"]]
    seconds: NotRequired[float]
    budget: NotRequired[float]
    left: NotRequired[list[PairDocument]]
    reused: NotRequired[int]
    script: NotRequired[ScriptDocument]


class CheckedDocument(ChecksDocument):
    """What the checks say of a run of a pipeline; of a plain `script` or notebook, `run` is "" and `pipeline` its file."""

    run: str
    pipeline: str


class ReplayDocument(TypedDict):
    """A counter-example, done again: whether the cell still moves, and from what to what (`reason`: why it can't be done)."""

    finding: FindingDocument
    run: str
    moved: bool
    before: Any
    after: Any
    reason: str
