"""From an exception to words: the user's frames, the place, and never the exception itself."""

import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import CodecError, MissingExtra
from penstock.work.failures import failure_of, is_user_file, place_of, relative

STEPS = """
import concurrent.futures
import contextlib
import json


def fails(depth=0):
    if depth:
        return fails(depth - 1)
    raise ValueError("no rows")


def in_a_library():
    return json.loads("{")


def through_a_library():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return pool.submit(fails).result()


def explicit():
    try:
        fails()
    except ValueError as error:
        raise RuntimeError("wrapped") from error


def implicit():
    try:
        fails()
    except ValueError:
        {}["key"]


def hidden():
    try:
        fails()
    except ValueError:
        raise RuntimeError("alone") from None


def group():
    errors = []
    for depth in (0, 1):
        try:
            fails(depth)
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("two of them", errors)


def noted():
    try:
        fails()
    except ValueError as error:
        error.add_note("row 17")
        raise


def endless():
    return endless()


def circular():
    try:
        fails()
    except ValueError as error:
        other = KeyError("x")
        error.__context__ = other
        other.__context__ = error
        raise


def misspelt():
    value = 1
    return valeu


def compiles():
    exec(compile("x = (", "flow.py", "exec"))


class Bad(Exception):
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


def unprintable():
    raise Bad()


def large():
    raise ValueError("x" * 5_000_000)


def odd():
    raise ValueError("half \\udc80 a letter")


def leaves(code=None):
    raise SystemExit(code)


def interrupts():
    raise KeyboardInterrupt


def missing():
    import nowhere.at_all


def memory():
    raise MemoryError


def long_chain():
    error = None
    for number in range(3000):
        try:
            raise ValueError(number) from error
        except ValueError as caught:
            error = caught
    raise error
"""


@pytest.fixture
def steps(tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "flow.py"
    file.write_text(STEPS)
    namespace: dict[str, Any] = {"__name__": "flow"}
    exec(compile(STEPS, str(file), "exec"), namespace)
    return namespace


def caught(function: Any, *arguments: Any) -> BaseException:
    try:
        function(*arguments)
    except BaseException as error:
        # As in a step: the frames above the user's function are not the user's.
        error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
        return error
    raise AssertionError("nothing was raised")


def line_of(text: str) -> int:
    return STEPS.splitlines().index(text) + 1


RAISED = "flow.py:" + str(line_of('    raise ValueError("no rows")'))
PARSED = "flow.py:" + str(line_of('    return json.loads("{")'))


def test_kind_words_place_and_parameters(steps: dict[str, Any], tmp_path: Path) -> None:
    failure = failure_of(caught(steps["fails"], 2), str(tmp_path), {"depth": "2"})
    assert (failure.kind, failure.message) == ("ValueError", "no rows")
    assert failure.where == RAISED
    assert failure.parameters == {"depth": "2"}
    assert failure.traceback.startswith("Traceback (most recent call last):\n")
    assert failure.traceback.endswith("ValueError: no rows\n")
    assert failure.traceback.count('File "flow.py", line') == 3
    assert '    raise ValueError("no rows")\n' in failure.traceback


def test_frames_of_libraries_are_counted(steps: dict[str, Any], tmp_path: Path) -> None:
    failure = failure_of(caught(steps["in_a_library"]), str(tmp_path))
    assert failure.where == PARSED
    assert "  … 3 frames in json\n" in failure.traceback
    assert "decoder.py" not in failure.traceback
    failure = failure_of(caught(steps["through_a_library"]), str(tmp_path))
    assert failure.traceback.count("in concurrent") >= 1
    assert failure.where == RAISED


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("explicit", ["ValueError: no rows", "direct cause of the following", "RuntimeError: wrapped"]),
        ("implicit", ["ValueError: no rows", "During handling of the above", "KeyError: 'key'"]),
        ("group", ["ExceptionGroup: two of them (2 sub-exceptions)", "1 ------", "ValueError: no rows", "2 ------"]),
        ("noted", ["ValueError: no rows", "row 17"]),
        ("misspelt", ["NameError: name 'valeu' is not defined"]),
        ("endless", ["Previous line repeated", "RecursionError"]),
        ("circular", ["ValueError: no rows"]),
        ("memory", ["MemoryError"]),
    ],
)
def test_what_python_tells_is_told(steps: dict[str, Any], tmp_path: Path, name: str, parts: list[str]) -> None:
    failure = failure_of(caught(steps[name]), str(tmp_path))
    rest = failure.traceback
    for part in parts:
        assert part in rest, failure.traceback
        rest = rest[rest.index(part) + len(part) :]
    assert "site-packages" not in failure.traceback
    assert "penstock" not in failure.traceback


def test_what_the_user_hid_stays_hidden(steps: dict[str, Any], tmp_path: Path) -> None:
    assert "no rows" not in failure_of(caught(steps["hidden"]), str(tmp_path)).traceback


def test_the_place_of_a_syntax_error_is_its_own(steps: dict[str, Any]) -> None:
    failure = failure_of(caught(steps["compiles"]), "")
    assert failure.kind == "SyntaxError"
    assert failure.where == "flow.py:1"
    assert "x = (" in failure.traceback


def test_exceptions_that_break_when_they_are_shown(steps: dict[str, Any], tmp_path: Path) -> None:
    failure = failure_of(caught(steps["unprintable"]), str(tmp_path))
    assert failure.kind == "Bad"
    assert "can't be shown" in failure.message
    assert failure.where.startswith("flow.py:")


def test_long_words_are_cut_and_odd_ones_can_travel(steps: dict[str, Any], tmp_path: Path) -> None:
    failure = failure_of(caught(steps["large"]), str(tmp_path))
    assert len(failure.message) < 20_000
    assert len(failure.traceback) < 300_000
    assert "characters left out" in failure.message
    failure = failure_of(caught(steps["odd"]), str(tmp_path))
    assert failure.message == "half \\udc80 a letter"
    failure.traceback.encode()


@pytest.mark.parametrize(
    ("code", "words"), [(None, "sys.exit()"), (3, "sys.exit(3)"), ("bye", "sys.exit('bye')"), (0, "sys.exit(0)")]
)
def test_exits(steps: dict[str, Any], code: Any, words: str) -> None:
    failure = failure_of(caught(steps["leaves"], code), "")
    assert (failure.kind, failure.message) == ("SystemExit", f"the step called {words}")
    assert failure.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [("missing", "Install `nowhere`"), ("memory", "Work in parts"), ("endless", "recursion"), ("fails", "")],
)
def test_hints(steps: dict[str, Any], name: str, hint: str) -> None:
    assert hint in failure_of(caught(steps[name]), "").hint


def test_interrupts(steps: dict[str, Any]) -> None:
    assert failure_of(caught(steps["interrupts"]), "").kind == "KeyboardInterrupt"


def test_our_own_errors_keep_their_place_and_hint() -> None:
    failure = failure_of(CodecError("can't store it", where="flow.py:7", hint="Return a number."), "")
    assert (failure.kind, failure.message, failure.where, failure.hint) == (
        "CodecError",
        "can't store it",
        "flow.py:7",
        "Return a number.",
    )


def test_our_own_errors_that_passed_no_line_of_the_user_say_it_once() -> None:
    found = failure_of(MissingExtra("storing a table needs pyarrow", hint="Install it."), "/nowhere")
    assert (found.message, found.hint, found.traceback) == ("storing a table needs pyarrow", "Install it.", "")


def test_a_chain_of_thousands(steps: dict[str, Any], tmp_path: Path) -> None:
    failure = failure_of(caught(steps["long_chain"]), str(tmp_path))
    assert failure.message == "2999"
    assert failure.kind == "ValueError"


@given(st.text())
def test_any_message_can_travel(message: str) -> None:
    failure = failure_of(ValueError(message))
    failure.message.encode()
    failure.traceback.encode()
    if message.isprintable() and len(message) < 1000:
        assert failure.message == message


def test_whose_files_are_whose(tmp_path: Path) -> None:
    assert is_user_file(str(tmp_path / "flow.py"))
    assert is_user_file("<ipython-input-3-abc>")
    assert not is_user_file(traceback.__file__)
    assert not is_user_file(sys.modules["penstock.errors"].__file__ or "")
    assert not is_user_file("<frozen importlib._bootstrap>")
    assert not is_user_file("/home/me/.venv/lib/python3.12/site-packages/polars/frame.py")


def test_paths_are_relative_to_the_project_only_inside_it() -> None:
    assert relative("/project/a/b.py", "/project") == "a/b.py"
    assert relative("/project/a/b.py", "/project/") == "a/b.py"
    assert relative("/projects/a.py", "/project") == "/projects/a.py"
    assert relative("a.py", "") == "a.py"


def test_the_last_line_inside_the_project_counts(steps: dict[str, Any], tmp_path: Path) -> None:
    elsewhere: dict[str, Any] = {}
    exec(compile("def outer(f):\n    return f()\n\ndef inner():\n    1 / 0\n", "/else/where.py", "exec"), elsewhere)
    steps["inner"] = elsewhere["inner"]
    exec(compile("def calls():\n    return inner()\n", str(tmp_path / "flow.py"), "exec"), steps)
    assert place_of(caught(steps["calls"]), str(tmp_path)) == "flow.py:2"
    assert place_of(caught(elsewhere["inner"]), str(tmp_path)) == "/else/where.py:5"
    assert place_of(ValueError(), str(tmp_path)) == ""
