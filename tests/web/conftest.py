"""A small pipeline that ran, and the API over its state folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.testclient import TestClient
from tests.trace.pipelines import FLIGHTS
from tests.web.browsers import chromium

from penstock.app.pipeline import Pipeline
from penstock.app.settings import Settings, reading_settings
from penstock.web.server import make_api

TALKING = FLIGHTS + (
    '\n\n@ps.evaluate\ndef talk(predictions) -> dict[str, float]:\n    print("\\x1b[31mred\\x1b[0m <b>")\n'
    '    ps.note("**bold** <script>alert(1)</script>")\n'
    '    ps.figure("<svg xmlns=\\"http://www.w3.org/2000/svg\\"><script>alert(1)</script></svg>", "drawn")\n'
    '    return {"one": 1.0}\n'
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pipeline that ran twice, with another parameter each time where it has one."""
    made = tmp_path_factory.mktemp("shown")
    (made / "line.py").write_text(TALKING, encoding="utf-8")
    pipeline = Pipeline.load(made / "line.py", executor="inline", checks="off")
    pipeline.run(name="first")
    pipeline.run(seed=1, name="second")
    return made


@pytest.fixture(scope="session")
def settings(folder: Path) -> Settings:
    return reading_settings(folder / "line.py")


@pytest.fixture(scope="session")
def api(settings: Settings) -> Iterator[TestClient]:
    """A client of the API behind its guard."""
    with TestClient(make_api(settings), base_url="http://127.0.0.1:8765") as client:
        yield client
