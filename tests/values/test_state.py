"""The digest of a state: equal for equal states, whatever their identity, sharing and padding."""

import functools
import math
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.digest import is_digest
from penstock.values.state import StateError, state


class Thing:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Slotted:
    __slots__ = ("left", "right")


def slotted(left: Any, right: Any) -> Slotted:
    made = Slotted()
    made.left, made.right = left, right
    return made


VALUES: list[Any] = [
    None, True, 1, 1.0, 1 + 0j, "1", b"1", bytearray(b"1"), 0.0, -0.0, math.nan, math.inf, ..., NotImplemented,
    [], (), {}, set(), frozenset(), [1], (1,), {1}, [1, 2], [2, 1], [[1], 2], [[1, 2]], {1: 2}, {2: 1}, OrderedDict({1: 2}),
    2**70, "\ud800", [1, "\ud800"], [2**70, 1], Thing(), Thing(a=1), Thing(a=1.0), Thing(b=1), slotted(1, 2), slotted(2, 1),
    np.arange(3), np.arange(3.0), np.arange(3).reshape(1, 3), np.array(["a"]), np.array(["a", 1], dtype=object), np.array([]),
    np.float64(1), np.float32(1), np.dtype("f8"), np.random.default_rng(1), np.random.default_rng(2), np.random.RandomState(1),
    np.sum, math.sqrt, len, int, Thing, os, functools.partial(int, base=2), functools.partial(int, base=3),
    "text".upper, Thing(inner=Thing()), range(3), slice(1), OSError("a"), OSError("b"),
]  # fmt: skip


def test_different_states_have_different_digests() -> None:
    found = [state(value) for value in VALUES]
    assert all(map(is_digest, found))
    assert len(set(found)) == len(found)


def digests() -> str:
    """What the other process prints."""
    return " ".join(state(value) for value in VALUES)


def test_the_same_in_another_process() -> None:
    script = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location({__name__!r}, {__file__!r})\n"
        "module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(module.digests())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == digests().split()


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=4)
nested = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


def rebuilt(value: Any) -> Any:
    """The same value with nothing shared and nothing interned."""
    if isinstance(value, dict):
        return {("\0" + key)[1:]: rebuilt(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rebuilt(one) for one in value]
    return ("\0" + value)[1:] if isinstance(value, str) else value


@given(nested)
def test_identity_and_sharing_do_not_count(value: Any) -> None:
    assert state(rebuilt(value)) == state(value)
    assert state([value, value]) == state([value, rebuilt(value)])
    assert state(Thing(a=value, b=value)) == state(Thing(b=rebuilt(value), a=value))


@given(st.sets(st.text(max_size=4), min_size=2))
def test_sets_have_no_order(items: set[str]) -> None:
    assert state(items) == state({*sorted(items, reverse=True)})


def test_the_address_that_a_vectoriser_keeps_does_not_count() -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    one, other, third = (
        text.TfidfVectorizer(stop_words="english").fit(words) for words in (["a bc de"], ["a bc de"], ["fg"])
    )
    assert hasattr(one, "_stop_words_id")
    other._stop_words_id += 16  # as in another process
    assert state(one) == state(other)
    assert state(one) != state(third)
    assert state(one) != state(text.TfidfVectorizer(stop_words="english", binary=True).fit(["a bc de"]))


def test_circles_are_followed_once() -> None:
    def ring(text: str) -> Any:
        inner: list[Any] = [text]
        outer = {"inner": inner}
        inner.append(outer)
        return outer

    assert state(ring("a")) == state(ring("a")) != state(ring("b"))
    shared = ring("a")
    assert state([shared, shared]) == state([ring("a"), ring("a")])


def test_a_wide_web_of_sharing_takes_no_time() -> None:
    held: list[Any] = [1]
    for _ in range(200):
        held = [held, held]
    assert is_digest(state(held))


def test_padding_between_fields_does_not_count() -> None:
    kind = np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"], "offsets": [0, 8], "itemsize": 16})
    memory = bytearray(b"\x01" * 48)
    clean, dirty = np.zeros(3, kind), np.frombuffer(memory, kind)
    dirty["a"], dirty["b"] = 0, 0
    assert memory.count(1) == 3 * 7
    assert state(clean) == state(dirty)


def test_arrays_count_by_content_and_not_by_layout() -> None:
    whole = np.arange(12.0).reshape(3, 4)
    assert state(np.asfortranarray(whole)) == state(whole) == state(np.repeat(whole, 2, axis=1)[:, ::2])
    assert state(whole) != state(whole.reshape(4, 3))
    assert state(whole) != state(whole.astype("f4"))


def test_functions_count_by_what_they_do() -> None:
    def make(number: int) -> Any:
        return lambda x: x + number

    assert state(make(1)) == state(make(1)) != state(make(2))
    assert state(Thing(call=make(1))) != state(Thing(call=make(2)))


def test_what_a_closure_holds_may_change() -> None:
    held = [1]

    def predict() -> Any:
        return held

    before = state(predict)
    held.append(2)
    assert state(predict) != before


def test_what_can_not_be_known_is_said() -> None:
    with pytest.raises(StateError, match="lock"):
        state(Thing(lock=threading.Lock()))

    class Broken:
        def __reduce__(self) -> Any:
            raise RuntimeError("no")

    with pytest.raises(StateError, match=r"Broken.*RuntimeError: no"):
        state([Broken()])
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(StateError, match="deep"):
        state(deep)


def test_how_long_a_search_took_is_not_what_it_found():
    pytest.importorskip("sklearn")
    import numpy as np
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV

    rows = np.arange(40.0).reshape(20, 2) % 7
    labels = rows[:, 0] * 2

    def search(alphas):
        return GridSearchCV(Ridge(), {"alpha": alphas}, cv=2).fit(rows, labels)

    one, two = search([0.1, 1.0]), search([0.1, 1.0])
    one.refit_time_ += 1
    one.cv_results_["mean_fit_time"] = one.cv_results_["mean_fit_time"] + 1
    assert state(one) == state(two)
    assert state(one) != state(search([0.1, 2.0]))
    two.cv_results_["mean_test_score"] = two.cv_results_["mean_test_score"] + 1
    assert state(one) != state(two)
