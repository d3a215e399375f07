"""The folders and files that a command finds: `inputs`, `outputs`, `config` and a copy of the repository."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import finalize

from penstock.errors import ExecutorError
from penstock.model.command import CommandInput, FileRef
from penstock.work.repository import copy_file

__all__ = ["ROOM", "SIDECAR", "Room", "abandoned", "identifier", "is_sidecar", "placed"]

ROOM = "PENSTOCK_ROOM"
"""Environment variable in a container: the folder (`/valohai`) in which a command finds its own, as scripts may know them."""

SIDECAR = ".metadata.json"
"""What a file beside an output ends with that tells of it: tags, aliases, whatever people note."""

_PROPERTIES = "valohai.metadata.jsonl"
_SPACE = uuid.UUID("6f6f1d2e-8f2b-4f55-9d4a-6a1c0c9b6f10")  # the space of names of this module's identifiers
_PLACE = Path("/valohai")
_WORDS = re.compile(r"[^\w./@%+=:,-]")
_DIRS = ("inputs", "outputs", "config", "repository")
# As the beginning of a path: not of `s3://bucket/valohai/inputs`, nor of a longer name.
_FIXED = re.compile(rf"(?:(?<![\w./)}}~-])|(?<=\s-\w))/valohai/({'|'.join(_DIRS)})(?![\w-])")


def is_sidecar(name: str, names: "frozenset[str] | set[str]") -> bool:
    """Whether an output only tells of others."""
    return name.rpartition("/")[2] == _PROPERTIES or (name.endswith(SIDECAR) and name.removesuffix(SIDECAR) in names)


def placed(one: FileRef, about: CommandInput, *, alone: bool) -> str:
    """The name that a file gets in its input's folder.

    >>> placed(FileRef("", "a.csv", "data/x/a.csv", "x/a.csv"), CommandInput("i", keep="suffix"), alone=False)
    'x/a.csv'
    """
    if about.filename and alone:
        return about.filename
    return {"none": one.name, "full": one.full, "suffix": one.suffix}[about.keep]


class Room:
    """A temporary folder for one command; it goes when nobody holds this object any more."""

    def __init__(self, parent: Path) -> None:
        own = os.environ.get(ROOM)
        if own:  # one task at a time, and nobody else
            self.root = Path(own)
            _clear(self.root)
            self._gone = finalize(self, _clear, self.root)
        else:
            parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            for one in abandoned(parent):
                _remove(one)
            self.root = Path(tempfile.mkdtemp(dir=_one_word(parent.absolute()), prefix=f"{os.getpid()}-"))
            self._gone = finalize(self, _remove, self.root)
        for name in _DIRS:
            (self.root / name).mkdir()

    def __getattr__(self, name: str) -> Path:
        if name in _DIRS:
            return self.root / name
        raise AttributeError(name)

    def place(self, about: CommandInput, files: Sequence[tuple[FileRef, Path, list[Any]]]) -> list[dict[str, Any]]:
        """Copy an input's files into its folder: what `inputs.json` tells of them.

        `files` are each with where it lies and what its sidecar says. Two of one name both stay: the later one gets a number.
        Raises `ValueError` naming a file whose content is not what it was.
        """
        folder = self.inputs.joinpath(*_parts(about.name))
        folder.mkdir(parents=True, exist_ok=True)
        told = []
        for one, path, notes in files:
            wanted = placed(one, about, alone=len(files) == 1)
            target = _free(folder, wanted)
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = copy_file(path, target)
            target.chmod(target.stat().st_mode | 0o200)
            if one.digest and digest != one.digest:
                raise ValueError(one.uri)
            with target.open("rb") as file:
                checksum = hashlib.file_digest(file, "sha256").hexdigest()
            told.append(
                {
                    "name": str(target.relative_to(folder)),
                    "path": str(target),
                    "uri": one.uri,
                    "size": target.stat().st_size,
                    "checksums": {"sha256": checksum},
                    "metadata": notes,
                    "storage": {},
                }
            )
        return told

    def tidied(self) -> list[str]:
        """Take out of the outputs what holds nothing that can be kept: links to nothing, sockets, pipes. Their names."""
        gone = []
        for folder, folders, files in os.walk(self.outputs):
            for name in (*folders, *files):
                path = Path(folder, name)
                if not path.is_file() and not path.is_dir():
                    path.unlink(missing_ok=True)
                    gone.append(str(path.relative_to(self.outputs)))
        return sorted(gone)

    def configure(
        self, inputs: Mapping[str, list[dict[str, Any]]], parameters: Mapping[str, Any], execution: Mapping[str, Any]
    ) -> None:
        """Write what code finds under VH_CONFIG_DIR, as JSON and as YAML."""
        self._write("inputs", {name: {"files": files} for name, files in inputs.items()})
        self._write("parameters", dict(parameters))
        self._write("execution", dict(execution))
        self._write("runtime", {"valohai.runtime": "penstock"})

    def _write(self, name: str, content: dict[str, Any]) -> None:
        import yaml

        text = json.dumps(content, indent=2, ensure_ascii=False)
        (self.config / f"{name}.json").write_text(text, encoding="utf-8", errors="surrogatepass")
        plain = yaml.safe_dump(json.loads(text), allow_unicode=True, sort_keys=False)
        (self.config / f"{name}.yaml").write_text(plain, encoding="utf-8", errors="surrogatepass")

    def environment(self, task: str, pipeline: str, node: str, variables: Mapping[str, str]) -> dict[str, str]:
        """The variables that a command gets: this process's, the conventional ones, and those of its step."""
        found = dict(os.environ)
        # `python` is the one that Penstock runs in, also where its environment was not activated.
        own = os.path.dirname(sys.executable)  # noqa: PTH120 - as it is written in PATH
        found["PATH"] = os.pathsep.join([own, *[one for one in [found.get("PATH", os.defpath)] if one]])
        found.setdefault("PYTHONUNBUFFERED", "1")  # metadata is shown live
        found |= {
            "VH_CONFIG_DIR": str(self.config),
            "VH_INPUTS_DIR": str(self.inputs),
            "VH_OUTPUTS_DIR": str(self.outputs),
            "VH_REPOSITORY_DIR": str(self.repository),
            "VH_JOB_ID": f"exec-{identifier(task)}",
            "VH_EXECUTION_ID": identifier(task),
            "VH_PROJECT_ID": identifier("project"),
            "VH_PIPELINE_ID": identifier(f"pipeline {pipeline}"),
            "VH_PIPELINE_NODE_ID": identifier(f"node {pipeline} {node}"),
            "VH_LOCAL_IP": "127.0.0.1",
            "VH_PUBLIC_IP": "127.0.0.1",
        }
        return {**found, **variables}

    def moved(self, text: str) -> str:
        """A text with this room's folders in place of `/valohai/inputs` and its like."""
        return _FIXED.sub(lambda found: str(self.root / found[1]), text)

    def mounting(self) -> list[str]:
        """What starts a program that finds this room as `/valohai`: a mount that nobody else sees.

        Raises `ExecutorError` where that folder is not there and can't be made, or no such program is.
        """
        if self.root == _PLACE:
            return []
        if shutil.which("unshare") is None:
            raise ExecutorError(
                f"{_PLACE} can't be shown to a command here: there is no `unshare`",
                hint="It comes with util-linux; without it, let scripts read VH_INPUTS_DIR and VH_OUTPUTS_DIR.",
            )
        if not _PLACE.is_dir():
            try:
                _PLACE.mkdir()
            except OSError as error:
                raise ExecutorError(
                    f"{_PLACE} can't be made: {error.strerror}",
                    hint=f"Let someone who may do it once: sudo mkdir {_PLACE}",
                ) from None
        own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        return ["unshare", *own, "--mount", "sh", "-c", f'mount --bind "$0" {_PLACE} && exec "$@"', str(self.root)]


def _one_word(folder: Path) -> Path:
    """A name of a folder that shells take for one word, if one can be had: scripts name their folders without quotes."""
    if not _WORDS.search(str(folder)):
        return folder
    link = Path(tempfile.gettempdir(), f"penstock-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}")
    try:
        if not link.is_symlink():
            link.symlink_to(folder)
        if link.lstat().st_uid == os.getuid() and link.readlink() == folder:
            return link
    except OSError:  # it is another's
        pass
    return folder


def identifier(name: str) -> str:
    """A UUID that is the same for the same name."""
    return str(uuid.uuid5(_SPACE, name))


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\0", "").split("/") if part not in ("", ".", "..")] or ["file"]


def _free(folder: Path, name: str) -> Path:
    """A name in the folder that nothing has, and that does not lead out of it."""
    parts = _parts(name)
    target = folder.joinpath(*parts)
    stem, dot, ending = parts[-1].partition(".")
    count = 0
    while target.exists():
        count += 1
        target = folder.joinpath(*parts[:-1], f"{stem}-{count}{dot}{ending}")
    return target


def abandoned(parent: Path) -> list[Path]:
    """The rooms that processes left which were killed."""
    found = []
    for one in sorted(parent.iterdir()) if parent.is_dir() else []:
        pid = one.name.partition("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            found.append(one)
    return found


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove what is in a folder that must stay."""
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
