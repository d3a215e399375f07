"""Values of module variables: constants, computed configuration, numbers, arrays, dates, patterns."""

from . import project

__all__ = ["CASES"]

CASES = [
    *project(
        "constants",
        """
        RATE = 0.1
        COLUMNS = ("a", "b")
        WEIGHTS = {"a": [1, 2], "b": {"c": 3}}
        FLAG = True
        NOTHING = None
        UNUSED = 5

        @ps.step
        def target():
            return RATE, COLUMNS, WEIGHTS, FLAG, NOTHING
        """,
        rerun=[
            ("0.1", "0.2"),
            ('("a", "b")', '("b", "a")'),
            ('"c": 3', '"c": 4'),
            ("[1, 2]", "[1, 3]"),
            ("FLAG = True", "FLAG = False"),
            ("NOTHING = None", "NOTHING = 0"),
            ('("a", "b")', '["a", "b"]'),
        ],
        reuse=[("UNUSED = 5", "UNUSED = 6"), ("0.1", "1e-1"), ("0.1", "0.10")],
    ),
    *project(
        "computed constants",
        """
        import math
        from datetime import date, timedelta
        from decimal import Decimal
        from pathlib import Path
        import re

        BASE = 10
        TOTAL = BASE * 2 + math.floor(2.5)
        START = date(2020, 1, 1) + timedelta(days=3)
        PRICE = Decimal("1.10")
        PATTERN = re.compile("a+", re.I)
        FOLDER = Path("x") / "y"

        def scale(x):
            return x * 3

        SCALED = scale(BASE)

        @ps.step
        def target():
            return TOTAL, START, PRICE, PATTERN.pattern, str(FOLDER), SCALED, PATTERN.flags
        """,
        rerun=[
            ("BASE = 10", "BASE = 11"),
            ("days=3", "days=4"),
            ('"1.10"', '"1.1"'),
            ('"a+"', '"b+"'),
            (", re.I)", ")"),
            ('"y"', '"z"'),
            ("x * 3", "x * 4"),
        ],
        either=[("x * 3", "x + x + x")],
    ),
    *project(
        "values through several variables",
        """
        A = 2
        B = A + 1
        C = {"b": B}
        D = [C["b"] * 2]

        @ps.step
        def target():
            return D[0]
        """,
        rerun=[("A = 2", "A = 3"), ("B = A + 1", "B = A + 2"), ("* 2]", "* 3]")],
        reuse=[("A = 2\nB = A + 1", "A = 1\nB = A + 2")],
    ),
    *project(
        "tuple unpacking and chained assignment",
        """
        LOW, HIGH = 1, 9
        X = Y = 4
        (FIRST, *REST) = [1, 2, 3]

        @ps.step
        def target():
            return HIGH, Y, REST
        """,
        rerun=[("1, 9", "1, 8"), ("= 4", "= 5"), ("[1, 2, 3]", "[1, 2, 4]")],
        reuse=[("LOW, HIGH = 1, 9", "LOW, HIGH = 2, 9")],
    ),
    *project(
        "arrays",
        """
        import numpy as np

        WEIGHTS = np.array([1.0, 2.0, 3.0])
        INDEX = np.arange(3)
        SCALAR = np.float64(2.5)

        @ps.step
        def target():
            return WEIGHTS.tolist(), INDEX.dtype.name, float(SCALAR)
        """,
        rerun=[
            ("3.0]", "4.0]"),
            ("np.arange(3)", "np.arange(3).astype('int32')"),
            ("np.float64(2.5)", "np.float64(3.5)"),
        ],
        reuse=[("[1.0, 2.0, 3.0]", "[1.0, 2.0, 6.0 / 2]")],
    ),
    *project(
        "a library's object at module level",
        """
        import polars as pl

        FACTOR = 2
        FRAME = pl.DataFrame({"a": [1, 2], "b": [3, FACTOR]})
        EXPRESSION = pl.col("a") * FACTOR

        @ps.step
        def target():
            return FRAME.select(EXPRESSION)["a"].to_list(), FRAME["b"].to_list()
        """,
        rerun=[("[1, 2]", "[1, 3]"), ("FACTOR = 2", "FACTOR = 5"), ('pl.col("a")', 'pl.col("b").alias("a")')],
    ),
    *project(
        "a model at module level",
        """
        from sklearn.linear_model import Ridge

        ALPHA = 0.5
        MODEL = Ridge(alpha=ALPHA, fit_intercept=True)

        @ps.step
        def target():
            return MODEL.get_params()["alpha"], MODEL.fit_intercept
        """,
        rerun=[("ALPHA = 0.5", "ALPHA = 0.6"), ("fit_intercept=True", "fit_intercept=False")],
    ),
    *project(
        "a cache that steps fill",
        """
        _CACHE = {}

        def cached(x):
            if x not in _CACHE:
                _CACHE[x] = x * 2
            return _CACHE[x]

        @ps.step
        def target():
            return cached(2)
        """,
        rerun=[("x * 2", "x * 3"), ("_CACHE = {}", "_CACHE = {2: 9}")],
    ),
    *project(
        "counters, namespaces and default dictionaries",
        """
        from collections import Counter, OrderedDict, defaultdict, deque
        from types import MappingProxyType, SimpleNamespace

        def zero():
            return 5

        COUNTS = Counter("aab")
        NAMES = SimpleNamespace(rate=1, inner=SimpleNamespace(k=2))
        MISSING = defaultdict(zero)
        QUEUE = deque([1, 2], maxlen=3)
        FIXED = MappingProxyType({"a": 1})
        ORDER = OrderedDict(a=1, b=2)

        @ps.step
        def target():
            return COUNTS["a"], NAMES.inner.k, MISSING["x"], list(QUEUE), FIXED["a"], list(ORDER)
        """,
        rerun=[
            ('"aab"', '"aaab"'),
            ("k=2", "k=3"),
            ("return 5", "return 6"),
            ("deque([1, 2]", "deque([2, 1]"),
            ('{"a": 1}', '{"a": 2}'),
            ("a=1, b=2", "b=2, a=1"),
        ],
    ),
    *project(
        "configuration classes",
        {
            "config.py": """
            class Config:
                RATE = 1
                NAMES = ["a"]

            class Dev(Config):
                RATE = 2

            ACTIVE = Dev
            """,
            "pipeline.py": """
            from config import ACTIVE

            @ps.step
            def target():
                return ACTIVE.RATE, ACTIVE.NAMES
            """,
        },
        rerun=[
            ("config.py", "RATE = 2", "RATE = 3"),
            ("config.py", '["a"]', '["b"]'),
            ("config.py", "ACTIVE = Dev", "ACTIVE = Config"),
        ],
        either=[("config.py", "RATE = 1", "RATE = 7")],
    ),
    *project(
        "structures of msgspec",
        """
        from msgspec import Struct

        class Options(Struct):
            rate: int = 1
            names: tuple[str, ...] = ("a",)

        OPTIONS = Options(rate=3)

        @ps.step
        def target():
            return OPTIONS.rate, Options().names
        """,
        rerun=[("rate=3", "rate=4"), ('("a",)', '("b",)')],
    ),
    *project(
        "a value that two names share",
        """
        SHARED = {"k": 1}
        ALIAS = SHARED
        ALIAS["k"] = 2

        @ps.step
        def target():
            return SHARED["k"]
        """,
        rerun=[('ALIAS["k"] = 2', 'ALIAS["k"] = 3')],
    ),
    *project(
        "constant used only by a default, a decorator or a class body",
        """
        SIZE = 3
        TIMES = 2

        def repeat(n):
            def deco(f):
                def wrapper(*args):
                    return [f(*args)] * n
                return wrapper
            return deco

        class Box:
            size = SIZE

        @repeat(TIMES)
        def helper(x, y=SIZE):
            return x + y + Box.size

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("SIZE = 3", "SIZE = 4"), ("TIMES = 2", "TIMES = 3")],
    ),
    *project(
        "strings built from others",
        """
        PREFIX = "x_"
        NAME = f"{PREFIX}name"
        QUERY = "select %s" % NAME + " from {t}".format(t="t")

        @ps.step
        def target():
            return QUERY
        """,
        rerun=[('"x_"', '"y_"'), ('t="t"', 't="u"'), ("select", "delete")],
    ),
]
