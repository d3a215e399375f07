"""The agent: what it says when it can't go on. All else is tried on a real cluster by tests/executors/test_ray_cluster.py."""

import select
import socket
import subprocess
import sys

import pytest

from penstock.app import ray_agent
from penstock.executors.pool import Channel
from penstock.executors.ray_cluster import FromAgent, Plain, Site, Where

SITE = Site("place", 0, "digest", "0", {}, "/mark", "/state")


def agent(code: str) -> tuple[subprocess.Popen[bytes], Channel]:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-c", code, str(theirs.fileno())], pass_fds=(theirs.fileno(),))
    theirs.close()
    return process, Channel(ours, FromAgent)


def test_without_ray_it_says_what_to_install() -> None:
    process, channel = agent("import sys; sys.modules['ray'] = None; from penstock.app.ray_agent import main; main()")
    channel.say(Where("", 1, 0, SITE))
    select.select([channel.socket], [], [], 60)
    (said,) = channel.hear()
    assert isinstance(said, Plain)
    assert "penstock[ray]" in said.hint
    assert process.wait(30) == 0


def test_it_ends_with_a_runner_that_never_spoke() -> None:
    process, channel = agent("from penstock.app.ray_agent import main; main()")
    channel.close()
    assert process.wait(30) == 0


def test_nobody_there_is_found_out_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError):
        ray_agent._knock(f"127.0.0.1:{port}")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ray_agent._knock(f"ray://127.0.0.1:{listening.getsockname()[1]}")
    ray_agent._knock("auto")
