from starlette.testclient import TestClient

from penstock.app.settings import reading_settings
from penstock.web.server import make_api


def test_where(api: TestClient) -> None:
    said = api.get("/api/v1/where").json()
    assert (said["pipeline"], said["file"], said["allow_run"]) == ("line", "line.py", False)


def test_unknown_paths_of_the_api_are_errors(api: TestClient) -> None:
    for path in ("/api/v1/nothing", "/api/v2/runs", "/api/", "/assets/%2e%2e/guard.py"):
        answer = api.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["error"]["kind"] == "NotFound"


def test_a_folder_where_nothing_ran(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "line.py").write_text("import penstock as ps\n\n@ps.step\ndef one():\n    return 1\n")
    with TestClient(make_api(reading_settings(tmp_path / "line.py"))) as client:
        answer = client.get("/api/v1/runs")
        assert answer.status_code == 404
        assert "penstock run" in answer.json()["error"]["hint"]
    assert not (tmp_path / ".penstock").exists()
