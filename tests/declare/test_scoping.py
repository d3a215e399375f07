"""Scopes: what a function refers to, held against what Python's own compiler says."""

import ast
import symtable
import sysconfig
from pathlib import Path
from textwrap import dedent

import pytest

from penstock.declare.reading import read_facts

STDLIB = Path(sysconfig.get_paths()["stdlib"])
REAL = [
    path
    for folder in ("", "json", "email", "asyncio", "unittest")
    for path in sorted((STDLIB / folder).glob("*.py"))[::3]
]


class Unhinted(ast.NodeTransformer):
    """Takes the hints of functions away: they are read when a function is made, not when it runs."""

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef


def globals_of(table: symtable.SymbolTable) -> set[str]:
    """The names that a function, and all inside it, takes from its module, as the compiler sees it."""
    found = {
        one.get_name() for one in table.get_symbols() if one.is_global() and (one.is_referenced() or one.is_assigned())
    }
    for child in table.get_children():
        if child.get_type() not in ("annotation", "type parameters", "type variable"):
            found |= globals_of(child)
    return found


@pytest.mark.parametrize("path", REAL, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_free_names_of_real_functions_are_those_of_the_compiler(path):
    data = path.read_bytes()
    found = read_facts(data, str(path))
    # Each top-level function alone, without decorators, defaults and hints, which belong to the scope around it.
    source = ast.unparse(Unhinted().visit(ast.parse(data)))
    tables = {
        one.get_name(): one
        for one in symtable.symtable(source, str(path), "exec").get_children()
        if one.get_type() == "function"
    }
    checked = 0
    for name, indexes in found.names.items():
        if len(indexes) != 1 or found.units[indexes[0]].kind != "def" or name not in tables:
            continue
        unit = found.units[indexes[0]]
        roots = {one.partition(".")[0] for one in unit.reads if one[0] not in "@+!"} | {
            one.lstrip("=").partition(".")[0].removesuffix("()") for one in unit.acts if "@" not in one
        }
        missing = globals_of(tables[name]) - roots
        assert not missing, f"{path.name}: {name} reads {missing}, line {unit.line}"
        checked += 1
    assert checked or not [one for one in tables.values() if one.get_name() in found.names]


def reads(source: str, name: str = "f") -> set[str]:
    found = read_facts(dedent(source).encode(), "x.py")
    return set(found.units[found.names[name][0]].reads)


def test_local_names_hide_global_ones():
    assert (
        reads("def f(a, *b, c=1, **d):\n    e = a\n    for g in b: pass\n    with c as h: pass\n    return e, g, h, d")
        == set()
    )
    assert reads("def f():\n    return [x for x in y if z]") == {"y", "z"}
    assert reads("def f():\n    x = 1\n    def g():\n        return x + w\n    return g") == {"w"}
    assert reads("def f():\n    try: pass\n    except E as x: return x") == {"E"}
    assert reads(
        "def f(v):\n    match v:\n        case C(a=q): return q\n        case {'k': 1, **rest}: return rest\n        case [*more]: return more"
    ) == {"C"}
    assert reads("def f():\n    if (n := 1): return n") == set()
    assert reads("def f():\n    return [n for m in q if (n := m)], n") == {"q"}


def test_global_names_stay_global():
    assert reads("def f():\n    global x\n    x = y\n    return x") == {"x", "y"}
    assert "x" in reads("def f():\n    def g():\n        global x\n        return x\n    x = 1\n    return g")


def test_class_bodies_are_read_in_order():
    assert reads("class f:\n    x = x\n    y = x\n    def m(self): return x, y\n") == {"x", "y"}
    assert reads("class f:\n    a = 1\n    b = a\n") == set()


def test_imports_inside_functions_are_resolved():
    found = reads(
        """
        def f():
            import pkg.mod as m
            from .near import thing
            import top.sub
            return m.go(1), thing.deep.er, top.sub.x
        """
    )
    assert {"@0:pkg.mod:go", "@1:near:thing.deep.er", "@0:top:sub.x"} <= found
    assert {"+@0:pkg.mod:", "+@1:near:thing", "+@0:top.sub:"} <= found


def test_all_ways_of_an_import_count():
    found = reads(
        "def f():\n    try:\n        import fast as m\n    except ImportError:\n        import slow as m\n    return m.go()"
    )
    assert {"@0:fast:go", "@0:slow:go"} <= found


def test_each_function_inside_is_a_unit_of_its_own():
    found = read_facts(
        b"def f():\n    def g():\n        return lambda: h\n    return g\nk = [lambda: 1, lambda: 2]\n", "x.py"
    )
    named = {(one.name, one.kind) for one in found.units}
    assert named >= {
        ("f", "def"),
        ("f.<locals>.g", "def"),
        ("f.<locals>.g.<locals>.<lambda>", "lambda"),
        ("<lambda>", "lambda"),
    }
    lambdas = [one for one in found.units if one.name == "<lambda>"]
    assert len({one.digest for one in lambdas}) == 2
    assert all(found.units[one.parent].binds == ("k",) for one in lambdas)


def test_rebound_variables_of_closures_are_state():
    found = read_facts(
        b"def f():\n    n = k = 0\n    def g():\n        nonlocal n\n        n += k\n    def h():\n        return n\n",
        "x.py",
    )
    state = {one.name: one.state for one in found.units}
    assert state["f.<locals>.g"] == state["f.<locals>.h"] == ("n",)
    assert state["f"] == ()


def test_literal_defaults_can_be_set_aside():
    def bare(source):
        return read_facts(source, "x.py").units[0].bare

    assert bare(b"def f(a, b=1, *, c='x'): pass") == bare(b"def f(a, b=2, *, c='y'): pass")
    assert bare(b"def f(a, b=K): pass") == ""
    assert bare(b"def f(a, b=1, c=K): pass") != bare(b"def f(a, b=1, c=L): pass")
