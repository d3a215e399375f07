"""For pytest: the fixture `penstock_check`, with which a test fails where a pipeline leaks. Nothing is loaded before it is asked for."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

__all__ = ["penstock_check"]


@pytest.fixture
def penstock_check(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Run what is not up to date of a pipeline, check it, and fail the test with the report if something is PROVEN.

    Call it with the pipeline's file, found from the test's own folder, from where pytest was started, or from its root, and
    with what `Pipeline.check` takes: `penstock_check("flights.py", only=["as-of"])`. It returns the report. A notebook or a plain script is run and
    asked as `penstock check FILE` does, with what `check_script` takes (`said=['time="asked"']`, `only`, `budget`).
    """

    def check(file: str | Path | None = None, **said: Any) -> Any:
        from penstock.app.leaks import failing
        from penstock.app.pipeline import Pipeline
        from penstock.app.scripts import is_script
        from penstock.errors import PenstockError

        named = _found(file, [request.path.parent, Path.cwd(), request.config.rootpath])
        wrong = ""
        try:
            if named is not None and is_script(named):
                return _script(str(named), said)
            pipeline = Pipeline.load(named)
            report = pipeline.check(**said)
        except PenstockError as error:
            wrong = str(error)
        if wrong:  # told without the way that it came
            pytest.fail(wrong, pytrace=False)
        if failing(pipeline.graph, report):
            pytest.fail(str(report), pytrace=False)
        return report

    return check


def _found(file: str | Path | None, folders: Sequence[Path]) -> Path | None:
    """The file in the first of these folders that has it; as it was named, if none has."""
    if file is None:
        return None
    there = next((one / file for one in folders if (one / file).is_file()), Path(file))
    return Path(os.path.relpath(there)) if there.is_absolute() and there.is_relative_to(Path.cwd()) else there


def _script(file: str, said: dict[str, Any]) -> Any:
    from penstock.app.scripts import check_script
    from penstock.app.told import Told
    from penstock.report.script_text import script_lines

    report = Told(document := check_script(file, **said), script_lines(document))
    proven = any(one["verdict"] == "PROVEN" for one in document["findings"])
    if proven or any(one["failed"] for one in document["script"]["notes"]):
        pytest.fail(str(report), pytrace=False)
    return report
