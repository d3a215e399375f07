"""Edits by somebody who looks for what a reader of code overlooks: names in texts, hints that steer, objects that libraries hold."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "names inside the texts of queries",
        {
            "limits.py": "LOW = 2\nHIGH = 9\nTOP = 1\n",
            "pipeline.py": """
            import pandas as pd
            from limits import HIGH, LOW

            SCALE = 2
            OTHER = 5
            FACTORS = {"a": 3}

            def shift(x):
                return x + 1

            @ps.step
            def target():
                frame = pd.DataFrame({"a": [1, 4, 8, 10]})
                kept = frame.query("a > @LOW and a < @HIGH")
                kept = kept.eval("b = a * @SCALE")
                kept = kept.eval("c = @shift(a)")
                return kept.to_dict("list")
            """,
        },
        rerun=[
            ("limits.py", "LOW = 2", "LOW = 5"),
            ("limits.py", "HIGH = 9", "HIGH = 11"),
            ("SCALE = 2", "SCALE = 3"),
            ("x + 1", "x + 2"),
            ("a < @HIGH", "a < @HIGH - 2"),
        ],
        reuse=[("OTHER = 5", "OTHER = 6"), ("limits.py", "TOP = 1", "TOP = 2"), ('{"a": 3}', '{"a": 4}')],
    ),
    *project(
        "tables named in SQL, by a library that looks into its caller's frame",
        {
            "engine.py": "import sys\n\ndef sql(text):\n    space = sys._getframe(1).f_globals\n    return sorted((one, space[one]) for one in text.split() if one in space)\n",
            "pipeline.py": """
            from engine import sql

            RATES = {"a": 1}
            UNUSED = 7
            QUERY = "select * from LATER"
            LATER = 5

            @ps.step
            def target():
                return sql("select kind from RATES"), sql(QUERY)
            """,
        },
        rerun=[('{"a": 1}', '{"a": 2}'), ("LATER = 5", "LATER = 6"), ("from LATER", "from RATES")],
    ),
    *project(
        "a template filled from a module's own names",
        """
        from string import Template

        GREETING = "hello"
        NAME = "x"
        UNRELATED = 1

        def fill():
            return "{GREETING} {NAME}".format(**globals()) + Template("$NAME").substitute(globals())

        @ps.step
        def target():
            return fill()
        """,
        rerun=[('"hello"', '"hullo"'), ('NAME = "x"', 'NAME = "y"')],
    ),
    *project(
        "dispatch by hints, given by calls rather than decorators",
        """
        from functools import singledispatch

        @singledispatch
        def area(shape):
            return "none"

        def of_int(shape: int):
            return "int"

        def of_text(shape: str):
            return "text"

        area.register(of_int)
        area.register(of_text)

        @ps.step
        def target():
            return area(1), area("x"), area(1.0), area(b"x")
        """,
        rerun=[
            ("of_int(shape: int)", "of_int(shape: float)"),
            ("of_text(shape: str)", "of_text(shape: bytes)"),
            ('return "int"', 'return "whole"'),
            ("area.register(of_text)\n", ""),
        ],
        reuse=[("def area(shape):", "def area(shape: object):  # of anything")],
    ),
    *project(
        "dispatch by hints on methods",
        """
        from functools import singledispatchmethod

        class Reader:
            @singledispatchmethod
            def read(self, one):
                return "any"

            @read.register
            def _(self, one: int):
                return "int"

            @read.register(str)
            def _(self, one: "ignored"):
                return "text"

        @ps.step
        def target():
            reader = Reader()
            return reader.read(1), reader.read("a"), reader.read(2.0), reader.read(b"")
        """,
        rerun=[("one: int", "one: float"), ("register(str)", "register(bytes)"), ('"any"', '"all"')],
    ),
    *project(
        "casts by the hints of arguments, through a decorator of the project in another module",
        {
            "casting.py": """
            import functools
            import typing

            def typed(function):
                hints = typing.get_type_hints(function)

                @functools.wraps(function)
                def inner(**given):
                    return function(**{name: hints.get(name, str)(value) for name, value in given.items()})

                return inner
            """,
            "pipeline.py": """
            from casting import typed

            @typed
            def scale(x: int, by: float = 2):
                return x * by

            @ps.step
            def target():
                return scale(x="3", by="2")
            """,
        },
        rerun=[("x: int", "x: complex"), ("by: float", "by: complex")],
        reuse=[("\n@ps.step", "\n\n\n@ps.step"), ("    return x * by", "    # scaled\n    return (x * by)")],
    ),
    *project(
        "casts by hints that are reached by other names",
        """
        import inspect as look
        from inspect import signature as sign_of
        from typing import get_type_hints as hints_of

        def first(x: int):
            return x

        def second(x: int):
            return x

        def third(x: int):
            return x

        def fourth(x: int):
            return x

        @ps.step
        def target():
            return (
                look.signature(first).parameters["x"].annotation("3"),
                sign_of(second).parameters["x"].annotation("3"),
                hints_of(third)["x"]("3"),
                getattr(fourth, "__annotations__")["x"]("3"),
            )
        """,
        rerun=[
            ("first(x: int)", "first(x: float)"),
            ("second(x: int)", "second(x: float)"),
            ("third(x: int)", "third(x: float)"),
            ("fourth(x: int)", "fourth(x: float)"),
        ],
    ),
    *project(
        "docstrings that are data",
        '''
        """Kinds: a b"""
        import penstock as ps
        import inspect
        import textwrap

        def grammar():
            """expr : term"""

        def second():
            """one"""

        def third():
            """un"""

        class Table:
            """columns: x y"""

        def quiet():
            """Not looked at."""
            return 1

        @ps.step
        def target():
            return (
                __doc__.split(),
                grammar.__doc__,
                inspect.getdoc(second),
                vars(Table)["__doc__"],
                getattr(third, "__doc__"),
                quiet(),
            )
        ''',
        rerun=[
            ("Kinds: a b", "Kinds: a c"),
            ("expr : term", "expr : expr"),
            ('"""one"""', '"""two"""'),
            ("columns: x y", "columns: x z"),
            ('"""un"""', '"""deux"""'),
        ],
    ),
    *project(
        "a module's docstring read by its name",
        '''
        """Kinds: a b"""
        import penstock as ps

        def helper():
            """Not looked at."""
            return 1

        @ps.step
        def target():
            return __doc__, helper()
        ''',
        rerun=[("Kinds: a b", "Kinds: a c")],
    ),
    *project(
        "names of code that are data",
        """
        class Ridge:
            def name(self):
                return type(self).__name__

        class Lasso(Ridge):
            pass

        def clean_rows(x):
            return x

        def drop_rows(x):
            return x

        STEPS = [clean_rows, drop_rows]

        @ps.step
        def target():
            return [one.__name__ for one in STEPS], Lasso().name(), clean_rows.__qualname__, __name__
        """,
        rerun=[
            ("clean_rows", "tidy_rows"),
            ("Lasso", "Lassoo"),
            ("[clean_rows, drop_rows]", "[drop_rows, clean_rows]"),
        ],
    ),
    *project(
        "a module that knows its own name",
        {
            "one/__init__.py": "",
            "one/where.py": "def tell():\n    return __name__\n",
            "two/__init__.py": "",
            "two/where.py": "def tell():\n    return __name__\n",
            "pipeline.py": """
            from one.where import tell

            @ps.step
            def target():
                return tell()
            """,
        },
        rerun=[("from one.where", "from two.where")],
    ),
    *project(
        "functions whose parts are exchanged at import",
        """
        import types

        def first(x, by=1):
            return x + by

        def second(x, by=1):
            return x * 10 + by

        def third(x, by=1):
            return x - by

        def fourth(x, *, by=1):
            return x - by

        first.__code__ = second.__code__
        third.__defaults__ = (4,)
        fourth.__kwdefaults__ = {"by": 6}
        copied = types.FunctionType(second.__code__, globals(), "copied", (7,))

        class Holder:
            pass

        holder = Holder()
        holder.run = types.MethodType(lambda self, x: x + 100, holder)

        @ps.step
        def target():
            return first(1), third(1), fourth(1), copied(1), holder.run(1)
        """,
        rerun=[
            ("x * 10 + by", "x * 11 + by"),
            ("(4,)", "(5,)"),
            ('{"by": 6}', '{"by": 7}'),
            ("(7,)", "(8,)"),
            ("x + 100", "x + 101"),
        ],
        either=[("return x + by", "return x + by + 1")],
    ),
    *project(
        "classes whose parts are exchanged at import",
        """
        class Base:
            def run(self):
                return "base"

        class Loud:
            def run(self):
                return "loud"

        class Model(Base):
            pass

        def scored(self):
            return 1

        def again(self):
            return 2

        Model.score = scored
        Model.level = property(lambda self: 3)
        for name in ("a", "b"):
            setattr(Model, f"get_{name}", lambda self, name=name: name * 2)

        thing = Model()
        thing.__dict__.update(extra=4)
        vars(thing)["more"] = 5

        changed = Base()
        changed.__class__ = Loud

        @ps.step
        def target():
            return thing.score(), thing.level, thing.get_a(), thing.extra, thing.more, changed.run(), thing.run()
        """,
        rerun=[
            ("return 1", "return 11"),
            ("Model.score = scored", "Model.score = again"),
            ("lambda self: 3", "lambda self: 33"),
            ("name * 2", "name * 3"),
            ("extra=4", "extra=44"),
            ('["more"] = 5', '["more"] = 55'),
            ('"loud"', '"louder"'),
            ('"base"', '"basic"'),
            ("class Model(Base)", "class Model(Loud)"),
        ],
    ),
    *project(
        "virtual subclasses and checks of instances",
        """
        from abc import ABC

        class Shape(ABC):
            pass

        class Circle:
            pass

        class Square:
            pass

        class Checked(type):
            def __instancecheck__(cls, one):
                return isinstance(one, int) and one > 3

        class Big(metaclass=Checked):
            pass

        Shape.register(Circle)

        @ps.step
        def target():
            return isinstance(Circle(), Shape), isinstance(Square(), Shape), isinstance(4, Big)
        """,
        rerun=[
            ("Shape.register(Circle)", "Shape.register(Square)"),
            ("\nShape.register(Circle)\n", "\n"),
            ("one > 3", "one > 4"),
        ],
    ),
    *project(
        "subclasses of builtins",
        """
        class Config(dict):
            def rate(self):
                return self["rate"] * 2

            def __missing__(self, key):
                return 7

        class Weights(list):
            unit = "kg"

            def total(self):
                return sum(self)

        class Name(str):
            def loud(self):
                return self.upper()

        class Level(int):
            def next(self):
                return self + 1

        CONFIG = Config(rate=3)
        WEIGHTS = Weights([1, 2])
        WEIGHTS.scale = 5
        NAME = Name("a")
        LEVEL = Level(3)

        @ps.step
        def target():
            return CONFIG.rate(), CONFIG["no"], WEIGHTS.total(), WEIGHTS.unit, WEIGHTS.scale, NAME.loud(), LEVEL.next()
        """,
        rerun=[
            ("rate=3", "rate=4"),
            ('self["rate"] * 2', 'self["rate"] * 3'),
            ("return 7", "return 8"),
            ("[1, 2]", "[1, 3]"),
            ('"kg"', '"g"'),
            ("WEIGHTS.scale = 5", "WEIGHTS.scale = 6"),
            ("self.upper()", "self.title() * 2"),
            ("Level(3)", "Level(4)"),
            ("self + 1", "self + 2"),
        ],
    ),
    *project(
        "objects of the standard library at module level",
        """
        import contextvars
        import itertools
        import queue
        import random
        import string
        import struct
        import threading
        import weakref
        from fractions import Fraction
        from types import MappingProxyType, SimpleNamespace

        MODE = contextvars.ContextVar("mode", default="slow")
        LOCAL = threading.local()
        LOCAL.depth = 3
        PACKER = struct.Struct("<i")
        TEXT = string.Template("$x is one")
        DICE = random.Random(5)
        STATE = DICE.getstate()[1][:2]
        VIEW = MappingProxyType({"a": 1})
        SPACE = SimpleNamespace(depth=SimpleNamespace(inner=2))
        HALF = Fraction(1, 2)
        TASKS = queue.Queue()
        TASKS.put("first")

        class Node:
            value = 1

        NODE = Node()
        WEAK = weakref.ref(NODE)
        NUMBERS = itertools.islice(itertools.count(7), 3)
        LISTED = list(NUMBERS)
        PAIRS = zip("ab", [1, 2])

        @ps.step
        def target():
            return (
                MODE.get(), LOCAL.depth, PACKER.pack(1), TEXT.substitute(x="a"), STATE, VIEW["a"], SPACE.depth.inner,
                HALF, list(TASKS.queue), WEAK().value, LISTED,
            )

        @ps.step
        def other():
            return list(PAIRS)
        """,
        rerun=[
            ('default="slow"', 'default="fast"'),
            ("LOCAL.depth = 3", "LOCAL.depth = 4"),
            ('"<i"', '">i"'),
            ("is one", "is two"),
            ("random.Random(5)", "random.Random(6)"),
            ('MappingProxyType({"a": 1})', 'MappingProxyType({"a": 2})'),
            ("inner=2", "inner=3"),
            ("Fraction(1, 2)", "Fraction(1, 3)"),
            ('"first"', '"second"'),
            ("value = 1", "value = 2"),
            ("count(7)", "count(8)"),
        ],
        reuse=[("[1, 2]", "[1, 3]")],
    ),
    *project(
        "arrays and columns that look alike",
        """
        import numpy as np
        import pandas as pd

        MASKED = np.ma.array([1, 2, 3], mask=[False, True, False])
        DAYS = np.array(["2020-01-01"], dtype="M8[D]")
        RECORDS = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")])
        TABLE = pd.Series([1, 2], index=["a", "b"], name="n")
        KINDS = pd.Categorical(["x"], categories=["x", "y"], ordered=False)
        DATES = pd.date_range("2020-01-01", periods=2, freq="D")
        ZONED = pd.Timestamp("2020-01-01", tz="UTC")
        SHAPED = np.zeros((2, 3))
        CODES = {np.int64(1): "one"}
        CURVE = np.poly1d([1, 2])
        BINS = pd.IntervalIndex.from_breaks([0, 1, 2], closed="left")

        @ps.step
        def target():
            return (
                MASKED.sum().item(), str(DAYS.dtype), RECORDS.dtype.names, TABLE.name, list(TABLE.index), KINDS.ordered,
                list(KINDS.categories), str(DATES[1]), str(ZONED), SHAPED.shape, CODES[1], CURVE(2).item(), BINS.closed,
            )
        """,
        rerun=[
            ("mask=[False, True, False]", "mask=[True, False, False]"),
            ("M8[D]", "M8[s]"),
            ('("b", "f4")', '("c", "f4")'),
            ('name="n"', 'name="m"'),
            ('index=["a", "b"]', 'index=["a", "c"]'),
            ("ordered=False", "ordered=True"),
            ('categories=["x", "y"]', 'categories=["y", "x"]'),
            ('freq="D"', 'freq="W"'),
            ('tz="UTC"', 'tz="Europe/Berlin"'),
            ("np.zeros((2, 3))", "np.zeros((3, 2))"),
            ('"one"', '"uno"'),
            ("poly1d([1, 2])", "poly1d([1, 3])"),
            ('closed="left"', 'closed="right"'),
        ],
    ),
    *project(
        "values that differ in their kind alone",
        """
        from decimal import Decimal
        import datetime
        import re
        from zoneinfo import ZoneInfo

        A = Decimal("1.0")
        B = 0.0
        C = re.compile("a", re.I)
        D = datetime.datetime(2020, 10, 25, 2, 30, fold=0, tzinfo=ZoneInfo("Europe/Berlin"))
        E = (1, 2)
        F = frozenset({1})
        G = b"a"
        H = {"a": 1, "b": 2}
        I = float("nan")
        J = 1e300 * 10
        K = 3 + 4j

        @ps.step
        def target():
            return [str(one) for one in (A, B, E, F, G, I, J, K)], bool(C.match("A")), D.utcoffset(), list(H), type(E).__name__
        """,
        rerun=[
            ('Decimal("1.0")', 'Decimal("1.00")'),
            ("B = 0.0", "B = -0.0"),
            ("re.I", "re.S"),
            ("fold=0", "fold=1"),
            ("(1, 2)", "[1, 2]"),
            ("frozenset({1})", "{1}"),
            ('b"a"', 'bytearray(b"a")'),
            ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
            ("1e300 * 10", "1e308 * 10"),
            ("3 + 4j", "3 - 4j"),
        ],
        reuse=[("1e300 * 10", "1e301"), ("frozenset({1})", "frozenset([1, 1])")],
    ),
    *project(
        "what opaque objects are told by any method",
        {
            "engines.py": """
            import threading

            class Engine:
                def __init__(self):
                    self.lock = threading.Lock()
                    self.rules = []
                    self.scale = 1

                def rule(self, rule):
                    self.rules.append(rule)
                    return self

                def scaled(self, by):
                    self.scale = by

                def run(self, x):
                    for rule in self.rules:
                        x = rule(x)
                    return x * self.scale
            """,
            "pipeline.py": """
            from sklearn.preprocessing import StandardScaler
            from engines import Engine

            ENGINE = Engine()
            ENGINE.rule(lambda x: x + 1).rule(lambda x: x * 2)
            done = ENGINE.scaled(3)
            other = Engine()
            other.scaled(5)

            SCALER = StandardScaler()
            SCALER.set_params(with_mean=False)
            fitted = SCALER.fit([[1.0], [3.0]])

            @ps.step
            def target():
                return ENGINE.run(1), SCALER.with_mean, SCALER.scale_.tolist()
            """,
        },
        rerun=[
            ("x + 1", "x + 2"),
            ("x * 2)", "x * 3)"),
            ("ENGINE.scaled(3)", "ENGINE.scaled(4)"),
            ("with_mean=False", "with_mean=True"),
            ("[3.0]", "[5.0]"),
            ("engines.py", "x * self.scale", "x + self.scale"),
        ],
        reuse=[("other.scaled(5)", "other.scaled(6)")],
    ),
    *project(
        "opaque objects that are changed while they are under another name",
        {
            "store.py": "import threading\n\nclass Box:\n    def __init__(self):\n        self.lock = threading.Lock()\n        self.kept = {}\n\nBOX = Box()\nSECOND = Box()\n",
            "fill.py": "import store\n\nboxes = [store.BOX]\nfor box in boxes:\n    box.kept['a'] = 1\n\ndef put(box, key, value):\n    box.kept[key] = value\n\nput(store.BOX, 'b', 2)\nwith store.BOX.lock:\n    store.BOX.kept['c'] = 3\n",
            "pipeline.py": """
            import fill
            from store import BOX

            held = BOX
            held.kept["d"] = 4

            @ps.step
            def target():
                return BOX.kept
            """,
        },
        rerun=[
            ("fill.py", "['a'] = 1", "['a'] = 11"),
            ("fill.py", "'b', 2", "'b', 22"),
            ("fill.py", "['c'] = 3", "['c'] = 33"),
            ('["d"] = 4', '["d"] = 44'),
        ],
    ),
    *project(
        "environment variables read by names in a loop and by a helper",
        """
        import os

        NAMES = ("FIRST", "SECOND")

        def setting(name, default=""):
            return os.environ.get("APP_" + name, default)

        @ps.step
        def target():
            found = {one: os.environ.get(one) for one in NAMES}
            for key in ("THIRD", "FOURTH"):
                found[key] = os.getenv(key, "")
            prefix = "APP"
            return found, setting("MODE"), os.environ.get(f"{prefix}_LEVEL"), "FIFTH" in os.environ
        """,
        rerun=[
            Edit(environ={"FIRST": "1"}),
            Edit(environ={"THIRD": "1"}),
            Edit(environ={"APP_MODE": "fast"}),
            Edit(environ={"APP_LEVEL": "2"}),
            Edit(environ={"FIFTH": ""}),
        ],
        reuse=[Edit(environ={"SIXTH": "1"})],
        observed=True,
    ),
    *project(
        "all environment variables of a prefix",
        """
        import os

        @ps.step
        def target():
            return {key: value for key, value in os.environ.items() if key.startswith("APP_")}
        """,
        rerun=[Edit(environ={"APP_X": "1"})],
        reuse=[Edit(environ={"SIXTH": "1"})],
    ),
    *project(
        "variables that are set for workers, or handed on as a whole",
        """
        import os
        import subprocess

        @ps.step
        def target():
            threads = os.environ.get("OMP_NUM_THREADS")
            more = os.getenv("POLARS_MAX" + "_THREADS")
            os.environ["MADE_HERE"] = "1"
            told = subprocess.run(["echo", "x"], env={**os.environ, "A": "b"}, capture_output=True).stdout
            return type(threads).__name__ != "int", more != 1, os.environ["MADE" + "_HERE"], told, len(dict(os.environ)) > 1
        """,
        rerun=[('"x"', '"y"')],
        reuse=[Edit(touch=("pipeline.py",)), Edit(environ={"SIXTH": "1"})],
        observed=True,
    ),
    *project(
        "programs of the project that a step starts",
        {
            "tools/__init__.py": "",
            "tools/clean.py": "from tools.shared import word\nprint(word())\n",
            "tools/shared.py": "def word():\n    return 'clean'\n",
            "scripts/plain.py": "print('plain')\n",
            "scripts/run.sh": "echo shell\n",
            "pipeline.py": """
            import subprocess
            import sys
            from pathlib import Path

            HERE = Path(__file__).parent

            def output(command, **more):
                return subprocess.run(command, capture_output=True, text=True, cwd=HERE, **more).stdout

            @ps.step
            def target():
                return (
                    output([sys.executable, "-m", "tools.clean"]),
                    output([sys.executable, "scripts/plain.py"]),
                    output("sh scripts/run.sh", shell=True),
                )
            """,
        },
        rerun=[
            ("tools/clean.py", "print(word())", "print(word(), 1)"),
            ("tools/shared.py", "'clean'", "'cleaner'"),
            ("scripts/plain.py", "'plain'", "'plainer'"),
            ("scripts/run.sh", "echo shell", "echo shells"),
        ],
    ),
    *project(
        "warnings that are made errors",
        {
            "strict.py": "import warnings\n\nwarnings.filterwarnings('default', category=UserWarning)\n",
            "pipeline.py": """
            import warnings

            import strict

            @ps.step
            def target():
                try:
                    warnings.warn("x", UserWarning)
                except UserWarning:
                    return "raised"
                return "said"
            """,
        },
        rerun=[("strict.py", "'default'", "'error'")],
    ),
    *project(
        "another folder at import",
        {
            "a/x.txt": "in a",
            "b/x.txt": "in b",
            "pipeline.py": """
            import os
            from pathlib import Path

            FOLDER = Path(__file__).parent / "a"
            DATA = os.path.join(FOLDER, "x.txt")

            def read(name):
                with open(FOLDER / name) as file:
                    return file.read()

            @ps.step
            def target():
                return read("x.txt"), open(DATA).read()
            """,
        },
        rerun=[('/ "a"', '/ "b"'), ("a/x.txt", "in a", "in A")],
        reuse=[("b/x.txt", "in b", "in B")],
    ),
]
