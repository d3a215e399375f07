"""The agent: what it says when it can't go on. All else is tried on a real cluster by tests/executors/test_ray_cluster.py."""

import select
import socket
import subprocess
import sys

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


def test_it_waits_for_a_cluster_that_was_there_and_says_for_how_long() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process, channel = agent("from penstock.app.ray_agent import main; main()")
    channel.say(Where(address, 1, 0, SITE, patience=2.0))
    select.select([channel.socket], [], [], 60)
    (said,) = channel.hear()
    assert isinstance(said, Plain)
    assert address in said.words
    assert "waited for it for 2 s" in said.words
    assert process.wait(30) == 0


def test_a_runner_that_goes_meanwhile_is_not_waited_for() -> None:
    process, channel = agent("from penstock.app.ray_agent import main; main()")
    channel.say(Where("127.0.0.1:1", 1, 0, SITE, patience=600.0))
    channel.close()
    assert process.wait(60) == 0


def test_trouble_with_the_token_is_found_in_what_ray_says() -> None:
    told = ConnectionError("Failed to connect to Ray cluster")
    told.__cause__ = RuntimeError("Last connection error: ray.exceptions.AuthenticationError: InvalidAuthToken")
    assert ray_agent._of_token(told)
    assert not ray_agent._of_token(ConnectionError("Failed to connect"))
