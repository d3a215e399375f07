"""Every version of an artifact: which run made it, from what, under which tags, and whether its bytes are still here."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from penstock.app.labels import marks
from penstock.app.result import find_stored
from penstock.errors import NotFound, ParameterError, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.digest import PREFIX, short
from penstock.model.run import Consumed, Execution
from penstock.ports import Ledger, Store

__all__ = ["Version", "find_version", "find_versions", "is_kept", "resolve"]


class Version(Struct, frozen=True):
    """One version of an artifact: the execution that made it, and its tags. `kept` while its bytes are here."""

    artifact: str
    stored: Stored
    execution: Execution
    tags: tuple[str, ...]
    kept: bool


def find_versions(
    ledger: Ledger,
    store: Store,
    artifact: str,
    pipeline: str = "",
    *,
    tag: str = "",
    inputs: Mapping[str, str] | None = None,
) -> list[Version]:
    """The versions of an artifact, newest first: all, or those that bear `tag`, or were made from `inputs`.

    `inputs` maps arguments, or artifacts, of its step to digests or beginnings of them. Raises `NotFound` with close
    matches for an artifact, tag or input that is not known; no version of these inputs is no error, but none found.
    """
    owner, name, step = resolve(ledger, artifact, pipeline)
    tags: dict[str, list[str]] = {}
    for one in marks(ledger, owner):
        if one.artifact == name:
            tags.setdefault(one.digest, []).append(one.tag)
    known = [each for listed in tags.values() for each in listed]
    if tag and tag not in known:
        hint = did_you_mean(tag, known) or f"Give it with `penstock tag RUN {tag} --artifact {name}`."
        raise NotFound(f"no version of `{name}` has the tag `{tag}`", hint=hint)
    found = []
    done = _newest(ledger, owner)[step]
    for execution in ledger.executions(done.pipeline, step):
        stored = next((made.stored for made in execution.outputs if made.artifact == name), None)
        if stored is None or (inputs and not _made_from(execution, inputs)):
            continue
        listed = tuple(tags.get(stored.digest, ()))
        if not tag or tag in listed:
            found.append(Version(name, stored, execution, listed, is_kept(stored, store)))
    return found[::-1]


def find_version(
    ledger: Ledger,
    store: Store,
    artifact: str,
    pipeline: str = "",
    *,
    run: str = "",
    tag: str = "",
    inputs: Mapping[str, str] | None = None,
) -> Stored:
    """One version: that of a run (id, name, tag, `last`), or the newest of a tag or of inputs; without any of these,
    that of the newest run which made or reused it. `ARTIFACT@TAG` names a tag too.

    A tag that no version of the artifact bears may be that of a run. Raises `NotFound` with close matches, `ParameterError`
    for a run with one of the others.
    """
    base, at, mark = artifact.rpartition("@")
    if at and base and not tag:
        artifact, tag = base, mark
    if run and (tag or inputs):
        raise ParameterError(
            "a run has one version of each artifact: `run` goes with neither `tag` nor `inputs`",
            hint="Give the run alone, or the tag, or the inputs.",
        )
    if run:
        found = ledger.run(run)
        return find_stored(found.id, ledger.steps(found.id), artifact)[1]
    if tag:
        return _tagged(ledger, store, artifact, pipeline, tag, inputs)
    owner, name, step = resolve(ledger, artifact, pipeline)
    if inputs:
        found_versions = find_versions(ledger, store, name, owner, inputs=inputs)
        if not found_versions:
            asked = ", ".join([f"{argument}={digest}" for argument, digest in inputs.items()])
            raise NotFound(f"no version of `{name}` was made from {asked}", hint=f"See `penstock versions {name}`.")
        return next((one for one in found_versions if one.kept), found_versions[0]).stored
    for row in _runs(ledger, owner):
        for each in ledger.steps(row):
            if each["step"] == step and each["execution"] is not None:
                return find_stored(row, [each], name)[1]
    raise NotFound(f"no run has `{name}`")


def _tagged(
    ledger: Ledger, store: Store, artifact: str, pipeline: str, tag: str, inputs: Mapping[str, str] | None
) -> Stored:
    try:
        versions = find_versions(ledger, store, artifact, pipeline, tag=tag, inputs=inputs)
    except NotFound as error:
        owner, name, _ = resolve(ledger, artifact, pipeline)  # where this is what is wrong, it says so
        for row in ledger.runs(1_000_000, owner):
            if tag in (row["tags"] or ()):
                return find_stored(row["run"], ledger.steps(row["run"]), name)[1]
        raise error from None
    if not versions:
        raise NotFound(
            f"no version of `{artifact}` with the tag `{tag}` was made from these inputs",
            hint=f"See `penstock versions {artifact}`.",
        )
    return next((one for one in versions if one.kept), versions[0]).stored


def resolve(ledger: Ledger, artifact: str, pipeline: str = "") -> tuple[str, str, str]:
    """The pipeline, full name and step of an artifact, as they were last made; short names serve while they are unique.

    Raises `NotFound` with close matches.
    """
    known: dict[str, list[tuple[str, str, str]]] = {}
    parts: dict[str, list[tuple[str, str, str]]] = {}
    for owner in [pipeline] if pipeline else _pipelines(ledger):
        for step, execution in _newest(ledger, owner).items():
            for made in execution.outputs:
                known.setdefault(made.artifact, []).append((owner, made.artifact, step))
                if made.artifact != step:
                    parts.setdefault(made.artifact.rpartition(".")[2], []).append((owner, made.artifact, step))
    found = known.get(artifact) or parts.get(artifact, [])
    if len(found) == 1:
        return found[0]
    if len({owner for owner, _, _ in found}) > 1:
        owners = " and ".join([f"`{owner}`" for owner, _, _ in found])
        raise NotFound(f"more than one pipeline makes `{artifact}`: {owners}", hint="Say which with `-f FILE`.")
    if found:
        names = ", ".join([f"`{name}`" for _, name, _ in found])
        raise NotFound(f"there is more than one `{artifact}`", hint=f"Say which: {names}.")
    raise NotFound(
        f"no run has made an artifact `{artifact}`",
        hint=did_you_mean(artifact, [*known, *parts]) or "See `penstock show`.",
    )


def _newest(ledger: Ledger, pipeline: str) -> dict[str, Execution]:
    """The newest execution of each step of a pipeline; of one that was renamed, those that it has reused."""
    found: dict[str, Execution] = {}
    last = ledger.runs(1, pipeline)
    if last:
        found = {row["step"]: row["execution"] for row in ledger.steps(last[0]["run"]) if row["execution"] is not None}
    return {**found, **ledger.recent(pipeline)}


def _pipelines(ledger: Ledger) -> list[str]:
    return list(dict.fromkeys([row["pipeline"] for row in ledger.runs(1_000_000)]))


def _runs(ledger: Ledger, pipeline: str) -> Iterator[str]:
    seen: set[str] = set()
    for limit in (20, 1_000_000):  # most often it is among the newest
        for row in ledger.runs(limit, pipeline):
            if row["run"] not in seen:
                seen.add(row["run"])
                yield row["run"]


def _made_from(execution: Execution, inputs: Mapping[str, str]) -> bool:
    """Whether each of the named inputs has the digest. Raises `NotFound` for a name that the step does not take."""
    for name, digest in inputs.items():
        found = _input(execution, name)
        if found is None:
            known = [*execution.inputs, *[one.artifact for one in execution.inputs.values()]]
            hint = did_you_mean(name, known) or f"Step `{execution.step}` has no inputs."
            raise NotFound(f"step `{execution.step}` takes no input `{name}`", hint=hint)
        if not short(found.digest, 64).startswith(digest.removeprefix(PREFIX)):
            return False
    return True


def _input(execution: Execution, name: str) -> Consumed | None:
    if name in execution.inputs:
        return execution.inputs[name]
    named = [one for one in execution.inputs.values() if name in (one.artifact, one.artifact.rpartition(".")[2])]
    return named[0] if len(named) == 1 else None


def is_kept(stored: Stored, store: Store) -> bool:
    """Whether the bytes of a stored value are here."""
    if stored.data is None and not store.has(stored.blob):
        return False
    return all(store.has(part) for part in stored.parts)
