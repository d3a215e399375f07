"""Runs, decisions and executions: what was to happen and why, and what did."""

from typing import Any, Literal

from msgspec import Struct

from penstock.model.artifact import Stored
from penstock.model.step import Kind, Role
from penstock.model.task import Failure, HiddenInput, Usage

__all__ = ["Action", "Consumed", "Decision", "Execution", "Made", "Reason", "Run"]

Action = Literal["run", "reuse", "unknown"]


class Reason(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why a step runs or is reused, as data.

    `kind` is one of: `never-ran`, `failed`, `skipped`, `code`, `input`, `parameter`, `package`, `python`, `environment`, `image`,
    `file`, `variable`, `forced`, `uncached`, `lost`, `upstream`, `given`, `same`. `what` says it in words; `where` is `file:line`;
    `diff` a unified diff.
    """

    kind: str
    what: str
    where: str = ""
    diff: str = ""


class Consumed(Struct, frozen=True, gc=False):
    """An input of an execution: the artifact's name and the identity of its content."""

    artifact: str
    digest: str
    identity: str


class Made(Struct, frozen=True, gc=False, omit_defaults=True):
    """An output of an execution."""

    artifact: str
    stored: Stored
    role: Role | None = None


class Execution(Struct, frozen=True, gc=False, omit_defaults=True):
    """Work that was done and committed, once. `key` is unique in a ledger; `settings` maps a parameter to
    (its value as shown, its digest); `started` is in seconds since 1970 (UTC). `failure` is there where the work failed and
    what follows goes on all the same: it is tolerated, and not `cached`."""

    key: str
    pipeline: str
    step: str
    kind: Kind
    run: str
    attempt: int
    code: str
    inputs: dict[str, Consumed] = {}
    settings: dict[str, tuple[str, str]] = {}
    outputs: tuple[Made, ...] = ()
    metrics: dict[str, float] = {}
    usage: Usage = Usage()
    started: float = 0.0
    seed: int = 0
    hidden: tuple[HiddenInput, ...] = ()
    cached: bool = True
    failure: Failure | None = None


class Decision(Struct, frozen=True, gc=False, omit_defaults=True):
    """What will happen to a step: `run`, `reuse` (then `execution` is what is reused), or `unknown` until what is
    above it has run. `key` is "" while it is unknown."""

    step: str
    action: Action
    reasons: tuple[Reason, ...] = ()
    key: str = ""
    execution: Execution | None = None


class Run(Struct, frozen=True, omit_defaults=True):
    """One execution of a plan, and everything needed to do it again.

    `pipeline` names the pipeline within its project, `file` is where it was loaded from (relative to `root`),
    `graph` maps each step to its kind, inputs and outputs as data; `parameters` are the values as shown, by step, `overrides` those that were given, as `step.parameter`;
    `snapshot` is the digest of the stored source snapshot; `environment` maps each installed distribution to its
    version, with `python` and `platform` beside it; `machine` holds host name, cores and memory;
    `marks` are tags for artifacts that it makes, as `artifact@tag`; `part` says what of a `valohai.yaml` bears the
    pipeline's name (pipeline, step or task), and then how it was loaded: stub-inputs, mount.
    """

    id: str
    pipeline: str
    started: float
    file: str = ""
    root: str = ""
    targets: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    graph: dict[str, Any] = {}
    parameters: dict[str, dict[str, str]] = {}
    overrides: dict[str, str] = {}
    seed: int = 0
    executor: str = ""
    workers: int = 0
    command: tuple[str, ...] = ()
    commit: str = ""
    dirty: bool = False
    diff: str = ""
    snapshot: str = ""
    environment: dict[str, str] = {}
    machine: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    name: str = ""
    marks: tuple[str, ...] = ()
    part: str = ""

    @property
    def choice(self) -> dict[str, Any]:
        """What `Pipeline.load` was told to take of a file that holds several pipelines or steps."""
        kind, *ways = self.part.split() or [""]
        return {
            "pipeline": self.pipeline if kind == "pipeline" else "",
            "step": self.pipeline if kind in {"step", "task"} else "",
            "stub_inputs": "stub-inputs" in ways,
            "mount": "mount" in ways,
        }
