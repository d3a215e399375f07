"""Executions and runs come back from the ledger as they were."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.artifact import Column, Description, Stored
from penstock.model.run import Consumed, Decision, Execution, Made, Reason, Run
from penstock.model.task import HiddenInput, Usage

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
stored = st.builds(
    Stored,
    codec=texts,
    digest=texts,
    blob=texts,
    size=st.integers(0, 2**62),
    data=st.none() | st.binary(max_size=20),
    about=st.builds(
        Description, type=texts, rows=st.none() | st.integers(0, 2**62), columns=st.lists(st.builds(Column, texts, texts)).map(tuple)
    ),
)  # fmt: skip
executions = st.builds(
    Execution,
    key=texts,
    pipeline=texts,
    step=texts,
    kind=st.sampled_from(["source", "step", "train"]),
    run=texts,
    attempt=st.integers(1, 9),
    code=texts,
    inputs=st.dictionaries(texts, st.builds(Consumed, texts, texts, texts), max_size=3),
    settings=st.dictionaries(texts, st.tuples(texts, texts), max_size=3),
    outputs=st.lists(st.builds(Made, artifact=texts, stored=stored, role=st.sampled_from([None, "train"])), max_size=3).map(tuple),
    metrics=st.dictionaries(texts, st.floats(allow_nan=False), max_size=3),
    usage=st.builds(Usage, seconds=st.floats(0, 1e9)),
    hidden=st.lists(st.builds(HiddenInput, path=texts, where=texts), max_size=2).map(tuple),
    cached=st.booleans(),
)  # fmt: skip


@given(executions)
def test_an_execution_comes_back_from_bytes(execution: Execution) -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(execution), type=Execution)
    assert again == execution


@given(executions, texts)
def test_a_decision_carries_what_is_reused(execution: Execution, what: str) -> None:
    decision = Decision("a", "reuse", (Reason("same", what),), execution.key, execution)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(decision), type=Decision) == decision


def test_a_run_of_an_older_version_can_be_read() -> None:
    old = msgspec.msgpack.encode({"id": "1", "pipeline": "p", "started": 1.0, "a field of the future": [1]})
    assert msgspec.msgpack.decode(old, type=Run) == Run("1", "p", 1.0)


def test_what_a_run_took_of_its_file() -> None:
    plain = {"stub_inputs": False, "mount": False}
    assert Run("1", "p", 1.0).choice == {**plain, "pipeline": "", "step": ""}
    assert Run("1", "p", 1.0, part="pipeline").choice == {**plain, "pipeline": "p", "step": ""}
    assert Run("1", "p", 1.0, part="task").choice == {**plain, "pipeline": "", "step": "p"}
    both = Run("1", "p", 1.0, part="step stub-inputs mount").choice
    assert both == {"pipeline": "", "step": "p", "stub_inputs": True, "mount": True}
