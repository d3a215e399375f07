"""A script run with its functions' calls on tables noted: as they were before the call, and without changing what it does."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from penstock.work.calls import Recorder, has_rows, len_of, plain_function

HEAD = "import numpy as np\nimport pandas as pd\nt = pd.DataFrame({'a': range(5)})\n"


def ran(tmp_path: Path, text: str, head: str = HEAD) -> Recorder:
    recorder = Recorder(tmp_path, str(tmp_path / "a.py"))
    assert recorder.run(str(tmp_path / "a.py"), head + text) is None
    return recorder


def test_arguments_are_as_they_were(tmp_path: Path) -> None:
    recorder = ran(
        tmp_path, "def f(t, by=2):\n    t['b'] = t.a * by\nf(t)\nf(t, by=3)\nassert list(t.b) == [0, 3, 6, 9, 12]\n"
    )
    first, second = recorder.calls
    assert list(first.arguments["t"].columns) == ["a"]
    assert list(second.arguments["t"]["b"]) == [0, 2, 4, 6, 8]
    assert second.arguments["by"] == 3
    assert first.output is None
    assert recorder.defined["f"] == f"{tmp_path / 'a.py'}:4"


def test_what_is_called_within_lies_within(tmp_path: Path) -> None:
    recorder = ran(
        tmp_path,
        "def inner(t):\n    return t + 1\ndef outer(t):\n    return inner(inner(t))\ndef main():\n    return outer(t)\nmain()\n",
    )
    [outer] = recorder.calls  # `main` takes no table
    assert outer.name == "outer"
    assert [one.name for one in outer.inside] == ["inner", "inner"]
    assert recorder.untabled["main"] == "nothing"


def test_only_a_few_calls_are_kept(tmp_path: Path) -> None:
    recorder = ran(tmp_path, "def f(t):\n    return t\nfor _ in range(50):\n    f(t)\n")
    assert len(recorder.calls) == 3
    assert recorder.counts["f"] == 50


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nimport functools\n"
        "@functools.lru_cache\ndef cached(x): return x\n"
        "def numbers(t):\n    yield from range(3)\n"
        "async def later(t): ...\n"
        "class Made:\n    def f(self, t): return t\n"
        "assert list(numbers(1)) == [0, 1, 2] and cached(2) == 2\n"
        "assert Made().f(t=3) == 3 and __name__ == '__main__' and __file__.endswith('a.py')\n"
    )
    recorder = ran(tmp_path, text, head="")
    assert not recorder.calls


def test_functions_keep_their_names_and_signatures(tmp_path: Path) -> None:
    recorder = ran(tmp_path, "def f(t, *, by: int = 2):\n    'Words.'\n    return t\nassert f.__name__ == 'f'\n")
    made = recorder.namespace["f"]
    assert str(inspect.signature(made)) == "(t, *, by: int = 2)"
    assert plain_function(made) is not made


def test_functions_of_the_folder_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_for_calls.py").write_text("def g(t):\n    return t * 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    recorder = ran(tmp_path, "from made_for_calls import g\nfrom numpy import sort\ng(t)\nsort([2, 1])\n")
    assert [one.name for one in recorder.calls] == ["g"]


def test_failures(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    name = str(tmp_path / "n.ipynb cell 2")
    failure = recorder.run(name, "def f(t):\n    return t / 0\n\nf(1)\n")
    assert failure is not None
    assert (failure.kind, failure.where) == ("ZeroDivisionError", f"{name}:2")
    failure = recorder.run(name, "x = (")
    assert failure is not None
    assert failure.kind == "SyntaxError"
    failure = recorder.run(name, "import sys; sys.exit(2)")
    assert failure is not None
    assert failure.kind == "SystemExit"
    assert recorder.run(name, "import sys; sys.exit()") is None
    assert recorder.run(name, "display(1); get_ipython().run_line_magic('matplotlib', 'inline')") is None


def test_a_function_that_raises_is_noted(tmp_path: Path) -> None:
    recorder = ran(tmp_path, "def f(t):\n    raise ValueError('no')\ntry:\n    f(t)\nexcept ValueError:\n    pass\n")
    assert recorder.calls[0].error == "ValueError: no"


def test_splits_are_noted_and_draw_the_same(tmp_path: Path) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    text = (
        "from sklearn.model_selection import train_test_split\ny = np.arange(5) % 2\n"
        "def f(t):\n    return train_test_split(t, random_state=3)\n"
        "one, two, y1, y2 = train_test_split(t, y, random_state=3, test_size=2)\nf(t)\n"
    )
    original = selection.train_test_split
    recorder = Recorder(tmp_path)
    recorder.hook_splits()
    recorder.hook_splits()
    try:
        assert recorder.run(str(tmp_path / "a.py"), HEAD + text) is None
    finally:
        selection.train_test_split = original
    own: Any = original(np.arange(5), random_state=3, test_size=2)
    first, second = recorder.splits
    assert list(first.test) == list(own[1])
    assert list(recorder.namespace["two"].index) == list(own[1])
    assert recorder.calls[0].splits == [second]


def test_what_comes_after_a_prediction_is_known(tmp_path: Path) -> None:
    text = "class M:\n    def predict(self, t): return t\ndef f(t): return M().predict(t)\ndef g(t): return t\ng(t)\nf(t)\ng(t)\n"
    recorder = ran(tmp_path, text)
    assert [(one.name, one.after) for one in recorder.calls] == [("g", False), ("f", False), ("g", True)]


def test_what_has_rows() -> None:
    assert has_rows(pd.DataFrame({"a": [1, 2]}))
    assert has_rows(np.zeros((3, 2)))
    assert not has_rows(np.zeros(1))
    assert not has_rows({"a": [1, 2]})
    assert not has_rows([1, 2, 3])
    assert len_of("text") == 0
