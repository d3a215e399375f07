"""Calls that stay inside: what a step does to its inputs, the generators, the console, or by raising."""

import random
import signal
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from penstock.checks.circuit import Failed, called, is_fitted, of_function, spread
from penstock.model.contract import Contract


def test_a_failure_is_a_value_with_its_place() -> None:
    def fails(**_: object) -> dict[str, object]:
        raise ValueError("no")

    def leaves(**_: object) -> dict[str, object]:
        sys.exit(3)

    found = called("s", lambda given: fails(**given), {})
    assert isinstance(found, Failed) and found.error == "ValueError: no" and "test_circuit.py" in found.where
    assert isinstance(called("s", lambda given: leaves(**given), {}), Failed)


def test_an_interrupt_is_the_callers() -> None:
    def stops(_: object) -> dict[str, object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        called("s", stops, {})


def test_inputs_generators_and_console_stay_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    states = random.getstate(), np.random.get_state()[1].tolist()

    def spoils(given: dict[str, pd.DataFrame]) -> dict[str, object]:
        print("heard")
        given["frame"].loc[0, "a"] = np.random.normal() + random.random()
        return {"out": given["frame"]["a"][0]}

    one, other = (called("s", spoils, {"frame": frame}) for _ in range(2))
    assert not isinstance(one, Failed) and not isinstance(other, Failed)
    assert one["out"] == other["out"]
    assert called("s", spoils, {"frame": frame}, seed=1) != one
    assert frame["a"].tolist() == [1, 2]
    assert capsys.readouterr().out == ""
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


def test_parts_become_artifacts_where_they_are_tables_or_fitted() -> None:
    frame, scaler = pd.DataFrame({"a": [1]}), StandardScaler()
    assert list(spread("f", {"train": frame, "scaler": scaler})) == ["f.train", "f.scaler"]
    assert list(spread("f", (frame, {"x": frame}))) == ["f.0", "f.1.x"]
    assert list(spread("f", {"a": [1, 2]})) == ["f"]
    assert list(spread("f", [1, 2])) == ["f"]
    assert list(spread("f", frame)) == ["f"]
    assert is_fitted(scaler) and not is_fitted(frame) and not is_fitted(StandardScaler)


def test_inputs_of_one_length_without_a_key_of_their_own_are_the_same_rows() -> None:
    X, y, w = np.ones((4, 2)), np.ones(4), pd.DataFrame({"k": range(4)})
    circuit, _ = of_function(lambda X, y, w: X, "f", "", {"X": X, "y": y, "w": w}, {"w": Contract(key=("k",))})
    assert circuit.leaders == {"y": "X"}
    assert circuit.sources_above("f") == ("X", "y", "w")


def test_a_call_that_does_not_come_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.checks.circuit._PATIENCE", 0.2)
    monkeypatch.setattr("penstock.checks.circuit._SLOWER", 0.0)

    def counts(n: np.ndarray) -> np.ndarray:
        while n[0] > 100:  # odd numbers may have no end
            try:
                sum(range(1000))
            except Exception:
                pass
        return n * 2

    circuit, made = of_function(counts, "counts", "", {"n": np.arange(3)}, {})
    assert not isinstance(made, Failed)
    late = called("counts", circuit.calls["counts"], {"n": np.full(3, 1000)})
    assert isinstance(late, Failed) and "had not come back" in late.error and "test_circuit.py" in late.where
    assert not isinstance(called("counts", circuit.calls["counts"], {"n": np.arange(3)}), Failed)


def test_an_alarm_that_somebody_has_set_stays() -> None:
    circuit, _ = of_function(lambda n: n * 2, "double", "", {"n": np.arange(3)}, {})
    before = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        assert not isinstance(called("double", circuit.calls["double"], {"n": np.arange(3)}), Failed)
        assert 900 < signal.getitimer(signal.ITIMER_REAL)[0] < 1000
        assert signal.getsignal(signal.SIGALRM) is before[0]
        signal.setitimer(signal.ITIMER_REAL, 5)  # nearer than ours: it is left alone
        assert not isinstance(called("double", circuit.calls["double"], {"n": np.arange(3)}), Failed)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < 5
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before[1])
