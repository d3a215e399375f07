"""Where a task's output goes."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.executors.console import Tee, log_size

WORKER = """
import os, subprocess, sys
from penstock.executors.console import Redirected

console = Redirected()
told = os.fdopen(os.dup(1), "w")
def task(path, body):
    console.begin(path)
    body()
    print(console.end(), file=told, flush=True)

def prints():
    print("one")
    print("two", file=sys.stderr)
    os.write(1, b"\\xff\\n")
    subprocess.run(["echo", "three"])
def replaces():
    print("before")
    sys.stdout = open(os.devnull, "w")
    print("nowhere")
def closes():
    print("kept")
    os.close(1)
    os.close(2)
def closes_stream():
    print("kept")
    sys.stdout.close()
def odd():
    print("h\\udc80")
for name in sys.argv[2:]:
    task(sys.argv[1] and f"{sys.argv[1]}/{name}.log", globals()[name])
"""


def spans(folder: str, *names: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", WORKER, folder, *names], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_everything_goes_to_the_log(tmp_path: Path) -> None:
    told = spans(
        str(tmp_path / "new" / "folder"), "prints", "replaces", "prints", "closes", "prints", "closes_stream", "prints"
    )
    log = (tmp_path / "new" / "folder" / "prints.log").read_bytes()
    assert log == b"one\ntwo\n\xff\nthree\n" * 4
    assert (tmp_path / "new" / "folder" / "prints.log").stat().st_mode & 0o077 == 0
    assert [line.partition("start=")[2] for line in told if "prints" in line] == [
        f"{start * 16}, size=16)" for start in range(4)
    ]
    assert "size=7)" in told[1]
    for name in ("closes", "closes_stream"):
        assert (tmp_path / "new" / "folder" / f"{name}.log").read_bytes() == b"kept\n"


def test_without_a_log_output_goes_nowhere() -> None:
    assert spans("", "prints", "closes", "prints") == ["None"] * 3


def test_lone_surrogates_are_written(tmp_path: Path) -> None:
    spans(str(tmp_path), "odd")
    assert (tmp_path / "odd.log").read_bytes() == b"h\\udc80\n"


def test_a_tee_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    path = tmp_path / "logs" / "task.log"
    size = len("héllo\n\\udc80".encode())
    for start in (0, size):
        with Tee(str(path)) as tee:
            print("héllo")
            print("\udc80", end="", file=sys.stderr)
            sys.stdout.flush()
            assert not sys.stdout.isatty()
        assert tee.span is not None
        assert (tee.span.start, tee.span.size) == (start, size)
    assert path.read_bytes() == ("héllo\n\\udc80" * 2).encode()
    assert out.getvalue() == "héllo\n" * 2
    assert err.getvalue() == "\udc80" * 2
    assert (sys.stdout, sys.stderr) == (out, err)


def test_a_tee_without_a_log_changes_nothing() -> None:
    before = sys.stdout
    with Tee("") as tee:
        assert sys.stdout is before
    assert tee.span is None


def test_the_size_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    assert log_size(str(path)) == log_size("") == 0
    path.write_bytes(b"abc")
    assert log_size(str(path)) == 3
