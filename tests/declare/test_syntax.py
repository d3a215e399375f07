"""Small questions about syntax trees."""

import ast

import pytest

from penstock.declare.syntax import (
    aliases_of_penstock,
    call_inside,
    chain_of,
    import_of,
    is_inert,
    is_literal,
    known_test,
    prefix_of,
)


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def test_chains():
    assert chain_of(expression("a.b.c")) == "a.b.c"
    assert chain_of(expression("a().b")) is None
    assert chain_of(None) is None
    assert call_inside(expression("f.g(1).a[0].b")) == "f.g"
    assert call_inside(expression("a.b")) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a.b", ("a", "@0:a:", "@0:a.b:")),
        ("import a.b as c", ("c", "@0:a.b:", "@0:a.b:")),
        ("from a import b as c", ("c", "@0:a:b", "@0:a:b")),
        ("from .. import b", ("b", "@2::b", "@2::b")),
        ("from .a import *", ("*", "@1:a:*", "@1:a:*")),
    ],
)
def test_imports(text, expected):
    [node] = ast.parse(text).body
    assert import_of(node, node.names[0]) == expected


def test_penstock_is_known_by_any_name():
    text = "import penstock as ps\nfrom penstock import step as s, source\nimport penstockx\nfrom .penstock import no\n"
    assert aliases_of_penstock(ast.parse(text), text.encode()) == {"ps", "s", "source"}
    inside = text + "def f():\n    import penstock.errors as late\n"
    assert aliases_of_penstock(ast.parse(inside), inside.encode()) == {"ps", "s", "source", "late"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TYPE_CHECKING", False),
        ("not typing.TYPE_CHECKING", True),
        ("__name__ == '__main__'", False),
        ("'__main__' == __name__", False),
        ("__name__ == 'x'", None),
        ("FAST", None),
    ],
)
def test_conditions_that_are_known(text, expected):
    assert known_test(expression(text)) is expected


def test_literals_and_statements_that_do_nothing():
    assert all(is_literal(expression(one)) for one in ["1", "-1", "'a'", "(1, [2])", "{'a': {1}}", "None", "..."])
    assert not any(is_literal(expression(one)) for one in ["a", "[a]", "{'a': f()}", "1 + 1", "{**a}"])
    assert all(is_inert(one) for one in ast.parse("pass\n'text'\n...").body)
    assert not is_inert(ast.parse("f()").body[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f'a.b.{c}'", "!under:a.b"),
        ("'a.' + c", "!under:a"),
        ("f'{c}.a'", "!project"),
        ("'a' + c", "!project"),
        ("c", "!project"),
    ],
)
def test_prefixes_of_computed_modules(text, expected):
    assert prefix_of(expression(text)) == expected
