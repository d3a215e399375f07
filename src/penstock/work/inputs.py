"""What a command is given besides its settings: the files of its inputs, and what edges bring."""

import fnmatch
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from penstock.errors import ParameterError
from penstock.model.command import Command, CommandInput, FileRef, Files, Link
from penstock.work.context import Changed
from penstock.work.remote import Downloads
from penstock.work.room import SIDECAR, Room, is_sidecar

__all__ = ["INPUT", "brought", "chosen", "matches", "place_inputs", "say"]

INPUT = "input."
"""What the argument of an input begins with."""

_Found = list[tuple[FileRef, Path, list[Any]]]


def place_inputs(
    command: Command,
    room: Room,
    downloads: Downloads,
    arguments: Mapping[str, Any],
    values: Sequence[Mapping[str, Any]],
) -> dict[str, list[dict[str, Any]]]:
    """Copy the files of a command's inputs into its room: what `inputs.json` tells of each input.

    `values` are the parameters' values that addresses may ask for; of several, each may name other files. Raises `Changed`
    where a file is no more what it was, and `ParameterError` for what can't be fetched.
    """
    told = {}
    for one in command.inputs:
        files = _files_of(command, one, downloads, arguments, values)
        if not files and not one.optional:
            say(f"input `{one.name}` has no files")
        try:
            told[one.name] = room.place(one, files)
        except ValueError as error:
            raise Changed(f"{error} was edited") from None
    return told


def _files_of(
    command: Command,
    one: CommandInput,
    downloads: Downloads,
    arguments: Mapping[str, Any],
    values: Sequence[Mapping[str, Any]],
) -> _Found:
    links = [link for link in command.links if link.target == "input" and link.name == one.name]
    files: _Found = []
    own = arguments.get(f"{INPUT}{one.name}")
    if isinstance(own, Files) and (not links or command.append):
        files += _fetched(own.files, downloads, values)
    for link in links:
        if link.kind in {"metadata", "parameter"}:
            files += _fetched(_addressed(brought(link, arguments[link.argument], None)), downloads, values)
        elif link.kind != "dependency":
            files += chosen(arguments[link.argument], link)
    return files


def _fetched(refs: Sequence[FileRef], downloads: Downloads, values: Sequence[Mapping[str, Any]]) -> _Found:
    filled = dict.fromkeys([_filled(ref, each) for ref in refs for each in values])
    return [found for ref in filled for found in _found(ref, downloads)]


def _addressed(value: Any) -> list[FileRef]:
    """The files whose addresses an edge brings."""
    refs = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and "://" in one:
            name = one.partition("?")[0].rstrip("/").rpartition("/")[2] or "index"
            refs.append(FileRef(one, name, name, name))
        elif one is not None:
            say(f"{one!r} is no address of a file")
    return refs


def _filled(ref: FileRef, values: Mapping[str, Any]) -> FileRef:
    """A reference with the parameters' values in its address."""
    if ref.path:
        return ref
    uri = re.sub(
        r"\{parameter(?:-value)?:([^}]+)\}",
        lambda match: match[0] if values.get(match[1]) is None else str(values[match[1]]),
        ref.uri,
    )
    return structs.replace(ref, uri=uri)


def _found(ref: FileRef, downloads: Downloads) -> _Found:
    if ref.path:
        return [(ref, Path(ref.path), [])]
    base = re.split(r"[*?]", ref.full, maxsplit=1)[0].rpartition("/")[0]
    return [
        (FileRef(ref.uri, name.rpartition("/")[2], f"{base}/{name}".lstrip("/"), name), path, [])
        for name, path in downloads.fetch(ref.uri)
    ]


def chosen(value: Any, link: Link) -> list[tuple[FileRef, Path, list[Any]]]:
    """The files of a folder that an edge names, each with what its sidecar says; none, said aloud, where none match.

    A pattern stands for the path below the folder, and a plain name for a folder as well; from a task, below each of its
    executions' folders.
    """
    folder = Path(value)
    inner = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    pattern = link.key
    if link.kind == "input":  # inputs by name or pattern, then files in them
        first, _, rest = link.key.partition("/")
        pattern = rest or "*"
        inner = {
            name.partition("/")[2]: path
            for name, path in inner.items()
            if fnmatch.fnmatchcase(name.partition("/")[0], first) and "/" in name
        }
    inside = link.task and link.kind != "input"  # below an execution's folder
    names = {name: (name.partition("/")[2] or name) if inside else name for name in inner}
    plain = {name for name in inner if not is_sidecar(name, set(inner))}
    found = [name for name in plain if matches(names[name], pattern)]
    if not found:
        say(f"no {link.kind} of `{link.source}` matches `{link.key}`")
    fixed = pattern[: min([pattern.index(mark) for mark in "*?[" if mark in pattern], default=len(pattern))]
    base = fixed.rpartition("/")[0]
    listed = []
    for name in sorted(found):
        short = names[name]
        suffix = short[len(base) + 1 :] if base and short.startswith(f"{base}/") else short
        ref = FileRef(f"penstock://{link.source}/{short}", short.rpartition("/")[2], short, suffix)
        listed.append((ref, inner[name], _notes(folder, name)))
    return listed


def matches(name: str, pattern: str) -> bool:
    """Whether a file is named by a pattern: the whole path, or the folder that it lies in.

    >>> matches("results/a.pkl", "*.pkl"), matches("results/a.pkl", "results"), matches("a.pkl", "b*")
    (True, True, False)
    """
    pattern = pattern.lstrip("/").rstrip("/")
    return name == pattern or fnmatch.fnmatchcase(name, pattern) or name.startswith(f"{pattern}/")


def _notes(folder: Path, name: str) -> list[Any]:
    notes = []
    beside = folder / f"{name}{SIDECAR}"
    try:
        notes.append(json.loads(beside.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass
    try:
        for line in (folder / "valohai.metadata.jsonl").read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            if isinstance(told, dict) and told.get("file") == name:
                notes.append(told.get("metadata"))
    except (OSError, ValueError):
        pass
    return notes


def brought(link: Link, value: Any, own: Any) -> Any:
    """What an edge brings from the artifact that it begins at; `own` where that printed nothing at all."""
    table: Any = value
    if link.kind in {"parameter", "environment-variable"}:
        table = value.get("parameters" if link.kind == "parameter" else "environment-variables", {})
    if isinstance(table, Mapping) and link.key in table:
        return table[link.key]
    if link.kind == "metadata" and not table:
        say(f"`{link.source}` printed no metadata; `{link.name}` keeps its own value")
        return own
    words = {"metadata": "printed no metadata", "parameter": "has no parameter"}.get(link.kind, f"gives no {link.kind}")
    known = ", ".join(f"`{one}`" for one in table) if isinstance(table, Mapping) and table else "none"
    raise ParameterError(
        f"`{link.source}` {words} `{link.key}`, which {link.target.replace('-', ' ')} `{link.name}` is to come from",
        where=link.where,
        hint=f"It has: {known}. Metadata is a line of its own: print(json.dumps({{{link.key!r}: value}})).",
    )


def say(text: str) -> None:
    print(f"penstock: {text}", flush=True)  # noqa: T201 - into the step's log
