"""Frames: what is sent arrives whole, and what is no message is told at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.executors.wire import Again, Frames, FromRunner, FromWorker, Halt, Prepare, Spent, Work, frame
from penstock.model.event import Measured
from penstock.model.step import Entry
from penstock.model.task import Ended, Failure, Task

messages = st.one_of(
    st.builds(Halt, st.text(), st.text()),
    st.builds(Prepare, st.text(), st.text()),
    st.builds(
        Work,
        st.builds(
            Task,
            id=st.text(),
            run=st.text(),
            step=st.text(),
            attempt=st.integers(1, 9),
            key=st.text(),
            code=st.text(),
            entry=st.builds(Entry, st.just("pickle"), data=st.binary(max_size=2000)),
            timeout=st.floats(0, 1e9),
        ),
        st.integers(0, 2**63),
    ),
)


@given(st.lists(messages, max_size=6), st.data())
def test_any_cut_gives_the_same_messages(sent: list[Any], data: st.DataObject) -> None:
    whole = b"".join([frame(one) for one in sent])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    frames = Frames(FromRunner)
    heard: list[Any] = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        heard += frames.feed(whole[start:end])
    assert heard == sent
    assert not frames.partial


@given(messages, st.data())
def test_half_a_message_is_none(sent: Any, data: st.DataObject) -> None:
    whole = frame(sent)
    cut = data.draw(st.integers(1, len(whole) - 1))
    frames = Frames(FromRunner)
    assert frames.feed(whole[:cut]) == []
    assert frames.partial


@given(st.binary(min_size=8, max_size=200).filter(lambda data: not data.startswith(b"\xf7ps\x01")))
def test_what_is_no_message_is_told(data: bytes) -> None:
    frames = Frames(FromRunner)
    assert frames.feed(data) == []
    assert "no message" in frames.broken


def test_what_came_before_counts() -> None:
    frames = Frames(FromRunner)
    assert frames.feed(frame(Halt("a")) + b"hello, world") == [Halt("a")]
    assert frames.broken
    assert frames.feed(frame(Halt("b"))) == []


def test_another_kind_of_message_is_told() -> None:
    frames = Frames(FromRunner)
    assert frames.feed(frame(Halt("a")) + frame(Measured("t", "x", 1.0))) == [Halt("a")]
    assert "can't be read" in frames.broken


@pytest.mark.parametrize(
    "message",
    [
        Again("t", "edited"),
        Spent("a thread"),
        Measured("t", "loss", float("inf"), 3),
        Ended("t", "failed", failure=Failure("E", "m", parameters={"a": "1"}), extra={"code": "d"}),
    ],
)
def test_workers_words(message: Any) -> None:
    assert Frames(FromWorker).feed(frame(message)) == [message]
