"""Edits that change nothing that runs: comments, docstrings, formatting, hints, order, unrelated code."""

from . import project

__all__ = ["CASES"]

_PLAIN = '''
"""What this file is for."""
import os
from typing import TYPE_CHECKING

# A comment.
LIMIT = 3
NAMES = ["a", "b"]

def helper(x, y=2):
    """Add."""
    total = x + y  # a remark
    return total

def unrelated(x):
    return x

class Thing:
    """A thing."""

    def run(self, x):
        """Run it."""
        return x + LIMIT

@ps.step
def target():
    """The step."""
    return helper(1) + Thing().run(2) + len(NAMES)
'''

CASES = [
    *project(
        "cosmetics",
        _PLAIN,
        reuse=[
            ("# A comment.", "# Another comment."),
            ('"""Add."""', '"""Add two numbers."""'),
            ('    """Add."""\n', ""),
            ('"""The step."""', '"""Another text."""'),
            ('"""A thing."""', '"""Something."""'),
            ('"""Run it."""', "'''Run it, please.'''"),
            ('"""What this file is for."""', '"""Other."""'),
            ("  # a remark", ""),
            ("total = x + y", "total = (x + y)"),
            ("total = x + y", "total = x+y"),
            ("total = x + y", "total = (\n        x\n        + y\n    )"),
            ("return total", "return (total)"),
            ('["a", "b"]', "['a', 'b']"),
            ('["a", "b"]', '[\n    "a",\n    "b",\n]'),
            ("LIMIT = 3", "LIMIT = 0x3"),
            ("LIMIT = 3", "LIMIT: int = 3"),
            ("LIMIT = 3", "LIMIT = 3\n\n\n\n"),
            ("def helper(x, y=2):", "def helper(x: int, y: int = 2) -> int:"),
            ("def helper(x, y=2):", "def helper(\n    x,\n    y=2,\n):"),
            ("total = x + y", "total: float = x + y"),
            ("def run(self, x):", "def run(self, x: 'int') -> 'int':"),
            ("def target():", "def target() -> int:"),
            ("def unrelated(x):\n    return x\n", ""),
            ("    return x\n", "    return x * 2\n"),
            ("import os\n", "import os\nimport json\n"),
            ("import os\n", ""),
            ("import penstock as ps\n", "from __future__ import annotations\nimport penstock as ps\n"),
            ("LIMIT = 3\n", "LIMIT = 3\nANOTHER = 4\n"),
            ("LIMIT = 3\n", "LIMIT = 3\n__all__ = ['target']\n"),
            ("LIMIT = 3\n", "LIMIT = 3\nif TYPE_CHECKING:\n    from collections.abc import Iterable\n"),
            ("LIMIT = 3\n", "LIMIT = 3\n\nclass Added:\n    size = 1\n"),
            ("LIMIT = 3\n", "LIMIT = 3\n\n@ps.step\ndef added():\n    return 1\n"),
            (
                'NAMES = ["a", "b"]\n',
                'NAMES = ["a", "b"]\n\nif __name__ == "__main__":\n    LIMIT = 9\n    print(target())\n',
            ),
            ("    total = x + y", "\n    total = x + y\n"),
            ("    total = x + y", "    pass\n    total = x + y"),
            ("LIMIT = 3\nNAMES", "NAMES_ = 1\nLIMIT = 3\nNAMES"),
            ("@ps.step\n", "@ps.step(tags=['x'], retries=2)\n"),
            ("@ps.step\n", "@ps.step()\n"),
            {"notes.py": "X = 1\n"},
            {"notes.txt": "words\n"},
            {"README.md": "words\n"},
        ],
        rerun=[
            ("LIMIT = 3", "LIMIT = 4"),
            ("y=2", "y=3"),
            ('["a", "b"]', '["a", "b", "c"]'),
            ("total = x + y", "total = x - y"),
            ("x + LIMIT", "x - LIMIT"),
        ],
    ),
    *project(
        "moves",
        """
        A = 1

        def first(x):
            return second(x) + A

        def second(x):
            return x * 2

        class Late:
            k = 3

        @ps.step
        def target():
            return first(2) + Late.k
        """,
        reuse=[
            {
                "pipeline.py": """
                import penstock as ps

                class Late:
                    k = 3

                @ps.step
                def target():
                    return first(2) + Late.k

                def second(x):
                    return x * 2

                def first(x):
                    return second(x) + A

                A = 1
                """
            },
        ],
        either=[
            {
                "moved.py": "def second(x):\n    return x * 2\n",
                "pipeline.py": """
                import penstock as ps
                from moved import second

                A = 1

                def first(x):
                    return second(x) + A

                class Late:
                    k = 3

                @ps.step
                def target():
                    return first(2) + Late.k
                """,
            },
        ],
    ),
    *project(
        "hints that mean something",
        """
        from dataclasses import dataclass, fields

        @dataclass
        class Row:
            a: int
            b: str = "x"

        @ps.step
        def target():
            return [(one.name, str(one.type)) for one in fields(Row)]
        """,
        rerun=[("a: int", "a: float"), ('b: str = "x"', 'b: str = "y"\n    c: int = 1')],
    ),
    *project(
        "docstring that is read",
        '''
        def helper():
            """One."""

        @ps.step
        def target():
            return helper.__doc__
        ''',
        rerun=[('"""One."""', '"""Two."""')],
    ),
    *project(
        "hints that are read",
        """
        from typing import get_type_hints

        def helper(x: int) -> str: ...

        @ps.step
        def target():
            return str(get_type_hints(helper))
        """,
        rerun=[("x: int", "x: float")],
    ),
    *project(
        "source that is read",
        """
        import inspect

        def helper(x):
            return x + 1

        @ps.step
        def target():
            return len(inspect.signature(helper).parameters), str(inspect.signature(helper))
        """,
        rerun=[("def helper(x):", "def helper(x: int):")],
    ),
    *project(
        "a string that is not a docstring",
        '''
        TEMPLATE = """
        # not a comment
        hello
        """

        @ps.step
        def target():
            return TEMPLATE
        ''',
        rerun=[("# not a comment", "# still not a comment"), ("hello", "hullo")],
    ),
    *project(
        "f-strings and bytes",
        """
        NAME = "x"

        @ps.step
        def target():
            return f"{NAME!r:>5}" + rb"\\n".decode()
        """,
        rerun=[("!r:>5", "!s:>5"), (":>5", ":>6")],
        reuse=[('f"{NAME!r:>5}"', "f'{NAME!r:>5}'")],
    ),
    *project(
        "numbers that compare equal",
        """
        X = 1

        @ps.step
        def target():
            return X, 2, True
        """,
        rerun=[("X = 1", "X = 1.0"), ("X, 2", "X, 2.0"), ("2, True", "2, 1"), ("X = 1", "X = True")],
    ),
    *project(
        "order of keys and sets",
        """
        COLUMNS = {"a": 1, "b": 2}
        TAGS = {"x", "y", "z"}

        @ps.step
        def target():
            return list(COLUMNS), sorted(TAGS)
        """,
        rerun=[('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'), ('"z"}', '"w"}')],
        reuse=[('{"x", "y", "z"}', '{"z", "y", "x"}'), ('{"x", "y", "z"}', 'set(["x", "y", "z"])')],
    ),
    *project(
        "equal by another way",
        """
        DAY = 86400

        @ps.step
        def target():
            return DAY
        """,
        rerun=[("86400", "86401")],
        reuse=[("86400", "24 * 60 * 60"), ("86400", "86_400")],
    ),
]
