"""`penstock ui`; the page itself is tried in tests/web/test_page.py."""

import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the process was replaced by."""
    found: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, words: found.append(list(words)))
    return found


def test_it_becomes_the_server(call: Call, became: list[list[str]]) -> None:
    assert call("ui", "-f", "line.py", "--port", "9000", "--json").code == 0
    assert became[0][:3] == [sys.executable, "-m", "penstock.web"]
    assert became[0][3:] == ["--host", "127.0.0.1", "--port", "9000", "--file", "line.py", "--json"]
    call("ui", "--browser")
    assert "--browser" in became[1]


def test_what_is_missing_is_named(call: Call, became: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def hidden(name: str, *more: Any) -> Any:
        return None if name == "fastapi" else find(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    error = valid(call("ui", "--json"), "error")["error"]
    assert (error["kind"], became) == ("MissingExtra", [])
    assert "web" in error["hint"]


def test_the_token_never_comes_from_the_command_line(call: Call) -> None:
    assert call("ui", "--token", "x").code == 2
    assert call("ui", "--token-file", "nothing").code == 2
