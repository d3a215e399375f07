"""`penstock serve-endpoint` serves until it is interrupted."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done

FILE = """
- step: {name: x, image: a, command: "true"}
- endpoint: {name: greet, image: a, wsgi: "greet:app"}
- endpoint: {name: fails, image: a, server-command: "exit 3"}
"""
APP = """
import sys
def app(environment, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serving(tmp_path: Path, ending: int) -> None:
    (tmp_path / "valohai.yaml").write_text(FILE)
    (tmp_path / "greet.py").write_text(APP)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli", "serve-endpoint", "greet", "--port", str(port), "--json"],
        cwd=tmp_path,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                assert urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read() == b"hello"
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
        process.send_signal(ending)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode in (0, 130)
    document = json.loads(out)
    assert (document["endpoint"], document["url"]) == ("greet", f"http://127.0.0.1:{port}/")
    assert not Path(document["folder"]).exists()
    with socket.socket() as one:  # the server is gone as well
        assert one.connect_ex(("127.0.0.1", port)) != 0


def test_a_server_that_fails(call: Callable[..., Done], project: Path) -> None:
    (project / "valohai.yaml").write_text(FILE)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    failed = call("serve-endpoint", "fails", "-f", "valohai.yaml", "--port", str(port))
    assert failed.code == 1
    assert "✗ the server ended with exit code 3" in failed.err
    assert call("serve-endpoint", "nothing", "-f", "valohai.yaml").code == 2
    assert call("serve-endpoint", "greet", "-f", "valohai.yaml", "--with", "x").code == 2
