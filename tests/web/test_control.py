"""Running from the page, by its API: behind the guard, as a browser would ask."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from starlette.testclient import TestClient
from tests.trace.pipelines import FLIGHTS

from penstock.app.launching import Launches
from penstock.app.pipeline import Pipeline
from penstock.app.settings import Settings, reading_settings
from penstock.web.server import make_server

TOKEN = "t0ken-" + "x" * 30
OWN = "http://127.0.0.1:8765"
BROWSER = {"cookie": f"penstock-8765={TOKEN}", "origin": OWN, "x-penstock": "1"}

HELD = """
import penstock as ps

@ps.step
def one(times: int = 2):
    return "a" * times

@ps.step
def held(one):
    return ps.hold("May this go on?")

@ps.step
def after(held):
    return 1
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "held.py").write_text(HELD)
    return reading_settings(tmp_path / "held.py")


@pytest.fixture
def client(own: Settings) -> Iterator[TestClient]:
    server = make_server(own, token=TOKEN, launches=Launches(own))
    with TestClient(server, base_url=OWN, headers=BROWSER) as found:
        yield found


def ended(client: TestClient, start: str) -> dict[str, object]:
    while True:
        found: dict[str, object] = client.get(f"/api/v1/starts/{start}").json()
        if found["state"] == "ended":
            return found
        time.sleep(0.05)


def test_plan_run_approve_resume(client: TestClient) -> None:
    assert client.get("/api/v1/where").json()["allow_run"] is True
    plan = client.post("/api/v1/plan", json={}).json()
    assert [one["decision"] for one in plan["steps"]] == ["run", "unknown", "unknown"]
    begun = client.post("/api/v1/runs", json={"parameters": {"one.times": "3"}, "name": "by-page", "checks": "off"})
    assert begun.status_code == 200
    done = ended(client, begun.json()["start"])
    run = client.get(f"/api/v1/runs/{done['run']}").json()
    assert (run["name"], run["status"], run["parameters"]["one"]) == ("by-page", "waiting", {"times": "3"})
    assert client.post("/api/v1/runs/by-page/approve/one", json={}).status_code == 404
    assert client.post("/api/v1/runs/by-page/decline/one", json={}).status_code == 404
    assert client.post("/api/v1/runs/by-page/approve/held", json={}).json()["approved"] is True
    again = ended(client, client.post("/api/v1/runs/by-page/resume", json={}).json()["start"])
    assert again["run"] == done["run"] and again["code"] == 0
    assert client.get(f"/api/v1/runs/{done['run']}").json()["status"] == "succeeded"
    refused = client.post("/api/v1/runs/by-page/cancel", json={})
    assert refused.status_code == 404 and "not going on" in refused.json()["error"]["message"]


def test_what_is_wrong_with_it_is_told(client: TestClient, own: Settings) -> None:
    assert own.file is not None
    for body in ({"targets": "one"}, {"nothing": 1}, {"checks": "much"}, {"seed": "x"}, {"targets": ["a\0b"]}, []):
        assert client.post("/api/v1/runs", json=body).status_code == 422, body
    assert client.post("/api/v1/plan", json={"targets": ["tow"]}).status_code == 409
    assert client.post("/api/v1/runs/last/resume", json={}).status_code == 404
    own.file.write_text("def broken(:\n")
    said = client.post("/api/v1/plan", json={}).json()["error"]
    assert said["message"] and said["hint"]
    start = client.post("/api/v1/runs", json={}).json()["start"]
    assert ended(client, start)["error"]["kind"] == said["kind"]  # type: ignore[index]


@pytest.mark.parametrize(
    "path",
    ["/plan", "/runs", "/runs/last/cancel", "/runs/last/resume", "/runs/last/approve/held", "/runs/last/decline/held"],
)
def test_nobody_else_runs_anything(client: TestClient, path: str) -> None:
    wrong: tuple[dict[str, str], ...] = (
        {"cookie": ""}, {"cookie": "penstock-8765=wrong"}, {"origin": "http://evil.example"}, {"origin": "null"},
        {"origin": ""}, {"host": "evil.example:8765"}, {"sec-fetch-site": "cross-site"}, {"x-penstock": ""}, {"x-penstock": "0"},
        {"x-penstock": "", "authorization": "Bearer wrong"}, {"origin": "", "authorization": "x"},
    )  # fmt: skip
    for headers in wrong:
        answer = client.post(f"/api/v1{path}", json={}, headers=headers)
        assert answer.status_code in (401, 403), (headers, answer.text)
    for name in ("origin", "x-penstock"):
        kept = {**{one: value for one, value in BROWSER.items() if one != name}, "authorization": "Bearer wrong"}
        bare = TestClient(client.app, base_url=OWN, headers=kept)
        assert bare.post(f"/api/v1{path}", json={}).status_code == 403
    assert client.post(f"/api/v1{path}", content=b"x" * 1_000_001).status_code == 413


def test_what_stands_behind_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "inline")
    (tmp_path / "line.py").write_text(FLIGHTS)
    Pipeline.load(tmp_path / "line.py", checks="off").run().close()
    own = reading_settings(tmp_path / "line.py")
    with TestClient(make_server(own, token=TOKEN, launches=Launches(own)), base_url=OWN, headers=BROWSER) as client:
        asked = {"key": "UA/45", "cell": "clean.distance", "source": "flights"}
        found = client.post("/api/v1/runs/last/cell", json=asked).json()
        assert [(one["source"], one["key"]) for one in found["sources"]] == [("flights", "UA/45")]
        assert client.post("/api/v1/runs/last/cell", json={**asked, "cell": "clean.nothing"}).status_code == 409
        assert client.post("/api/v1/runs/last/cell", json={"key": "--run=x", "cell": "--json"}).status_code == 409


def test_a_server_that_only_shows_says_how_to_run(own: Settings) -> None:
    with TestClient(make_server(own, token=TOKEN), base_url=OWN, headers=BROWSER) as client:
        for path in (
            "/plan",
            "/runs",
            "/runs/last/cancel",
            "/runs/last/resume",
            "/runs/last/approve/held",
            "/runs/last/decline/held",
        ):
            answer = client.post(f"/api/v1{path}", json={})
            assert answer.status_code == 403
            assert "--allow-run" in answer.text
        assert not [path for path in client.get("/api/v1/openapi.json").json()["paths"] if "starts" in path]


class Nothing(Launches):
    """Starts a process that does nothing, whatever it is asked."""

    def _command(self, *words: str) -> list[str]:
        assert all("\0" not in one for one in words)
        return ["true"]


def test_nothing_that_is_asked_at_random_breaks_it(settings: Settings) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    server = make_server(settings, token=TOKEN, hosts=frozenset({"testserver"}), launches=Nothing(settings))
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", server, headers=known).include(tag="control")
    tried = []
    for one in schema.get_all_operations():
        operation = one.ok()

        @hypothesis_settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case) -> None:  # type: ignore[no-untyped-def]
            case.call_and_validate(headers=known)

        ask()
        tried.append(operation.path)
    assert len(tried) == 8
