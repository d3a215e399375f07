"""Write the project of a case, apply its edit, and ask a fresh process what it makes of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from . import Case

__all__ = ["ask", "edit", "write"]


def write(case: Case, root: Path) -> None:
    """The project as it is before the edit."""
    for path, text in case.files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    for path, target in case.links.items():
        (root / path).symlink_to(target)


def edit(case: Case, root: Path) -> None:
    """The edit. Times of modification stay as they were, so that nobody can go by them."""
    for path, text in case.edit.files.items():
        place = root / path
        before = place.stat() if place.exists() else None
        if text is None:
            place.unlink()
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        if before is not None:
            os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    for path in case.edit.touch:
        (root / path).touch()
    for path, target in case.edit.links.items():
        (root / path).unlink()
        (root / path).symlink_to(target)


def ask(jobs: list[tuple[Case, Path]], *, seed: int, after: bool = False) -> list[dict[str, str]]:
    """What a fresh process says of each project: the step's digest, and what calling the step returns."""
    given = [
        {
            "root": str(root),
            "main": case.main,
            "step": case.step,
            "environ": {**case.environ, **(case.edit.environ if after else {})},
            "forget": [name for name in case.edit.environ if name not in case.environ and not after],
            "settings": case.settings,
            "runs": case.runs,
        }
        for case, root in jobs
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("child.py"))],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answers: list[dict[str, str]] = json.loads(done.stdout.rpartition("\x1e")[2])
    return answers
