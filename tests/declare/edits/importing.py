"""Imports: absolute, relative, aliased, star, re-exported, inside functions, in circles."""

from . import project

__all__ = ["CASES"]

_PACKAGE = {
    "pkg/__init__.py": "from .api import go as run\nfrom . import deep\n\nVERSION = 1\n",
    "pkg/api.py": "from .inner.work import do\nfrom ..pkg.limits import *\n\ndef go(x):\n    return do(x) + LIMIT\n\ndef unused(x):\n    return x\n",
    "pkg/limits.py": "__all__ = ['LIMIT']\nLIMIT = 3\nHIDDEN = 4\n",
    "pkg/inner/__init__.py": "",
    "pkg/inner/work.py": "from .. import deep\nfrom ..deep import shift as move\n\ndef do(x):\n    return move(x) * deep.FACTOR\n",
    "pkg/deep.py": "FACTOR = 2\nOTHER = 5\n\ndef shift(x):\n    return x + 1\n",
}

CASES = [
    *project(
        "package with relative imports",
        {
            **_PACKAGE,
            "pkg/api.py": _PACKAGE["pkg/api.py"].replace("from ..pkg.limits", "from .limits"),
            "pipeline.py": """
            import pkg

            @ps.step
            def target():
                return pkg.run(4)
            """,
        },
        rerun=[
            ("pkg/deep.py", "x + 1", "x + 2"),
            ("pkg/deep.py", "FACTOR = 2", "FACTOR = 3"),
            ("pkg/limits.py", "LIMIT = 3", "LIMIT = 9"),
            ("pkg/inner/work.py", "move(x) *", "move(x) +"),
            ("pkg/api.py", "+ LIMIT", "- LIMIT"),
            ("pkg/__init__.py", "go as run", "unused as run"),
        ],
        reuse=[
            ("pkg/deep.py", "OTHER = 5", "OTHER = 6"),
            ("pkg/limits.py", "HIDDEN = 4", "HIDDEN = 5"),
            ("pkg/__init__.py", "VERSION = 1", "VERSION = 2"),
            ("pkg/api.py", "def unused(x):\n    return x", "def unused(x):\n    return x + x"),
            ("pkg/limits.py", "['LIMIT']", "['LIMIT', 'HIDDEN']"),
        ],
    ),
    *project(
        "forms of import",
        {
            "tools.py": "def a(x):\n    return x + 1\n\ndef b(x):\n    return x + 2\n\ndef c(x):\n    return x + 3\n\ndef unused(x):\n    return x\n",
            "pipeline.py": """
            import tools
            import tools as t
            from tools import b as renamed
            from tools import c

            @ps.step
            def target():
                return tools.a(1), renamed(1), c(1), t.a(2)
            """,
        },
        rerun=[
            ("tools.py", "x + 1", "x + 9"),
            ("tools.py", "x + 2", "x + 9"),
            ("tools.py", "x + 3", "x + 9"),
            ("b as renamed", "a as renamed"),
        ],
        reuse=[("tools.py", "return x\n", "return -x\n"), ("import tools as t\n", "import tools as t, os\n")],
    ),
    *project(
        "star import",
        {
            "names.py": "from more import *\n\nRATE = 3\n_PRIVATE = 4\n\ndef helper(x):\n    return x * RATE\n\ndef other(x):\n    return x\n",
            "more.py": "DEPTH = 2\nWIDTH = 6\n",
            "pipeline.py": """
            from names import *

            @ps.step
            def target():
                return helper(2) + DEPTH
            """,
        },
        rerun=[
            ("names.py", "RATE = 3", "RATE = 4"),
            ("more.py", "DEPTH = 2", "DEPTH = 3"),
            ("names.py", "x * RATE", "x + RATE"),
            ("names.py", "_PRIVATE = 4", "DEPTH = 4"),
        ],
        reuse=[
            ("more.py", "WIDTH = 6", "WIDTH = 7"),
            ("names.py", "return x\n", "return -x\n"),
            ("names.py", "_PRIVATE = 4", "_PRIVATE = 5"),
        ],
    ),
    *project(
        "star import limited by __all__",
        {
            "first.py": "def go(x):\n    return x + 1\n",
            "second.py": "__all__ = ['stay']\n\ndef go(x):\n    return x + 2\n\ndef stay(x):\n    return x\n",
            "pipeline.py": """
            from first import *
            from second import *

            @ps.step
            def target():
                return go(1)
            """,
        },
        rerun=[("first.py", "x + 1", "x + 5"), ("second.py", "['stay']", "['stay', 'go']")],
        reuse=[("second.py", "x + 2", "x + 6")],
    ),
    *project(
        "import inside a function",
        {
            "tools.py": "from deeper import K\n\ndef go(x):\n    return x + K\n\ndef unused(x):\n    return x\n",
            "deeper.py": "K = 3\nJ = 4\n",
            "pkg/__init__.py": "",
            "pkg/late.py": "def late(x):\n    return x * 2\n",
            "pipeline.py": """
            @ps.step
            def target():
                import pkg.late as late
                from tools import go as run
                return run(1) + late.late(2)
            """,
        },
        rerun=[("deeper.py", "K = 3", "K = 5"), ("tools.py", "x + K", "x - K"), ("pkg/late.py", "x * 2", "x * 3")],
        reuse=[("deeper.py", "J = 4", "J = 5"), ("tools.py", "return x\n", "return -x\n")],
    ),
    *project(
        "import inside a helper",
        {
            "tools.py": "RATE = 2\n\ndef go(x):\n    return x * RATE\n",
            "pipeline.py": """
            def helper(x):
                import tools
                return tools.go(x)

            @ps.step
            def target():
                return helper(3)
            """,
        },
        rerun=[("tools.py", "RATE = 2", "RATE = 3"), ("tools.py", "x * RATE", "x + RATE")],
    ),
    *project(
        "values computed in a module imported inside a function",
        {
            "config.py": "import math\n\ndef compute():\n    return math.floor(3.5) + BASE\n\nBASE = 1\nLIMIT = compute()\n",
            "pipeline.py": """
            @ps.step
            def target():
                from config import LIMIT
                return LIMIT
            """,
        },
        rerun=[
            ("config.py", "BASE = 1", "BASE = 2"),
            ("config.py", "3.5", "4.5"),
            ("config.py", "LIMIT = compute()", "LIMIT = compute() * 2"),
        ],
    ),
    *project(
        "star import of a module that is changed inside a function",
        {
            "late.py": "from later import *\n\ndef go(x):\n    return x + K\n",
            "later.py": "K = 3\n",
            "pipeline.py": """
            @ps.step
            def target():
                from late import go
                return go(1)
            """,
        },
        rerun=[("later.py", "K = 3", "K = 4")],
    ),
    *project(
        "re-export through several packages",
        {
            "a/__init__.py": "from a.b import *\n",
            "a/b/__init__.py": "from a.b.c import helper as public, RATE\n",
            "a/b/c.py": "RATE = 2\n\ndef helper(x):\n    return x * RATE + _hidden(x)\n\ndef _hidden(x):\n    return 1\n\ndef unused():\n    return 0\n",
            "pipeline.py": """
            from a import public, RATE

            @ps.step
            def target():
                return public(RATE)
            """,
        },
        rerun=[("a/b/c.py", "RATE = 2", "RATE = 3"), ("a/b/c.py", "return 1", "return 2")],
        reuse=[("a/b/c.py", "return 0", "return 5")],
    ),
    *project(
        "module chain",
        {
            "top/__init__.py": "",
            "top/mid/__init__.py": "",
            "top/mid/low.py": "def go(x):\n    return x + 1\n\ndef no(x):\n    return x\n",
            "top/mid/side.py": "def go(x):\n    return x\n",
            "pipeline.py": """
            import top.mid.low
            import top.mid.side

            @ps.step
            def target():
                return top.mid.low.go(1)
            """,
        },
        rerun=[("top/mid/low.py", "x + 1", "x + 2")],
        reuse=[("top/mid/low.py", "return x\n", "return -x\n"), ("top/mid/side.py", "return x\n", "return -x\n")],
    ),
    *project(
        "circular imports",
        {
            "left.py": "import right\n\nL = 1\n\ndef go(n):\n    return 0 if n == 0 else right.go(n - 1) + L\n",
            "right.py": "import left\n\nR = 2\n\ndef go(n):\n    return 0 if n == 0 else left.go(n - 1) + R\n",
            "pipeline.py": """
            from left import go

            @ps.step
            def target():
                return go(4)
            """,
        },
        rerun=[
            ("left.py", "L = 1", "L = 3"),
            ("right.py", "R = 2", "R = 3"),
            ("left.py", "0 if n == 0", "7 if n == 0"),
        ],
    ),
    *project(
        "alias at module level",
        {
            "tools.py": "def go(x):\n    return x + 1\n\ndef other(x):\n    return x\n",
            "pipeline.py": """
            import tools

            helpers = tools
            run = tools.go

            @ps.step
            def target():
                return run(1) + helpers.go(2)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 2")],
        reuse=[("tools.py", "return x\n", "return -x\n")],
    ),
    *project(
        "a new module shadows another",
        {
            "pkg/__init__.py": "from .impl import go\n",
            "pkg/impl.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            from pkg import go

            @ps.step
            def target():
                return go(1)
            """,
        },
        rerun=[
            {"pkg/impl/__init__.py": "def go(x):\n    return x + 2\n"},
            {"pkg/__init__.py": None, "pkg/impl.py": None, "pkg.py": "def go(x):\n    return x + 3\n"},
        ],
    ),
    *project(
        "type checking only",
        {
            "types_only.py": "class Frame:\n    size = 1\n",
            "pipeline.py": """
            from __future__ import annotations
            from typing import TYPE_CHECKING

            if TYPE_CHECKING:
                from types_only import Frame

            def helper(x: Frame) -> Frame:
                return x

            @ps.step
            def target():
                return helper(1)
            """,
        },
        reuse=[
            ("types_only.py", "size = 1", "size = 2"),
            ("from types_only import Frame", "from types_only import Frame as Frame"),
        ],
    ),
    *project(
        "an unrelated module of the project",
        {
            "used.py": "def go(x):\n    return x + 1\n",
            "unused.py": "def go(x):\n    return x + 1\n\nLIMIT = 4\n",
            "pipeline.py": """
            import unused
            from used import go

            @ps.step
            def target():
                return go(1)

            @ps.step
            def second():
                return unused.go(1)
            """,
        },
        rerun=[("used.py", "x + 1", "x + 2")],
        reuse=[
            ("unused.py", "x + 1", "x + 2"),
            ("unused.py", "LIMIT = 4", "LIMIT = 5"),
            ("unused.go(1)", "unused.go(2)"),
        ],
    ),
    *project(
        "step imported from another file",
        {
            "steps.py": """
            import penstock as ps

            K = 1

            @ps.step
            def target():
                return K + 1
            """,
            "pipeline.py": "import penstock as ps\nfrom steps import target\n",
        },
        rerun=[("steps.py", "K = 1", "K = 2"), ("steps.py", "K + 1", "K + 2")],
        reuse=[("pipeline.py", "from steps", "import os\nfrom steps")],
    ),
    *project(
        "several names of Penstock",
        {
            "pipeline.py": """
            from penstock import step as node, source

            @source(key="id")
            def rows():
                return 1

            @node(tags=["a"])
            def target():
                return 2
            """,
        },
        rerun=[("return 2", "return 3")],
        reuse=[("return 1", "return 3"), ('tags=["a"]', 'tags=["b"]'), ('key="id"', 'key="no"')],
    ),
]
