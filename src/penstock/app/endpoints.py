"""Endpoints of a `valohai.yaml`, served on this machine with the files that a deployment laid out."""

import os
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from penstock.app.settings import Settings, open_ledger, open_store
from penstock.app.values import load_value
from penstock.declare.valohai import open_valohai
from penstock.errors import NotFound, ParameterError, PipelineNotFound, UnknownName, did_you_mean
from penstock.work.repository import listing, pieces_of

__all__ = ["Serving", "prepare"]

_PORT = 8000


class Serving(NamedTuple):
    """What to start: a script in a folder with an environment; `files` are the endpoint's, by name, and where each lies."""

    name: str
    script: str
    folder: Path
    environment: dict[str, str]
    port: int
    files: dict[str, str]
    run: str


def prepare(settings: Settings, name: str, *, run: str = "", port: int = 0, given: Mapping[str, str]) -> Serving:
    """Lay out the repository and an endpoint's files in a temporary folder, which is the caller's to remove.

    The files are those that the newest run's deployment node laid out (or those of `run`); `given` are paths here that
    take their place, by name. Raises `UnknownName` with close matches, `NotFound` for a file that nobody made, and
    `ParameterError` for a port that is taken.
    """
    if settings.file is None or settings.file.suffix.lower() not in {".yaml", ".yml"}:
        raise PipelineNotFound("endpoints are declared in a valohai.yaml", hint="Name it with `-f valohai.yaml`.")
    endpoints = (parts := open_valohai(settings.file, settings.root)).named["endpoint"]
    if parts.verdicts.broken:
        parts.require()
    if name not in endpoints:
        hint = did_you_mean(name, endpoints) or "An endpoint is declared as `- endpoint:`."
        raise UnknownName(f"{settings.file.name} has no endpoint `{name}`", where=parts.tree.name, hint=hint)
    index, raw = endpoints[name]
    where = parts.tree.place(index, "endpoint", "name")
    wanted = {one["name"]: str(one["path"]) for one in raw.get("files") or ()}
    for one in given:
        if one not in wanted:
            raise UnknownName(f"endpoint `{name}` has no file `{one}`", where=where, hint=did_you_mean(one, wanted))
    port = port or int(raw.get("port") or _PORT)
    _free(port)
    folder = Path(tempfile.mkdtemp(prefix="penstock-endpoint-"))
    try:
        pieces_of(settings.root, listing(settings.root, (), [str(settings.state)]), folder)
        made, told = _laid_out(settings, name, run) if set(wanted) - set(given) else (None, "")
        files = {}
        for one, path in wanted.items():
            inner = Path(*[part for part in Path(path).parts if part not in ("/", "..")])
            source = Path(given[one]).expanduser() if one in given else (made / inner if made is not None else None)
            if one in given and source is not None and not source.exists():
                raise NotFound(
                    f"there is no {given[one]}, which is to be file `{one}`", hint=f"Write --with {one}=PATH."
                )
            if source is None or not source.exists():
                raise NotFound(
                    f"nobody made the file `{one}` of endpoint `{name}`",
                    where=where,
                    hint=f"Run a pipeline with a deployment node for it, or give it: --with {one}=PATH.",
                )
            target = _place(folder, inner)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)
            files[one] = path
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    own = os.path.dirname(sys.executable)  # noqa: PTH120 - as it is written in PATH
    environment = dict(os.environ) | {"VALOHAI_PORT": str(port), "PORT": str(port)}
    environment["PATH"] = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
    return Serving(name, _script(raw, port), folder, environment, port, files, told)


def _place(folder: Path, inner: Path) -> Path:
    """Where a file goes. Links of the repository are no way to it: they may lead to files that are not ours to write."""
    here = folder
    for part in inner.parts:
        here /= part
        if here.is_symlink():
            here.unlink()
    here.parent.mkdir(parents=True, exist_ok=True)
    return here


def _free(port: int) -> None:
    """Raises `ParameterError` where something listens on a port already."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError as error:
            raise ParameterError(
                f"port {port} can't be had: {error.strerror}", hint="Choose another: --port N."
            ) from None


def _script(raw: Mapping[str, Any], port: int) -> str:
    command = raw.get("server-command")
    if command:
        return " && ".join(str(one) for one in command) if isinstance(command, list) else str(command)
    return shlex.join(["exec", sys.executable, "-m", "penstock.work.wsgi", str(raw["wsgi"]), str(port)])


def _laid_out(settings: Settings, name: str, run: str) -> tuple[Path | None, str]:
    """The folder of an endpoint in the newest run that has one, and that run."""
    try:
        ledger = open_ledger(settings)
    except NotFound:  # nothing has run here yet
        if run:
            raise
        return None, ""
    try:
        store = open_store(settings)
        runs = [ledger.run(run).id] if run else [one["run"] for one in ledger.runs(limit=200)]
        for one in runs:
            for row in ledger.steps(one):
                execution = row["execution"]
                if row["kind"] != "deploy" or execution is None:
                    continue
                for made in execution.outputs:
                    if made.artifact == f"{row['step']}.outputs":
                        folder = Path(load_value(made.stored, ledger, store)) / name
                        if folder.is_dir():
                            return folder, one
    finally:
        ledger.close()
    return None, ""
