"""A process that loads projects one after another and says what each step's code is, and what it returns."""

import contextlib
import io
import json
import os
import sys
import traceback
from pathlib import Path

from penstock.declare.closure import Closures
from penstock.declare.project import Project
from penstock.declare.python import declared_in
from penstock.plan.files import digest_path


def answer(job: dict) -> dict[str, str]:
    root = Path(job["root"])
    os.chdir(root)
    os.environ.update(job["environ"])
    for name in job["forget"]:
        os.environ.pop(name, None)
    try:
        first = _look(root, job)
        result = repr(first[1]()) if job["runs"] else ""
        # A second plan in the same process, after the step has run, must say the same.
        again = _look(root, job)[0]
        return {"digest": first[0], "again": again, "result": result, "pieces": first[2]}
    except Exception:
        return {"digest": "", "again": "", "result": "", "pieces": "", "error": traceback.format_exc()}
    finally:
        for name in job["environ"]:
            os.environ.pop(name, None)


def _look(root: Path, job: dict) -> tuple[str, object, str]:
    project = Project(root, root / ".penstock" / "cache")
    module = project.load(root / job["main"])
    [declared] = [one for one in declared_in(vars(module)) if one.name == job["step"]]
    code = Closures(project).code_of(declared.function)
    digest = code.digest
    if job["settings"]:
        digest += repr([(one.name, _told(one.default)) for one in declared.parameters])
    shown = "\n".join(f"{one.kind} {one.name} {one.digest[-12:]}" for one in code.pieces)
    return digest, declared.function, shown


def _told(value: object) -> object:
    """What a key holds of a parameter, near enough."""
    if isinstance(value, Path):
        return digest_path(value)
    return value if isinstance(value, int | float | str) else ""


if __name__ == "__main__":
    jobs = json.load(sys.stdin)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        answers = [answer(job) for job in jobs]
    print("\x1e" + json.dumps(answers))
