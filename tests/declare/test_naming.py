"""Names become what they really are."""

import pytest


@pytest.mark.parametrize(
    ("files", "body", "expected", "unexpected"),
    [
        ({"h.py": "def a(): return b()\ndef b(): return 1\ndef c(): return 2\n"}, "import h\ndef target(): return h.a()", {"function h.a", "function h.b"}, {"function h.c"}),
        ({"h.py": "K = 1\nJ = 2\n"}, "from h import *\ndef target(): return K", {"constant h.K"}, {"constant h.J"}),
        ({"h.py": "K = len('a')\n"}, "import h as g\ndef target(): return g.K", {"value h.K"}, set()),
        ({"h.py": "def a(): return 1\n"}, "import h\ndef target(): return run(h)\ndef run(m): return m.a()", {"module h", "function h.a"}, set()),
        ({"h.py": "def a(): return 1\n"}, "import h\ndef target(n): return getattr(h, n)()", {"module h"}, set()),
        ({"h.py": "def a(): return 1\ndef b(): return 1\n"}, "def target():\n    from h import a\n    return a()", {"function h.a"}, {"function h.b"}),
        ({"h.py": "x = 1\n"}, "import importlib\ndef target(n): return importlib.import_module(n)", {"project project"}, set()),
        ({"p/__init__.py": "", "p/a.py": "x = 1\n"}, "import importlib\ndef target(n): return importlib.import_module(f'p.{n}')", {"module p.a"}, {"project project"}),
        ({}, "def a(): return 1\ndef target(n): return globals()[n]()", {"module pipeline", "function pipeline.a"}, set()),
        ({}, "import json, os\ndef target(n): return json.dumps(os.getcwd())", {"python python"}, {"package json"}),
        ({}, "import numpy as np\nimport polars\ndef target(n): return np.mean(n)", {"package numpy"}, {"package polars"}),
    ],
)  # fmt: skip
def test_what_is_reached(small, files, body, expected, unexpected):
    found = small({**files, "pipeline.py": body + "\n"}).names()
    assert expected <= found
    assert not unexpected & found


def test_circles_of_imports_in_text_end(small):
    one = small(
        {
            "pipeline.py": "def target():\n    from a import thing\n    return thing\n",
            "a.py": "from b import *\n",
            "b.py": "from a import *\nfrom c import *\n",
            "c.py": "def thing(): return 1\n",
        }
    )
    before = one.code().digest
    assert "function c.thing" in one.names()
    one.write({"c.py": "def thing(): return 2\n"})
    assert one.code().digest != before


def test_decorators_that_may_look_at_hints_make_hints_count(small):
    text = "import functools\n{deco}\ndef helper(x: {hint}): return x\ndef target(): return helper(1)\n"

    def digests(deco):
        return {small({"pipeline.py": text.format(deco=deco, hint=hint)}).code().digest for hint in ("int", "str")}

    assert len(digests("@functools.lru_cache")) == 1
    assert len(digests("@functools.singledispatch")) == 1
    assert len(digests("@functools.partial")) == 2


def test_compiled_modules_count_by_their_bytes(small):
    one = small({"pipeline.py": "def target():\n    import fast\n    return fast.go()\n"})
    (one.root / "fast.so").write_bytes(b"1")
    import importlib.machinery

    if ".so" not in importlib.machinery.EXTENSION_SUFFIXES:
        pytest.skip("extension modules have another name here")
    before = one.code()
    assert "file fast.so" in {f"{piece.kind} {piece.name}" for piece in before.pieces}
