"""The runner's socket reaches a process that did not inherit it."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

CHILD = """
import socket, sys
from penstock.executors.server import claim
line = socket.socket(fileno=claim(sys.argv[1]))
line.sendall(line.recv(5).upper())
sys.exit(3)
"""


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory() as folder:  # a socket's path must be short
        yield Path(folder) / "socket"


def bridge(path: Path, command: list[str]) -> tuple[subprocess.Popen[str], socket.socket]:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "penstock.executors.bridge", str(path), *command, str(theirs.fileno())],
        pass_fds=(theirs.fileno(),),
        stderr=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    ours.settimeout(30)
    return process, ours


def test_the_socket_is_handed_over_and_the_end_passed_on(path: Path) -> None:
    path.touch()  # of one that did not come up
    process, ours = bridge(path, [sys.executable, "-c", CHILD, str(path)])
    ours.sendall(b"hello")
    assert ours.recv(5) == b"HELLO"
    assert ours.recv(5) == b""  # nobody else holds it open
    assert process.wait(30) == 3
    assert not path.exists()


def test_a_command_that_never_connects(path: Path) -> None:
    process, ours = bridge(path, [sys.executable, "-c", "import sys; sys.exit('no such image')"])
    assert ours.recv(1) == b""
    assert process.wait(30) == 1
    assert process.stderr is not None and "no such image" in process.stderr.read()
