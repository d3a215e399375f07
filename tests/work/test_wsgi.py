"""A small server for WSGI applications."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from penstock.work.wsgi import application

APP = """
def app(environment, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served"]
"""


def test_it_serves_on_this_machine_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(APP)
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.work.wsgi", "mine:app", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.match(r"listening on (http\S+:\d+/)", process.stdout.readline())
        assert found is not None
        assert "127.0.0.1" in found[1]
        assert urllib.request.urlopen(found[1], timeout=30).read() == b"served"
    finally:
        process.kill()
        process.communicate()


def test_applications_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "served_app.py").write_text(APP + "served_app = app\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert application("served_app").__name__ == "app"
    assert application("served_app:app").__name__ == "app"
    with pytest.raises(SystemExit, match="no application `nothing`"):
        application("served_app:nothing")
