"""Edits that a hurried identity would miss, and some that a nervous one would not forgive."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "another name from a library under the same alias",
        """
        from math import floor as rounded
        import numpy as np

        KIND = np.float32
        REDUCE = np.add
        TABLE = {"f": np.mean, "k": np.int32}

        @ps.step
        def target():
            return rounded(2.5), np.zeros(1, dtype=KIND).dtype.name, int(REDUCE(2, 3)), TABLE["f"]([1, 2, 6]), TABLE["k"](3.7)
        """,
        rerun=[
            ("floor as", "ceil as"),
            ("np.float32", "np.float64"),
            ("np.add", "np.multiply"),
            ("np.mean", "np.median"),
            ("np.int32", "np.float32"),
        ],
        reuse=[("import numpy as np", "import numpy as np, json")],
    ),
    *project(
        "library classes under one name",
        """
        from sklearn.linear_model import Ridge as Model
        from functools import partial

        CLASSES = {"m": Model}
        MAKE = partial(Model, alpha=2.0)

        @ps.step
        def target():
            return type(CLASSES["m"]()).__name__, MAKE().alpha, Model().get_params()["alpha"]
        """,
        rerun=[("Ridge as Model", "Lasso as Model"), ("alpha=2.0", "alpha=3.0")],
    ),
    *project(
        "registries in modules imported inside a function",
        {
            "registry.py": "KNOWN = {}\n\ndef add(name):\n    def deco(f):\n        KNOWN[name] = f\n        return f\n    return deco\n\ndef put(name, value):\n    KNOWN[name] = value\n",
            "content.py": "from registry import add\nimport registry\n\n@add('a')\ndef first(x):\n    return x + shift(x)\n\ndef shift(x):\n    return 1\n\nregistry.put('b', 7)\nregistry.KNOWN['c'] = lambda x: x * 5\n",
            "pipeline.py": """
            @ps.step
            def target():
                import content
                from registry import KNOWN
                return KNOWN["a"](1), KNOWN["b"], KNOWN["c"](2)
            """,
        },
        rerun=[
            ("content.py", "return 1", "return 2"),
            ("content.py", "'b', 7", "'b', 8"),
            ("content.py", "x * 5", "x * 6"),
            ("content.py", "x + shift", "x - shift"),
        ],
    ),
    *project(
        "classes in modules imported inside a function",
        {
            "models.py": "from bases import Base\n\nclass Model(Base):\n    k = 2\n\n    def run(self):\n        return self.inner() * self.k\n\nmake = lambda x: Model().run() + x\nOTHERS = [lambda: 1, lambda: 2]\nfor name in ('p', 'q'):\n    def looped(x=name):\n        return x\n",
            "bases.py": "class Base:\n    def inner(self):\n        return 5\n",
            "pipeline.py": """
            @ps.step
            def target():
                from models import make, OTHERS, looped
                return make(1), OTHERS[1](), looped()
            """,
        },
        rerun=[
            ("bases.py", "return 5", "return 6"),
            ("models.py", "k = 2", "k = 3"),
            ("models.py", "run() + x", "run() - x"),
            ("models.py", "lambda: 2", "lambda: 3"),
            ("models.py", "        return x\n", "        return x * 2\n"),
        ],
    ),
    *project(
        "a module of one's own named like one of the standard library",
        {
            "statistics.py": "def mean(x):\n    return 0\n",
            "pipeline.py": """
            import statistics

            @ps.step
            def target():
                return statistics.mean([1])
            """,
        },
        rerun=[("statistics.py", "return 0", "return 1")],
        runs=False,
    ),
    *project(
        "a helper that comes to hide a builtin",
        {
            "tools.py": "def go(x):\n    return sum(x)\n",
            "pipeline.py": """
            from tools import go

            @ps.step
            def target():
                return go([1, 2])
            """,
        },
        rerun=[
            {"tools.py": "def sum(x):\n    return 0\n\ndef go(x):\n    return sum(x)\n"},
            {
                "tools.py": "from other import *\n\ndef go(x):\n    return sum(x)\n",
                "other.py": "def sum(x):\n    return -1\n",
            },
        ],
    ),
    *project(
        "builtins replaced at import",
        {
            "patch.py": "import builtins\n\ndef shout(x):\n    return str(x).upper()\n\nbuiltins.shout = shout\n",
            "pipeline.py": """
            import patch

            @ps.step
            def target():
                return shout("a")
            """,
        },
        rerun=[("patch.py", ".upper()", ".title() * 2")],
    ),
    *project(
        "a library extended by the project",
        {
            "extend.py": "import polars as pl\n\n@pl.api.register_series_namespace('mine')\nclass Mine:\n    def __init__(self, series):\n        self.series = series\n\n    def double(self):\n        return self.series * 2\n",
            "pipeline.py": """
            import extend
            import polars as pl

            @ps.step
            def target():
                return pl.Series([1]).mine.double().to_list()
            """,
        },
        rerun=[("extend.py", "* 2", "* 3")],
    ),
    *project(
        "a method put on a library's class",
        {
            "extend.py": "import collections\n\ndef best(self):\n    return self.most_common(1) + TAIL\n\nTAIL = []\ncollections.Counter.best = best\n",
            "pipeline.py": """
            import collections
            import extend

            @ps.step
            def target():
                return collections.Counter("aab").best()
            """,
        },
        rerun=[("extend.py", "TAIL = []", "TAIL = [1]"), ("extend.py", "most_common(1)", "most_common(2)")],
    ),
    *project(
        "a shared object of a library, changed through a variable",
        {
            "setup_context.py": "import decimal\n\nctx = decimal.getcontext()\nctx.prec = 5\n\ndef more():\n    other = decimal.getcontext()\n    other.rounding = decimal.ROUND_UP\n\nmore()\n",
            "pipeline.py": """
            import decimal
            import setup_context

            @ps.step
            def target():
                return str(decimal.Decimal(2) / 3)
            """,
        },
        rerun=[("setup_context.py", "prec = 5", "prec = 6"), ("setup_context.py", "ROUND_UP", "ROUND_DOWN")],
    ),
    *project(
        "source that is quoted",
        """
        import inspect

        def helper(x):
            return x + 1  # one

        @ps.step
        def target():
            return inspect.getsource(helper)
        """,
        rerun=[("# one", "# two"), ("x + 1", "x  +  1")],
    ),
    *project(
        "a folder that is listed",
        {
            "data/a.txt": "1",
            "pipeline.py": """
            from pathlib import Path

            DATA = Path(__file__).parent / "data"

            @ps.step
            def target():
                return sorted(one.read_text() for one in DATA.glob("*.txt"))
            """,
        },
        rerun=[{"data/b.txt": "2"}, ("data/a.txt", "1", "3"), {"data/a.txt": None}],
        reuse=[{"elsewhere/b.txt": "2"}, Edit(touch=("data/a.txt",))],
    ),
    *project(
        "paths in tables and objects",
        {
            "one.txt": "1",
            "two.txt": "2",
            "three.txt": "3",
            "pipeline.py": """
            from types import SimpleNamespace

            PATHS = {"one": "one.txt"}
            CONFIG = SimpleNamespace(path="two.txt")

            class Settings:
                path = "three.txt"

            @ps.step
            def target():
                return open(PATHS["one"]).read() + open(CONFIG.path).read() + open(Settings.path).read()
            """,
        },
        rerun=[("one.txt", "1", "9"), ("two.txt", "2", "9"), ("three.txt", "3", "9")],
    ),
    *project(
        "lambdas that look alike",
        """
        A, B, C = (lambda x: x + 1), (lambda x: (x) + 2), (lambda x: [x for x in range(x)])
        PAIRS = [(lambda: 1, lambda: 2), (lambda: 3, lambda: 4)]
        NESTED = lambda x: (lambda y: x * y)

        @ps.step
        def target():
            return B(1), PAIRS[0][1](), NESTED(3)(4)
        """,
        rerun=[("(x) + 2", "(x) + 3"), ("lambda: 2", "lambda: 7"), ("x * y", "x + y"), ("PAIRS[0][1]", "PAIRS[1][1]")],
        reuse=[("range(x)]", "range(x + 1)]"), ("x + 1", "x + 8")],
    ),
    *project(
        "loop variables held by defaults",
        """
        FUNCTIONS = []
        for i in (1, 2):
            def scaled(x, i=i):
                return x * i
            FUNCTIONS.append(scaled)

        LAMBDAS = [lambda x, j=j: x + j for j in (5, 6)]

        @ps.step
        def target():
            return FUNCTIONS[0](10), LAMBDAS[1](1)
        """,
        rerun=[("(1, 2)", "(3, 2)"), ("(5, 6)", "(5, 7)"), ("x * i", "x - i")],
    ),
    *project(
        "late binding of a loop variable",
        """
        MADE = {}
        for k in (2, 3):
            def cubed(x):
                return x ** k
            MADE[k] = cubed

        @ps.step
        def target():
            return MADE[2](2)
        """,
        rerun=[("(2, 3)", "(2, 4)"), ("x ** k", "x * k")],
    ),
    *project(
        "a table built by a comprehension",
        """
        def f_a(x):
            return x + 1

        def f_b(x):
            return x + 2

        def noise():
            return 0

        NAMED = {f.__name__: f for f in (f_a, f_b)}

        @ps.step
        def target():
            return NAMED["f_b"](1)
        """,
        rerun=[("x + 2", "x + 3")],
        reuse=[("return 0", "return 1")],
    ),
    *project(
        "functions collected from globals",
        """
        def rule_a(x):
            return x + 1

        def rule_b(x):
            return x * 2

        RULES = [value for name, value in sorted(globals().items()) if name.startswith("rule_")]

        def noise():
            return 0

        @ps.step
        def target():
            return [rule(3) for rule in RULES]
        """,
        rerun=[
            ("x * 2", "x * 3"),
            (
                "def rule_b(x):\n    return x * 2\n",
                "def rule_b(x):\n    return x * 2\n\ndef rule_c(x):\n    return 0\n",
            ),
        ],
        reuse=[("return 0", "return 1")],
    ),
    *project(
        "inheritance from a class of a library",
        """
        import json

        class Encoder(json.JSONEncoder):
            def default(self, value):
                return convert(value)

        def convert(value):
            return sorted(value)

        @ps.step
        def target():
            return json.dumps({"a": {2, 1}}, cls=Encoder)
        """,
        rerun=[("sorted(value)", "sorted(value)[:1]")],
    ),
    *project(
        "super, overriding and diamonds",
        {
            "shapes.py": """
            class A:
                def go(self):
                    return ["a"]

            class B(A):
                def go(self):
                    return ["b"] + super().go()

            class C(A):
                def go(self):
                    return ["c"] + super().go()
            """,
            "pipeline.py": """
            import shapes

            class D(shapes.B, shapes.C):
                pass

            @ps.step
            def target():
                return D().go()
            """,
        },
        rerun=[
            ("shapes.py", '["c"]', '["x"]'),
            ("shapes.B, shapes.C", "shapes.C, shapes.B"),
            ("shapes.py", '["a"]', '["z"]'),
        ],
    ),
    *project(
        "an instance replaced by a test double at import",
        {
            "service.py": "class Service:\n    def get(self):\n        return 1\n\nservice = Service()\n",
            "override.py": "import service\n\nclass Fake(service.Service):\n    def get(self):\n        return 2\n\nservice.service = Fake()\nservice.Service.extra = 4\n",
            "pipeline.py": """
            import service
            import override

            @ps.step
            def target():
                return service.service.get(), service.Service.extra
            """,
        },
        rerun=[("override.py", "return 2", "return 3"), ("override.py", "extra = 4", "extra = 5")],
    ),
    *project(
        "values that only look like text",
        """
        import datetime as dt
        import fractions

        WHEN = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
        STEP = dt.timedelta(hours=1)
        PART = fractions.Fraction(1, 3)
        RANGE = range(0, 10, 2)
        CUT = slice(1, None)
        BITS = b"abc"
        WIDE = 2 ** 70
        COMPLEX = 1 + 2j
        NAN = float("nan")
        ZERO = 0.0

        @ps.step
        def target():
            return WHEN + STEP, PART, list(RANGE), [1, 2, 3][CUT], BITS, WIDE, COMPLEX, NAN, ZERO
        """,
        rerun=[
            ("dt.timezone.utc", "None"),
            ("hours=1", "hours=2"),
            ("Fraction(1, 3)", "Fraction(2, 3)"),
            ("range(0, 10, 2)", "range(0, 10, 3)"),
            ("slice(1, None)", "slice(2, None)"),
            ('b"abc"', 'b"abd"'),
            ("** 70", "** 71"),
            ("2j", "3j"),
            ('float("nan")', 'float("inf")'),
            ("0.0", "-0.0"),
        ],
    ),
    *project(
        "large tables of constants",
        "TABLE = {"
        + ", ".join(f"{i}: [{i}, 'v{i}']" for i in range(500))
        + "}\n\n@ps.step\ndef target():\n    return TABLE[7]\n",
        rerun=[("'v7'", "'w7'")],
        either=[("'v9'", "'w9'")],
    ),
    *project(
        "star import of names given by __all__ of a package",
        {
            "kit/__init__.py": "__all__ = ['alpha', 'beta']\n",
            "kit/alpha.py": "def go():\n    return 1\n",
            "kit/beta.py": "def go():\n    return 2\n",
            "pipeline.py": """
            from kit import *

            @ps.step
            def target():
                return alpha.go()
            """,
        },
        rerun=[("kit/alpha.py", "return 1", "return 3")],
        reuse=[("kit/beta.py", "return 2", "return 4")],
    ),
    *project(
        "a function that is imported twice by different ways",
        {
            "pkg/__init__.py": "from .a import thing\n",
            "pkg/a.py": "from .b import thing as _thing\n\ndef thing(x):\n    return _thing(x) + 1\n",
            "pkg/b.py": "def thing(x):\n    return x * 2\n",
            "pipeline.py": """
            from pkg import thing
            from pkg.b import thing as inner

            @ps.step
            def target():
                return thing(2) + inner(1)
            """,
        },
        rerun=[
            ("pkg/b.py", "x * 2", "x * 3"),
            ("pkg/a.py", "+ 1", "+ 2"),
            ("from pkg.b import thing as inner", "from pkg.a import thing as inner"),
        ],
    ),
    *project(
        "global names set by functions while steps run",
        """
        MODEL = None

        def model():
            global MODEL
            if MODEL is None:
                MODEL = build()
            return MODEL

        def build():
            return {"w": 3}

        @ps.step
        def target():
            return model()["w"]
        """,
        rerun=[('"w": 3', '"w": 4')],
    ),
    *project(
        "attributes that steps change",
        """
        class Counter:
            seen = []

            def __init__(self):
                self.calls = 0

            def hit(self, x):
                self.calls += 1
                self.seen.append(x)
                return x * SCALE

        SCALE = 2
        counter = Counter()

        def helper(x, memo={}):
            memo[x] = helper.last = counter.hit(x)
            return memo[x]

        helper.last = None

        @ps.step
        def target():
            return helper(3)
        """,
        rerun=[("SCALE = 2", "SCALE = 3")],
    ),
    *project(
        "decorators from a library",
        """
        import atexit
        from functools import cache, singledispatchmethod, total_ordering
        from contextlib import suppress

        @total_ordering
        class Card:
            def __init__(self, n):
                self.n = n

            def __eq__(self, other):
                return self.n == other.n

            def __lt__(self, other):
                return weigh(self.n) < weigh(other.n)

            @singledispatchmethod
            def show(self, x):
                return "?"

            @show.register
            def _(self, x: int):
                return "int"

        @cache
        def weigh(n):
            return -n

        @ps.step
        def target():
            with suppress(KeyError):
                {}["x"]
            return Card(1) >= Card(2), Card(1).show(3)
        """,
        rerun=[
            ("return -n", "return n"),
            ('"int"', '"INT"'),
        ],
    ),
    *project(
        "exceptions, finally and loops with else",
        """
        def risky(n):
            for i in range(n):
                if i == LIMIT:
                    break
            else:
                raise KeyError(n)
            return i

        LIMIT = 2

        @ps.step
        def target():
            out = []
            for n in (1, 5):
                try:
                    out.append(risky(n))
                except KeyError:
                    out.append("key")
                finally:
                    out.append(n)
            return out
        """,
        rerun=[("LIMIT = 2", "LIMIT = 3"), ('"key"', '"none"'), ("(1, 5)", "(1, 6)")],
    ),
    *project(
        "swapped branches of an import in a function",
        {
            "fast.py": "def go():\n    return 'fast'\n",
            "slow.py": "def go():\n    return 'slow'\n",
            "pipeline.py": """
            def pick():
                try:
                    import fast as impl
                except ImportError:
                    import slow as impl
                return impl.go()

            @ps.step
            def target():
                return pick()
            """,
        },
        rerun=[
            {
                "pipeline.py": "import penstock as ps\n\ndef pick():\n    try:\n        import slow as impl\n    except ImportError:\n        import fast as impl\n    return impl.go()\n\n@ps.step\ndef target():\n    return pick()\n"
            },
            {"fast.py": None},
        ],
    ),
    *project(
        "code that arrives by a file name",
        {
            "script.py": "RESULT = 1\n",
            "plugin_file.py": "def go():\n    return 1\n",
            "pipeline.py": """
            import importlib.util
            import runpy
            from pathlib import Path

            HERE = Path(__file__).parent

            def load():
                spec = importlib.util.spec_from_file_location("plugged", HERE / "plugin_file.py")
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module

            @ps.step
            def target():
                return runpy.run_path("script.py")["RESULT"], load().go()
            """,
        },
        rerun=[("script.py", "RESULT = 1", "RESULT = 2"), ("plugin_file.py", "return 1", "return 22")],
    ),
    *project(
        "the name of a step is not its code",
        """
        def a():
            return 1

        @ps.step(name="target", description="x")
        def some_function():
            return a()
        """,
        rerun=[("return 1", "return 2")],
        reuse=[('description="x"', 'description="y"')],
    ),
    *project(
        "CRLF, tabs and a byte order mark",
        """
        def helper(x):
            return x + 1

        @ps.step
        def target():
            return helper(1)
        """,
        reuse=[
            {
                "pipeline.py": "\ufeffimport penstock as ps\ndef helper(x):\n\treturn x + 1\n\n@ps.step\ndef target():\n\treturn helper(1)\n"
            },
            {
                "pipeline.py": "import penstock as ps\r\ndef helper(x):\r\n    return x + 1\r\n\r\n@ps.step\r\ndef target():\r\n    return helper(1)\r\n"
            },
        ],
        rerun=[
            {
                "pipeline.py": "\ufeffimport penstock as ps\r\ndef helper(x):\r\n\treturn x + 2\r\n\r\n@ps.step\r\ndef target():\r\n\treturn helper(1)\r\n"
            }
        ],
    ),
    *project(
        "versions of packages",
        {
            "vendor/site-packages/tinylib/__init__.py": "VALUE = 1\n",
            "vendor/site-packages/tinylib-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n",
            "vendor/site-packages/tinylib-1.0.dist-info/RECORD": "tinylib/__init__.py,,\n",
            "vendor/site-packages/loose_lib.py": "VALUE = 1\n",
            "libs/sidelib/__init__.py": "VALUE = 1\n",
            "libs/sidelib-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: sidelib\nVersion: 2.0\n",
            "pipeline.py": """
            import sys
            from pathlib import Path

            sys.path.append(str(Path(__file__).parent / "vendor" / "site-packages"))
            sys.path.append(str(Path(__file__).parent / "libs"))

            import loose_lib
            import sidelib
            import tinylib

            @ps.step
            def target():
                return tinylib.VALUE + sidelib.VALUE + loose_lib.VALUE

            @ps.step
            def second():
                return 1
            """,
        },
        rerun=[
            ("vendor/site-packages/tinylib-1.0.dist-info/METADATA", "Version: 1.0", "Version: 1.1"),
            ("vendor/site-packages/loose_lib.py", "VALUE = 1", "VALUE = 2"),
            ("libs/sidelib/__init__.py", "VALUE = 1", "VALUE = 2"),
            ("libs/sidelib-2.0.dist-info/METADATA", "Version: 2.0", "Version: 2.1"),
        ],
        runs=False,
    ),
    *project(
        "a package that this step does not use",
        {
            "vendor/site-packages/tinylib/__init__.py": "VALUE = 1\n",
            "vendor/site-packages/tinylib-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n",
            "pipeline.py": """
            import sys
            from pathlib import Path

            sys.path.append(str(Path(__file__).parent / "vendor" / "site-packages"))
            import tinylib

            @ps.step
            def target():
                return 1

            @ps.step
            def second():
                return tinylib.VALUE
            """,
        },
        reuse=[("vendor/site-packages/tinylib-1.0.dist-info/METADATA", "Version: 1.0", "Version: 1.1")],
    ),
]
