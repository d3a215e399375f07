"""Classes: methods, inheritance, mixins, properties, data classes, enumerations, descriptors, metaclasses, operators."""

from . import project

__all__ = ["CASES"]

CASES = [
    *project(
        "method",
        """
        K = 2

        class Model:
            size = 3

            def __init__(self, x):
                self.x = x

            def run(self):
                return self.inner() * K + self.size

            def inner(self):
                return self.x + 1

        class Unrelated:
            def run(self):
                return 1

        @ps.step
        def target():
            return Model(1).run()
        """,
        rerun=[
            ("self.x + 1", "self.x + 2"),
            ("size = 3", "size = 4"),
            ("K = 2", "K = 3"),
            ("self.x = x\n", "self.x = -x\n"),
        ],
        reuse=[("return 1\n", "return 2\n")],
    ),
    *project(
        "inheritance over three modules",
        {
            "base.py": """
            from limits import LIMIT

            class Base:
                def run(self):
                    return self.step() + LIMIT

                def step(self):
                    return 1
            """,
            "limits.py": "LIMIT = 5\nUNUSED = 1\n",
            "middle.py": """
            from base import Base

            class Middle(Base):
                def step(self):
                    return super().step() * 2
            """,
            "pipeline.py": """
            import middle

            class Leaf(middle.Middle):
                pass

            @ps.step
            def target():
                return Leaf().run()
            """,
        },
        rerun=[
            ("base.py", "return 1", "return 2"),
            ("limits.py", "LIMIT = 5", "LIMIT = 6"),
            ("middle.py", "* 2", "* 3"),
            ("pipeline.py", "    pass", "    def step(self):\n        return 9"),
        ],
        reuse=[("limits.py", "UNUSED = 1", "UNUSED = 2")],
    ),
    *project(
        "mixin",
        """
        class Loud:
            def say(self):
                return super().say() + MARK

        class Person:
            def say(self):
                return "hi"

        class Shouter(Loud, Person):
            pass

        MARK = "!"

        @ps.step
        def target():
            return Shouter().say()
        """,
        rerun=[
            ('MARK = "!"', 'MARK = "?"'),
            ('"hi"', '"ho"'),
            ("(Loud, Person)", "(Person, Loud)"),
            ("(Loud, Person)", "(Person)"),
        ],
    ),
    *project(
        "property, classmethod, staticmethod",
        """
        def scale(x):
            return x * 2

        class Box:
            unit = 4

            @property
            def area(self):
                return scale(self.unit)

            @classmethod
            def make(cls):
                return cls()

            @staticmethod
            def helper(x):
                return x + 1

        @ps.step
        def target():
            return Box.make().area + Box.helper(1)
        """,
        rerun=[
            ("x * 2", "x * 3"),
            ("unit = 4", "unit = 5"),
            ("x + 1", "x + 2"),
            ("return cls()", "box = cls()\n        box.unit = 1\n        return box"),
        ],
    ),
    *project(
        "cached_property and setter",
        """
        from functools import cached_property

        class Box:
            def __init__(self):
                self._w = 1

            @cached_property
            def slow(self):
                return compute()

            @property
            def w(self):
                return self._w

            @w.setter
            def w(self, value):
                self._w = value * 2

        def compute():
            return 10

        @ps.step
        def target():
            box = Box()
            box.w = 3
            return box.w + box.slow
        """,
        rerun=[("value * 2", "value * 3"), ("return 10", "return 11")],
    ),
    *project(
        "dataclass",
        """
        from dataclasses import dataclass, field

        DEFAULT = 3

        @dataclass
        class Config:
            a: int = 1
            b: int = DEFAULT
            c: list = field(default_factory=lambda: [1])

            def total(self):
                return self.a + self.b + len(self.c)

        @ps.step
        def target():
            return Config().total(), Config() == Config(a=1)
        """,
        rerun=[
            ("a: int = 1", "a: int = 2"),
            ("DEFAULT = 3", "DEFAULT = 4"),
            ("lambda: [1]", "lambda: [1, 2]"),
            ("@dataclass", "@dataclass(eq=False)"),
        ],
        either=[("a: int", "a: float")],
    ),
    *project(
        "dataclass instance as configuration",
        {
            "config.py": """
            from dataclasses import dataclass

            @dataclass(frozen=True)
            class Config:
                rate: float = 0.1
                depth: int = 3

            CONFIG = Config(rate=0.2)
            OTHER = Config(rate=0.3)
            """,
            "pipeline.py": """
            from config import CONFIG

            @ps.step
            def target():
                return CONFIG.rate * CONFIG.depth
            """,
        },
        rerun=[("config.py", "rate=0.2", "rate=0.4"), ("config.py", "depth: int = 3", "depth: int = 4")],
        reuse=[("config.py", "rate=0.3", "rate=0.5")],
    ),
    *project(
        "enumeration",
        """
        from enum import Enum, auto

        class Colour(Enum):
            RED = 1
            BLUE = 2

            def shade(self):
                return self.value * FACTOR

        class Other(Enum):
            A = auto()

        FACTOR = 10

        @ps.step
        def target():
            return Colour.RED.shade(), [one.name for one in Colour]
        """,
        rerun=[("RED = 1", "RED = 3"), ("FACTOR = 10", "FACTOR = 11"), ("BLUE = 2", "GREEN = 2")],
        reuse=[("A = auto()", "A = auto()\n    B = auto()")],
    ),
    *project(
        "enumeration as a key",
        """
        from enum import IntEnum

        class Level(IntEnum):
            LOW = 1
            HIGH = 2

        WEIGHTS = {Level.LOW: 3, Level.HIGH: 4}

        @ps.step
        def target():
            return WEIGHTS[Level.HIGH] + Level.LOW
        """,
        rerun=[("LOW = 1", "LOW = 7"), ("Level.HIGH: 4", "Level.HIGH: 5")],
    ),
    *project(
        "named tuple and typed dict",
        """
        from collections import namedtuple
        from typing import NamedTuple, TypedDict

        Point = namedtuple("Point", "x y", defaults=[5])

        class Pair(NamedTuple):
            a: int = 1
            b: int = 2

            def sum(self):
                return self.a + self.b

        class Row(TypedDict):
            k: int

        @ps.step
        def target():
            row: Row = {"k": 1}
            return Point(1).y + Pair().sum() + row["k"]
        """,
        rerun=[("defaults=[5]", "defaults=[6]"), ("b: int = 2", "b: int = 3"), ("self.a + self.b", "self.a - self.b")],
    ),
    *project(
        "descriptor",
        """
        class Positive:
            def __set_name__(self, owner, name):
                self.name = "_" + name

            def __get__(self, obj, kind=None):
                return getattr(obj, self.name) * FACTOR

            def __set__(self, obj, value):
                setattr(obj, self.name, check(value))

        def check(value):
            return abs(value)

        FACTOR = 2

        class Item:
            price = Positive()

        @ps.step
        def target():
            item = Item()
            item.price = -4
            return item.price
        """,
        rerun=[("FACTOR = 2", "FACTOR = 3"), ("abs(value)", "abs(value) + 1"), ("* FACTOR", "- FACTOR")],
    ),
    *project(
        "metaclass",
        """
        class Meta(type):
            def __new__(mcs, name, bases, body):
                body["extra"] = bonus()
                return super().__new__(mcs, name, bases, body)

            def __call__(cls, *args):
                made = super().__call__(*args)
                made.tag = TAG
                return made

        def bonus():
            return 5

        TAG = "t"

        class Thing(metaclass=Meta):
            pass

        @ps.step
        def target():
            return Thing().extra, Thing().tag
        """,
        rerun=[("return 5", "return 6"), ('TAG = "t"', 'TAG = "u"'), ("made.tag = TAG", "made.tag = TAG * 2")],
    ),
    *project(
        "__init_subclass__ registry",
        {
            "plugins.py": """
            class Plugin:
                known = {}

                def __init_subclass__(cls, key="", **kw):
                    super().__init_subclass__(**kw)
                    Plugin.known[key] = cls

            class Double(Plugin, key="double"):
                def run(self, x):
                    return x * 2

            class Half(Plugin, key="half"):
                def run(self, x):
                    return x / 2
            """,
            "pipeline.py": """
            from plugins import Plugin

            @ps.step
            def target():
                return Plugin.known["double"]().run(4)
            """,
        },
        rerun=[("plugins.py", "x * 2", "x * 3")],
        either=[("plugins.py", "x / 2", "x / 4")],
    ),
    *project(
        "__subclasses__",
        """
        class Shape:
            pass

        class Square(Shape):
            def area(self):
                return 4

        class Circle(Shape):
            def area(self):
                return 3

        @ps.step
        def target():
            return sum(cls().area() for cls in Shape.__subclasses__())
        """,
        rerun=[("return 4", "return 5"), ("return 3", "return 2")],
    ),
    *project(
        "abstract class",
        """
        from abc import ABC, abstractmethod

        class Base(ABC):
            @abstractmethod
            def value(self): ...

            def doubled(self):
                return self.value() * 2

        class Real(Base):
            def value(self):
                return 4

        @ps.step
        def target():
            return Real().doubled()
        """,
        rerun=[("* 2", "* 3"), ("return 4", "return 5")],
    ),
    *project(
        "operators",
        """
        class Vector:
            def __init__(self, x):
                self.x = x

            def __add__(self, other):
                return Vector(self.x + other.x + BIAS)

            def __eq__(self, other):
                return self.x == other.x

            def __hash__(self):
                return 1

            def __getitem__(self, key):
                return self.x * key

            def __len__(self):
                return length(self)

            def __contains__(self, value):
                return value == self.x

        def length(v):
            return 3

        BIAS = 0

        @ps.step
        def target():
            both = Vector(1) + Vector(2)
            return both.x, both[3], len(both), 3 in both
        """,
        rerun=[
            ("BIAS = 0", "BIAS = 1"),
            ("self.x * key", "self.x - key"),
            ("return 3", "return 4"),
            ("value == self.x", "value != self.x"),
        ],
    ),
    *project(
        "instance at module level",
        """
        class Scaler:
            def __init__(self, factor, names=()):
                self.factor = factor
                self.names = list(names)

            def __call__(self, x):
                return x * self.factor + len(self.names)

        scaler = Scaler(3, names=["a"])
        other = Scaler(4)

        @ps.step
        def target():
            return scaler(2)
        """,
        rerun=[("Scaler(3", "Scaler(5"), ('["a"]', '["a", "b"]'), ("x * self.factor", "x + self.factor")],
        reuse=[("Scaler(4)", "Scaler(6)")],
    ),
    *project(
        "instance changed after it was made",
        """
        class Box:
            pass

        box = Box()
        box.size = 3
        box.name = "x"

        @ps.step
        def target():
            return box.size
        """,
        rerun=[("box.size = 3", "box.size = 4")],
        either=[('box.name = "x"', 'box.name = "y"')],
    ),
    *project(
        "instance that holds a lock",
        """
        import threading

        class Service:
            def __init__(self, url):
                self.lock = threading.Lock()
                self.url = make(url)

            def call(self):
                with self.lock:
                    return self.url

        def make(url):
            return "http:" + url

        PORT = 1
        service = Service(f"//x:{PORT}")

        @ps.step
        def target():
            return service.call()
        """,
        rerun=[
            ('"http:"', '"ftp:"'),
            ("PORT = 1", "PORT = 2"),
            ("//x", "//y"),
            ("return self.url", "return self.url * 2"),
        ],
    ),
    *project(
        "bound method in a table",
        """
        class Model:
            def __init__(self, k):
                self.k = k

            def predict(self, x):
                return x * self.k

        TABLE = {"m": Model(3).predict}

        @ps.step
        def target():
            return TABLE["m"](2)
        """,
        rerun=[("Model(3)", "Model(4)"), ("x * self.k", "x + self.k")],
    ),
    *project(
        "step from a bound method",
        """
        class Model:
            def __init__(self, k):
                self.k = k

            def predict(self):
                return 2 * self.k

        target = ps.step(name="target")(Model(3).predict)
        """,
        rerun=[("Model(3)", "Model(4)"), ("2 * self.k", "2 + self.k")],
    ),
    *project(
        "step from a callable object",
        """
        class Runner:
            def __init__(self, k):
                self.k = k

            def __call__(self):
                return self.helper() * self.k

            def helper(self):
                return 2

        target = ps.step(name="target")(Runner(3))
        """,
        rerun=[("Runner(3)", "Runner(4)"), ("return 2", "return 5"), ("* self.k", "- self.k")],
    ),
    *project(
        "class attribute set afterwards",
        """
        class Model:
            rate = 1

            def run(self):
                return self.rate

        Model.rate = 2

        def patched(self):
            return self.rate * 100

        Model.other = patched

        @ps.step
        def target():
            return Model().run() + Model().other()
        """,
        rerun=[("Model.rate = 2", "Model.rate = 3"), ("* 100", "* 50")],
    ),
    *project(
        "class attribute computed",
        """
        def compute():
            return 3

        class Model:
            table = {name: compute() for name in ("a", "b")}

            class Inner:
                k = 5

        @ps.step
        def target():
            return Model.table["a"] + Model.Inner.k
        """,
        rerun=[("return 3", "return 4"), ("k = 5", "k = 6")],
    ),
    *project(
        "class inside a function",
        """
        def build(k):
            class Local:
                def value(self):
                    return k * 2
            return Local

        Made = build(3)

        @ps.step
        def target():
            return Made().value()
        """,
        rerun=[("k * 2", "k * 3"), ("build(3)", "build(4)")],
    ),
    *project(
        "class made by type()",
        """
        def run(self):
            return self.k

        Made = type("Made", (), {"k": 3, "run": run})

        @ps.step
        def target():
            return Made().run()
        """,
        rerun=[('"k": 3', '"k": 4'), ("return self.k", "return self.k + 1")],
    ),
    *project(
        "class decorator",
        """
        def with_tag(tag):
            def deco(cls):
                cls.tag = tag
                cls.shout = shout
                return cls
            return deco

        def shout(self):
            return self.tag * 2

        @with_tag("x")
        class Model:
            pass

        @ps.step
        def target():
            return Model().shout()
        """,
        rerun=[('with_tag("x")', 'with_tag("y")'), ("self.tag * 2", "self.tag * 3")],
    ),
    *project(
        "__getattr__ and slots",
        """
        class Lazy:
            __slots__ = ("n",)

            def __init__(self, n):
                self.n = n

            def __getattr__(self, name):
                return default(name)

        def default(name):
            return len(name)

        lazy = Lazy(4)

        @ps.step
        def target():
            return lazy.n + lazy.abc
        """,
        rerun=[("len(name)", "len(name) + 1"), ("Lazy(4)", "Lazy(5)")],
    ),
    *project(
        "exception class",
        """
        class Bad(ValueError):
            code = 3

        def risky():
            raise Bad("no")

        @ps.step
        def target():
            try:
                risky()
            except Bad as error:
                return error.code, str(error)
        """,
        rerun=[("code = 3", "code = 4"), ('"no"', '"nay"')],
        either=[("Bad(ValueError)", "Bad(Exception)")],
    ),
    *project(
        "protocol and generics",
        """
        from typing import Generic, Protocol, TypeVar

        T = TypeVar("T")

        class Stage(Protocol):
            def run(self) -> int: ...

        class Holder(Generic[T]):
            def __init__(self, item: T) -> None:
                self.item = item

            def get(self) -> T:
                return self.item

        class Real:
            def run(self) -> int:
                return 6

        @ps.step
        def target():
            stage: Stage = Holder[Stage](Real()).get()
            return stage.run()
        """,
        rerun=[("return 6", "return 7")],
    ),
]
