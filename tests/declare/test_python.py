"""Decorators: what is an input, what is a parameter, and what stays a function."""

import functools
from pathlib import Path
from typing import Optional

import pytest

import penstock as ps
from penstock.declare.python import Declaration, declaration_of, declared_in
from penstock.errors import SignatureError


def declared(function) -> Declaration:
    found = declaration_of(function)
    assert found is not None
    return found


def test_arguments_without_a_default_are_inputs():
    @ps.train(name="m")
    def model(train, extra, seed: ps.Seed, lr: float = 0.1, *, path: Path = Path("x"), depth: int = ps.required): ...

    one = declared(model)
    assert (one.name, one.kind) == ("m", "train")
    assert one.inputs == {"train": "train", "extra": "extra"}
    assert [(p.name, p.kind, p.required) for p in one.parameters] == [
        ("seed", "seed", False),
        ("lr", "value", False),
        ("path", "path", False),
        ("depth", "value", True),
    ]
    assert one.line > 0 and one.file == __file__


def test_functions_whose_call_is_no_value_are_refused():
    async def later():
        return 1

    async def stream():
        yield 1

    def some():
        yield 1

    for function, said in ((later, "async"), (stream, "async"), (some, "generator")):
        with pytest.raises(SignatureError, match=said) as error:
            ps.step(function)
        assert error.value.where.startswith(__file__)

    @functools.wraps(some)
    def all_of_it():
        return list(some())

    assert ps.step(all_of_it)() == [1]


def test_decorated_functions_stay_the_function():
    @ps.step
    def double(x):
        """Twice."""
        return x * 2

    assert (double(2), double.__name__, double.__doc__) == (4, "double", "Twice.")


def test_paths_are_known_by_annotation_or_default():
    @ps.source
    def one(a: Path | None = None, b: Optional[Path] = None, c=Path("x"), d: str = "x"): ...

    assert [p.kind for p in declared(one).parameters] == ["path", "path", "path", "value"]


def test_annotations_kept_as_text_are_read():
    namespace = {"ps": ps, "__name__": "late"}
    exec("from __future__ import annotations\n@ps.train\ndef m(rows, seed: ps.Seed, lr: float = 1): ...", namespace)
    kinds = [(p.name, p.kind, p.annotation) for p in declared(namespace["m"]).parameters]
    assert kinds == [("seed", "seed", ps.Seed), ("lr", "value", float)]


def test_binding_by_hand():
    @ps.step(inputs={"df": "clean"})
    def f(df, other): ...

    assert declared(f).inputs == {"df": "clean", "other": "other"}
    with pytest.raises(SignatureError, match="no input `dff`") as error:
        ps.step(name="g", inputs={"dff": "clean"})(lambda df: 1)
    assert "`df`" in error.value.hint


def test_one_function_may_become_many_steps():
    def f(x):
        return x

    made = [ps.step(name=f"s{index}", inputs={"x": f"s{index - 1}"})(f) for index in range(3)]
    assert [declared(one).name for one in made] == ["s0", "s1", "s2"]
    assert all(one(1) == 1 for one in made)


def test_partials_wrapped_functions_methods_and_objects():
    def plain(x, k, *, lr=1):
        return x * k

    class Scale:
        def __call__(self, x, by=2):
            return x * by

        def times(self, x):
            return x

    def logged(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    assert declared(ps.step(name="p")(functools.partial(plain, k=2))).inputs == {"x": "x"}
    assert declared(ps.step(logged(plain))).inputs == {"x": "x", "k": "k"}
    assert declared(ps.step(name="c")(Scale())).inputs == {"x": "x"}
    method = ps.step(name="m")(Scale().times)
    assert declared(method).inputs == {"x": "x"}
    assert method(3) == 3


@pytest.mark.parametrize("function", [lambda *a: 1, lambda **k: 1, lambda x, /: 1])
def test_arguments_that_can_t_be_bound(function):
    with pytest.raises(SignatureError):
        ps.step(name="bad")(function)


def test_a_seed_may_have_to_be_given():
    @ps.step
    def draws(seed: ps.Seed = ps.required, other: ps.Seed = 3): ...

    assert [(p.required, p.default) for p in declared(draws).parameters] == [(True, None), (False, 3)]


@pytest.mark.parametrize(
    ("options", "words"), [({"inputs": ["a"]}, "is no mapping"), ({"name": 3}, "name=3 is not text")]
)
def test_options_of_the_wrong_type_are_named_with_the_line(options, words):
    with pytest.raises(SignatureError, match=words) as error:

        @ps.step(**options)
        def takes(a): ...

    assert "test_python.py:" in error.value.where


def test_misuse_of_the_decorator():
    with pytest.raises(SignatureError, match="decorates a function"):
        ps.step("name")
    with pytest.raises(SignatureError, match="can't be named"):
        ps.step(name="a b")(lambda: 1)
    with pytest.raises(SignatureError, match="can't be named"):
        ps.step(lambda: 1)


def test_a_namespace_holds_what_it_declared_and_what_it_imported():
    other = {"ps": ps, "__name__": "other"}
    exec("@ps.step\ndef theirs(): ...", other)
    mine = {"ps": ps, "__name__": "mine", "theirs": other["theirs"]}
    exec("@ps.step\ndef a(): ...\nfor i in range(2): ps.step(name=f's{i}')(a)", mine)
    assert [one.name for one in declared_in(mine)] == ["a", "s0", "s1", "theirs"]
