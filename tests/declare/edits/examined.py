"""Edits as an examiner writes them who wants to catch the cache: classes and decorators."""

from . import project

__all__ = ["CASES"]

CASES = [
    *project(
        "frozen data class with slots, keyword-only fields and a hook after init",
        """
        from dataclasses import dataclass, field, KW_ONLY, replace

        def fresh():
            return [1, 2]

        @dataclass(frozen=True, slots=True)
        class Config:
            rate: float = 0.5
            _: KW_ONLY
            depth: int = 3
            items: list = field(default_factory=fresh)
            total: float = field(init=False, default=0.0)

            def __post_init__(self):
                object.__setattr__(self, "total", self.rate * self.depth)

        @ps.step
        def target():
            made = replace(Config(), depth=4)
            return made.total, made.items, repr(made)
        """,
        rerun=[
            ("return [1, 2]", "return [2, 1]"),
            ("self.rate * self.depth", "self.rate + self.depth"),
            ("rate: float = 0.5", "rate: float = 0.75"),
            ("depth=4", "depth=5"),
        ],
        reuse=[("def fresh():\n", 'def fresh() -> list[int]:\n    """A list."""\n')],
        either=[("depth: int = 3", "depth: int = 2")],
    ),
    *project(
        "data class ordering and hashing",
        """
        from dataclasses import dataclass, field

        @dataclass(order=True)
        class Item:
            rank: int
            name: str = field(compare=False)

        ITEMS = [Item(2, "b"), Item(1, "z"), Item(1, "a")]

        @ps.step
        def target():
            return [one.name for one in sorted(ITEMS)]
        """,
        rerun=[("field(compare=False)", "field(compare=True)"), ('Item(2, "b")', 'Item(0, "b")')],
    ),
    *project(
        "abstract template method over two modules",
        {
            "bases.py": """
            from abc import ABC, abstractmethod

            class Base(ABC):
                factor = 2

                def run(self, x):
                    return self.after(self.step(x)) * self.factor

                @abstractmethod
                def step(self, x):
                    ...

                def after(self, x):
                    return x + 1

                def unused(self):
                    return 0
            """,
            "concrete.py": """
            from bases import Base

            class Doubled(Base):
                def step(self, x):
                    return x * 2

            class Other(Base):
                def step(self, x):
                    return x * 9
            """,
            "pipeline.py": """
            from concrete import Doubled

            @ps.step
            def target():
                return Doubled().run(3)
            """,
        },
        rerun=[
            ("bases.py", "x + 1", "x + 2"),
            ("bases.py", "factor = 2", "factor = 3"),
            ("concrete.py", "x * 2", "x * 4"),
            ("concrete.py", "class Doubled(Base):\n", "class Doubled(Base):\n    factor = 7\n"),
        ],
        reuse=[("concrete.py", "x * 9", "x * 8"), ("bases.py", "...", '"""One step."""')],
    ),
    *project(
        "mixins by order",
        """
        class Loud:
            def say(self):
                return super().say().upper()

        class Twice:
            def say(self):
                return super().say() * 2

        class Plain:
            def say(self):
                return "a-b"

        class Both(Loud, Twice, Plain):
            pass

        class Last(Plain):
            def say(self):
                return "never"

        @ps.step
        def target():
            return Both().say()
        """,
        rerun=[
            (".upper()", ".title()"),
            ("* 2", "* 3"),
            ('"a-b"', '"a_b"'),
            ("(Loud, Twice, Plain)", "(Twice, Plain)"),
        ],
        reuse=[('"never"', '"ever"')],
        either=[("(Loud, Twice, Plain)", "(Twice, Loud, Plain)")],
    ),
    *project(
        "protocol with a default method",
        """
        from typing import Protocol, runtime_checkable

        @runtime_checkable
        class Sized(Protocol):
            def size(self) -> int:
                ...

            def twice(self) -> int:
                return self.size() * 2

        class Box(Sized):
            def size(self) -> int:
                return 4

        @ps.step
        def target():
            return Box().twice(), isinstance(Box(), Sized)
        """,
        rerun=[("self.size() * 2", "self.size() + 2 + 1"), ("return 4", "return 5")],
    ),
    *project(
        "generic container with a class variable",
        """
        from typing import ClassVar, Generic, TypeVar

        T = TypeVar("T")

        class Stack(Generic[T]):
            limit: ClassVar[int] = 2

            def __init__(self) -> None:
                self.items: list[T] = []

            def push(self, item: T) -> None:
                if len(self.items) < self.limit:
                    self.items.append(item)

        @ps.step
        def target():
            made: Stack[int] = Stack()
            for one in range(5):
                made.push(one)
            return made.items
        """,
        rerun=[("ClassVar[int] = 2", "ClassVar[int] = 3"), ("< self.limit", "<= self.limit")],
        reuse=[("item: T", "item"), ("self.items: list[T] = []", "self.items = []"), ("made: Stack[int] =", "made =")],
    ),
    *project(
        "enumeration with methods, auto and aliases",
        """
        from enum import Enum, IntEnum, auto

        class Colour(Enum):
            RED = auto()
            GREEN = auto()
            BLUE = auto()

            @property
            def label(self):
                return f"{self.name.lower()}-{self.value}"

            @classmethod
            def default(cls):
                return cls.GREEN

        class Level(IntEnum):
            LOW = 1
            HIGH = 10

            def __str__(self):
                return f"<{self.name}>"

        @ps.step
        def target():
            return Colour.default().label, str(Level.HIGH), [one.name for one in Colour]
        """,
        rerun=[
            ("    RED = auto()\n    GREEN = auto()\n", "    GREEN = auto()\n    RED = auto()\n"),
            (".lower()", ".upper()"),
            ("cls.GREEN", "cls.BLUE"),
            ("<{self.name}>", "[{self.name}]"),
            ("    BLUE = auto()\n", "    BLUE = auto()\n    PINK = auto()\n"),
        ],
        either=[("HIGH = 10", "HIGH = 11")],
    ),
    *project(
        "total ordering and comparison by a project's key",
        """
        from functools import total_ordering, cmp_to_key

        @total_ordering
        class Version:
            def __init__(self, text):
                self.parts = tuple(int(one) for one in text.split("."))

            def __eq__(self, other):
                return self.parts == other.parts

            def __lt__(self, other):
                return self.parts < other.parts

        def compared(a, b):
            return a - b

        @ps.step
        def target():
            return max([Version("1.10"), Version("1.9")]).parts, sorted([3, 1, 2], key=cmp_to_key(compared))
        """,
        rerun=[("self.parts < other.parts", "self.parts > other.parts"), ("a - b", "b - a"), ("int(one)", "one")],
    ),
    *project(
        "property setter, deleter and class-level property by a descriptor",
        """
        class Checked:
            def __init__(self, low):
                self.low = low

            def __set_name__(self, owner, name):
                self.name = "_" + name

            def __get__(self, obj, owner=None):
                return getattr(obj, self.name, None)

            def __set__(self, obj, value):
                setattr(obj, self.name, max(self.low, value))

        class Thing:
            size = Checked(3)

            def __init__(self):
                self._speed = 0

            @property
            def speed(self):
                return self._speed

            @speed.setter
            def speed(self, value):
                self._speed = value * 2

        @ps.step
        def target():
            made = Thing()
            made.size = 1
            made.speed = 5
            return made.size, made.speed
        """,
        rerun=[
            ("Checked(3)", "Checked(4)"),
            ("value * 2", "value * 3"),
            ("max(self.low, value)", "min(self.low, value)"),
        ],
    ),
    *project(
        "stacked decorators with arguments and state of their own",
        """
        import functools

        REGISTRY = {}

        def register(name):
            def deco(function):
                REGISTRY[name] = function
                return function
            return deco

        def scaled(by=2, *, shift=0):
            def deco(function):
                @functools.wraps(function)
                def inner(*args, **kwargs):
                    return function(*args, **kwargs) * by + shift
                return inner
            return deco

        class Counted:
            def __init__(self, function):
                functools.update_wrapper(self, function)
                self.function = function
                self.calls = 0

            def __call__(self, *args):
                self.calls += 1
                return self.function(*args)

        @register("first")
        @scaled(by=3, shift=1)
        def first(x):
            return x + 1

        @Counted
        @scaled(shift=2)
        def second(x):
            return x - 1

        @register("unused")
        def third(x):
            return x

        @ps.step
        def target():
            return REGISTRY["first"](1), second(5)
        """,
        rerun=[
            ("by=3, shift=1", "by=4, shift=1"),
            ("by=3, shift=1", "by=3, shift=2"),
            ("@scaled(shift=2)", "@scaled(shift=3)"),
            ("by=2, *", "by=5, *"),
            ("x + 1", "x + 3"),
            ("x - 1", "x - 2"),
            ("return self.function(*args)", "return -self.function(*args)"),
            ("* by + shift", "* by - shift"),
        ],
        reuse=[("@functools.wraps(function)\n", "@functools.wraps(function)  # keep the name\n")],
        either=[("    return x\n", "    return -x\n")],
    ),
]
