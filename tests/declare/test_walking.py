"""The normalised text of code: what counts, and what does not."""

import pytest

from penstock.declare.reading import read_facts

BODY = "def f(x, y=2):\n    '''Doc.'''\n    z = x + y\n    return [z, 'a', 0.1]\n"


def digest(source: str) -> str:
    return read_facts(source.encode(), "x.py").units[0].digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'''Doc.'''", "'''Other.'''"),
        ("    '''Doc.'''\n", ""),
        ("x + y", "(x+y)  # sum"),
        ("def f(x, y=2):", "def f(x: int, y: int = 2) -> list:"),
        ("    z = x + y", "    z: int = x + y"),
        ("    z = x + y", "    w: int\n    z = x + y"),
        ("    z = x + y", "    pass\n    z = x + y"),
        ("'a'", '"a"'),
        ("'a'", '"" "a"'),
        ("0.1", "1e-1"),
        ("[z, 'a', 0.1]", "[\n        z,\n        'a',\n        0.1,\n    ]"),
        ("    z = x + y", "    if TYPE_CHECKING:\n        import a\n    z = x + y"),
        ("    z = x + y", "    ...\n    z = x + y"),
    ],
)
def test_what_does_not_count(old, new):
    assert old in BODY
    assert digest(BODY.replace(old, new)) == digest(BODY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + y", "y + x"),
        ("x + y", "x - y"),
        ("x + y", "x + -y"),
        ("y=2", "y=3"),
        ("y=2", "y=2.0"),
        ("y=2", "*, y=2"),
        ("x, y=2", "x, /, y=2"),
        ("def f(", "async def f("),
        ("'a'", "b'a'"),
        ("'a'", "f'a'"),
        ("'a'", "f'{z}'"),
        ("0.1", "0.1000001"),
        ("return [", "return (["),
        ("return", "yield"),
        ("    z = x + y", "    z = w = x + y"),
        ("    z = x + y", "    z = x + y; del x"),
        ("    z = x + y", "    global z\n    z = x + y"),
    ],
)
def test_what_counts(old, new):
    text = BODY.replace(old, new).replace("0.1]", "0.1],)") if "([" in new else BODY.replace(old, new)
    assert digest(text) != digest(BODY)


def test_hints_and_docstrings_are_in_the_exact_digest():
    def exact(source):
        unit = read_facts(source.encode(), "x.py").units[0]
        return unit.exact or unit.digest

    assert exact(BODY) != exact(BODY.replace("Doc.", "Other."))
    assert exact(BODY) != exact(BODY.replace("x, y=2", "x: int, y=2"))
    assert exact(BODY) == exact(BODY.replace("x + y", "(x + y)"))


def test_annotations_of_class_bodies_count():
    assert digest("class C:\n    a: int\n") != digest("class C:\n    a: str\n")


def test_decorators_of_penstock_do_not_count_and_others_do():
    def of(source):
        return read_facts(source.encode(), "x.py").units[-1].digest

    plain = of("import penstock as ps\n@ps.step\ndef f(): pass\n")
    assert plain == of("import penstock as ps\n@ps.step(retries=2, tags=['x'])\ndef f(): pass\n")
    assert plain == of("from penstock import step as s\n@s(retries=2)\ndef f(): pass\n")
    assert plain != of("import penstock as ps\n@ps.step\n@timed(3)\ndef f(): pass\n")


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("getattr(mod, 'name')", "mod.name"),
        ("importlib.import_module('pkg.mod')", "@0:pkg.mod:"),
        ("import_module('.mod', package=__package__)", "@1:mod:"),
        ("importlib.import_module(name)", "!project"),
        ("importlib.import_module(f'plugins.{name}')", "!under:plugins"),
        ("__import__('pkg')", "@0:pkg:"),
        ("pydoc.locate('pkg.mod.name')", "@0:pkg:mod.name"),
        ("pkgutil.resolve_name('pkg.mod:name')", "@0:pkg:mod.name"),
        ("pkgutil.resolve_name(text)", "!project"),
        ("eval(text)", "!module"),
        ("globals()[name]", "!module"),
        ("sys.modules['pkg.mod'].x", "@0:pkg.mod:"),
        ("sys.modules[name]", "!project"),
        ("sys.modules[__name__]", "!module"),
        ("f.__doc__", "!exact"),
        ("inspect.signature(f)", "!exact"),
        ("inspect.getsource(f)", "!source"),
        ("C.__subclasses__()", "!subclasses"),
    ],
)
def test_reach_by_names_in_texts(source, read):
    found = read_facts(f"def g(text, name):\n    return {source}\n".encode(), "x.py")
    assert read in found.units[0].reads


@pytest.mark.parametrize(
    ("source", "act"),
    [
        ("TABLE['a'] = 1", "=TABLE"),
        ("TABLE.append(1)", "=TABLE"),
        ("C.rate = 1", "=C.rate"),
        ("setattr(C, 'rate', 1)", "=C.rate"),
        ("setattr(C, name, 1)", "=C"),
        ("del TABLE['a']", "=TABLE"),
        ("np.seterr(all='raise')", "np.seterr"),
        ("register(TABLE)", "=TABLE"),
        ("decimal.getcontext().prec = 3", "=decimal.getcontext()"),
        ("deco('x')(f)", "deco"),
    ],
)
def test_effects_of_statements(source, act):
    assert act in read_facts(f"{source}\n".encode(), "x.py").units[-1].acts


@pytest.mark.parametrize(
    "source", ["os.environ['A']", "os.environ.get('A')", "os.getenv('A', 1)", "environ['A']", "'A' in os.environ"]
)
def test_environment_variables(source):
    assert read_facts(f"def g():\n    return {source}\n".encode(), "x.py").units[0].variables == ("A",)
