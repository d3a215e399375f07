from starlette.testclient import TestClient


def test_lists(api: TestClient) -> None:
    runs = api.get("/api/v1/runs").json()["runs"]
    assert [one["name"] for one in runs] == ["second", "first"]
    assert len(api.get("/api/v1/runs?limit=1").json()["runs"]) == 1
    assert api.get("/api/v1/runs?pipeline=other").json()["runs"] == []


def test_a_run_and_a_step(api: TestClient) -> None:
    run = api.get("/api/v1/runs/first").json()
    assert run["status"] == "succeeded"
    step = api.get("/api/v1/runs/first/steps/talk").json()
    assert step["step"]["step"] == "talk"
    assert step["notes"] == ["**bold** <script>alert(1)</script>"]


def test_the_graph(api: TestClient) -> None:
    graph = api.get("/api/v1/runs/last/graph").json()
    names = [one["step"] for one in graph["nodes"]]
    assert {"flights", "clean", "talk"} <= set(names)
    for edge in graph["edges"]:
        assert names.index(edge["source"]) < names.index(edge["target"])


def test_logs_are_bytes_as_printed(api: TestClient) -> None:
    answer = api.get("/api/v1/runs/first/log/talk")
    assert answer.text == "\x1b[31mred\x1b[0m <b>\n"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-over"] == "true"
    rest = api.get(f"/api/v1/runs/first/log/talk?start={answer.headers['x-next']}")
    assert rest.content == b""
    assert api.get("/api/v1/runs/first/log/talk?attempt=7").status_code == 404


def test_events(api: TestClient) -> None:
    said = api.get("/api/v1/runs/first/events").json()
    kinds = [one["kind"] for one in said["events"]]
    assert kinds[0] == "runstarted" and "runended" in kinds
    assert said["last"] == said["events"][-1]["number"]
    more = api.get(f"/api/v1/runs/first/events?after={said['last']}").json()
    assert (more["events"], more["last"]) == ([], said["last"])


def test_the_source_of_a_step(api: TestClient) -> None:
    answer = api.get("/api/v1/runs/first/code/talk")
    assert "def talk(predictions)" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert api.get("/api/v1/runs/first/code/nobody").status_code == 404
