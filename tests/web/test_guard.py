from collections.abc import Iterator
from itertools import product

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from penstock.app.settings import Settings
from penstock.web.guard import Guard, allowed_hosts
from penstock.web.schema import describe
from penstock.web.server import make_api, make_server

TOKEN = "t0ken-" + "x" * 30
OWN = "http://127.0.0.1:8765"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(make_server(settings, token=TOKEN), base_url=OWN, follow_redirects=False) as found:
        yield found


def paths(settings: Settings) -> list[str]:
    """Every path that a route answers, and some that none does."""
    app = make_api(settings)
    names = {"{run}": "last", "{before}": "first", "{after}": "second"}
    for name in ("step", "artifact", "source", "metric", "name", "path"):
        names |= {f"{{{name}:path}}": "flights", f"{{{name}}}": "drawn"}
    found = []
    for path in [*describe(app)["paths"], *[one.path for one in app.routes if hasattr(one, "path")]]:
        filled = path
        for name, value in names.items():
            filled = filled.replace(name, value)
        found.append(filled)
    return [*found, "/", "/health", "/api/v1/where/health", "/ready", "/../..", "/api", "/assets/x.js", "/favicon.ico"]


def test_there_are_routes_to_try(settings: Settings) -> None:
    assert {"/api/v1/runs", "/api/v1/runs/last", "/api/v1/runs/last/trace"} <= set(paths(settings))


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_shown_without_the_token(client: TestClient, settings: Settings, method: str) -> None:
    wrong = (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"cookie": "penstock-8765=wrong"},
        {"cookie": f"penstock-9={TOKEN}"},
    )
    for path, headers in product(paths(settings), wrong):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401, (method, path, headers)
        assert method == "HEAD" or TOKEN not in answer.text


@pytest.mark.parametrize("method", METHODS)
def test_other_names_and_pages_are_refused_whatever_they_bear(
    client: TestClient, settings: Settings, method: str
) -> None:
    evil = (
        {"host": "evil.example:8765"}, {"host": "127.0.0.1.evil.example:8765"}, {"host": "127.0.0.1:8766"}, {"host": "127.0.0.1"}, {"host": ""},
        {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:8766"}, {"origin": "https://127.0.0.1.evil.example"},
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
    )  # fmt: skip
    for path, headers, known in product(paths(settings), evil, ({}, BEARER, {"cookie": f"penstock-8765={TOKEN}"})):
        answer = client.request(method, path, headers={**known, **headers})
        assert answer.status_code == 403, (method, path, headers)


def test_with_the_token_reading_is_answered_and_nothing_else(client: TestClient, settings: Settings) -> None:
    for path in paths(settings):
        if not path.endswith("/live"):
            assert client.get(path, headers=BEARER).status_code not in (401, 403), path
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert client.request(method, path, headers={**BEARER, "origin": OWN}).status_code == 403


@pytest.mark.parametrize("headers", [{}, BEARER, {**BEARER, "origin": OWN}])
def test_there_are_no_sockets(client: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/v1/runs", headers=headers):
        pass


def test_the_opened_address_leaves_a_cookie_and_hides_the_token(client: TestClient) -> None:
    answer = client.get(f"/?token={TOKEN}&view=runs", headers={"sec-fetch-site": "none"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/?view=runs")
    said = answer.headers["set-cookie"]
    assert said.startswith(f"penstock-8765={TOKEN};")
    assert "HttpOnly" in said and "SameSite=Strict" in said and "Path=/" in said
    assert client.get("/api/v1/where", headers={"cookie": f"penstock-8765={TOKEN}"}).status_code == 200
    client.cookies.clear()
    for path in ("/?token=wrong", f"/?token={TOKEN}&token=wrong", f"/api/v1/runs?token={TOKEN}"):
        assert client.get(path).status_code == 401, path


def test_a_redirect_stays_here(client: TestClient) -> None:
    answer = client.get(f"/?token={TOKEN}&next=//evil.example%0d%0aset-cookie:x")
    assert answer.headers["location"].startswith("/?next=%2F%2Fevil")
    assert "x" not in answer.cookies


def test_headers_of_every_answer(client: TestClient) -> None:
    for path, headers in (("/api/v1/runs", BEARER), ("/nothing", BEARER), ("/api/v1/runs", {})):
        answer = client.get(path, headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers


def test_a_writing_request_says_where_it_comes_from(settings: Settings) -> None:
    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(
        Guard(app, token=TOKEN, hosts=allowed_hosts("127.0.0.1", 8765), port=8765, writes=True), base_url=OWN
    )
    cookie = {"cookie": f"penstock-8765={TOKEN}"}
    assert client.post("/", headers=cookie).status_code == 403
    assert client.post("/", headers={**cookie, "origin": OWN}).status_code == 403
    assert client.post("/", headers={**cookie, "x-penstock": "1"}).status_code == 403
    proven = {**cookie, "origin": OWN, "x-penstock": "1"}
    assert client.post("/", headers=proven).status_code == 204
    assert client.post("/", headers={**proven, "transfer-encoding": "chunked"}, content=iter([b"x"])).status_code == 413
    assert client.post("/", headers=BEARER).status_code == 204
    assert client.post("/", headers={"origin": OWN}).status_code == 401


def test_a_server_must_have_a_token(settings: Settings) -> None:
    with pytest.raises(ValueError, match="token"):
        make_server(settings, token="")


def test_hosts() -> None:
    assert allowed_hosts("127.0.0.1", 80) >= {"localhost", "localhost:80", "[::1]:80"}
    assert allowed_hosts("box.example.org", 8000) == {"box.example.org:8000"}
    assert "localhost:8000" in allowed_hosts("::1", 8000)
