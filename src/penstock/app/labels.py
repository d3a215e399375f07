"""Names and tags: of runs, and of versions of artifacts.

A run bears any number of tags, which other runs may bear as well, and one name, which stands for that run alone. A tag of
an artifact stands for one version of it, and moves when it is given again, like a branch.
"""

import contextlib
import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from penstock.app.result import find_stored
from penstock.errors import NotFound, ParameterError, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.event import Labelled
from penstock.model.run import Run
from penstock.ports import Ledger

__all__ = ["Mark", "bearers", "checked", "label_run", "mark", "marks", "split_tags", "tag_made", "take_name", "unmark"]

_SHAPE = re.compile(r"\w[\w.+-]*")
_TAKEN = re.compile(r"last(~\d+)?|\d{8}-\d{6}-\w{4}")
_KIND = "artifact"
_BETWEEN = "\x1f"  # in the ledger's names: between pipeline, artifact and tag, none of which can hold it


class Mark(Struct, frozen=True):
    """A tag of an artifact of a pipeline, and the digest of the version that it stands for."""

    pipeline: str
    artifact: str
    tag: str
    digest: str


def checked(tag: str) -> str:
    """The text, if it may be a name or a tag. Raises `ParameterError`."""
    if not _SHAPE.fullmatch(tag):
        raise ParameterError(
            f"`{tag}` can't be a name or a tag", hint="Use letters, digits, `.`, `_`, `-` and `+`, without spaces."
        )
    if _TAKEN.fullmatch(tag):
        raise ParameterError(f"`{tag}` already means a run", hint="Take another name or tag.")
    return tag


def split_tags(tags: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tags of a run, and `ARTIFACT@TAG` for what it makes. Raises `ParameterError` for what can't be one.

    >>> split_tags(["nightly", "model@candidate"])
    (('nightly',), ('model@candidate',))
    """
    runs, artifacts = [], []
    for one in tags:
        artifact, at, tag = one.rpartition("@")
        if not at:
            runs.append(checked(one))
        elif not artifact:
            raise ParameterError(f"`{one}` names no artifact", hint="Write ARTIFACT@TAG, as in `model@candidate`.")
        else:
            artifacts.append(f"{artifact}@{checked(tag)}")
    return tuple(dict.fromkeys(runs)), tuple(dict.fromkeys(artifacts))


def label_run(
    ledger: Ledger, run: str, *, name: str | None = None, added: Sequence[str] = (), removed: Sequence[str] = ()
) -> str:
    """Name and tag a run (whole id), or take tags away; a name is taken from the run that had it, which is the answer.

    Raises `ParameterError` for what can be no tag, `NotFound` for a tag to remove that is not there.
    """
    found = ledger.run(run)
    tags = tuple([checked(one) for one in added])
    for one in removed:
        if one not in found.tags:
            hint = did_you_mean(one, found.tags) or f"Run {found.id} has no tags."
            raise NotFound(f"run {found.id} has no tag `{one}`", hint=hint)
    others = [one for one in bearers(ledger, checked(name)) if one != found.id] if name else []
    _unname(ledger, others)
    ledger.record(found.id, [Labelled(name, tags, tuple(removed))])
    return others[0] if others else ""


def bearers(ledger: Ledger, name: str) -> list[str]:
    """The runs that bear a name, the newest first: one, but where a run that was to take it was killed."""
    return [row["run"] for row in ledger.runs(1_000_000) if row["name"] == name] if name else []


def take_name(ledger: Ledger, run: str, name: str) -> None:
    """Take the name that a run began with from runs that began before it. Of runs at once it is the newest that keeps
    it, whichever ends first: if each took it from all others, none would."""
    found = bearers(ledger, name)
    if run in found:
        _unname(ledger, found[found.index(run) + 1 :])


def _unname(ledger: Ledger, runs: Iterable[str]) -> None:
    for one in runs:
        ledger.record(one, [Labelled(name="")])


def mark(ledger: Ledger, run: str, artifact: str, tags: Iterable[str]) -> tuple[str, Stored]:
    """Let tags stand for the version of an artifact that a run made or reused: its full name, and how it is stored.

    Raises `NotFound` with close matches where the run has no such artifact.
    """
    wanted = [checked(one) for one in tags]
    found = ledger.run(run)
    name, stored = find_stored(found.id, ledger.steps(found.id), artifact)
    for tag in wanted:
        ledger.tag(_KIND, stored.digest, _BETWEEN.join([found.pipeline, name, tag]))
    return name, stored


def tag_made(ledger: Ledger, run: Run) -> None:
    """Give the tags that a run was to give to the artifacts that it made or reused; those that it did not get to, it
    gives when it is resumed."""
    if not run.marks:
        return
    steps = ledger.steps(run.id)
    for one in run.marks:
        artifact, _, tag = one.rpartition("@")
        with contextlib.suppress(NotFound):
            name, stored = find_stored(run.id, steps, artifact)
            ledger.tag(_KIND, stored.digest, _BETWEEN.join([run.pipeline, name, tag]))


def unmark(ledger: Ledger, pipeline: str, artifact: str, tags: Iterable[str]) -> None:
    """Take tags of an artifact away. Raises `NotFound` with close matches for one that is not there."""
    known = [one.tag for one in marks(ledger, pipeline) if one.artifact == artifact]
    for tag in tags:
        if not ledger.untag(_KIND, _BETWEEN.join([pipeline, artifact, tag])):
            hint = did_you_mean(tag, known) or f"`{artifact}` has no tags."
            raise NotFound(f"`{artifact}` has no tag `{tag}`", hint=hint)


def marks(ledger: Ledger, pipeline: str = "") -> list[Mark]:
    """The tags of artifacts, of one pipeline or of all."""
    found = []
    for name, digest in ledger.tagged(_KIND).items():
        parts = name.split(_BETWEEN)
        if len(parts) == 3 and pipeline in ("", parts[0]):
            found.append(Mark(parts[0], parts[1], parts[2], digest))
    return found
