"""The same page on a ledger in PostgreSQL and a store in object storage."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.trace.pipelines import FLIGHTS

from penstock.app.pipeline import Pipeline
from penstock.app.settings import reading_settings
from penstock.web.server import make_api

VIEWS = (
    "/runs", "/runs/last", "/runs/last/outline", "/runs/last/series", "/runs/last/graph", "/runs/last/events", "/runs/last/steps/clean", "/runs/last/log/clean", "/runs/last/code/clean",
    "/runs/last/table/flights", "/runs/last/profile/flights", "/runs/last/trace?key=UA/45", "/runs/last/forward?key=UA/45", "/runs/last/dropped/flights", "/runs/last/rows",
    "/diff/last/last?data=true",
)  # fmt: skip


def asked(folder: Path) -> None:
    (folder / "line.py").write_text(FLIGHTS)
    Pipeline.load(folder / "line.py", executor="inline", checks="off").run(name="there").close()
    with TestClient(make_api(reading_settings(folder / "line.py"))) as client:
        for view in VIEWS:
            answer = client.get(f"/api/v1{view}")
            assert answer.status_code == 200, (view, answer.text)
        assert client.get("/api/v1/runs").json()["runs"][0]["name"] == "there"
        assert client.get("/api/v1/runs/last/table/flights?limit=2").json()["rows"] == 60
    assert not (folder / ".penstock" / "ledger.db").exists()


@pytest.mark.needs("postgres")
def test_a_ledger_in_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_LEDGER", postgres)
    asked(tmp_path)


@pytest.mark.needs("postgres")
@pytest.mark.needs("moto")
def test_both_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str, s3: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_LEDGER", postgres)
    monkeypatch.setenv("PENSTOCK_STORE", s3)
    asked(tmp_path)
