"""From live objects to nodes: wrappers, methods, partials, classes, functions without source."""

import linecache
import sys
import threading
from types import ModuleType

import pytest

from penstock.declare.closure import Closures


class Notebook:
    """Cells that share a namespace, as a notebook has them."""

    def __init__(self, name: str) -> None:
        self.module = ModuleType(name)
        sys.modules[name] = self.module
        self.count = 0

    def run(self, source: str) -> None:
        self.count += 1
        name = f"<{self.module.__name__} {self.count}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), vars(self.module))

    def digest(self, name: str = "f") -> str:
        return Closures(None).code_of(getattr(self.module, name)).digest


@pytest.fixture
def notebook(request):
    made = Notebook(f"notebook_{request.node.name}")
    yield made
    del sys.modules[made.module.__name__]


CELLS = (
    "K = 3\ndef helper(x):\n    return x + K\n",
    "class M:\n    def run(self):\n        return helper(1)\n",
    "import threading\ncfg = {'a': 1}\nlock = threading.Lock()\ntimes = lambda x: x * 2\n",
    "def f(x):\n    return M().run() + helper(x) + cfg['a'] + times(x)\n",
)


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("pass", True),
        ("K = 4", False),
        ("def helper(x):\n    return x + K + 1\n", False),
        ("def helper(x):\n    '''Doc.'''\n    return (x + K)\n", True),
        ("class M:\n    def run(self):\n        return helper(2)\n", False),
        ("cfg['a'] = 5", False),
        ("cfg = {'a': 1}", True),
        ("times = lambda x: x * 3", False),
        ("def other():\n    return 1\n", True),
        ("def f(x):\n    return M().run() + helper(x) + cfg['a'] - times(x)\n", False),
    ],
)
def test_cells_of_a_notebook(notebook, cell, same):
    for one in CELLS:
        notebook.run(one)
    before = notebook.digest()
    notebook.run(cell)
    assert (notebook.digest() == before) is same


def test_a_value_of_a_notebook_that_cannot_be_told_is_never_taken_for_another(notebook):
    notebook.run("import threading\nlock = threading.Lock()\ndef f():\n    return lock\n")
    before = notebook.digest()
    assert notebook.digest() == before
    notebook.run("lock = threading.Lock()")
    assert notebook.digest() != before


def test_functions_without_source_count_by_their_code(notebook):
    def made(source):
        exec(source, vars(notebook.module))
        return notebook.digest()

    assert made("def f(x):\n    return x + 1\n") == made("\n\ndef f(x): return x+1\n")
    assert made("def f(x):\n    return x + 1\n") != made("def f(x):\n    return x + 2\n")
    vars(notebook.module)["Z"] = 1
    before = made("def f(x):\n    return x + Z\n")
    vars(notebook.module)["Z"] = 2
    assert notebook.digest() != before


def test_source_that_is_newer_than_what_is_in_memory_is_not_believed(tmp_path):
    file = tmp_path / "newer.py"
    file.write_text("def f():\n    return 1\n")
    sys.path.insert(0, str(tmp_path))
    try:
        import newer

        before = Closures(None).code_of(newer.f)
        file.write_text("def f():\n    return 2\n")
        linecache.checkcache()
        after = Closures(None).code_of(newer.f)
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("newer", None)
    assert not any("return 2" in piece.text for piece in after.pieces)
    assert before.pieces


def test_any_callable_has_a_code():
    lock = threading.Lock()

    class Callable:
        def __init__(self, k):
            self.k = k

        def __call__(self):
            return self.k

    from functools import partial

    def digest(value):
        return Closures(None).code_of(value).digest

    assert digest(Callable(1)) == digest(Callable(1)) != digest(Callable(2))
    assert digest(partial(int, "1")) != digest(partial(int, "2"))
    assert digest(Callable(1).__call__) != digest(Callable(2).__call__)
    assert digest(len) and digest(lock.acquire)


def test_many_steps_of_one_function_share_a_node(small):
    one = small(
        {
            "pipeline.py": "from types import FunctionType as F\ndef f(x): return x\nsteps = [F(f.__code__, f.__globals__) for _ in range(50)]\n"
        }
    )
    module = one.load()
    closures = Closures(one.project)
    assert len({closures.code_of(step).digest for step in module.steps}) == 1
