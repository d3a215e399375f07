"""Every error that Penstock raises on purpose, as one tree.

    PenstockError                 what happened, where, and what to do next
    ├── DeclarationError          a step, contract or parameter is declared wrongly
    │   ├── SignatureError        a function's arguments can't be read as inputs and parameters
    │   └── ContractError         a source's contract contradicts itself
    ├── GraphError                the steps do not make a graph
    │   ├── UnknownName           an input, step, artifact or parameter that nobody made
    │   ├── DuplicateName         two things under one name
    │   └── CycleError            a step that needs its own output
    ├── ParameterError            a parameter's value is missing or can't be converted
    ├── PipelineNotFound          no pipeline file here, or more than one
    ├── SettingsError             a setting is unknown or malformed
    ├── MissingExtra              an optional package is needed and absent
    ├── CodecError                a value can't be stored or read back
    ├── StoreError                the store can't do what was asked
    │   └── Corrupt               stored content does not match its digest, or is gone
    ├── LedgerError               the ledger can't do what was asked
    │   ├── LeaseLost             this runner no longer holds the work that it wants to commit
    │   └── SchemaMismatch        the ledger was written by another version
    ├── ExecutorError             an executor can't take or finish work
    │   └── WorkerDied            the process that ran a task ended without a result
    ├── ContractBroken            rows are not as a contract says, and it says that this fails a run
    ├── CodeChanged               code or a declared file was edited while a run was in flight
    ├── LeakProven                a check has proven a leak, and the caller asked to be stopped by it
    ├── StepFailed                a step's own code raised (carries the user's traceback)
    └── NotFound                  a run, step or artifact that the ledger does not hold

An error says *what* happened, *where* in the user's own file, and a *hint*: what to do next.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "CodeChanged",
    "CodecError",
    "ContractBroken",
    "ContractError",
    "Corrupt",
    "CycleError",
    "DeclarationError",
    "DuplicateName",
    "ExecutorError",
    "GraphError",
    "LeakProven",
    "LeaseLost",
    "LedgerError",
    "MissingExtra",
    "NotFound",
    "ParameterError",
    "PenstockError",
    "PipelineNotFound",
    "SchemaMismatch",
    "SettingsError",
    "SignatureError",
    "StepFailed",
    "StoreError",
    "UnknownName",
    "WorkerDied",
    "did_you_mean",
    "distribution",
    "extra_command",
    "extra_hint",
]

# Modules that come with a package of another name, which is what has to be installed.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


class PenstockError(Exception):
    """What happened, where in the user's file, and what to do next.

    `where` is `file:line` or empty; `hint` falls back to the class's own advice.
    `exit_code` is what the command line ends with: 2 for a wrong command or pipeline, 1 for failed work.
    """

    hint_default: ClassVar[str] = "Run `penstock doctor`; if that is clean, report this with the command that you ran."
    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint or self.hint_default

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}\n  {self.hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.hint))

    @property
    def kind(self) -> str:
        """The name of the error's class, as `--json` gives it."""
        return type(self).__name__


def _rebuild(cls: type[PenstockError], what: str, where: str, hint: str) -> PenstockError:
    return cls(what, where=where, hint=hint)


class DeclarationError(PenstockError):
    """A step, contract or parameter is declared wrongly."""

    hint_default = "Mend it there; `penstock lint` then names what else is wrong with this pipeline."


class SignatureError(DeclarationError):
    """A function's arguments can't be read as inputs and parameters."""

    hint_default = (
        "An argument without a default is an input; one with a default is a parameter; *args and **kwargs are neither."
    )


class ContractError(DeclarationError):
    """A source's contract contradicts itself."""

    hint_default = "A contract names columns: key, time, known_at, label, group."


class GraphError(PenstockError):
    """The steps do not make a graph."""

    hint_default = "Run `penstock lint` to see the whole graph."


class UnknownName(GraphError):
    """An input, step, artifact or parameter that nobody made."""

    hint_default = "Run `penstock plan` to see the names of steps and artifacts."


class DuplicateName(GraphError):
    """Two things under one name."""

    hint_default = "Give one of them another name with `name=`."


class CycleError(GraphError):
    """A step that needs its own output."""

    hint_default = "Break the circle: one of these steps must not read what comes after it."


class ParameterError(PenstockError):
    """A parameter's value is missing or can't be converted."""

    hint_default = "Give it with `--set STEP.PARAMETER=VALUE`."


class PipelineNotFound(PenstockError):
    """No pipeline file here, or more than one."""

    hint_default = "Name it with `-f FILE`, or begin one with `penstock init`."


class SettingsError(PenstockError):
    """A setting is unknown or malformed."""

    hint_default = "Settings are listed in docs/settings.md."


class MissingExtra(PenstockError):
    """An optional package is needed and absent."""

    hint_default = "Install the extra that the message names."


class CodecError(PenstockError):
    """A value can't be stored or read back."""

    hint_default = (
        "Return plain values, tables, arrays, models or paths; keep locks, generators and open files inside the step."
    )
    exit_code = 1


class StoreError(PenstockError):
    """The store can't do what was asked."""

    hint_default = "Check free space and permissions of the state folder; nothing that was committed is lost."
    exit_code = 1


class Corrupt(StoreError):
    """Stored content does not match its digest, or is gone."""

    hint_default = "Run `penstock verify`; the next `penstock run` recomputes what was lost."


class LedgerError(PenstockError):
    """The ledger can't do what was asked."""

    hint_default = "Run `penstock verify` to check the ledger."
    exit_code = 1


class LeaseLost(LedgerError):
    """This runner no longer holds the work that it wants to commit."""

    hint_default = "Another run took this work over while this one was paused; run again to reuse its result."


class SchemaMismatch(LedgerError):
    """The ledger was written by another version."""

    hint_default = "Upgrade Penstock, or point PENSTOCK_STATE at another folder."
    exit_code = 2


class ExecutorError(PenstockError):
    """An executor can't take or finish work."""

    hint_default = "Try `--executor inline` to run in this process, or lower `--workers`."
    exit_code = 1


class WorkerDied(ExecutorError):
    """The process that ran a task ended without a result."""

    hint_default = "See `penstock logs`; a step that needs more memory than there is should work in parts."


class ContractBroken(PenstockError):
    """Rows are not as a contract says, and it says that this fails a run (`fail_on`)."""

    hint_default = "See `penstock show`; what is meant to be so, take out of `fail_on` of the source."
    exit_code = 1


class CodeChanged(PenstockError):
    """Code or a declared file was edited while a run was in flight."""

    hint_default = "Nothing of it was committed; run again."
    exit_code = 1


class LeakProven(PenstockError):
    """A check has proven a leak, and the caller asked to be stopped by it."""

    hint_default = "Each finding of the report says where it is, and how to mend it."
    exit_code = 1


class StepFailed(PenstockError):
    """A step's own code raised. `traceback` holds the user's frames only; `stops`: nothing else of the run begins then."""

    hint_default = "Mend the step and run again; finished steps are reused."
    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "", traceback: str = "", stops: bool = False) -> None:
        super().__init__(what, where=where, hint=hint)
        self.traceback, self.stops = traceback, stops
        if traceback:
            self.add_note(traceback.rstrip())  # which Python and notebooks show below the message


class NotFound(PenstockError):
    """A run, step or artifact that the ledger does not hold."""

    hint_default = "See `penstock runs`."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the close matches of `name` among `known`, or the known names if they are few.

    >>> did_you_mean("claen", ["clean", "features"])
    'Did you mean `clean`?'
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "Did you mean " + " or ".join(f"`{one}`" for one in close) + "?"
    if names and len(names) <= 12:
        return "Known: " + ", ".join(f"`{one}`" for one in names) + "."
    return ""


def distribution(module: str) -> str:
    """The package that has to be installed for a module.

    >>> distribution("sklearn.linear_model"), distribution("polars")
    ('scikit-learn', 'polars')
    """
    top = module.partition(".")[0]
    return _DISTRIBUTIONS.get(top, top)


def extra_hint(extra: str) -> str:
    """What to do about an extra that is not installed: from the package index, or from a clone as README says.

    >>> extra_hint("frames")
    "Install it: pip install 'penstock[frames]' (in a clone of the repository: pip install -e '.[frames]')"
    """
    return f"Install it: {extra_command(extra)}"


def extra_command(extra: str) -> str:
    """The commands that install an extra.

    >>> extra_command("frames")
    "pip install 'penstock[frames]' (in a clone of the repository: pip install -e '.[frames]')"
    """
    return f"pip install 'penstock[{extra}]' (in a clone of the repository: pip install -e '.[{extra}]')"
