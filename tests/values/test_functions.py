"""Functions as bytes keep the names of their files, also the functions inside them."""

import textwrap
import traceback
from collections.abc import Callable
from typing import Any

import cloudpickle
import pytest

from penstock.values.functions import dumps

SOURCE = textwrap.dedent("""
    def outer(value):
        def inner():
            return [1 / one for one in [value]]
        return inner()

    def nothing():
        return 1

    class Held:
        def method(self):
            raise ValueError("in a method")
""")


@pytest.fixture
def written() -> dict[str, Any]:
    """What a notebook's cell defines: in no module that another process could import."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(SOURCE, "/some/where/cell.py", "exec"), namespace)
    return namespace


def places(function: Callable[[], Any], error: type[Exception]) -> list[str]:
    with pytest.raises(error) as caught:
        function()
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(caught.value.__traceback__)][1:]


def test_frames_of_a_loaded_function_name_its_file(written: dict[str, Any]) -> None:
    again = cloudpickle.loads(dumps(written["outer"]))
    assert again(2) == [0.5]
    found = places(lambda: again(0), ZeroDivisionError)[1:]
    assert found
    assert set(found) <= {"/some/where/cell.py:4", "/some/where/cell.py:5"}


def test_methods_of_a_class_that_travels_along(written: dict[str, Any]) -> None:
    held = written["Held"]
    again = cloudpickle.loads(dumps(lambda: held().method()))
    assert places(again, ValueError)[-1] == "/some/where/cell.py:12"


def test_the_same_bytes_twice(written: dict[str, Any]) -> None:
    assert dumps(written["outer"]) == dumps(written["outer"])


def test_what_cannot_be_pickled_raises() -> None:
    import threading

    lock = threading.Lock()
    with pytest.raises(TypeError, match="lock"):
        dumps(lambda: lock)
