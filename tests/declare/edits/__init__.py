"""A corpus of labelled edits to small projects: must the step `target` run again, or must it be reused?

Each case is a project (`files`), an edit of it, and a label: `rerun`, `reuse` or `either`. The step is called `target`, takes no
input and returns a value, so that a label can be checked by calling it before and after. Edits leave the modification
time of a file as it was and often its size as well: nobody may go by those.
"""

from dataclasses import dataclass, field
from importlib import import_module
from textwrap import dedent
from typing import Literal

__all__ = ["HEAD", "Case", "Edit", "cases", "project"]

Label = Literal["rerun", "reuse", "either"]

HEAD = "import penstock as ps\n"


@dataclass(frozen=True)
class Edit:
    """What changes: new content of files (None: the file goes), environment variables, or only times."""

    files: dict[str, str | None] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    touch: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One edit of one project. `main` is the pipeline file; `argument` the defaults of the step count beside its code."""

    name: str
    label: Label
    files: dict[str, str]
    edit: Edit
    main: str = "pipeline.py"
    environ: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    step: str = "target"
    runs: bool = True  # whether `target()` can be called to check the label
    observed: bool = False  # only a run can see what was edited: the code does not name it
    settings: bool = False  # the edit may change a parameter's value, which a key holds beside the code


Change = Edit | tuple[str, str] | tuple[str, str, str] | dict[str, str | None]


def project(
    name: str,
    files: dict[str, str] | str,
    *,
    rerun: list[Change] | None = None,
    reuse: list[Change] | None = None,
    either: list[Change] | None = None,
    **more: object,
) -> list[Case]:
    """A project with edits by label. An edit is (old, new) in the pipeline, (file, old, new), {file: content}, or an `Edit`."""
    if isinstance(files, str):
        files = {"pipeline.py": files}
    main = str(more.get("main", "pipeline.py"))
    written = {path: dedent(text).lstrip("\n") for path, text in files.items()}
    if "import penstock" not in written[main] and "from penstock" not in written[main]:
        first = "from __future__ import annotations\n"
        body = written[main]
        written[main] = first + HEAD + body.removeprefix(first) if body.startswith(first) else HEAD + body
    made = []
    for label, changes in (("rerun", rerun), ("reuse", reuse), ("either", either)):
        for place, change in enumerate(changes or []):
            made.append(
                Case(f"{name} / {label} {place + 1}", label, written, _edit(written, change, main, name), **more)  # type: ignore[arg-type]
            )
    return made


def _edit(files: dict[str, str], change: Change, main: str, name: str) -> Edit:
    if isinstance(change, Edit):
        return change
    if isinstance(change, dict):
        return Edit({path: dedent(text).lstrip("\n") if text is not None else None for path, text in change.items()})
    path, old, new = change if len(change) == 3 else (main, *change)
    assert old in files[path], f"{name}: {old!r} is not in {path}"
    return Edit({path: files[path].replace(old, new)})


def cases() -> list[Case]:
    """All cases."""
    names = (
        "calls",
        "classes",
        "cosmetic",
        "dynamic",
        "examined",
        "examined_more",
        "further",
        "hard",
        "hostile",
        "importing",
    )
    names += ("inputs", "layouts", "nasty", "placed", "realistic", "shapes", "values")
    found: list[Case] = []
    for name in names:
        found += import_module(f"{__name__}.{name}").CASES
    told = [one.name for one in found]
    assert len(set(told)) == len(told), sorted({one for one in told if told.count(one) > 1})
    return found
