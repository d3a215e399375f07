"""Command steps: what a worker needs to know of one, as data."""

from typing import Any, Literal

from msgspec import Struct

__all__ = ["Action", "Command", "CommandInput", "FileRef", "Files", "Link", "Sweep"]

_Role = Literal["execution", "task", "child", "gate", "deployment"]


class FileRef(Struct, frozen=True, omit_defaults=True):
    """One file of an input: its address (`uri`, or the absolute `path` of one here), its `name` in the input's folder when
    folders are dropped, and the names that keep them: `full` from the root of its storage, `suffix` from its pattern's.

    `digest` is that of the content; "" for what is elsewhere and is taken to stay what it is.
    """

    uri: str
    name: str
    full: str
    suffix: str
    path: str = ""
    digest: str = ""


class Files(Struct, frozen=True, omit_defaults=True):
    """What an input holds: the addresses as they were written, and the files that they were found to name."""

    uris: tuple[str, ...] = ()
    files: tuple[FileRef, ...] = ()


class CommandInput(Struct, frozen=True, omit_defaults=True):
    """An input folder of a command: the name that a single file gets, and whether folders are kept."""

    name: str
    filename: str = ""
    keep: Literal["none", "full", "suffix"] = "none"
    optional: bool = False


class Link(Struct, frozen=True, omit_defaults=True):
    """An edge into a command: which artifact (by argument) gives what (`kind` and `key`) to which `target` named `name`.

    Kinds: output, metadata, parameter, input, environment-variable, deployment, dependency. Targets: input, parameter,
    environment-variable, file, dependency. `source` is the node that the edge comes from, in the words of its file, and
    `where` the edge's place in it.
    """

    argument: str
    source: str
    kind: str
    key: str
    target: str
    name: str
    task: bool = False
    where: str = ""


class Action(Struct, frozen=True, omit_defaults=True):
    """What a node does when something happens: if all `conditions` hold, `then`."""

    when: str
    then: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    where: str = ""


class Sweep(Struct, frozen=True, omit_defaults=True):
    """How one command becomes many: the kind of search, what varies and how, and when it is enough.

    `parameters` are `{"name", "style", "rules"}` as in the file; `sets` are listed by hand. At most `most` executions are
    under way at once (0: no bound); one that fails leaves the others alone and is borne (`lenient`), or ends them (`strict`).
    """

    kind: Literal["grid", "random", "manual", "bayesian"] = "grid"
    parameters: tuple[dict[str, Any], ...] = ()
    sets: tuple[dict[str, Any], ...] = ()
    count: int = 0
    batch: int = 0
    metric: str = ""
    target: float | None = None
    stop: str = ""
    lenient: bool = False
    strict: bool = False
    most: int = 0


class Command(Struct, frozen=True, omit_defaults=True):
    """A command, complete but for the values that it is run with.

    `lines` are shell commands with `{parameters}` in them; `parameters` their definitions as in the file. `files` narrow
    which files of the repository count (all, if none are said). With `append`, edges add to an input's own files.
    `source` is the file that declares all this. With `mounted`, the command
    finds its folders under /valohai as well. Within `limit` seconds it must end, within `silence` seconds say something (0:
    no such bound). `lenient`: what follows goes on although the command failed; `errors` are the actions that it has for
    failures, once it was tried `tries` times. With `bare`, parameters that must have a value may lack one. A `gate` judges
    `actions`; a `deployment` lays out the files of its `endpoints` (endpoint → file's name → path).
    """

    name: str
    role: _Role = "execution"
    step: str = ""
    image: str = ""
    lines: tuple[str, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    inputs: tuple[CommandInput, ...] = ()
    variables: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    append: bool = False
    files: tuple[str, ...] = ()
    stop: str = ""
    special: dict[str, str] = {}
    lenient: bool = False
    actions: tuple[Action, ...] = ()
    errors: tuple[Action, ...] = ()
    tries: int = 1
    limit: float = 0.0
    silence: float = 0.0
    bare: bool = False
    sweep: Sweep | None = None
    endpoints: dict[str, dict[str, str]] = {}
    pipeline: str = ""
    source: str = ""
    mounted: bool = False
    where: str = ""
