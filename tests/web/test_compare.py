from starlette.testclient import TestClient


def test_a_figure_can_run_nothing(api: TestClient) -> None:
    answer = api.get("/api/v1/runs/first/figure/talk?name=drawn")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;") and "script" not in policy and "allow-" not in policy
    assert api.get("/api/v1/runs/first/figure/talk?name=other").status_code == 404


def test_a_metric(api: TestClient) -> None:
    points = api.get("/api/v1/metrics/talk.one").json()["points"]
    assert [one["value"] for one in points] == [1.0, 1.0]
    assert api.get("/api/v1/metrics/nothing").status_code == 404


def test_two_runs(api: TestClient) -> None:
    said = api.get("/api/v1/diff/first/second?data=true").json()
    assert (said["before"]["name"], said["after"]["name"]) == ("first", "second")


def test_an_artifact_that_is_no_picture(api: TestClient) -> None:
    answer = api.get("/api/v1/runs/first/picture/flights")
    assert answer.status_code == 404
    assert "no picture" in answer.json()["error"]["message"]
    assert api.get("/api/v1/runs/first/picture/nothing").status_code == 404
