"""Modules around the code: live, as text, or somebody else's."""

import importlib
import sys

import pytest

from penstock.declare.closure import Closures, graph_of
from penstock.declare.project import session_of

FILES = {
    "pipeline.py": "import json, helpers\nimport numpy as np\nfrom names import *\n\ndef target():\n    import late\n",
    "helpers.py": "from pkg.inner import x\n",
    "names.py": "A = 1\n",
    "late.py": "import latest\n",
    "latest.py": "",
    "pkg/__init__.py": "",
    "pkg/inner.py": "x = 1\n",
}


@pytest.fixture
def graph(small):
    one = small(FILES)
    return graph_of(session_of(vars(one.load())))


def test_views(graph):
    assert graph.view("helpers").namespace["x"] == 1
    assert graph.view("late").namespace is None
    assert graph.view("json") is None and graph.view("numpy") is None and graph.view("absent") is None
    assert {one.name for one in graph.live_views()} == {"pipeline", "helpers", "names", "pkg", "pkg.inner"}
    assert [one.name for one in graph.all_views()] == [
        "helpers",
        "late",
        "latest",
        "names",
        "pipeline",
        "pkg",
        "pkg.inner",
    ]


def test_owners_and_targets(graph):
    pytest.importorskip("numpy")
    view = graph.view("pipeline")
    owners = {name: graph.top_owner(name) for name in ("json", "numpy", "helpers", "late", "penstock", "absent")}
    assert owners == {
        "json": "stdlib",
        "numpy": "installed",
        "helpers": "project",
        "late": "project",
        "penstock": "penstock",
        "absent": "",
    }
    assert graph.absolute(view, "@0:pkg:inner") == "pkg.inner"
    assert graph.absolute(view, "@0:pkg:nothing") == "pkg"
    assert graph.absolute(graph.view("pkg.inner"), "@1::inner") == "pkg.inner"
    assert graph.is_project("@0:late:x") and graph.is_project("@1::x") and not graph.is_project("@0:json:x")
    assert [one.name for one in graph.stars(view)] == ["names"]
    assert [one.name for one in graph.views_along("pkg.inner")] == ["pkg", "pkg.inner"]


def test_packages_are_leaves(graph):
    numpy = pytest.importorskip("numpy")
    [node] = graph.package("numpy.linalg")
    assert (node.piece.kind, node.piece.name, node.piece.digest) == ("package", "numpy", numpy.__version__)
    assert graph.package("numpy") == [node]
    assert graph.owned(type("T", (), {"__module__": "helpers"})) and not graph.owned(numpy.ndarray)


def test_the_whole_project_as_one_digest(small):
    one = small(FILES)
    graph = graph_of(session_of(vars(one.load())))
    before = graph.project_digest()
    one.write({"never.py": "# only a remark\n"})
    assert graph.project_digest() != before
    with_remark = graph.project_digest()
    one.write({"never.py": "# only another remark\n"})
    assert graph.project_digest() == with_remark
    one.write({"never.py": "X = 1\n"})
    assert graph.project_digest() != with_remark


def test_modules_of_a_notebook_are_what_is_in_memory(tmp_path, monkeypatch):
    """Edited on disk, a module is what it was until somebody reloads it; then it is what it became."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "beside_a_notebook.py"
    file.write_text("def f():\n    return 1\n")
    module = importlib.import_module("beside_a_notebook")

    def digest():
        return Closures(None).code_of(module.f).digest

    one = digest()
    file.write_text("def f():\n    return 222\n")
    stale = digest()
    importlib.reload(module)
    two = digest()
    assert module.f() == 222
    assert two not in (one, stale)
    file.write_text("# more\ndef f():\n    return 222\n")
    importlib.reload(module)
    assert digest() == two
    file.write_text("def f():\n    return 1\n")
    importlib.reload(module)
    assert digest() == one
