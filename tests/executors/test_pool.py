"""The runner's side of a worker: sending without blocking, and taking back what has not been begun."""

import os
import socket
from typing import Any

import pytest

from penstock.errors import ExecutorError
from penstock.executors.pool import Channel, Hand, Job, Server
from penstock.executors.wire import Frames, FromRunner, FromWorker, Halt, Work, frame
from penstock.model.event import Measured
from penstock.model.step import Entry
from penstock.model.task import Task


def task(name: str, size: int = 0) -> Task:
    return Task(name, "r", "s", 1, "k", "", Entry("pickle", data=b"x" * size))


def pair(kind: Any) -> tuple[Channel, socket.socket]:
    ours, theirs = socket.socketpair()
    return Channel(ours, kind), theirs


def test_large_messages_wait_until_there_is_room() -> None:
    channel, theirs = pair(FromWorker)
    sent = [Work(task(str(number), 300_000), number) for number in range(5)]
    for message in sent:
        channel.say(message)  # nobody reads, and nobody waits
    assert channel.waiting
    frames, heard = Frames(FromRunner), []
    while channel.waiting or len(heard) < len(sent):
        channel.flush()
        heard += frames.feed(theirs.recv(1 << 16))
    assert heard == sent
    channel.close()
    theirs.close()


def test_what_was_said_before_the_end_is_heard() -> None:
    channel, theirs = pair(FromWorker)
    theirs.sendall(frame(Measured("t", "x", 1.0)) + frame(Measured("t", "x", 2.0))[:-3])
    assert channel.hear() == [Measured("t", "x", 1.0)]
    assert channel.open
    theirs.close()
    assert channel.hear() == []
    assert not channel.open
    channel.say(Halt("t"))  # to nobody, and that is no error
    channel.close()


def test_nonsense_is_told() -> None:
    channel, theirs = pair(FromWorker)
    theirs.sendall(b"print me if you can")
    assert channel.hear() == []
    assert channel.broken
    channel.close()
    theirs.close()


@pytest.fixture
def hand() -> Any:
    channel, theirs = pair(FromWorker)
    read, write = os.pipe()
    os.set_blocking(read, False)
    made = Hand(1, "1", channel, (read, write))
    yield made, read
    made.close()
    theirs.close()


def test_only_what_has_not_been_begun_is_taken_back(hand: Any) -> None:
    made, tokens = hand
    assert made.idle
    made.give(Job(task("a")))
    made.give(Job(task("b")))
    assert not made.idle
    assert made.unbegun == 2
    assert not made.withdraw()  # the head has not been begun: its token is the first
    assert os.read(tokens, 8) == (1).to_bytes(8, "little")
    assert made.unbegun == 1
    assert made.withdraw()
    assert made.following is None
    assert made.unbegun == 0
    made.give(Job(task("c")))
    assert os.read(tokens, 8) == (3).to_bytes(8, "little")
    assert not made.withdraw()


def test_a_server_that_can_not_be_launched(tmp_path: Any) -> None:
    with pytest.raises(ExecutorError, match="can't be started"):
        Server(["/nowhere/python"], tmp_path, tmp_path)
