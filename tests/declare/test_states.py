"""What live functions and classes carry besides their text."""

import functools
import threading

from penstock.declare.states import State, bytecode_token, names_of, rebound_in, state_of_class, state_of_function
from penstock.declare.values_of import snapshot

VALUE = 3


def of(function, rebound=()) -> State:
    return state_of_function(function, snapshot, rebound)


def make(k, other=None):
    def inner(x, scale=2, *, extra=None):
        return x * k * scale, other

    return inner


def test_cells_and_defaults_count():
    assert of(make(1)).token == of(make(1)).token
    assert of(make(1)).token != of(make(2)).token
    assert of(make(1)).shown == ("k = 1", "other = None")
    changed = make(1)
    changed.__defaults__ = (3,)
    assert of(changed).token != of(make(1)).token
    assert of(changed).root_token == of(make(1)).root_token
    assert of(test_cells_and_defaults_count) == State()


def test_functions_modules_and_classes_in_cells_are_references():
    found = of(make(threading, test_cells_and_defaults_count))
    assert found.modules == {"k": threading}
    assert found.refs == {"other": test_cells_and_defaults_count}
    assert of(make([int, {"f": make}])).refs == {"k.0": int, "k.1": make}


def test_what_cannot_be_told_and_what_changes():
    assert of(make(threading.Lock())).opaque

    def counter():
        n = 0

        def count():
            nonlocal n
            n += 1
            return n

        return count

    count = counter()
    assert rebound_in(count.__code__) == ("n", "n") or set(rebound_in(count.__code__)) == {"n"}
    before = of(count, ("n",))
    count()
    assert of(count, ("n",)) == before
    assert before.changing


def test_attributes_of_functions():
    def plain(): ...

    def marked(): ...

    marked.rate = 3
    assert of(marked).attributed
    assert of(marked).token != of(plain).token
    wrapped = functools.wraps(plain)(make(1))
    assert of(wrapped).refs[".__wrapped__"] is plain


def test_attributes_of_classes():
    class Thing:
        rate = 1
        kind = int

        def own(self): ...

        @property
        def area(self): ...

    before = state_of_class(Thing, snapshot)
    assert before.refs == {"kind": int}
    Thing.rate = 2
    assert state_of_class(Thing, snapshot).token != before.token
    Thing.patched = make
    assert state_of_class(Thing, snapshot).refs["patched"] is make
    assert set(state_of_class(Thing, snapshot, bodied=False).refs) == {"kind", "own", "area", "patched"}


def test_code_without_source():
    def code(source):
        return compile(source, "<made>", "exec").co_consts[0]

    assert bytecode_token(code("def f(x): return x + 1")) == bytecode_token(code("\n\ndef f(x):\n  return (x + 1)"))
    assert bytecode_token(code("def f(x): return x + 1")) != bytecode_token(code("def f(x): return x + 2"))
    assert bytecode_token(code("def f(x): return g(x)")) != bytecode_token(code("def f(x): return h(x)"))
    assert bytecode_token(code("def f(x): return lambda: 1")) != bytecode_token(code("def f(x): return lambda: 2"))
    assert names_of(code("def f(x): return [g(y) for y in h.z]")) == ["g", "h", "z"]
