"""Views of modules: text of units, code objects found again, names of relative imports."""

import linecache
from pathlib import Path

import pytest

from penstock.declare.facts import Shelf
from penstock.declare.views import View, absolute_module, cell_source

SOURCE = b"""
import functools
def plain(): return 1
@functools.cache
def decorated(): return 2
A, B = (lambda x: x + 1), (lambda x: (x) + 2)
PAIRS = [(lambda: 1, lambda: 2), (lambda: {'k': lambda: 3})]
class C:
    def m(self): return [one for one in (lambda: 5,)]
"""


@pytest.fixture
def view() -> View:
    return View("x", "/p/x.py", Shelf(None).facts(SOURCE, "/p/x.py"), SOURCE, None, "/p")


def codes(code):
    yield code
    for one in code.co_consts:
        if hasattr(one, "co_code"):
            yield from codes(one)


def test_every_code_object_finds_its_own_unit(view):
    seen = []
    for code in codes(compile(SOURCE, "/p/x.py", "exec")):
        if code.co_name in ("<module>", "C") or code.co_name.endswith("comp>"):
            continue
        found = view.index_of(code)
        assert len(found) == 1, code.co_name
        seen += found
    wanted = [at for at, unit in enumerate(view.facts.units) if unit.kind in ("def", "lambda")]
    assert sorted(seen) == wanted


def test_text_and_places(view):
    [at] = view.facts.names["decorated"]
    assert view.text(view.facts.units[at]) == "@functools.cache\ndef decorated(): return 2\n"
    assert view.relative == "x.py"
    [inner] = view.scopes["C"]
    method = next(at for at, unit in enumerate(view.facts.units) if unit.name == "C.m")
    assert view.top(method) == inner


def test_names_of_relative_imports():
    assert absolute_module(0, "a", "x.y") == "a"
    assert absolute_module(1, "", "x.y") == "x.y"
    assert absolute_module(1, "a", "x.y") == "x.y.a"
    assert absolute_module(2, "a", "x.y") == "x.a"


def test_source_of_cells_and_files(tmp_path: Path):
    linecache.cache["<cell 1>"] = (1, None, ["x = 1\n"], "<cell 1>")
    assert cell_source("<cell 1>") == b"x = 1\n"
    assert cell_source(str(tmp_path / "none.py")) is None
