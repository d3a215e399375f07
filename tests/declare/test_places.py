"""Whose a file is."""

import json
import sys

import pytest

import penstock.errors
from penstock.declare.places import inside, owner_of, place_of


def test_places():
    numpy = pytest.importorskip("numpy")
    assert place_of(json.__file__) == "stdlib"
    assert place_of(numpy.__file__) == "installed"
    assert place_of(penstock.errors.__file__) == "penstock"
    assert place_of("/srv/p/x.py") == "project"
    assert place_of("/srv/p/.venv/lib/python3.11/site-packages/x.py") == "installed"
    assert place_of("<frozen importlib._bootstrap>") == "stdlib"
    assert place_of("<ipython-input-1>") == "project"


def test_owners(monkeypatch):
    pytest.importorskip("numpy")
    assert owner_of("numpy") == "installed"
    assert owner_of("json") == owner_of("sys") == owner_of("itertools") == "stdlib"
    assert owner_of("penstock") == "penstock"
    assert owner_of("surely_not_imported") == ""
    monkeypatch.setitem(sys.modules, "json", type(sys)("json"))
    sys.modules["json"].__file__ = "/srv/p/json.py"
    assert owner_of("json") == "project"


def test_inside_is_not_fooled_by_names():
    assert inside("/a/b", "/a/b")
    assert inside("/a/b/c", "/a/b/")
    assert not inside("/a/bc", "/a/b")
