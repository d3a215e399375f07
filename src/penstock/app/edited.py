"""Steps of this process whose files were edited while a run goes on: which of them are still what the files say.

Another process loads the files as they are now and tells the closures of the steps: those that are what they were go on.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.app.worker import Loaded
from penstock.declare.load import load
from penstock.model.code import Code
from penstock.model.digest import digest_bytes
from penstock.model.task import Task
from penstock.work.perform import NeedsFresh

__all__ = ["Edited", "main"]


class Edited:
    """Resolves tasks as `loaded` does; `cache` is its folder for what is known of sources."""

    def __init__(self, loaded: Loaded, cache: Path) -> None:
        self._loaded, self._cache = loaded, cache
        self._task: Task | None = None
        self._seen: dict[str, str] = {}  # edited files, with the digests that they had when they were last looked at
        self._codes: dict[
            str, list[str]
        ] = {}  # by step: the digest and the source of its closure, as the files are then

    def resolve(self, task: Task) -> tuple[Callable[..., Any], Code | None]:
        """A task's function and its closure. Raises `NeedsFresh` where its code was edited."""
        self._task = task
        try:
            return self._loaded.resolve(task)
        except NeedsFresh:
            function, code = self._loaded.resolve(task, edited=True)
            if not self._same(task, code):
                raise
            return function, code

    def changed(self) -> list[str]:
        """Source files edited since they were loaded, relative to the project; none, if the step that runs now is still
        what they say."""
        found = self._loaded.changed()
        return [] if found and self._task is not None and self._same(self._task, None) else found

    def _same(self, task: Task, code: Code | None) -> bool:
        """Whether a task's closure is what the files say now."""
        changed = self._loaded.changed()
        content = {name: _digest(Path(task.root, name)) for name in changed}
        if content != self._seen:
            self._seen, self._codes = content, _codes(task.entry.path, task.root, self._cache)
        now = self._codes.get(task.entry.name)
        if now is not None:
            return bool(task.code) and (now[0] == task.code or now[1] == task.source != "")
        # No step of the file (what `ps.each` hands items to), or a file that can't be loaded as it is.
        return code is not None and not any(piece.kind == "project" or piece.file in changed for piece in code.pieces)


def _digest(path: Path) -> str:
    try:
        return digest_bytes(path.read_bytes())
    except OSError:
        return ""


def _codes(path: str, root: str, cache: Path) -> dict[str, list[str]]:
    """The closures of a pipeline file's steps as the files are now; nothing, where they can't be loaded."""
    done = subprocess.run(
        [sys.executable, "-m", "penstock.app.edited", path, root, str(cache)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    try:
        last: Any = json.loads(done.stdout.splitlines()[-1])  # before it, what the user's own modules print
    except (ValueError, IndexError):
        return {}
    return last if isinstance(last, dict) and done.returncode == 0 else {}


def main() -> None:
    """Tell the closures of the steps of a file: `python -m penstock.app.edited FILE ROOT CACHE`."""
    loaded = load(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    codes = {step.name: [step.code.digest, step.code.source] for step in loaded.steps}
    sys.stdout.write(f"\n{json.dumps(codes)}\n")


if __name__ == "__main__":
    main()
