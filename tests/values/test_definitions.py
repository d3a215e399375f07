"""What counts of a class or function that a value carries with it."""

import json
import subprocess
import sys
import types
from typing import Any

import numpy as np

from penstock.values.definitions import is_users, pieces, qualified_name, resolve
from penstock.values.state import definition_digest


def made(source: str, name: str = "thing", module: str = "made_here") -> Any:
    """A definition of a module that was written at run time."""
    world = types.ModuleType(module)
    sys.modules[module] = world
    exec(compile(source, f"/elsewhere/{module}.py", "exec"), world.__dict__)
    return world.__dict__[name]


BASE = """
LIMIT = 3
def helper(x):
    return x + LIMIT
class thing:
    '''What it is for.'''
    factor = 2
    def run(self, x):
        return helper(x) * self.factor
"""


def digest(source: str) -> bytes:
    return definition_digest(made(source))


def test_the_users_code_is_told_from_libraries() -> None:
    assert is_users(made(BASE))
    assert not is_users(np.ndarray)
    assert not is_users(json.loads)
    assert not is_users(subprocess.Popen)
    assert is_users(digest)


def test_names_lead_back() -> None:
    assert qualified_name(json.JSONDecoder) == "json.decoder:JSONDecoder"
    assert resolve("json.decoder", "JSONDecoder.decode") is json.JSONDecoder.decode
    assert resolve("json.decoder", "nothing.here") is None


def test_pieces_are_the_members_that_were_written() -> None:
    names = [one for one in pieces(made(BASE)) if isinstance(one, str)]
    assert names == ["factor", "run"]


def test_comments_docstrings_and_places_do_not_count() -> None:
    spread = BASE.replace("def helper(x):\n", "\n# a comment\ndef helper(x):\n    # another\n")
    assert digest(spread) == digest(BASE)
    assert digest(BASE.replace("What it is for.", "Another text.")) == digest(BASE)


def test_what_a_method_does_counts() -> None:
    same = digest(BASE)
    for old, new in (
        ("* self.factor", "+ self.factor"),
        ("factor = 2", "factor = 2.0"),
        ("x + LIMIT", "x - LIMIT"),  # a function that the method calls
        ("LIMIT = 3", "LIMIT = 4"),  # a constant that it reads
        ("def run(self, x):", "def run(self, x=1):"),
    ):
        assert digest(BASE.replace(old, new)) != same, new


def test_functions_reached_through_modules_count() -> None:
    user = "import helpers_here\ndef thing(x):\n    return helpers_here.clean(x)\n"
    inside = "def thing(x):\n    from helpers_here import clean\n    return clean(x)\n"
    helpers = "def clean(x):\n    return x + 1\ndef unused(x):\n    return x\n"
    for source in (user, inside):
        found = []
        for text in (helpers, helpers.replace("x + 1", "x + 2"), helpers.replace("return x\n", "return -x\n")):
            made(text, "clean", "helpers_here")
            sys.modules["helpers_here"].__file__ = "/elsewhere/helpers_here.py"
            found.append(digest(source))
        assert found[0] != found[1]
        assert found[0] == found[2]


CIRCLE = """
class other:
    def make(self):
        return thing()
class thing:
    def make(self):
        return other()
"""


def test_definitions_that_refer_to_each_other_have_one_digest() -> None:
    one = made(CIRCLE, "thing")
    first = definition_digest(one)
    world = sys.modules["made_here"]
    del one, world
    made(CIRCLE, "other")
    definition_digest(sys.modules["made_here"].__dict__["other"])  # met from the other side first
    assert definition_digest(sys.modules["made_here"].__dict__["thing"]) == first
    assert digest(CIRCLE.replace("return thing()", "return thing")) != first
