"""For pytest: the fixture `penstock_check`, with which a test fails where a pipeline leaks. Nothing is loaded before it is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

__all__ = ["penstock_check"]


@pytest.fixture
def penstock_check(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Run what is not up to date of a pipeline, check it, and fail the test with the report if something is PROVEN.

    Call it with the pipeline's file, found from the test's own folder or from where pytest was started, and with what
    `Pipeline.check` takes: `penstock_check("flights.py", only=["as-of"])`. It returns the report.
    """

    def check(file: str | Path | None = None, **said: Any) -> Any:
        from penstock.app.leaks import failing
        from penstock.app.pipeline import Pipeline

        beside = request.path.parent / file if file is not None else None
        pipeline = Pipeline.load(beside if beside is not None and beside.is_file() else file)
        report = pipeline.check(**said)
        if failing(pipeline.graph, report):
            pytest.fail(str(report), pytrace=False)
        return report

    return check
