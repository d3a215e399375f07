"""Runs as processes of their own: started for the page, they go on when its server ends; and asked to stop, wherever they were started.

Nothing of the pipeline is imported here: what is started is the command line, and what it says with `--json` is read.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Literal, NamedTuple

from msgspec import Struct

from penstock.app.answering import give_up
from penstock.app.settings import Settings, open_ledger
from penstock.errors import NotFound, PipelineNotFound
from penstock.ports import Ledger
from penstock.report.browse_documents import StartDocument
from penstock.report.documents import CancelDocument, ErrorBody
from penstock.run.leases import owner_process

__all__ = ["Launches", "Wanted", "cancel"]

_KEPT = 100  # starts that are remembered
_RECENT = 10  # runs among which a new one is looked for
_PATIENCE = 120.0  # seconds that an answer may take


class Wanted(Struct, frozen=True):
    """What people ask of a run on the page: targets, `STEP.PARAMETER` → text, steps to run whatever is known."""

    targets: Sequence[str] = ()
    parameters: Mapping[str, str] = {}
    force: Sequence[str] = ()
    checks: str = ""
    name: str = ""
    tags: Sequence[str] = ()
    seed: int | None = None
    pipeline: str = ""
    step: str = ""

    def words(self, *, plan: bool = False) -> list[str]:
        """As the command line is given it. No text is ever taken for an option."""
        found = [f"--set={name}={value}" for name, value in self.parameters.items()]
        found += [f"--force={one}" for one in self.force]
        found += [f"--seed={self.seed}"] if self.seed is not None else []
        found += [f"--{name}={value}" for name, value in (("pipeline", self.pipeline), ("step", self.step)) if value]
        if not plan:
            found += [f"--tag={one}" for one in self.tags]
            found += [f"--{name}={value}" for name, value in (("checks", self.checks), ("name", self.name)) if value]
        return [*found, "--json", "--", *self.targets]


class _Started(NamedTuple):
    process: "subprocess.Popen[bytes]"
    said: BinaryIO
    told: BinaryIO
    known: dict[str, str]


class Launches:
    """The processes that this server started. They are sessions of their own: neither its end nor Ctrl-C in its terminal ends them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._all: dict[str, _Started] = {}

    def plan(self, wanted: Wanted) -> dict[str, Any]:
        """The plan document, from a process that imports the pipeline, or an error document."""
        return self._asked("plan", *self._file(), *wanted.words(plan=True))

    def cell(self, run: str, key: str, cell: str, source: str = "") -> dict[str, Any]:
        """What stands behind one value of a row, from a process that does steps again, or an error document."""
        said = [f"--cell={cell}", f"--run={run}", *([f"--source={source}"] if source else []), "--json", "--", key]
        return self._asked("trace", *self._file(needed=False), *said)

    def _asked(self, *words: str) -> dict[str, Any]:
        command = self._command(*words)
        try:
            done = subprocess.run(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            slow = f"there was no answer within {_PATIENCE:.0f} seconds"
            return {"error": {"kind": "TimeoutError", "message": slow, "where": "", "hint": "Ask in a terminal."}}
        return _document(done.stdout) or {"error": _error({}, done.stderr)}

    def run(self, wanted: Wanted) -> StartDocument:
        """Start a run; at once, before it is known whether the pipeline loads."""
        return self._start("run", *self._file(), *wanted.words())

    def resume(self, run: str) -> StartDocument:
        """Go on with a run, in a process of its own."""
        return self._start("resume", *self._file(needed=False), "--json", "--", run)

    def look(self, start: str, ledger: Ledger | None = None) -> StartDocument:
        """What became of a start: its run, as soon as the ledger has it. Raises `NotFound`."""
        with self._lock:
            found = self._all.get(start)
        if found is None:
            raise NotFound(f"this server started nothing of the name {start}", hint="Look at the list of runs.")
        code = found.process.poll()
        error: ErrorBody | None = None
        if not found.known.get("run") and ledger is not None:
            found.known["run"] = _run_of(found.process.pid, ledger)
        if code is not None:
            document = _document(_whole(found.said))
            found.known["run"] = str(document.get("run") or found.known.get("run") or "")
            if code and not found.known["run"]:
                error = _error(document, _whole(found.told))
        run = found.known.get("run", "")
        state: Literal["starting", "running", "ended"] = (
            "ended" if code is not None else "running" if run else "starting"
        )
        return {"start": start, "run": run, "state": state, "code": code, "error": error}

    def _start(self, *words: str) -> StartDocument:
        # Files without a name: they go with the last of the two processes, and a full pipe can't hold a run up.
        said, told = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(
            self._command(*words),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=told,
            start_new_session=True,
        )
        start = secrets.token_hex(8)
        with self._lock:
            self._all[start] = _Started(process, said, told, {})
            for one in [name for name, held in self._all.items() if held.process.poll() is not None][:-_KEPT]:
                gone = self._all.pop(one)
                gone.said.close()
                gone.told.close()
        return self.look(start)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "penstock", *words]

    def _file(self, *, needed: bool = True) -> list[str]:
        if self._settings.file is None:
            if needed:
                raise PipelineNotFound(
                    "it is not known which pipeline is meant: this folder holds several, or none",
                    hint="Start the page with `penstock ui -f FILE --allow-run`.",
                )
            return []
        return [f"--file={self._settings.file}"]

    def _environment(self) -> dict[str, str]:
        # What runs must be seen by this server, wherever its settings came from.
        return {**os.environ, "PENSTOCK_STATE": str(self._settings.state)}


def cancel(settings: Settings, run: str) -> CancelDocument:
    """Ask the process that drives a run to stop it, as Ctrl-C would; one that waits for people ends at once. Raises `NotFound` where nothing runs, or nothing that can be reached."""
    ledger = open_ledger(settings)
    try:
        found = ledger.run(run)
        owner = ledger.owner(f"run:{found.id}")
        if not owner and give_up(ledger, found.id):
            return {"run": found.id, "asked": True, "next": f"penstock resume {found.id}"}
    finally:
        ledger.close()
    if not owner:
        raise NotFound(f"run {found.id} is not going on", hint=f"`penstock show {found.id}` tells how it ended.")
    host, *_ = owner.split("|")
    process = owner_process(owner)
    if process is None:
        raise NotFound(f"run {found.id} is driven by a process on {host}", hint="Stop it there, with Ctrl-C.")
    if not found.command:  # a notebook, say: its process is not ours to signal
        raise NotFound(f"run {found.id} is driven by a Python program, process {process}", hint="Stop it there.")
    handle = os.pidfd_open(process) if hasattr(os, "pidfd_open") else -1
    try:
        # Asked again now that the handle holds the process: a number may have been given to another meanwhile.
        if owner_process(owner) is None:
            raise NotFound(f"run {found.id} has just ended", hint=f"`penstock show {found.id}` tells how.")
        if handle >= 0:
            signal.pidfd_send_signal(handle, signal.SIGTERM)  # SIGINT is ignored by what a shell put in the background
        else:
            os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        pass
    finally:
        if handle >= 0:
            os.close(handle)
    return {"run": found.id, "asked": True, "next": f"penstock resume {found.id}"}


def _run_of(process: int, ledger: Ledger) -> str:
    """The newest run that a process of this machine drives; "" if it drives none."""
    for one in ledger.runs(_RECENT):
        if one["status"] == "running" and owner_process(ledger.owner(f"run:{one['run']}")) == process:
            return str(one["run"])
    return ""


def _whole(file: BinaryIO) -> bytes:
    length = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), length, 0)


def _document(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _error(document: Mapping[str, Any], told: bytes) -> ErrorBody:
    """What a process said is wrong; what it printed last, where it said nothing."""
    body = document.get("error") or {}
    last = told.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it ended without a word"]
    return {
        "kind": str(body.get("kind") or "Ended"),
        "message": str(body.get("message") or last[0]),
        "where": str(body.get("where") or ""),
        "hint": str(body.get("hint") or "Try the same in a terminal."),
    }
