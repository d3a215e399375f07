import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penstock.app.pipeline import Pipeline
from penstock.app.settings import reading_settings
from penstock.web.server import make_api

SLOW = """
import time
import penstock as ps

@ps.step
def one() -> int:
    return 1

@ps.step
def two(one: int) -> int:
    while not __import__("pathlib").Path("go").exists():
        time.sleep(0.01)
    return 2
"""


def kinds(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


def test_a_run_that_is_over(api: TestClient) -> None:
    answer = api.get("/api/v1/runs/first/events/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert kinds(answer.text)[-1] == "over"
    many = len(kinds(answer.text))
    rest = api.get("/api/v1/runs/first/events/live", headers={"last-event-id": "3"})
    assert 0 < len(kinds(rest.text)) < many
    assert api.get("/api/v1/runs/nothing/events/live").status_code == 404


def test_a_run_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.py").write_text(SLOW, encoding="utf-8")
    thread = threading.Thread(target=lambda: Pipeline.load(tmp_path / "line.py", executor="inline").run())
    thread.start()
    settings = reading_settings(tmp_path / "line.py")
    with TestClient(make_api(settings)) as client:
        while client.get("/api/v1/runs/last").status_code != 200:
            assert thread.is_alive()
        threading.Timer(0.5, lambda: (tmp_path / "go").touch()).start()
        said = client.get("/api/v1/runs/last/events/live").text
    thread.join()
    assert kinds(said)[-1] == "over"
    assert '"kind":"runended"' in said
