"""Steps: declared units of work, and what is said of them."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct, field

from penstock.model.code import Code
from penstock.model.contract import Contract

__all__ = [
    "Entry",
    "Isolation",
    "Kind",
    "Options",
    "Output",
    "Parameter",
    "ParameterKind",
    "Resources",
    "Role",
    "Step",
]

Kind = Literal["source", "step", "split", "train", "predict", "evaluate", "deploy"]
Role = Literal["train", "valid", "test", "unused"]
Isolation = Literal["worker", "fresh", "inline", "container"]
ParameterKind = Literal["value", "path", "seed", "files"]


class Parameter(Struct, frozen=True):
    """A typed setting of a step.

    `annotation` is the type object text is converted to (`Any` where none was given); `default` is meaningless while
    `required`; a parameter of kind `path` is an input whose content is hashed; one of kind `seed` gets the run's seed; one of kind
    `files` holds addresses of files (`stand_in` is a folder whose files may be taken for remote ones).
    """

    name: str
    kind: ParameterKind = "value"
    annotation: Any = Any
    default: Any = None
    required: bool = False
    stand_in: str = ""


class Output(Struct, frozen=True):
    """One artifact that a step makes; `role` is the side of a split. The single output of a step has the name ""."""

    name: str = ""
    role: Role | None = None


class Resources(Struct, frozen=True, omit_defaults=True):
    """What one task needs: `cpus` (also the thread count of numeric libraries), `memory` in bytes, `gpus`, and `custom`
    resources of a cluster, by the names that it gives them."""

    cpus: float = 1
    memory: int = 0
    gpus: float = 0
    custom: tuple[tuple[str, float], ...] = ()


class Entry(Struct, frozen=True, omit_defaults=True):
    """How a worker finds a step's function.

    `file`: load the pipeline file at `path` (absolute) and take the step named `name`, or (`module:name`) a function of
    one of its modules; `command`: `data` is a `Command`, packed; `pickle`: `data` is a cloudpickle of the function
    (notebooks, functions made on the fly), which may need the file at `path` loaded first; `gather`: collect a fan-out
    (of values that may need `path`; for a command with `data`); `again`: the step `name` of the file at `path`, called as
    often as the question in `data` takes (`model/question.py`); `check`: `data` is a `Bench`, packed (`model/bench.py`), of
    steps of the file at `path`, if there is one.
    """

    kind: Literal["file", "pickle", "gather", "command", "again", "check"]
    path: str = ""
    name: str = ""
    data: bytes = b""

    @property
    def commands(self) -> bool:
        """Whether it is a command's, or collects what came of one."""
        return self.kind == "command" or (self.kind == "gather" and bool(self.data))


class Options(Struct, frozen=True, omit_defaults=True):
    """What a decorator may say of a step besides its name, inputs and outputs.

    `retries` (attempts after the first) wait `backoff` seconds, doubled each time; `timeout` and
    `no_output_timeout` are in seconds, 0 for none; `limits` are named limits that count across runs. With `stops`, the
    step's failure stops the whole run; `network` is for a container.
    """

    retries: int = 0
    backoff: float = 1.0
    timeout: float = 0.0
    no_output_timeout: float = 0.0
    resources: Resources = Resources()
    isolation: Isolation = "worker"
    image: str = ""
    env: tuple[str, ...] = ()
    cache: bool = True
    version: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    target: tuple[str, ...] = ()
    limits: dict[str, int] = {}
    stops: bool = False
    network: bool = False


class Step(Struct, frozen=True):
    """A declared unit of work: its name, kind, function, what it takes and what it makes.

    `inputs` maps the function's argument to the name of an artifact as it was written (bound by the graph);
    `where` is `file:line` relative to the project; `function` is what is called, `entry` how another process finds it.
    `schema` is what its tables are held to: a pandera schema, or one for each of several outputs (None for none).
    """

    name: str
    kind: Kind
    function: Callable[..., Any]
    inputs: dict[str, str] = {}
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[Output, ...] = (Output(),)
    contract: Contract | None = None
    options: Options = Options()
    where: str = ""
    code: Code = Code(digest="")
    entry: Entry = field(default_factory=lambda: Entry(kind="pickle"))
    schema: Any = None

    def artifact(self, output: Output) -> str:
        """The full name of an artifact of this step: `step`, or `step.output`."""
        return f"{self.name}.{output.name}" if output.name else self.name

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The full names of all artifacts of this step, in order."""
        return tuple([self.artifact(one) for one in self.outputs])
