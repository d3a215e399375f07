"""A plain script or notebook, checked in a process of its own: what it prints, writes and breaks stays there."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

import penstock.errors
from penstock.app.settings import make_state
from penstock.declare.cells import declares_steps, said_of
from penstock.errors import ExecutorError, NotFound, PenstockError, PipelineNotFound, did_you_mean
from penstock.report.check_documents import CheckedDocument, ReplayDocument

__all__ = ["BUDGET", "LIMIT", "Wanted", "check_script", "is_script", "kept_findings", "replay_script"]

BUDGET = 120.0
"""Seconds that the checks of a script may take, if nothing else is said."""

LIMIT = 3600.0
"""Seconds that a script itself may run, if nothing else is said."""

_PROGRAM = "import sys; from penstock.app.script_worker import main; main(*sys.argv[1:])"
_QUIET = {"MPLBACKEND": "Agg", "BROWSER": "true", "PYTHONUNBUFFERED": "1"}  # nobody is there to look at windows
_LAST = 5
_GLANCE = 0.5  # seconds between two looks at whether it is still there: a child of the script may hold the pipe open


class Wanted(msgspec.Struct, frozen=True):
    """What is asked of a file: `said` are options in the words of comments, `arguments` the script's own, `kept` the folder of
    counter-examples; `finding` is the one to do again ("": check)."""

    file: str
    home: str
    kept: str
    said: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    budget: float = 0.0
    limit: float = LIMIT
    finding: str = ""


def is_script(path: str | Path) -> bool:
    """Whether a file is a notebook, or Python that declares no steps."""
    path = Path(path)
    if path.suffix == ".ipynb":
        return True
    if path.suffix != ".py" or not path.is_file():
        return False
    return not declares_steps(path.read_text(encoding="utf-8", errors="replace"))


def check_script(
    file: str,
    *,
    said: Sequence[str] = (),
    arguments: Sequence[str] = (),
    only: Sequence[str] = (),
    budget: float = BUDGET,
    limit: float = LIMIT,
    say: Callable[[str], None] = lambda _: None,
) -> CheckedDocument:
    """Run a script or notebook once, and ask the probes about its functions.

    `said` declares of rows what comments in the file declare (`key="trip", time="pickup_at"`); `arguments` are the script's own. It may
    run for `limit` seconds, and its checks take `budget` (0: as long as it takes).
    Raises what has to be mended before anything can be said: `PipelineNotFound`, `ContractError`, `DeclarationError`, `StepFailed`;
    `ExecutorError` where its process dies, or does not come to an end in time.
    """
    for text in said:
        said_of(text)
    if not Path(file).is_file():
        there = [one.name for ending in ("py", "ipynb") for one in Path(file).absolute().parent.glob(f"*.{ending}")]
        raise PipelineNotFound(f"there is no file {file}", hint=did_you_mean(Path(file).name, there))
    make_state(_kept(Path(file)).parent)
    wanted = Wanted(
        file,
        str(Path.cwd()),
        str(_kept(Path(file))),
        tuple(said),
        tuple(arguments),
        tuple(only),
        budget,
        limit,
    )
    found: CheckedDocument = _performed(wanted, say)
    return found


def kept_findings(file: str | None) -> dict[str, Path]:
    """The findings of scripts whose counter-examples are kept here, or beside `file`, by their ids."""
    folder = _kept(Path(file) if file else Path.cwd() / "x.py")
    return {one.stem: one for one in sorted(folder.glob("*.json"))}


def replay_script(finding: str, kept: Path, say: Callable[[str], None] = lambda _: None) -> ReplayDocument:
    """Run a script again, and do the counter-example of one of its findings; `kept` is what `kept_findings` has of it."""
    said = json.loads(kept.read_bytes())
    path = kept.parent.parent.parent / said["file"]
    if not path.is_file():
        raise NotFound(
            f"finding {finding} is of {said['file']}, which is not there any more", hint="Check what took its place."
        )
    home = str(Path.cwd())
    shown = os.path.relpath(path, home)
    wanted = Wanted(shown, home, str(kept.parent), arguments=tuple(said["arguments"]), finding=finding)
    found: ReplayDocument = _performed(wanted, say)
    return found


def _kept(file: Path) -> Path:
    return file.absolute().parent / ".penstock" / "scripts"


def _performed(wanted: Wanted, say: Callable[[str], None]) -> Any:
    """What the process says at last. Raises the error that it tells of."""
    with tempfile.TemporaryFile() as printed:
        reading, writing = os.pipe()
        lives, alive = os.pipe()  # its other end closes when this process is gone, however it went
        arguments = [msgspec.json.encode(wanted).decode(), str(writing), str(lives)]
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=(writing, lives),
                env={**os.environ, **_QUIET},
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            os.close(alive)
            raise
        finally:
            os.close(writing)
            os.close(lives)
        answer: dict[str, Any] = {}
        code = 0
        doing = f"running {wanted.file}"
        try:
            for told in _told(process, reading, wanted.limit):
                if isinstance(told, float):
                    raise ExecutorError(
                        f"{wanted.file} did not come to an end: it was {doing} for {told:g} seconds, and was stopped",
                        hint="Give it more time (`--limit` for the script, `--budget` for its checks), or less to do.",
                    )
                if "say" in told:
                    doing = told["say"]
                    say(doing)
                else:
                    answer = told
                    break
            else:
                code = process.wait()
        finally:
            _end(process)
            os.close(reading)
            os.close(alive)
        if "answer" in answer:
            return answer["answer"]
        if "error" in answer:
            kind, what, where, hint = answer["error"]
            raise _error(kind, what, where, hint)
        if "broken" in answer:
            raise RuntimeError(f"in the process of {wanted.file}:\n{answer['broken']}")
        printed.seek(0)
        last = printed.read().decode(errors="replace").strip().splitlines()[-_LAST:]
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    told_last = f" after it had printed: {' / '.join(last)}" if last else ""
    raise ExecutorError(
        f"the process in which {wanted.file} ran {ended}{told_last}", hint="Run it by itself, and mend what ends it."
    )


def _told(process: "subprocess.Popen[bytes]", reading: int, limit: float) -> Iterator[dict[str, Any] | float]:
    """What the process says, line by line; and at last the seconds that were over, if it did not say the next thing `within`
    those that it had named (0: as long as it takes)."""
    end = time.monotonic() + limit if limit else float("inf")
    held = b""
    while True:
        left = end - time.monotonic()
        if left <= 0:
            yield limit
            return
        gone = process.poll() is not None
        if not select.select([reading], [], [], 0.0 if gone else min(left, _GLANCE))[0]:
            if gone:
                return
            continue
        data = os.read(reading, 1 << 16)
        if not data:
            return
        *lines, held = (held + data).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):  # a script may write to whatever descriptor it finds
                told = json.loads(line)
                if isinstance(told, dict):
                    limit = float(told.get("within", 0.0))
                    end = time.monotonic() + limit if limit else float("inf")
                    yield told


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _error(kind: str, what: str, where: str, hint: str) -> PenstockError:
    found = getattr(penstock.errors, kind, PenstockError)
    made: PenstockError = found(what, where=where, hint=hint)
    return made
