"""Edits of the shapes that code takes in larger projects: layers, factories, hooks, fits at import, odd imports."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "a protocol of hooks run by a base class by computed names",
        {
            "jobs.py": """
            class Job:
                order = ("load", "clean", "score")

                def run(self):
                    value = 1
                    for name in self.order:
                        value = getattr(self, f"do_{name}")(value)
                    return value

                def do_load(self, value):
                    return value + 1

            class Cleaning:
                def do_clean(self, value):
                    return value * self.factor

            class Scored(Cleaning, Job):
                factor = 3

                def do_score(self, value):
                    return [value, self.extra()]

                def extra(self):
                    return 0

            def other():
                return 1
            """,
            "pipeline.py": """
            from jobs import Scored

            class Mine(Scored):
                def extra(self):
                    return super().extra() + 1

            @ps.step
            def target():
                return Mine().run()
            """,
        },
        rerun=[
            ("jobs.py", "value + 1", "value + 2"),
            ("jobs.py", "value * self.factor", "value - self.factor"),
            ("jobs.py", "factor = 3", "factor = 4"),
            ("jobs.py", '("load", "clean", "score")', '("load", "score")'),
            ("jobs.py", "return 0", "return 10"),
            ("super().extra() + 1", "super().extra() + 2"),
        ],
        reuse=[("jobs.py", "def other():\n    return 1", "def other():\n    return 2")],
    ),
    *project(
        "functions made by factories, and held by objects of libraries",
        """
        import functools
        import operator
        from concurrent.futures import ThreadPoolExecutor

        import numpy as np

        def maker(scale):
            offset = 2

            def inner(x):
                return helper(x) * scale + offset

            return inner

        def helper(x):
            return x + 1

        def compose(*functions):
            return functools.reduce(lambda f, g: lambda x: g(f(x)), functions)

        DOUBLE = maker(2)
        VECTOR = np.vectorize(maker(3))
        UFUNC = np.frompyfunc(lambda x: x - 7, 1, 1)
        CHAIN = compose(DOUBLE, maker(5), operator.neg)
        GETTER = operator.itemgetter(1, 0)
        KEYED = functools.cmp_to_key(lambda a, b: b - a)
        CACHED = functools.lru_cache(maxsize=None)(lambda x: x * 11)
        UNUSED = maker(9)

        @ps.step
        def target():
            with ThreadPoolExecutor(1) as pool:
                mapped = list(pool.map(DOUBLE, [1, 2]))
            return mapped, VECTOR([1]).tolist(), UFUNC(1), CHAIN(1), GETTER("ab"), sorted([1, 2], key=KEYED), CACHED(1)
        """,
        rerun=[
            ("offset = 2", "offset = 3"),
            ("return x + 1", "return x + 2"),
            ("maker(2)", "maker(4)"),
            ("maker(3)", "maker(4)"),
            ("x - 7", "x - 8"),
            ("operator.neg", "operator.pos"),
            ("maker(5)", "maker(6)"),
            ("itemgetter(1, 0)", "itemgetter(0, 1)"),
            ("b - a", "a - b"),
            ("x * 11", "x * 12"),
            ("g(f(x))", "f(g(x))"),
        ],
        reuse=[("UNUSED = maker(9)", "UNUSED = maker(10)")],
    ),
    *project(
        "models fitted at import by a function of another module",
        {
            "training.py": """
            import numpy as np
            from sklearn.linear_model import LinearRegression

            ROWS = [[0.0], [1.0], [2.0]]

            def fit(model, rows, labels):
                model.fit(np.array(rows), labels)
                return model

            def weights(n):
                return [1.0] * n
            """,
            "pipeline.py": """
            from sklearn.linear_model import LinearRegression
            from training import ROWS, fit

            LABELS = [1.0, 3.0, 5.0]
            MODEL = LinearRegression()
            FITTED = fit(MODEL, ROWS, LABELS)
            SPARE = fit(LinearRegression(), [[1.0], [2.0]], [1.0, 2.0])

            @ps.step
            def target():
                return MODEL.predict([[5.0]]).round(6).tolist(), FITTED.coef_.round(6).tolist()
            """,
        },
        rerun=[
            ("[1.0, 3.0, 5.0]", "[1.0, 3.0, 6.0]"),
            ("training.py", "[2.0]]", "[3.0]]"),
            ("training.py", "model.fit(np.array(rows), labels)", "model.fit(np.array(rows) * 2, labels)"),
            ("FITTED = fit(MODEL, ROWS, LABELS)", "FITTED = fit(MODEL, ROWS, LABELS[::-1])"),
        ],
        reuse=[
            ("[1.0, 2.0])", "[1.0, 4.0])"),
            ("training.py", "[1.0] * n", "[2.0] * n"),
        ],
    ),
    *project(
        "settings in classes that read the environment and files when they are made",
        {
            "limits.yaml": "low: 1\nhigh: 5\n",
            "settings.py": """
            import os
            from dataclasses import dataclass, field
            from functools import cached_property
            from pathlib import Path

            import yaml

            @dataclass
            class Limits:
                low: int
                high: int

                @classmethod
                def read(cls, path):
                    return cls(**yaml.safe_load(Path(path).read_text()))

            @dataclass
            class Settings:
                mode: str = field(default_factory=lambda: os.environ.get("SHOP_MODE", "slow"))
                limits: Limits = field(default_factory=lambda: Limits.read(Path(__file__).parent / "limits.yaml"))

                @cached_property
                def span(self):
                    return self.limits.high - self.limits.low
            """,
            "pipeline.py": """
            from functools import lru_cache
            from settings import Settings

            @lru_cache
            def settings():
                return Settings()

            @ps.step
            def target():
                return settings().mode, settings().span
            """,
        },
        rerun=[
            ("limits.yaml", "high: 5", "high: 6"),
            ("settings.py", '"slow"', '"slower"'),
            ("settings.py", "self.limits.high - self.limits.low", "self.limits.high"),
            Edit(environ={"SHOP_MODE": "fast"}),
        ],
        reuse=[Edit(touch=("limits.yaml",)), Edit(environ={"SHOP_OTHER": "1"})],
        either=[("limits.yaml", "low: 1", "low: 1  # lowest")],
    ),
    *project(
        "imports in all the places where they can stand",
        {
            "a/__init__.py": "from .b import first as one\n",
            "a/b/__init__.py": "from ..c import value\nfrom . import d\n\ndef first():\n    return value(), d.X\n",
            "a/b/d.py": "X = 4\nY = 5\n",
            "a/c.py": "def value():\n    from . import e\n    return e.NUMBER\n",
            "a/e.py": "NUMBER = 7\nOTHER = 8\n",
            "a/f.py": "class Lazy:\n    import a.g as inner\n    value = inner.Z\n",
            "a/g.py": "Z = 2\n",
            "a/h.py": "try:\n    import simplejson_missing as json\nexcept ImportError:\n    import json\n\ndef dump(x):\n    return json.dumps(x)\n",
            "pipeline.py": """
            import a.b.d as deep, a.e
            from a import one, h

            def pick(kind):
                if kind:
                    from a.f import Lazy as found
                else:
                    from a.g import Z as found
                return found

            @ps.step
            def target():
                return one(), deep.Y, a.e.OTHER, pick(True).value, h.dump([1])
            """,
        },
        rerun=[
            ("a/b/d.py", "X = 4", "X = 44"),
            ("a/b/d.py", "Y = 5", "Y = 55"),
            ("a/e.py", "NUMBER = 7", "NUMBER = 77"),
            ("a/e.py", "OTHER = 8", "OTHER = 88"),
            ("a/g.py", "Z = 2", "Z = 22"),
            ("a/__init__.py", "first as one", "value as one"),
            ("a/h.py", "json.dumps(x)", "json.dumps([x])"),
            {"simplejson_missing.py": "def dumps(x):\n    return 'mine'\n"},
        ],
        reuse=[
            ("import a.b.d as deep, a.e", "import a.e, a.b.d as deep"),
            ("a/b/__init__.py", "from ..c import value\nfrom . import d", "from . import d\nfrom ..c import value"),
            ("a/h.py", "import json\n\n", "import json  # of Python\n\n"),
        ],
    ),
    *project(
        "namespace packages in two places",
        {
            "one/shop/first.py": "def value():\n    return 1\n",
            "two/shop/second.py": "from shop.first import value\n\ndef twice():\n    return value() * 2\n",
            "two/shop/third.py": "A = 1\n",
            "pipeline.py": """
            import sys
            from pathlib import Path

            for name in ("one", "two"):
                sys.path.insert(0, str(Path(__file__).parent / name))

            from shop.second import twice

            @ps.step
            def target():
                return twice()
            """,
        },
        rerun=[
            ("one/shop/first.py", "return 1", "return 2"),
            ("two/shop/second.py", "* 2", "* 3"),
            {"two/shop/first.py": "def value():\n    return 9\n"},
        ],
        reuse=[("two/shop/third.py", "A = 1", "A = 2"), {"one/shop/fourth.py": "B = 1\n"}],
    ),
    *project(
        "comments, docstrings and layout in every place",
        {
            "helpers/__init__.py": '"""Helpers."""\nfrom helpers.text import shout\n',
            "helpers/text.py": '''
            """Text."""
            import re

            PATTERN = re.compile(r"\\\\w+")  # words
            TABLE = {
                "a": 1,
                "b": 2,
            }


            class Shouter:
                """Shouts."""

                mark: str = "!"

                def shout(self, text: str) -> str:
                    """Loud."""
                    if text:
                        # not empty
                        return text.upper() + self.mark
                    return ""


            def shout(text: str, by: Shouter | None = None) -> str:
                """Shout a text."""
                found = (by or Shouter()).shout(text)

                def inner(x):
                    """Inside."""
                    return x + str(TABLE["a"])

                return inner(found) + PATTERN.pattern
            ''',
            "pipeline.py": '''
            """A pipeline."""
            import penstock as ps
            from helpers import shout


            @ps.step
            def target():
                """Shouts."""
                values = [
                    shout(one)
                    for one in ("a", "b")
                ]
                return values
            ''',
        },
        rerun=[
            ("helpers/text.py", 'mark: str = "!"', 'mark: str = "?"'),
            ("helpers/text.py", 'str(TABLE["a"])', 'str(TABLE["b"])'),
            ("helpers/text.py", '"a": 1,', '"a": 3,'),
        ],
        reuse=[
            ("helpers/__init__.py", "Helpers.", "All helpers."),
            ("helpers/text.py", '"""Text."""', '"""Text.\n\nMuch more of it.\n"""'),
            ("helpers/text.py", "  # words", "  # all words"),
            ("helpers/text.py", '"a": 1,\n    "b": 2,\n', '"a": 1, "b": 2\n'),
            ("helpers/text.py", '    """Shouts."""\n\n', "    # shouts\n\n"),
            ("helpers/text.py", '        """Loud."""\n', ""),
            ("helpers/text.py", "        # not empty\n", "        # something\n        # is there\n"),
            ("helpers/text.py", 'text: str) -> str:\n        """Loud', 'text: object) -> \'str\':\n        """Loud'),
            ("helpers/text.py", '"""Shout a text."""', "'''Shout\n    a text.'''"),
            ("helpers/text.py", '        """Inside."""\n', '        """Within."""\n'),
            ("helpers/text.py", 'return ""', "return ''"),
            ("helpers/text.py", "by: Shouter | None = None", "by: 'Shouter | None' = None"),
            ('"""A pipeline."""', "# A pipeline."),
            ('    """Shouts."""\n', '    """Shouts.\n\n    Twice.\n    """\n'),
            ('[\n        shout(one)\n        for one in ("a", "b")\n    ]', '[shout(one) for one in ("a", "b")]'),
            ("from helpers import shout\n\n\n@ps", "from helpers import (\n    shout,  # loud\n)\n\n@ps"),
            ("    values = [", "    values: list[str] = ["),
            ("def target():", "def target() -> list:"),
            ("    return values\n", "    return (values)\n    # done\n"),
            ("@ps.step\n", '@ps.step(tags=["x"], description="shouts", retries=2, timeout=60)\n'),
        ],
        either=[("helpers/text.py", 'mark: str = "!"', 'mark: "str" = "!"')],
    ),
    *project(
        "a step that is a method's, an object's or a partial's",
        {
            "work.py": """
            import functools

            class Scaler:
                unit = 1

                def __init__(self, by):
                    self.by = by

                def __call__(self):
                    return self.by * self.unit

                def again(self):
                    return self() + 1

            def plain(a, b):
                return a * 10 + b

            SCALER = Scaler(3)
            PART = functools.partial(plain, 1, b=2)
            """,
            "pipeline.py": """
            import work

            @ps.step
            def target():
                return work.SCALER(), work.SCALER.again(), work.PART()

            bound = work.SCALER.again
            """,
        },
        rerun=[
            ("work.py", "unit = 1", "unit = 2"),
            ("work.py", "Scaler(3)", "Scaler(4)"),
            ("work.py", "a * 10 + b", "a * 11 + b"),
            ("work.py", "b=2", "b=3"),
            ("work.py", "self() + 1", "self() + 2"),
        ],
        reuse=[("bound = work.SCALER.again", "bound = work.SCALER")],
    ),
    *project(
        "generators, iterators and recursion over tables of functions",
        """
        import itertools
        from collections import defaultdict, deque

        STAGES = defaultdict(list)

        def stage(name, priority=0):
            def add(function):
                STAGES[name].append((priority, function))
                STAGES[name].sort(key=lambda pair: pair[0])
                return function
            return add

        @stage("clean", priority=2)
        def strip(x):
            yield from (one.strip() + "Z" for one in x)

        @stage("clean", priority=1)
        def lower(x):
            for one in x:
                yield one.lower()

        @stage("other")
        def other(x):
            return x

        class Window:
            size = 2

            def __init__(self, items):
                self.items = items

            def __iter__(self):
                held = deque(maxlen=self.size)
                for one in self.items:
                    held.append(one)
                    yield tuple(held)

            def __len__(self):
                return len(self.items)

        def run(name, x):
            for _, function in STAGES[name]:
                x = function(x)
            return list(x)

        def depth(tree):
            return 1 + max(map(depth, tree), default=0)

        @ps.step
        def target():
            found = run("clean", [" A", "b "])
            groups = {key: list(group) for key, group in itertools.groupby(found, key=len)}
            return found, list(Window(found)), groups, depth([[[]], []]), len(Window([1]))
        """,
        rerun=[
            ("one.strip()", "one.lstrip()"),
            ("one.lower()", "one.upper()"),
            ("priority=2", "priority=0"),
            ("size = 2", "size = 1"),
            ("1 + max", "2 + max"),
            ("default=0", "default=1"),
            ("pair[0]", "-pair[0]"),
            ("len(self.items)", "len(self.items) + 1"),
        ],
        either=[("def other(x):\n    return x", "def other(x):\n    return 2 * x")],
    ),
    *project(
        "texts that are formats",
        """
        import string
        from textwrap import dedent

        WIDTH = 6
        TEMPLATE = "{name:>{width}} {value!r:.3}"
        OLD = "%(name)s is %(value)05.1f"
        QUERY = dedent('''
            select *
            from t
        ''')

        class Upper(string.Formatter):
            def convert_field(self, value, conversion):
                return str(value).upper() if conversion == "u" else super().convert_field(value, conversion)

        def shown(value):
            return f"{value=:>{WIDTH}.2f}|{value!s:<8}|{'x' if value > 1 else 'y'}"

        @ps.step
        def target():
            values = {"name": "a", "value": 1.23456}
            return TEMPLATE.format(**values, width=WIDTH), OLD % values, QUERY, Upper().format("{0!u}", "ab"), shown(1.5)
        """,
        rerun=[
            ("WIDTH = 6", "WIDTH = 7"),
            ("value!r:.3", "value!r:.4"),
            ("05.1f", "06.1f"),
            ("from t\n", "from u\n"),
            (".upper()", ".title()"),
            ("{value=:>", "{value = :>"),
            (".2f}|", ".3f}|"),
            ("value > 1", "value > 2"),
        ],
    ),
    *project(
        "a table of one's own class with rich behaviour",
        """
        import functools
        from collections.abc import Mapping
        from typing import ClassVar, NamedTuple

        class Row(NamedTuple):
            a: int
            b: int = 2

            @property
            def total(self):
                return self.a + self.b

        @functools.total_ordering
        class Version:
            def __init__(self, text):
                self.parts = tuple(map(int, text.split(".")))

            def __eq__(self, other):
                return self.parts == other.parts

            def __lt__(self, other):
                return self.parts < other.parts

            def __hash__(self):
                return hash(self.parts)

        class Frame(Mapping):
            default: ClassVar[int] = 0

            def __init__(self, **columns):
                self.columns = columns

            def __getitem__(self, key):
                return self.columns.get(key, self.default)

            def __iter__(self):
                return iter(self.columns)

            def __len__(self):
                return len(self.columns)

            def __getattr__(self, name):
                if name.startswith("_"):
                    raise AttributeError(name)
                return [name, *self.columns["a"]]

            def __matmul__(self, other):
                return sum(x * y for x, y in zip(self["a"], other["a"]))

        FRAME = Frame(a=[1, 2])
        NEWEST = max(Version("1.2"), Version("1.10"))
        ROWS = (Row(1), Row(2, 3))

        @ps.step
        def target():
            return FRAME["z"], dict(FRAME), FRAME.other, FRAME @ FRAME, NEWEST.parts, [row.total for row in ROWS]
        """,
        rerun=[
            ("b: int = 2", "b: int = 3"),
            ("self.a + self.b", "self.a - self.b"),
            ('text.split(".")', 'text.split(".")[::-1]'),
            ("self.parts < other.parts", "self.parts > other.parts"),
            ("ClassVar[int] = 0", "ClassVar[int] = 1"),
            ("a=[1, 2]", "a=[1, 3]"),
            ("x * y for", "x + y for"),
            ("[name, *self", "[name * 2, *self"),
            ("Row(2, 3)", "Row(2, 4)"),
        ],
    ),
    *project(
        "objects pickled and loaded by files beside the code",
        {
            "state.json": '{"w": 1}',
            "model.npz.txt": "1 2 3",
            "lookup.sqlite.sql": "create table t (a); insert into t values (1);",
            "pipeline.py": """
            import json
            import sqlite3
            from pathlib import Path

            import numpy as np

            HERE = Path(__file__).parent

            class Weights:
                def __init__(self, path):
                    self.path = path

                def load(self):
                    return json.loads(self.path.read_text())["w"]

            WEIGHTS = Weights(HERE / "state.json")

            def table():
                con = sqlite3.connect(":memory:")
                con.executescript((HERE / "lookup.sqlite.sql").read_text())
                return con.execute("select a from t").fetchall()

            @ps.step
            def target():
                return WEIGHTS.load(), np.loadtxt(HERE / "model.npz.txt").tolist(), table()
            """,
        },
        rerun=[
            ("state.json", "1", "2"),
            ("model.npz.txt", "3", "4"),
            ("lookup.sqlite.sql", "(1)", "(2)"),
        ],
        reuse=[Edit(touch=("state.json", "model.npz.txt"))],
        observed=True,
    ),
]
