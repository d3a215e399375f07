"""What is another now than when a run was made: the code of its steps, the files that they read, the environment."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, structs

from penstock.errors import ParameterError
from penstock.model.digest import PREFIX
from penstock.model.run import Execution, Reason, Run
from penstock.model.step import Parameter, Step
from penstock.model.task import ABSENT, Setting
from penstock.plan.changes import changes
from penstock.plan.conversion import convert
from penstock.plan.files import Stats, digest_path
from penstock.plan.parameters import settings_of
from penstock.plan.within import paths_in
from penstock.ports import Ledger

__all__ = ["ChangedFile", "changed_files", "changed_packages", "code_changes", "paths_of", "paths_within"]


class ChangedFile(Struct, frozen=True):
    """A file or folder that a step read and that is another now (`gone`: it is no longer there). `parameter` is "" for
    one that the step did not declare."""

    step: str
    path: str
    parameter: str = ""
    gone: bool = False


def paths_of(
    step: Step, done: Execution, root: Path, given: Mapping[str, object] | None = None
) -> dict[str, tuple[Path, str]]:
    """The files that an execution was given as `Path` parameters: by parameter, where each is and its digest then.
    `given` are its parameters that were not left to defaults."""
    kinds = {one.name for one in step.parameters if one.kind == "path" and not _holds_paths(one, given or {})}
    return {
        name: (root / shown, digest)
        for name, (shown, digest) in done.settings.items()
        if name in kinds and digest.startswith(PREFIX)
    }


def paths_within(step: Step, given: Mapping[str, object], root: Path, stats: Stats) -> dict[str, Setting | None]:
    """The parameters of a step whose values hold paths (lists of paths, data classes), as they are now; None where a
    file is gone. `given` are the values that were not left to defaults."""
    found: dict[str, Setting | None] = {}
    for one in step.parameters:
        if one.kind == "seed" or not _holds_paths(one, given):
            continue
        alone = structs.replace(step, parameters=(one,))
        try:
            (setting,) = settings_of(alone, {one.name: given[one.name]} if one.name in given else {}, 0, root, stats)
        except ParameterError:
            found[one.name] = None
        else:
            found[one.name] = setting
    return found


def _holds_paths(one: Parameter, given: Mapping[str, object]) -> bool:
    try:
        value = convert(given[one.name], one.annotation) if one.name in given else one.default
    except ValueError:
        return False
    return not isinstance(value, os.PathLike) and bool(paths_in(value))


def changed_files(
    step: Step, done: Execution, root: Path, stats: Stats, given: Mapping[str, object] | None = None
) -> list[ChangedFile]:
    """The files that an execution read, declared or not, whose content is another now. `given` are its parameters that
    were not left to defaults."""
    found = []
    for name, setting in paths_within(step, given or {}, root, stats).items():
        if name in done.settings and (setting is None or setting.digest != done.settings[name][1]):
            shown = done.settings[name][0] if setting is None else ", ".join([path for path, _ in setting.within])
            found.append(ChangedFile(step.name, shown, name, setting is None))
    for name, (path, then) in paths_of(step, done, root, given).items():
        now = _digest(path, stats)
        if now != then:
            found.append(ChangedFile(step.name, str(path), name, now == ABSENT))
    for one in done.hidden:
        if one.path[0] == "$":  # a variable of the environment: nothing to be read again
            continue
        now = _digest(Path(root, one.path), stats)
        if one.digest and now != one.digest:
            found.append(ChangedFile(step.name, one.path, "", now == ABSENT))
    return found


def code_changes(ledger: Ledger, done: Mapping[str, Execution], steps: Iterable[Step]) -> dict[str, tuple[Reason, ...]]:
    """For each of the steps whose closure is another than that of its execution: what differs, most telling first.

    A step that has no execution is passed over.
    """
    found: dict[str, tuple[Reason, ...]] = {}
    for step in steps:
        execution = done.get(step.name)
        if execution is None or execution.code == step.code.digest:
            continue
        old = ledger.code(execution.code)
        reasons = changes(old, step.code, getattr(step.function, "__name__", "")) if old is not None else ()
        # Closures of the same pieces may be arranged otherwise: that is a change of the code, and of no one piece.
        found[step.name] = reasons or (Reason("code", "its code changed", step.where),)
    return found


def changed_packages(run: Run, now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(name, version then, version now) of what is installed otherwise, Python and the platform among it; "" for none."""
    names = sorted({*run.environment, *now}, key=lambda name: (name not in ("python", "platform"), name))
    both = [(name, run.environment.get(name, ""), now.get(name, "")) for name in names]
    return [(name, then, present) for name, then, present in both if then != present]


def _digest(path: Path, stats: Stats) -> str:
    try:
        return digest_path(path, stats, patterns=True)
    except ParameterError:
        return ABSENT
