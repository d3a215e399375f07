"""Tasks are complete in themselves: what a worker gets is what was sent."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.artifact import Stored
from penstock.model.code import Code, Piece
from penstock.model.step import Entry, Resources
from penstock.model.task import Ended, Failure, Fanout, Input, LogSpan, Setting, Task, Usage

VALUE = Stored(codec="json", digest="d", blob="d", size=2, data=b"{}")


@given(st.binary(max_size=50), st.integers(0, 2**62), st.floats(0, 1e6), st.sampled_from(["worker", "fresh", "inline"]))
def test_a_task_comes_back_from_bytes(data: bytes, seed: int, timeout: float, isolation: str) -> None:
    task = Task(
        id="r/s/1",
        run="r",
        step="s",
        attempt=1,
        key="k",
        code="c",
        entry=Entry(kind="pickle", data=data),
        inputs=(Input("x", "clean", VALUE),),
        settings=(Setting("rate", "value", "0.1", "d", data),),
        seed=seed,
        isolation=isolation,  # type: ignore[arg-type]
        resources=Resources(cpus=0.5, memory=2**40),
        timeout=timeout,
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(task), type=Task) == task


def test_an_end_comes_back_from_bytes_with_all_that_belongs_to_it() -> None:
    ended = Ended(
        task="r/s/1",
        status="grown",
        outputs=(VALUE,),
        failure=Failure("ValueError", "no", "a.py:1", "hint", "traceback", {"x": "1"}),
        usage=Usage(seconds=1.5, rows_in=3),
        metrics={"rmse": 1.0},
        pieces=(Piece(kind="value", name="n", digest="d"),),
        fanout=Fanout(Entry(kind="file", path="p", name="n"), Code("c"), "item", (VALUE,)),
        log=LogSpan("f", 0, 10),
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ended), type=Ended) == ended


def test_what_is_not_said_takes_no_room() -> None:
    assert len(msgspec.msgpack.encode(Ended("t", "succeeded"))) < 50
