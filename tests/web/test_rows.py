from starlette.testclient import TestClient


def test_a_table(api: TestClient) -> None:
    page = api.get("/api/v1/runs/first/table/flights?limit=2&column=tail").json()
    assert page["columns"] == ["tail"]
    assert len(page["values"]) == 2
    assert api.get("/api/v1/runs/first/table/flights?column=tali").status_code == 409
    assert api.get("/api/v1/runs/first/table/flight").status_code == 404


def test_a_profile(api: TestClient) -> None:
    said = api.get("/api/v1/runs/first/profile/flights?against=second").json()
    assert said["rows"] == said["looked"]
    assert all(one["drift"] in (None, 0.0) for one in said["columns"])


def test_the_way_of_a_row(api: TestClient) -> None:
    said = api.get("/api/v1/runs/first/trace?key=UA/45").json()
    assert (said["key"], said["side"]) == ("UA/45", "test")
    wrong = api.get("/api/v1/runs/first/trace?key=UA/46789")
    assert wrong.status_code == 404
    assert api.get("/api/v1/runs/first/forward?key=UA/45").json()["reached"]


def test_losses(api: TestClient) -> None:
    assert api.get("/api/v1/runs/first/dropped/flights").json()["source"] == "flights"
    assert api.get("/api/v1/runs/first/rows").status_code == 200
