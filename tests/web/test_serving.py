import socket
from pathlib import Path

import pytest

from penstock.app.settings import Settings
from penstock.errors import SettingsError
from penstock.web import serving
from penstock.web.serving import read_token, serve


def test_a_token_of_its_own_is_long_and_new() -> None:
    first, second = read_token(None, "127.0.0.1"), read_token(None, "localhost")
    assert first != second
    assert len(first) >= 40


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "box.example.org", "::"])
def test_nobody_else_is_let_in_without_a_token_that_they_know(host: str) -> None:
    with pytest.raises(SettingsError, match="lets other machines in") as caught:
        read_token(None, host)
    assert "--token-file" in caught.value.hint


def test_the_token_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abcdefgh-12345678\n")
    assert read_token(file, "0.0.0.0") == "abcdefgh-12345678"
    for wrong in ("short", "with space and so on", "é" * 20):
        file.write_text(wrong)
        with pytest.raises(SettingsError):
            read_token(file, "127.0.0.1")
    with pytest.raises(SettingsError, match="can't be read"):
        read_token(tmp_path / "nothing", "127.0.0.1")


def test_a_port_that_is_taken(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=str(port)):
            serve(settings, "127.0.0.1", port, "t" * 20, lambda *_: None)


def test_the_next_port_is_taken_where_the_page_s_own_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(serving, "PORT", taken.getsockname()[1])
        with serving._listen("127.0.0.1", 0) as found:
            assert found.getsockname()[1] != taken.getsockname()[1]


def test_small_answers_are_not_held_back() -> None:
    """asyncio switches Nagle's algorithm off for sockets that say that they are TCP."""
    with serving._listen("127.0.0.1", 0) as found:
        assert found.proto == socket.IPPROTO_TCP


def test_what_it_says_of_itself(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def once(server: serving.uvicorn.Server, sockets: list[socket.socket]) -> None:
        seen.append((server.config.access_log, server.config.proxy_headers))

    monkeypatch.setattr(serving.uvicorn.Server, "run", once)
    serve(settings, "127.0.0.1", 0, "t" * 20, lambda url, port: seen.append((url, port)))
    assert seen[0][0] == f"http://127.0.0.1:{seen[0][1]}/?token={'t' * 20}"
    assert seen[1] == (False, False)
