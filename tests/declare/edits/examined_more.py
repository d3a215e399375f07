"""Edits as an examiner writes them who wants to catch the cache: caches, closures, tables, generators."""

from . import project

__all__ = ["CASES"]

CASES = [
    *project(
        "a decorator that gives a partial, and one that gives an object",
        """
        from functools import partial

        def bound(**values):
            def deco(function):
                return partial(function, **values)
            return deco

        class Pipe:
            def __init__(self, *functions):
                self.functions = functions

            def __or__(self, other):
                return Pipe(*self.functions, other)

            def __call__(self, x):
                for one in self.functions:
                    x = one(x)
                return x

        def add(x):
            return x + 1

        def double(x):
            return x * 2

        @bound(k=3)
        def times(x, k=1):
            return x * k

        CHAIN = Pipe(add) | double | times

        @ps.step
        def target():
            return CHAIN(4)
        """,
        rerun=[
            ("k=3", "k=4"),
            ("x + 1", "x + 2"),
            ("x * 2", "x * 5"),
            ("x * k", "x - k"),
            ("Pipe(add) | double | times", "Pipe(double) | add | times"),
            ("Pipe(*self.functions, other)", "Pipe(other, *self.functions)"),
        ],
        either=[("k=1", "k=2")],
    ),
    *project(
        "dispatch on type over modules",
        {
            "shown.py": """
            from functools import singledispatch

            @singledispatch
            def shown(value):
                return f"other {value}"

            @shown.register
            def _(value: int):
                return f"int {value}"
            """,
            "more.py": """
            from shown import shown

            @shown.register(list)
            def _list(value):
                return [shown(one) for one in value]
            """,
            "pipeline.py": """
            import more
            from shown import shown

            @ps.step
            def target():
                return shown([1, "x"])
            """,
        },
        rerun=[
            ("shown.py", "int {value}", "number {value}"),
            ("shown.py", "other {value}", "any {value}"),
            ("more.py", "shown(one) for", "shown(one) + '!' for"),
            ("import more\n", ""),
        ],
    ),
    *project(
        "caches in all forms",
        """
        from functools import cache, cached_property, lru_cache, reduce

        @cache
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        @lru_cache(maxsize=8)
        def slow(x):
            return inner(x) + 1

        def inner(x):
            return x * 3

        class Data:
            @cached_property
            def rows(self):
                return [inner(one) for one in range(3)]

        @ps.step
        def target():
            return fib(9), slow(2), Data().rows, reduce(lambda a, b: a * 2 + b, [1, 2, 3], 1)
        """,
        rerun=[
            ("n if n < 2", "1 if n < 2"),
            ("x * 3", "x * 4"),
            ("range(3)", "range(2)"),
            ("a * 2 + b", "a * 2 - b"),
            ("[1, 2, 3], 1", "[1, 2, 3], 0"),
        ],
        either=[("maxsize=8", "maxsize=16")],
    ),
    *project(
        "closures that count",
        """
        def counter(start, by=1):
            value = start

            def step():
                nonlocal value
                value += by
                return value

            return step

        def averager():
            seen = []

            def add(x):
                seen.append(x)
                return sum(seen) / len(seen)

            return add

        @ps.step
        def target():
            count, mean = counter(5), averager()
            return count(), count(), mean(1), mean(2)
        """,
        rerun=[
            ("counter(5)", "counter(6)"),
            ("by=1", "by=2"),
            ("value += by", "value -= by"),
            ("sum(seen)", "max(seen)"),
        ],
    ),
    *project(
        "tables of functions built by a loop and by comprehensions",
        """
        def plus(k):
            return lambda x: x + k

        TABLE = {}
        for name, k in (("one", 1), ("two", 2)):
            TABLE[name] = plus(k)

        MORE = {f"m{k}": (lambda x, k=k: x * k) for k in range(3)}
        NESTED = {"a": {"b": [plus(10), abs]}}

        def unused(x):
            return x

        @ps.step
        def target():
            return TABLE["two"](1), MORE["m2"](5), NESTED["a"]["b"][0](1), NESTED["a"]["b"][1](-3)
        """,
        rerun=[
            ('("two", 2)', '("two", 3)'),
            ("x + k", "x - k"),
            ("x * k", "x ** k"),
            ("plus(10)", "plus(11)"),
            (", abs]", ", bool]"),
        ],
        reuse=[("def unused(x):\n    return x\n", "def unused(x):\n    return x + 1\n")],
    ),
    *project(
        "handlers collected by a metaclass and by a decorator on methods",
        """
        def handles(kind):
            def deco(method):
                method.kind = kind
                return method
            return deco

        class Collecting(type):
            def __new__(mcls, name, bases, body):
                cls = super().__new__(mcls, name, bases, body)
                cls.table = {one.kind: one for one in body.values() if hasattr(one, "kind")}
                return cls

        class Handler(metaclass=Collecting):
            @handles("add")
            def on_add(self, x):
                return x + 1

            @handles("mul")
            def on_mul(self, x):
                return x * 2

            def run(self, kind, x):
                return self.table[kind](self, x)

        @ps.step
        def target():
            return Handler().run("add", 1), Handler().run("mul", 4)
        """,
        rerun=[
            ("x + 1", "x + 2"),
            ("x * 2", "x * 3"),
            ("self.table[kind](self, x)", "self.table[kind](self, x + 1)"),
            ("one.kind: one for", "one.kind: (lambda self, x: 0) for"),
        ],
    ),
    *project(
        "generators that delegate, and asynchronous ones",
        """
        import asyncio

        def inner(n):
            yield from range(n)

        def outer(n):
            got = yield "start"
            yield from (one * 2 for one in inner(n))
            yield got

        async def numbers(n):
            for one in range(n):
                yield one
                await asyncio.sleep(0)

        class Guard:
            async def __aenter__(self):
                return 5

            async def __aexit__(self, *info):
                return True

        async def main():
            async with Guard() as five:
                return [one + five async for one in numbers(3)]

        @ps.step
        def target():
            return list(outer(3)), asyncio.run(main())
        """,
        rerun=[
            ("yield from range(n)", "yield from range(1, n)"),
            ("one * 2", "one * 3"),
            ("return 5", "return 6"),
            ("yield one\n", "yield -one\n"),
            ('"start"', '"begin"'),
        ],
    ),
    *project(
        "context managers that swallow and restore",
        """
        from contextlib import contextmanager, ExitStack, suppress

        LOG = []

        @contextmanager
        def noted(name):
            LOG.append(name)
            try:
                yield name * 2
            finally:
                LOG.append("end")

        ERRORS = (KeyError,)

        @ps.step
        def target():
            LOG.clear()
            with ExitStack() as stack:
                first = stack.enter_context(noted("a"))
                with suppress(*ERRORS):
                    {}["x"]
            return first, list(LOG)
        """,
        rerun=[("name * 2", "name * 3"), ('"end"', '"done"'), ('noted("a")', 'noted("b")')],
        either=[("(KeyError,)", "(KeyError, ValueError)")],
    ),
    *project(
        "match with classes and guards",
        """
        from dataclasses import dataclass

        LIMIT = 10

        @dataclass
        class Point:
            x: int
            y: int

        def told(value):
            match value:
                case Point(x=0, y=y):
                    return f"axis {y}"
                case Point(x=x, y=y) if x + y > LIMIT:
                    return f"far {x} {y}"
                case {"kind": "p", **rest}:
                    return sorted(rest)
                case [first, *_, last]:
                    return first, last
                case _:
                    return None

        @ps.step
        def target():
            return told(Point(0, 2)), told(Point(6, 6)), told({"kind": "p", "b": 1, "a": 2}), told([1, 2, 3])
        """,
        rerun=[
            ("LIMIT = 10", "LIMIT = 20"),
            ("axis {y}", "axe {y}"),
            ("first, last", "last, first"),
            ("x=0, y=y", "x=6, y=y"),
        ],
        reuse=[("case Point(x=0, y=y):", "case Point(x=0, y=y):  # on the axis")],
        either=[("    x: int\n", "    x: float\n")],
    ),
    *project(
        "named tuples and typed dictionaries with methods and defaults",
        """
        from collections import namedtuple
        from typing import NamedTuple, TypedDict

        Pair = namedtuple("Pair", ["a", "b"], defaults=[7])

        class Row(NamedTuple):
            id: int
            weight: float = 1.5

            def scaled(self, by=2):
                return self.weight * by

        class Options(TypedDict, total=False):
            depth: int

        def merged(options: Options) -> Options:
            return {"depth": 3, **options}

        @ps.step
        def target():
            return Pair(1), Row(1).scaled(), merged({})
        """,
        rerun=[
            ("defaults=[7]", "defaults=[8]"),
            ("= 1.5", "= 2.5"),
            ("by=2", "by=3"),
            ('"depth": 3', '"depth": 4'),
            ('["a", "b"]', '["a", "c"]'),
        ],
        reuse=[("(options: Options) -> Options", "(options)")],
    ),
    *project(
        "operators of a class and of its base",
        """
        class Number:
            def __init__(self, n):
                self.n = n

            def __add__(self, other):
                return type(self)(self.n + other.n)

            def __repr__(self):
                return f"N({self.n})"

            def __bool__(self):
                return self.n > 0

            def __getitem__(self, key):
                return self.n * key

            def __contains__(self, x):
                return x == self.n

            def __len__(self):
                return 4

        class Small(Number):
            def __init__(self, n):
                super().__init__(min(n, 5))

        @ps.step
        def target():
            made = Small(3) + Small(9)
            return repr(made), bool(Number(0)), made[2], 5 in made, len(made)
        """,
        rerun=[
            ("min(n, 5)", "min(n, 4)"),
            ("N({self.n})", "M({self.n})"),
            ("self.n > 0", "self.n >= 0"),
            ("self.n * key", "self.n + key"),
            ("return 4", "return 3"),
        ],
    ),
]
