"""Steps done in a new process, which has another hash seed and may have its clock moved: begun by the process that asks, in its place.

What it needs goes through a folder: what can call steps (a task of a bench, or functions that were pickled), one file for each errand,
and one for what came of it. It ends with who began it.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import msgspec

from penstock.app.worker import Loaded
from penstock.checks.circuit import Failed, called, spread
from penstock.checks.elsewhere import Elsewhere, Errand, Return
from penstock.model.task import Task
from penstock.work.clocks import SHIFT, Clock

__all__ = ["elsewhere", "main"]

_PROGRAM = (
    "import sys; from penstock.work.clocks import Clock; clock = Clock(); "
    "from penstock.app.apart import main; main(clock, sys.argv[1])"
)
_HASH, _OTHER_HASH = "20130704", "20131213"


def elsewhere(what: Task | Mapping[str, Callable[..., Any]]) -> Elsewhere:
    """Errands to the steps of a bench's task, or to functions by name."""
    return partial(_done, what)


def _done(what: Task | Mapping[str, Callable[..., Any]], errands: list[Errand], seconds: float) -> dict[str, Return]:
    with tempfile.TemporaryDirectory(prefix="penstock-apart-") as name:
        folder = Path(name)
        try:
            (folder / "what").write_bytes(_told(what))
        except Exception:  # a function of the user's own that can't be pickled
            return {}
        for number, errand in enumerate(errands):
            with contextlib.suppress(Exception):  # a value that can't be
                (folder / f"{number}.part").write_bytes(cloudpickle.dumps(errand))
                (folder / f"{number}.part").rename(folder / f"{number}.in")
        seed = _HASH if os.environ.get("PYTHONHASHSEED") != _HASH else _OTHER_HASH
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, name],
                stdin=subprocess.PIPE,  # which closes when this process is gone
                stdout=said,
                stderr=said,
                env={**os.environ, "PYTHONHASHSEED": seed},
            )
            try:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
            finally:
                process.kill()
                process.wait()
                assert process.stdin is not None
                process.stdin.close()
        found = {}
        for number in range(len(errands)):
            with contextlib.suppress(Exception):  # what did not come back, or can't be read here
                told: Return = pickle.loads((folder / f"{number}.out").read_bytes())
                found[told.step] = told
        return found


def _told(what: Task | Mapping[str, Callable[..., Any]]) -> bytes:
    if isinstance(what, Task):
        return pickle.dumps((sys.path, "task", msgspec.msgpack.encode(what)))
    return pickle.dumps((sys.path, "functions", cloudpickle.dumps(dict(what))))


def main(clock: Clock, name: str) -> None:
    """Do the errands of a folder."""
    threading.Thread(target=_watch, daemon=True).start()
    folder = Path(name)
    path, kind, data = pickle.loads((folder / "what").read_bytes())
    sys.path[:] = path
    clock.ahead = SHIFT  # what modules ask when they are imported is asked of the later clock as well
    call = _caller(kind, data)
    for file in sorted(folder.glob("*.in"), key=lambda one: int(one.stem)):
        with contextlib.suppress(Exception):  # the next may go better
            errand: Errand = pickle.loads(file.read_bytes())
            made = {each: _made(clock, call, errand, each) for each in errand.kinds}
            file.with_suffix(".made").write_bytes(cloudpickle.dumps(Return(errand.step, made)))
            file.with_suffix(".made").rename(file.with_suffix(".out"))
    os._exit(0)  # threads of the steps do not hold it up


def _made(clock: Clock, call: Callable[[str, Mapping[str, Any]], Any], errand: Errand, kind: str) -> Any:
    clock.ahead = SHIFT if kind == "moved" else SHIFT * 0
    made = called(errand.step, partial(call, errand.step), errand.inputs, errand.seed)
    return made if isinstance(made, Failed) else dict(made)


def _watch() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.read(0, 1)
    os._exit(1)


def _caller(kind: str, data: bytes) -> Callable[[str, Mapping[str, Any]], Any]:
    if kind == "task":
        return Loaded(None).called(msgspec.msgpack.decode(data, type=Task))
    functions = pickle.loads(data)
    return lambda step, given: spread(step, functions[step](**given))
