"""Functions that call functions: helpers, nesting, decorators, closures, defaults, partial, lambdas, generators."""

from . import project

__all__ = ["CASES"]

CASES = [
    *project(
        "helper",
        """
        def helper(x):
            return x + 1

        def other(x):
            return x + 7

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("x + 1", "x + 2"), ("x + 1", "x - 1"), ("helper(1)", "helper(2)"), ("helper(1)", "other(1)")],
        reuse=[("x + 7", "x + 8"), ("def other(x):\n    return x + 7\n\n", ""), ("x + 1", "(x + 1)")],
    ),
    *project(
        "chain of helpers",
        """
        def a(x):
            return b(x) * 2

        def b(x):
            return c(x) + 1

        def c(x):
            return d(x) - 3

        def d(x):
            return x ** 2

        def e(x):
            return a(x)

        @ps.step
        def target():
            return a(4)
        """,
        rerun=[("x ** 2", "x ** 3"), ("- 3", "- 4"), ("b(x) * 2", "b(x) * 3")],
        reuse=[("return a(x)", "return a(x) + 1")],
    ),
    *project(
        "mutual recursion",
        """
        def even(n):
            return True if n == 0 else odd(n - 1)

        def odd(n):
            return False if n == 0 else even(n - 1)

        @ps.step
        def target():
            return even(7)
        """,
        rerun=[("False if", "None if"), ("True if n == 0", "True if n == 7")],
    ),
    *project(
        "nested function",
        """
        OFFSET = 3

        @ps.step
        def target():
            def inner(x):
                def innermost(y):
                    return y + OFFSET
                return innermost(x) * 2
            return inner(5)
        """,
        rerun=[("y + OFFSET", "y - OFFSET"), ("OFFSET = 3", "OFFSET = 4"), ("* 2", "* 3")],
    ),
    *project(
        "a local name hides a helper",
        """
        def clean(x):
            return x + 1

        @ps.step
        def target():
            clean = 5
            return clean * 2
        """,
        rerun=[("clean = 5", "clean = 6")],
        reuse=[("x + 1", "x + 2")],
    ),
    *project(
        "an argument hides a step",
        """
        @ps.step
        def clean():
            return 1

        def shift(clean, by=2):
            return clean + by

        @ps.step
        def target():
            return shift(3)
        """,
        rerun=[("by=2", "by=3")],
        reuse=[("return 1", "return 2")],
    ),
    *project(
        "step calls a step",
        """
        @ps.step
        def first():
            return 1

        @ps.step
        def target():
            return first() + 1
        """,
        rerun=[("return 1", "return 2")],
    ),
    *project(
        "defaults",
        """
        BASE = 2

        def helper(x, y=BASE, *, z=10):
            return x + y + z

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("BASE = 2", "BASE = 3"), ("z=10", "z=11"), ("y=BASE", "y=9")],
    ),
    *project(
        "default is a function",
        """
        def loss(a, b):
            return a - b

        def helper(x, f=loss):
            return f(x, 1)

        @ps.step
        def target():
            return helper(4)
        """,
        rerun=[("a - b", "a + b")],
    ),
    *project(
        "default of a parameter of the step",
        """
        @ps.step
        def target(rate: float = 0.1):
            return rate * 2
        """,
        rerun=[("0.1", "0.2")],
        reuse=[("rate: float = 0.1", "rate: float = 0.10")],
        settings=True,
    ),
    *project(
        "default of the step is a function",
        """
        def scale(x):
            return x * 2

        @ps.step
        def target(rate=1, f=scale):
            return f(rate)
        """,
        rerun=[("x * 2", "x * 3")],
        settings=True,
    ),
    *project(
        "decorator",
        """
        import functools

        def twice(f):
            @functools.wraps(f)
            def wrapper(*args):
                return f(*args) * 2
            return wrapper

        def unused(f):
            return f

        @twice
        def helper(x):
            return x + 1

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("* 2", "* 3"), ("x + 1", "x + 2"), ("@twice\n", ""), ("@twice\n", "@unused\n")],
        reuse=[("def unused(f):\n    return f", "def unused(f):\n    print(f)\n    return f")],
    ),
    *project(
        "decorator with arguments",
        """
        import functools

        FACTOR = 3

        def times(n, plus=0):
            def deco(f):
                @functools.wraps(f)
                def wrapper(*args):
                    return f(*args) * n + plus
                return wrapper
            return deco

        @times(FACTOR, plus=1)
        def helper(x):
            return x + 1

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("FACTOR = 3", "FACTOR = 4"), ("plus=1", "plus=2"), ("* n", "- n"), ("x + 1", "x + 5")],
    ),
    *project(
        "decorated step",
        """
        import functools

        def shifted(by):
            def deco(f):
                @functools.wraps(f)
                def wrapper():
                    return f() + by
                return wrapper
            return deco

        def times(f):
            @functools.wraps(f)
            def wrapper():
                return f() * 5
            return wrapper

        @ps.step
        @shifted(2)
        @times
        def target():
            return 1
        """,
        rerun=[("shifted(2)", "shifted(3)"), ("return 1", "return 2"), ("* 5", "* 6"), ("+ by", "- by")],
    ),
    *project(
        "decorator that forgets what it wraps",
        """
        KEPT = {}

        def keep(f):
            KEPT[f.__name__] = f
            def call(*args):
                return KEPT["helper"](*args)
            return call

        @keep
        def helper(x):
            return x + 1

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("x + 1", "x + 2")],
    ),
    *project(
        "class as decorator",
        """
        class Scaled:
            def __init__(self, f):
                self.f = f

            def __call__(self, x):
                return self.f(x) * 2

        @Scaled
        def helper(x):
            return x + 1

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("* 2", "* 3"), ("x + 1", "x + 2")],
    ),
    *project(
        "closure",
        """
        def make(k, scale=1):
            def inner(x):
                return x * k * scale
            return inner

        triple = make(3)
        other = make(5)

        @ps.step
        def target():
            return triple(2)
        """,
        rerun=[("make(3)", "make(4)"), ("x * k", "x + k"), ("scale=1", "scale=2")],
        reuse=[("make(5)", "make(6)")],
    ),
    *project(
        "closure over a function",
        """
        def compose(f, g):
            def both(x):
                return f(g(x))
            return both

        def one(x):
            return x + 1

        def two(x):
            return x * 2

        pipeline = compose(one, two)

        @ps.step
        def target():
            return pipeline(3)
        """,
        rerun=[("x * 2", "x * 3"), ("x + 1", "x + 2"), ("compose(one, two)", "compose(two, one)")],
    ),
    *project(
        "step made by a factory",
        """
        def helper(x):
            return x + 1

        def make(k):
            @ps.step(name="target")
            def made():
                return helper(k)
            return made

        target = make(3)
        """,
        rerun=[("make(3)", "make(4)"), ("helper(k)", "helper(k) + 1"), ("x + 1", "x + 2")],
    ),
    *project(
        "steps made in a loop",
        """
        SETTINGS = {"target": 3, "second": 4}

        def make(name, value):
            @ps.step(name=name)
            def made():
                return value * 10
            return made

        for name, value in SETTINGS.items():
            globals()[name] = make(name, value)
        """,
        rerun=[('"target": 3', '"target": 5'), ("* 10", "* 11")],
        reuse=[('"second": 4', '"second": 5'), (', "second": 4', "")],
    ),
    *project(
        "two steps inside one function",
        """
        def build():
            @ps.step
            def target():
                return 1

            @ps.step
            def second():
                return 2

            return target, second

        target, second = build()
        """,
        rerun=[("return 1", "return 3")],
        reuse=[("return 2", "return 4")],
    ),
    *project(
        "partial",
        """
        from functools import partial

        K = 4

        def power(x, n, shift=0):
            return x ** n + shift

        square = partial(power, n=2)
        shifted = partial(square, shift=K)
        other = partial(power, n=9)

        @ps.step
        def target():
            return shifted(3)
        """,
        rerun=[("n=2", "n=3"), ("x ** n", "x + n"), ("K = 4", "K = 5"), ("shift=K", "shift=K + 1")],
        reuse=[("n=9", "n=8")],
    ),
    *project(
        "step from a partial",
        """
        from functools import partial

        def compute(factor=1, base=2):
            return factor * base

        target = ps.step(name="target")(partial(compute, factor=3, base=2))
        """,
        rerun=[("factor=3", "factor=4"), ("factor * base", "factor + base")],
        settings=True,
    ),
    *project(
        "lru_cache",
        """
        from functools import lru_cache

        @lru_cache(maxsize=None)
        def helper(n):
            return 1 if n < 2 else helper(n - 1) + step_size(n)

        def step_size(n):
            return n * 2

        @ps.step
        def target():
            return helper(5)
        """,
        rerun=[("n * 2", "n * 3"), ("1 if n", "2 if n")],
        either=[("maxsize=None", "maxsize=12")],
    ),
    *project(
        "lambda",
        """
        K = 2
        add = lambda x: x + K
        first, second = (lambda x: x * 2), (lambda x: x * 3)

        @ps.step
        def target():
            return add(1) + first(2)
        """,
        rerun=[("x + K", "x - K"), ("K = 2", "K = 3"), ("(lambda x: x * 2)", "(lambda x: x * 4)")],
        reuse=[("(lambda x: x * 3)", "(lambda x: x * 5)")],
    ),
    *project(
        "lambdas in a table",
        """
        OPS = {"a": lambda x: x + 1, "b": lambda x: x + 2}
        KEY = lambda row: row[0]

        @ps.step
        def target():
            return OPS["a"](1), sorted([(2, 1), (1, 2)], key=KEY)
        """,
        rerun=[("x + 1", "x + 9"), ("row[0]", "row[1]")],
        either=[("x + 2", "x + 3")],
    ),
    *project(
        "lambda in an argument",
        """
        def apply(f, x):
            return f(x)

        @ps.step
        def target():
            return apply(lambda v: v + 1, 3)
        """,
        rerun=[("v + 1", "v + 2"), ("return f(x)", "return f(f(x))")],
    ),
    *project(
        "dispatch table",
        """
        def plus(x):
            return x + 1

        def minus(x):
            return x - 1

        def never(x):
            return x

        TABLE = {"plus": plus, "minus": minus}

        @ps.step
        def target():
            return TABLE["plus"](1)
        """,
        rerun=[("x + 1", "x + 2"), ('"plus": plus', '"plus": minus')],
        reuse=[("return x\n", "return x * 4\n")],
        either=[("x - 1", "x - 2")],
    ),
    *project(
        "nested table",
        """
        def plus(x):
            return x + 1

        STAGES = [("first", [plus, {"weight": 3}])]

        @ps.step
        def target():
            function, options = STAGES[0][1]
            return function(1) * options["weight"]
        """,
        rerun=[("x + 1", "x + 2"), ('"weight": 3', '"weight": 4')],
    ),
    *project(
        "registry",
        """
        REGISTRY = {}

        def register(name, weight=1):
            def deco(f):
                REGISTRY[name] = (f, weight)
                return f
            return deco

        @register("a", weight=2)
        def first(x):
            return x + 1

        @register("b")
        def second(x):
            return x * 7

        @ps.step
        def unrelated():
            return 1

        @ps.step
        def target():
            function, weight = REGISTRY["a"]
            return function(3) * weight
        """,
        rerun=[
            ("x + 1", "x + 2"),
            ("weight=2", "weight=3"),
            ('@register("a", weight=2)\n', '@register("a", weight=9)\n'),
        ],
        reuse=[("return 1\n", "return 2\n")],
        either=[("x * 7", "x * 8")],
    ),
    *project(
        "a registry does not concern others",
        """
        REGISTRY = {}

        def register(f):
            REGISTRY[f.__name__] = f
            return f

        @register
        def first(x):
            return x + 1

        @ps.step
        def target():
            return 1
        """,
        reuse=[("x + 1", "x + 2"), ("REGISTRY[f.__name__] = f", "REGISTRY[f.__name__.upper()] = f")],
    ),
    *project(
        "generator",
        """
        LIMIT = 3

        def numbers():
            for i in range(LIMIT):
                yield from pair(i)

        def pair(i):
            yield i
            yield i * 2

        @ps.step
        def target():
            return list(numbers())
        """,
        rerun=[("i * 2", "i * 3"), ("LIMIT = 3", "LIMIT = 4"), ("yield i\n", "yield -i\n")],
    ),
    *project(
        "async",
        """
        import asyncio

        async def fetch(x):
            return await slow(x) + 1

        async def slow(x):
            return x * 2

        @ps.step
        def target():
            return asyncio.run(fetch(2))
        """,
        rerun=[("x * 2", "x * 3"), ("+ 1", "+ 2")],
    ),
    *project(
        "comprehensions",
        """
        def f(x):
            return x + 1

        LIST = [f(i) for i in range(3)]
        i = 5

        @ps.step
        def target():
            return [f(i) for i in range(4) if keep(i)], LIST

        def keep(i):
            return i % 2
        """,
        rerun=[("x + 1", "x + 2"), ("i % 2", "i % 3"), ("range(3)", "range(2)")],
        reuse=[("i = 5", "i = 6")],
    ),
    *project(
        "walrus, star arguments, unpacking",
        """
        def parts(*args, **kwargs):
            return sum(args) + sum(kwargs.values())

        ARGS = (1, 2)
        KW = {"a": 3}

        @ps.step
        def target():
            if (n := parts(*ARGS, **KW)) > 2:
                return n
            return 0
        """,
        rerun=[("(1, 2)", "(1, 3)"), ('"a": 3', '"a": 4'), ("sum(args) +", "sum(args) -")],
    ),
    *project(
        "map, filter, sorted and reduce",
        """
        from functools import reduce

        def key(x):
            return -x

        def add(a, b):
            return a + b

        @ps.step
        def target():
            return reduce(add, sorted(map(abs, [3, -1]), key=key)), list(filter(None, map(key, [1])))
        """,
        rerun=[("return -x", "return x"), ("a + b", "a - b")],
    ),
    *project(
        "match statement",
        """
        LEFT = "left"

        def pick(kind):
            match kind:
                case {"side": side} if side == LEFT:
                    return on_left(side)
                case _:
                    return 0

        def on_left(side):
            return len(side)

        @ps.step
        def target():
            return pick({"side": "left"})
        """,
        rerun=[
            ("len(side)", "len(side) + 1"),
            ('LEFT = "left"', 'LEFT = "lift"'),
            ("if side == LEFT", "if side != LEFT"),
        ],
    ),
    *project(
        "context manager",
        """
        from contextlib import contextmanager

        @contextmanager
        def shifted(state):
            state.append(start())
            yield state
            state.append(9)

        def start():
            return 5

        @ps.step
        def target():
            with shifted([]) as state:
                state.append(1)
            return state
        """,
        rerun=[("return 5", "return 6"), ("append(9)", "append(8)")],
    ),
    *project(
        "singledispatch",
        """
        from functools import singledispatch

        @singledispatch
        def show(x):
            return "?"

        @show.register
        def _(x: int):
            return "int" + suffix()

        @show.register(str)
        def show_text(x):
            return "str"

        def suffix():
            return "!"

        @ps.step
        def target():
            return show(3), show("a"), show(2.5)
        """,
        rerun=[('"!"', '"."'), ('"str"', '"txt"'), ('"?"', '"-"'), ("x: int", "x: float")],
    ),
    *project(
        "functions on a function",
        """
        def helper(x):
            return x * helper.factor

        helper.factor = 2

        @ps.step
        def target():
            return helper(3)
        """,
        rerun=[("factor = 2", "factor = 3")],
    ),
    *project(
        "global state set by a call",
        """
        MODE = None

        def setup():
            global MODE
            MODE = "fast"

        setup()

        @ps.step
        def target():
            return MODE
        """,
        rerun=[('"fast"', '"slow"'), ("setup()\n\n@", "\n@")],
    ),
    *project(
        "nonlocal counter",
        """
        def counter(start):
            n = start
            def count(x):
                nonlocal n
                n += STEP
                return n + x
            return count

        STEP = 1
        count = counter(10)

        @ps.step
        def target():
            return count(1)
        """,
        rerun=[("counter(10)", "counter(20)"), ("STEP = 1", "STEP = 2"), ("n + x", "n - x")],
    ),
    *project(
        "memo in a closure",
        """
        def memo(f):
            cache = {}
            def wrapper(x):
                if x not in cache:
                    cache[x] = f(x)
                return cache[x]
            return wrapper

        @memo
        def helper(x):
            return x + 1

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("x + 1", "x + 2"), ("= f(x)", "= f(x) * 2")],
    ),
    *project(
        "wiring of two equal functions",
        {
            "a.py": "def f(x):\n    return x + 1\n",
            "b.py": "def f(x):\n    return x * 2\n",
            "pipeline.py": """
            import a, b

            @ps.step
            def target():
                return a.f(b.f(3))
            """,
        },
        rerun=[
            {"a.py": "def f(x):\n    return x * 2\n", "b.py": "def f(x):\n    return x + 1\n"},
            ("a.f(b.f(3))", "b.f(a.f(3))"),
            ("import a, b", "import a as b, b as a"),
        ],
    ),
]
