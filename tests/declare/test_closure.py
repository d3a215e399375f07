"""The closure as a whole: what it holds, and that it is the same wherever and however often it is asked."""

import os
from pathlib import Path

import pytest

from penstock.declare.closure import Closures
from penstock.model.code import Piece

FILES = {
    "pipeline.py": """
    import os
    import numpy as np
    from pathlib import Path
    from features import clean_name, Row

    LIMIT = 3
    RATES = dict(a=1)

    def target(x):
        '''The step.'''
        return [clean_name(one) for one in x][:LIMIT], Row(), RATES, np.mean(x), os.environ.get("SMALL_MODE"), open("data.txt").read()

    def other(x):
        return x
    """,
    "features.py": "def clean_name(x):\n    return x.strip()\n\nclass Row:\n    size = 1\n",
    "data.txt": "1",
}


def test_pieces_say_what_and_where(small):
    pytest.importorskip("numpy")
    one = small(FILES)
    found = {(piece.kind, piece.name): piece for piece in one.code().pieces}
    assert set(found) == {
        ("class", "features.Row"),
        ("constant", "pipeline.LIMIT"),
        ("file", "data.txt"),
        ("function", "features.clean_name"),
        ("function", "pipeline.target"),
        ("package", "numpy"),
        ("python", "python"),
        ("value", "pipeline.RATES"),
        ("variable", "SMALL_MODE"),
    }
    helper = found["function", "features.clean_name"]
    assert (helper.file, helper.line, helper.text) == ("features.py", 1, "def clean_name(x):\n    return x.strip()\n")
    assert [one.name for one in one.code().pieces] == sorted(one.name for one in one.code().pieces)
    assert found["constant", "pipeline.LIMIT"].text == "LIMIT = 3\n"


def test_declared_pieces_count(small):
    one = small(FILES)
    function = one.load().target
    closures = Closures(one.project)
    plain = closures.code_of(function)
    first = closures.code_of(function, declared=[Piece("declaration", "declaration", "1")])
    second = closures.code_of(function, declared=[Piece("declaration", "declaration", "2")])
    assert len({plain.digest, first.digest, second.digest}) == 3
    assert set(plain.pieces) < set(first.pieces)


def test_where_the_project_lies_does_not_count(small):
    text = {**FILES, "pipeline.py": FILES["pipeline.py"] + "\n    HERE = Path(__file__).parent\n"}
    text["pipeline.py"] = text["pipeline.py"].replace('open("data.txt")', '(HERE / "data.txt").open()')
    assert small(text).code().digest == small(text).code().digest


def test_files_and_variables_are_looked_at_by_each_plan(small, monkeypatch):
    monkeypatch.delenv("SMALL_MODE", raising=False)
    one = small(FILES)
    module, found = one.load(), []
    for change in (lambda: None, lambda: one.write({"data.txt": "2"}), lambda: os.environ.update(SMALL_MODE="x")):
        change()
        assert one.load() is module
        found.append(one.code().digest)
    assert len(set(found)) == 3
    monkeypatch.setenv("SMALL_MODE", "y")
    assert one.code().digest not in found


def test_path_parameters_of_a_step_are_settings_and_of_helpers_are_code(small):
    one = small(
        {
            "a.txt": "1",
            "pipeline.py": """
            from pathlib import Path

            def target(path: Path = Path("a.txt")):
                return path.read_text()

            def helper(path="a.txt"):
                return open(path).read()

            def other():
                return helper()

            def text(path="a.txt"):
                return open(path).read()
            """,
        }
    )
    assert "file a.txt" not in one.names()
    assert "file a.txt" in one.names("other")
    assert "file a.txt" in one.names("text")


def test_steps_that_change_values_do_not_change_identities(small):
    one = small(
        {
            "pipeline.py": """
            CACHE = {}
            class Seen:
                all = []
            def remember(f):
                kept = {}
                def inner(x):
                    return kept.setdefault(x, f(x))
                return inner
            @remember
            def helper(x, memo=[]):
                memo.append(x)
                return x
            def target(x):
                CACHE[x] = helper(x)
                Seen.all.append(x)
                return CACHE

            def second():
                return CACHE, Seen, helper
            """
        }
    )
    fresh = small({"pipeline.py": (one.root / "pipeline.py").read_text()}).code("second").digest
    module = one.load()
    before = one.code().digest
    module.target(1)
    assert one.code().digest == before
    assert one.code("second").digest == fresh  # first asked for after the values had changed


def test_a_chain_of_ten_thousand_helpers(small):
    count = 10_000
    text = (
        "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(count))
        + f"def f{count}(x):\n    return K\nK = 1\n"
    )
    one = small({"pipeline.py": text + "target = f0\n"})
    before = one.code("f0")
    assert len(before.pieces) == count + 3
    one.write({"pipeline.py": text.replace("K = 1", "K = 2") + "target = f0\n"})
    assert one.code("f0").digest != before.digest


def test_equal_functions_in_other_places_are_not_confused(small):
    files = {"a.py": "def f(x):\n    return x + 1\n", "b.py": "def f(x):\n    return x * 2\n"}
    body = "import a, b\ndef target(x):\n    return a.f(b.f(x))\n"
    one = small({**files, "pipeline.py": body})
    two = small({"a.py": files["b.py"], "b.py": files["a.py"], "pipeline.py": body})
    assert one.code().digest != two.code().digest


def test_moving_a_helper_to_another_module_changes_nothing(small):
    one = small({"pipeline.py": "def helper(x):\n    return x + 1\n\ndef target(x):\n    return helper(x)\n"})
    two = small(
        {
            "pipeline.py": "from moved import helper\n\ndef target(x):\n    return helper(x)\n",
            "moved.py": "def helper(x):\n    return x + 1\n",
        }
    )
    assert one.code().digest == two.code().digest


def test_without_a_project_a_test_s_own_function_has_a_code():
    limit = 3

    def inner(x):
        return x + limit + len(FILES)

    code = Closures(None).code_of(inner)
    kinds = {piece.kind for piece in code.pieces}
    assert {"function", "python"} <= kinds
    assert code == Closures(None).code_of(inner)
    assert Path(__file__).name in {Path(piece.file).name for piece in code.pieces}
