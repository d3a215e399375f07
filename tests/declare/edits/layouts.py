"""Where code lies: src folders, packages, namespace packages, scripts beside the pipeline; many edits at once."""

from . import project

__all__ = ["CASES"]

CASES = [
    *project(
        "src layout",
        {
            "src/flights/__init__.py": "from flights.rules import RULES\n",
            "src/flights/rules.py": "RULES = {'a': 1}\nOTHER = 2\n",
            "pipeline.py": """
            from flights import RULES

            @ps.step
            def target():
                return RULES["a"]
            """,
        },
        rerun=[("src/flights/rules.py", "'a': 1", "'a': 2")],
        reuse=[("src/flights/rules.py", "OTHER = 2", "OTHER = 3")],
    ),
    *project(
        "namespace package",
        {
            "space/one.py": "def go(x):\n    return x + 1\n",
            "space/two.py": "def go(x):\n    return x + 2\n",
            "pipeline.py": """
            import space.one
            from space import two

            @ps.step
            def target():
                return space.one.go(1)
            """,
        },
        rerun=[("space/one.py", "x + 1", "x + 4")],
        reuse=[("space/two.py", "x + 2", "x + 4")],
    ),
    *project(
        "pipeline inside a package",
        {
            "pkg/__init__.py": "",
            "pkg/helpers.py": "def go(x):\n    return x + 1\n\ndef no(x):\n    return x\n",
            "pkg/flow.py": """
            import penstock as ps
            from .helpers import go

            @ps.step
            def target():
                return go(1)
            """,
        },
        main="pkg/flow.py",
        rerun=[("pkg/helpers.py", "x + 1", "x + 2")],
        reuse=[("pkg/helpers.py", "return x\n", "return -x\n")],
    ),
    *project(
        "pipeline in a folder, helpers in the root",
        {
            "common.py": "def go(x):\n    return x + 1\n",
            "flows/beside.py": "K = 2\n",
            "flows/flow.py": """
            import sys
            from pathlib import Path

            sys.path.insert(0, str(Path(__file__).parent.parent))

            import penstock as ps
            from beside import K
            from common import go

            @ps.step
            def target():
                return go(K)
            """,
        },
        main="flows/flow.py",
        rerun=[("common.py", "x + 1", "x + 2"), ("flows/beside.py", "K = 2", "K = 3")],
    ),
    *project(
        "file name that is no identifier",
        {
            "my-flow.py": """
            import penstock as ps

            def helper():
                return 1

            @ps.step
            def target():
                return helper()
            """,
        },
        main="my-flow.py",
        rerun=[("my-flow.py", "return 1", "return 2")],
    ),
    *project(
        "names like those of the standard library",
        {
            "types_.py": "X = 1\n",
            "statistics.py": "def mean(x):\n    return 0\n",
            "calendar_.py": "def day():\n    return 3\n",
            "pipeline.py": """
            import calendar_
            import types_

            @ps.step
            def target():
                return types_.X + calendar_.day()
            """,
        },
        rerun=[("types_.py", "X = 1", "X = 2"), ("calendar_.py", "return 3", "return 4")],
    ),
    *project(
        "same size, same time",
        {
            "helpers.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            from helpers import go

            LIMIT = 111

            @ps.step
            def target():
                return go(LIMIT)
            """,
        },
        rerun=[("helpers.py", "x + 1", "x + 2"), ("helpers.py", "x + 1", "x - 1"), ("LIMIT = 111", "LIMIT = 112")],
        reuse=[("helpers.py", "def go(x):\n    return x + 1\n", "def go(x):\n    return x+ 1\n")],
    ),
    *project(
        "several edits that cancel out",
        {
            "helpers.py": "A = 1\nB = 2\n\ndef go(x):\n    return x + A\n",
            "pipeline.py": """
            from helpers import go

            @ps.step
            def target():
                return go(1)
            """,
        },
        reuse=[{"helpers.py": "# moved\nB = 5\n\n\ndef go(x):\n    '''Doc.'''\n    return x + A\n\n\nA = 1\n"}],
        either=[{"helpers.py": "def go(x):\n    return x + 1\n"}],
        rerun=[{"helpers.py": "A = 2\nB = 1\n\ndef go(x):\n    return x + A\n"}],
    ),
    *project(
        "a deep chain",
        "".join(f"def f{i}(x):\n    return f{i + 1}(x)\n\n" for i in range(300))
        + "def f300(x):\n    return x + 1\n\n@ps.step\ndef target():\n    return f0(1)\n",
        rerun=[("x + 1", "x + 2")],
    ),
    *project(
        "installed packages",
        """
        import json
        import numpy as np

        @ps.step
        def target():
            return float(np.mean([1.0, 2.0]))
        """,
        rerun=[("np.mean", "np.sum")],
        reuse=[
            ("import json\n", "import json\nimport polars as pl\n"),
            ("import numpy as np", "import numpy as np\nimport msgspec"),
        ],
    ),
]
