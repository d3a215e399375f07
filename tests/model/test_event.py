"""Events: a tagged union that comes back from bytes as what it was."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.event import Begun, Event, Grown, Measured, Record, RunEnded, Skipped, TaskEvent, Warned

KINDS = get_args(Event)
texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.floats(allow_nan=False)
events = st.one_of(
    st.builds(Begun, task=texts, step=texts, attempt=st.integers(1, 99), pid=st.integers(0, 2**31)),
    st.builds(Measured, task=texts, name=texts, value=numbers, index=st.integers(0, 2**62)),
    st.builds(Grown, step=texts, children=st.lists(texts).map(tuple)),
    st.builds(Skipped, steps=st.lists(texts).map(tuple), reason=texts),
    st.builds(Warned, step=texts, kind=texts, what=texts, where=texts, hint=texts),
    st.builds(RunEnded, status=st.sampled_from(["succeeded", "failed", "cancelled", "waiting"]), seconds=numbers),
)


@given(events, st.integers(0, 2**60), numbers)
def test_a_record_comes_back_from_bytes(one: Event, number: int, time: float) -> None:
    record = Record(number=number % 2**60, time=time, event=one)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Record) == record


def test_numbers_that_are_none_survive() -> None:
    for value in (float("inf"), float("-inf"), float("nan")):
        event = Measured("t", "loss", value)
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Measured)
        assert repr(again.value) == repr(value)


def test_every_event_has_a_tag_of_its_own() -> None:
    tags = [kind.__struct_config__.tag for kind in KINDS]
    assert tags == [kind.__name__ for kind in KINDS]
    assert len(set(tags)) == len(tags)


def test_what_executors_emit_are_events_of_the_ledger() -> None:
    assert set(get_args(TaskEvent)) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_events_can_not_be_changed(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__doc__
