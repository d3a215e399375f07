import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.ledger import packing
from penstock.ledger.packing import DecidedRef, DecisionRef, pack, unpack_run
from penstock.model.run import Reason, Run
from penstock.testing.ledgers import make_execution

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=3),
    max_leaves=8,
)


@given(machine=st.dictionaries(st.text(max_size=5), json, max_size=4))
def test_any_details_can_be_kept(machine: dict[str, object]) -> None:
    found = unpack_run(pack(Run("r", "p", 1.0, machine=machine))).machine
    assert len(found) == len(machine)
    plain = {key: value for key, value in machine.items() if isinstance(value, float | bool | None)}
    assert {key: found[key] for key in plain} == plain


def test_details_of_unknown_types_become_text() -> None:
    found = unpack_run(pack(Run("r", "p", 1.0, machine={"a": object, "b": {1j}, "c": 1 << 70}))).machine
    assert found["a"] == "<class 'object'>"
    assert found["c"] == str(1 << 70)


def test_references_come_back() -> None:
    reference = DecidedRef((DecisionRef("a", "reuse", (Reason("same", "nothing"),), "k", 7),))
    assert packing.unpack_decided(pack(reference)) == reference
    assert packing.unpack_committed(pack(packing.CommittedRef(3))) == packing.CommittedRef(3)


def test_many_executions_leave_the_collector_as_it_was() -> None:
    bodies = [pack(make_execution())] * 200
    assert packing.unpack_executions(bodies) == [make_execution()] * 200
    assert gc.isenabled()
    with pytest.raises(ValueError):
        packing.unpack_executions([*bodies, b"\xc1"])
    assert gc.isenabled()
    gc.disable()
    try:
        packing.unpack_executions(bodies)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_nothing_kept_is_nothing() -> None:
    assert packing.unpack_reasons(None) == ()
    assert packing.unpack_metrics(None) == {}
    assert packing.unpack_failure(None) is None
    assert packing.unpack_log(None) is None
    assert packing.unpack_tags(None) == []
