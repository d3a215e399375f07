import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from penstock.web.answers import answer_errors


def test_errors_are_told_as_the_command_line_does(api: TestClient) -> None:
    answer = api.get("/api/v1/runs/frist")
    assert answer.status_code == 404
    assert answer.json()["error"]["kind"] == "NotFound"
    assert "first" in answer.json()["error"]["hint"]
    answer = api.get("/api/v1/runs?limit=none")
    assert answer.status_code == 422
    assert "limit" in answer.json()["error"]["message"]


def test_what_nobody_expected_tells_nothing_of_inside(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    answer_errors(app)

    @app.get("/")
    def broken() -> None:
        raise RuntimeError("the password is 1234")

    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert answer.status_code == 500
    assert "1234" not in answer.text
    assert "Penstock itself went wrong" in answer.text
