"""Edits to projects as people write them: packages with several pipelines, transformers, plug-ins, notebooks as scripts."""

from . import Edit, project

__all__ = ["CASES"]

PYPROJECT = "[project]\nname = 'shop'\nversion = '1'\n"

CASES = [
    *project(
        "several pipelines in a repository with a src layout",
        {
            "pyproject.toml": PYPROJECT,
            "src/shop/__init__.py": '"""A shop."""\n\n__version__ = "1.0"\n',
            "src/shop/config.py": """
            from dataclasses import dataclass, field

            @dataclass(frozen=True)
            class Model:
                depth: int = 3
                rate: float = 0.1

            @dataclass(frozen=True)
            class Settings:
                model: Model = field(default_factory=Model)
                columns: tuple[str, ...] = ("a", "b")
                seed: int = 0

            SETTINGS = Settings()
            """,
            "src/shop/features/__init__.py": "from .dates import weekday\nfrom .numbers import clip, log\n\n__all__ = ['clip', 'log', 'weekday']\n",
            "src/shop/features/dates.py": "def weekday(day):\n    return day % 7\n",
            "src/shop/features/numbers.py": """
            import math

            EPSILON = 1

            def clip(x, low=0, high=10):
                return max(low, min(high, x))

            def log(x):
                return round(math.log(x + EPSILON), 6)

            def unused(x):
                return x
            """,
            "src/shop/pipelines/__init__.py": "",
            "src/shop/pipelines/shared.py": """
            from shop.features import clip

            LIMIT = 5

            def prepare(rows):
                return [clip(row, high=LIMIT) for row in rows]
            """,
            "src/shop/pipelines/daily.py": """
            import penstock as ps
            from shop.pipelines.shared import prepare
            from shop.features import weekday

            @ps.step
            def target():
                return [weekday(one) for one in prepare([1, 20])]
            """,
            "src/shop/pipelines/training.py": """
            import penstock as ps
            from shop.config import SETTINGS
            from shop.features import log
            from shop.pipelines.shared import prepare

            @ps.step
            def target():
                return [log(one) for one in prepare([1, 20])], SETTINGS.model.depth

            @ps.step
            def other():
                return SETTINGS.seed
            """,
        },
        main="src/shop/pipelines/training.py",
        rerun=[
            ("src/shop/features/numbers.py", "EPSILON = 1", "EPSILON = 2"),
            ("src/shop/features/numbers.py", "max(low, min(high, x))", "max(low, min(high, x) - 1)"),
            ("src/shop/pipelines/shared.py", "LIMIT = 5", "LIMIT = 6"),
            ("src/shop/config.py", "depth: int = 3", "depth: int = 4"),
            (
                "src/shop/features/__init__.py",
                "from .numbers import clip, log",
                "from .numbers import clip, unused as log",
            ),
            ("src/shop/config.py", "SETTINGS = Settings()", "SETTINGS = Settings(Model(depth=9))"),
        ],
        reuse=[
            ("src/shop/features/dates.py", "day % 7", "day % 5"),
            ("src/shop/pipelines/daily.py", "[1, 20]", "[1, 21]"),
            ("src/shop/features/numbers.py", "return x\n", "return x + 1\n"),
            ("src/shop/__init__.py", "A shop.", "The shop."),
            ("pyproject.toml", "version = '1'", "version = '2'"),
            (
                "src/shop/features/__init__.py",
                "from .dates import weekday\nfrom .numbers import clip, log",
                "from .numbers import clip, log\nfrom .dates import weekday",
            ),
            (
                "src/shop/pipelines/training.py",
                "from shop.config import SETTINGS\nfrom shop.features import log",
                "from shop.features import log\nfrom shop.config import SETTINGS",
            ),
            {"src/shop/pipelines/weekly.py": "import penstock as ps\n\n@ps.step\ndef target():\n    return 1\n"},
            {"src/shop/features/numbers.pyi": "def clip(x: int, low: int = ..., high: int = ...) -> int: ...\n"},
            {"README.md": "# Shop\n"},
            {"tests/test_shop.py": "def test_it():\n    assert True\n"},
        ],
        either=[("src/shop/__init__.py", '"1.0"', '"1.1"'), ("src/shop/config.py", "seed: int = 0", "seed: int = 1")],
    ),
    *project(
        "transformers of one's own for scikit-learn",
        {
            "transform/__init__.py": "from .clip import Clipper\nfrom .names import Renamer\n",
            "transform/base.py": """
            from sklearn.base import BaseEstimator, TransformerMixin

            class Stateless(BaseEstimator, TransformerMixin):
                offset = 0

                def fit(self, x, y=None):
                    return self

                def transform(self, x):
                    return [self.one(each) + self.offset for each in x]

                def one(self, each):
                    raise NotImplementedError
            """,
            "transform/clip.py": """
            from .base import Stateless

            class Clipper(Stateless):
                def __init__(self, low=0, high=10):
                    self.low = low
                    self.high = high

                def one(self, each):
                    return min(self.high, max(self.low, each))

            class Halver(Stateless):
                def one(self, each):
                    return each / 2
            """,
            "transform/names.py": "from .base import Stateless\n\nclass Renamer(Stateless):\n    def one(self, each):\n        return str(each)\n",
            "pipeline.py": """
            from sklearn.pipeline import Pipeline, make_pipeline
            from sklearn.preprocessing import FunctionTransformer
            from transform import Clipper

            def doubled(x):
                return [2 * each for each in x]

            STEPS = [("clip", Clipper(high=5)), ("double", FunctionTransformer(doubled))]
            PIPE = Pipeline(STEPS)
            SECOND = make_pipeline(Clipper(), FunctionTransformer(lambda x: x[::-1]))
            SECOND.set_params(clipper__low=2)

            @ps.step
            def target():
                return PIPE.fit_transform([1, 7, 30]), SECOND.fit_transform([1, 7, 30])
            """,
        },
        rerun=[
            ("transform/base.py", "offset = 0", "offset = 1"),
            ("transform/base.py", "self.one(each) + self.offset", "self.one(each) - 1"),
            ("transform/clip.py", "low=0, high=10", "low=0, high=9"),
            ("transform/clip.py", "min(self.high, max(self.low, each))", "max(self.low, each)"),
            ("2 * each", "3 * each"),
            ("Clipper(high=5)", "Clipper(high=6)"),
            ("clipper__low=2", "clipper__low=3"),
            ("x[::-1]", "x[::1]"),
            (
                "transform/__init__.py",
                "from .clip import Clipper",
                "from .clip import Halver as Base\n\nclass Clipper(Base):\n    def __init__(self, low=0, high=1):\n        self.low, self.high = low, high\n",
            ),
        ],
        reuse=[
            ("transform/clip.py", "each / 2", "each / 3"),
            ("transform/names.py", "str(each)", "repr(each)"),
            (
                "transform/base.py",
                "class Stateless(BaseEstimator, TransformerMixin):",
                'class Stateless(BaseEstimator, TransformerMixin):\n    """No state."""\n',
            ),
            (
                "transform/base.py",
                "def fit(self, x, y=None):",
                "def fit(self, x: list, y: object = None) -> 'Stateless':",
            ),
        ],
    ),
    *project(
        "pipe chains of pandas",
        {
            "steps.py": """
            import pandas as pd

            MAPPING = {"x": "ex", "y": "why"}

            def clean(frame):
                return frame.dropna(subset=["a"])

            def add(frame, *, column, by=2):
                return frame.assign(**{column: lambda each: each["a"] * by})

            def named(frame):
                return frame.assign(kind=frame["kind"].map(MAPPING))

            def spread(group):
                return group.max() - group.min()

            def not_used(frame):
                return frame
            """,
            "pipeline.py": """
            import pandas as pd
            import steps
            from steps import add, clean

            AGGREGATIONS = {"a": ["sum", steps.spread], "b": "max"}

            @ps.step
            def target():
                frame = pd.DataFrame({"a": [1.0, None, 3.0, 5.0], "kind": list("xyxy")})
                told = (
                    frame.pipe(clean)
                    .pipe(add, column="b")
                    .pipe(steps.named)
                    .groupby("kind")
                    .agg(AGGREGATIONS)
                )
                return told.to_numpy().tolist(), [str(one) for one in told.columns], list(told.index)
            """,
        },
        rerun=[
            ("steps.py", '["a"]', '["kind"]'),
            ("steps.py", "by=2", "by=3"),
            ("steps.py", 'each["a"] * by', 'each["a"] + by'),
            ("steps.py", '"x": "ex"', '"x": "eks"'),
            ("steps.py", "group.max() - group.min()", "group.max() + group.min()"),
            ('"b": "max"', '"b": "min"'),
            ('column="b"', 'column="b", by=4'),
        ],
        reuse=[
            ("steps.py", "def not_used(frame):\n    return frame", "def not_used(frame):\n    return frame.head()"),
            ("from steps import add, clean", "from steps import (\n    add,\n    clean,\n)"),
        ],
    ),
    *project(
        "plug-ins that are found by entry points",
        {
            "plugins.dist/first-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: first\nVersion: 1.0\n",
            "plugins.dist/first-1.0.dist-info/entry_points.txt": "[shop.rules]\nfirst = shop_first:rule\n",
            "plugins.dist/shop_first.py": "def rule(x):\n    return x + 1\n",
            "plugins.dist/shop_other.py": "def rule(x):\n    return x + 5\n",
            "unrelated.py": "A = 1\n",
            "pipeline.py": """
            import sys
            from importlib.metadata import entry_points
            from pathlib import Path

            sys.path.insert(0, str(Path(__file__).parent / "plugins.dist"))

            @ps.step
            def target():
                found = sorted(entry_points(group="shop.rules"), key=lambda one: one.name)
                return [(one.name, one.load()(1)) for one in found]
            """,
        },
        rerun=[
            ("plugins.dist/shop_first.py", "x + 1", "x + 2"),
            ("plugins.dist/first-1.0.dist-info/entry_points.txt", "first = shop_first", "first = shop_other"),
            ("plugins.dist/first-1.0.dist-info/entry_points.txt", "first = ", "renamed = "),
            {
                "plugins.dist/second-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: second\nVersion: 1.0\n",
                "plugins.dist/second-1.0.dist-info/entry_points.txt": "[shop.rules]\nsecond = shop_other:rule\n",
            },
        ],
    ),
    *project(
        "a notebook as a script",
        """
        # %% [markdown]
        # # Sales

        # %%
        import math

        RATE = 3
        rows = [1, 2, 3]

        # %%
        rows = [row * RATE for row in rows]
        total = sum(rows)

        # %%
        try:
            get_ipython
        except NameError:
            shown = False
        else:
            shown = True

        # %%
        if __name__ == "__main__":
            print(total)

        # %%
        def mean(values):
            return sum(values) / len(values)

        # %%
        @ps.step
        def target():
            return mean(rows), total, shown
        """,
        rerun=[
            ("RATE = 3", "RATE = 4"),
            ("[1, 2, 3]", "[1, 2, 4]"),
            ("shown = False", "shown = None"),
            ("/ len", "// len"),
        ],
        reuse=[
            ("# # Sales", "# # Sales of today"),
            ("print(total)", "print(total, rows)"),
            ("# %%\nimport math\n", "# %%\nimport math, json\n"),
            ("[row * RATE for row in rows]", "[one * RATE for one in rows]"),
        ],
    ),
    *project(
        "data files of a package",
        {
            "lib/__init__.py": "",
            "lib/data/__init__.py": "",
            "lib/data/words.txt": "a b",
            "lib/data/rates.json": '{"r": 1}',
            "lib/data/other.txt": "o",
            "lib/load.py": """
            import json
            from importlib import resources
            from importlib.resources import as_file, files

            def words():
                return resources.files("lib.data").joinpath("words.txt").read_text().split()

            def rates():
                return json.loads((files("lib") / "data" / "rates.json").read_text())

            def by_file():
                with as_file(files("lib.data") / "words.txt") as path:
                    return path.read_text()
            """,
            "pipeline.py": """
            from lib.load import by_file, rates, words

            @ps.step
            def target():
                return words(), rates(), by_file()
            """,
        },
        rerun=[("lib/data/words.txt", "a b", "a c"), ("lib/data/rates.json", "1", "2")],
        reuse=[("lib/data/other.txt", "o", "p"), Edit(touch=("lib/data/words.txt",))],
    ),
    *project(
        "plug-ins walked over with pkgutil in the step",
        {
            "rules/__init__.py": "",
            "rules/first.py": "NAME = 'first'\n\ndef apply(x):\n    return x + 1\n",
            "rules/second.py": "NAME = 'second'\n\ndef apply(x):\n    return x * 2\n",
            "rules/deep/__init__.py": "",
            "rules/deep/third.py": "NAME = 'third'\n\ndef apply(x):\n    return x\n",
            "else_where.py": "def apply(x):\n    return 1\n",
            "pipeline.py": """
            import importlib
            import pkgutil
            import rules

            @ps.step
            def target():
                found = []
                for one in pkgutil.walk_packages(rules.__path__, rules.__name__ + "."):
                    module = importlib.import_module(one.name)
                    if hasattr(module, "apply"):
                        found.append((module.NAME, module.apply(3)))
                return sorted(found)
            """,
        },
        rerun=[
            ("rules/first.py", "x + 1", "x + 2"),
            ("rules/second.py", "'second'", "'zweite'"),
            ("rules/deep/third.py", "return x", "return -x"),
            {"rules/fourth.py": "NAME = 'fourth'\n\ndef apply(x):\n    return 4\n"},
            {"rules/second.py": None},
        ],
    ),
    *project(
        "a registry filled by hooks of classes in several modules",
        {
            "models/__init__.py": "from . import forest, linear\nfrom .base import MODELS\n",
            "models/base.py": """
            MODELS = {}

            class Model:
                def __init_subclass__(cls, key=None, **more):
                    super().__init_subclass__(**more)
                    MODELS[key or cls.__name__.lower()] = cls

                def describe(self):
                    return f"{type(self).__name__}:{self.size()}"

                def size(self):
                    return 0
            """,
            "models/linear.py": "from .base import Model\n\nclass Linear(Model):\n    def size(self):\n        return 1\n",
            "models/forest.py": "from .base import Model\nfrom .mixins import Trees\n\nclass Forest(Trees, Model, key='trees'):\n    pass\n",
            "models/mixins.py": "class Trees:\n    count = 10\n\n    def size(self):\n        return self.count * 2\n",
            "pipeline.py": """
            import models

            KIND = "trees"

            @ps.step
            def target():
                return models.MODELS[KIND]().describe(), list(models.MODELS)
            """,
        },
        rerun=[
            ("models/mixins.py", "count = 10", "count = 11"),
            ("models/mixins.py", "self.count * 2", "self.count * 3"),
            ("models/base.py", "{type(self).__name__}:", "{type(self).__name__}="),
            ("models/base.py", "cls.__name__.lower()", "cls.__name__.upper()"),
            ("models/__init__.py", "from . import forest, linear", "from . import linear, forest"),
            ('KIND = "trees"', 'KIND = "linear"'),
            {"models/__init__.py": "from . import forest\nfrom .base import MODELS\n"},
        ],
        either=[("models/linear.py", "return 1", "return 2")],
    ),
    *project(
        "descriptors that validate, with state from their owner",
        {
            "fields.py": """
            class Field:
                def __init__(self, default, check=None):
                    self.default, self.check = default, check

                def __set_name__(self, owner, name):
                    self.name = f"_{name}"
                    owner.fields = [*getattr(owner, "fields", []), name]

                def __get__(self, one, owner=None):
                    return self if one is None else getattr(one, self.name, self.default)

                def __set__(self, one, value):
                    if self.check and not self.check(value):
                        value = self.default
                    setattr(one, self.name, value)

            def positive(x):
                return x > 0
            """,
            "pipeline.py": """
            from fields import Field, positive

            class Settings:
                rate = Field(1, positive)
                depth = Field(default=3)

            SETTINGS = Settings()
            SETTINGS.rate = -5
            SETTINGS.depth = 7

            @ps.step
            def target():
                fresh = Settings()
                fresh.rate = 4
                return SETTINGS.rate, SETTINGS.depth, fresh.rate, fresh.depth, Settings.fields
            """,
        },
        rerun=[
            ("fields.py", "x > 0", "x > 5"),
            ("fields.py", "value = self.default", "value = 0"),
            ("Field(1, positive)", "Field(2, positive)"),
            ("default=3", "default=4"),
            ("SETTINGS.depth = 7", "SETTINGS.depth = 8"),
            ("fields.py", "    owner.fields = [*getattr", "    owner.fields = ['x', *getattr"),
        ],
        reuse=[("fields.py", "def positive(x):", "def positive(x: float) -> bool:")],
    ),
    *project(
        "asynchronous helpers",
        {
            "fetching.py": """
            import asyncio
            from contextlib import asynccontextmanager

            DELAY = 0

            async def fetch(x):
                await asyncio.sleep(DELAY)
                return x + 1

            @asynccontextmanager
            async def session(name):
                yield name * 2

            async def numbers(upto):
                for one in range(upto):
                    yield one

            async def gather(*items):
                async with session("s") as name:
                    found = await asyncio.gather(*[fetch(one) for one in items])
                return [name, *found, *[one async for one in numbers(2)]]
            """,
            "pipeline.py": """
            import asyncio
            from fetching import gather

            @ps.step
            def target():
                return asyncio.run(gather(1, 2))
            """,
        },
        rerun=[
            ("fetching.py", "x + 1", "x + 2"),
            ("fetching.py", "name * 2", "name * 3"),
            ("fetching.py", "yield one\n", "yield one * 2\n"),
            ("fetching.py", 'session("s")', 'session("t")'),
            ("gather(1, 2)", "gather(1, 3)"),
        ],
        either=[("fetching.py", "DELAY = 0", "DELAY = 0.001")],
    ),
    *project(
        "matching on names, classes and patterns",
        {
            "kinds.py": "from enum import Enum\n\nclass Kind(Enum):\n    A = 'a'\n    B = 'b'\n\nclass Limits:\n    LOW = 1\n    HIGH = 5\n",
            "pipeline.py": """
            import re
            from dataclasses import dataclass

            import kinds
            from kinds import Limits

            PATTERN = re.compile(r"(?P<day>\\d+)")

            @dataclass
            class Point:
                x: int
                y: int

            class Pair:
                __match_args__ = ("first", "second")

                def __init__(self, first, second):
                    self.first, self.second = first, second

            def tell(one):
                match one:
                    case kinds.Kind.A:
                        return "kind a"
                    case Limits.HIGH:
                        return "high"
                    case Point(x, 0):
                        return f"on axis {x}"
                    case Pair(a, b) if a != b:
                        return a, b
                    case {"day": str(day), **rest}:
                        return day, rest
                    case [first, *_] if (n := len(one)) > 2:
                        return first, n
                    case _:
                        return "else"

            @ps.step
            def target():
                found = PATTERN.match("12 x")
                things = [kinds.Kind("a"), 5, Point(x=1, y=0), Pair(1, 2), found.groupdict(), [1, 2, 3], "?"]
                return [tell(one) for one in things]
            """,
        },
        rerun=[
            ("kinds.py", "A = 'a'", "A = 'b'\n    C = 'a'"),
            ("kinds.py", "HIGH = 5", "HIGH = 6"),
            ('("first", "second")', '("second", "first")'),
            ("x: int\n    y: int", "y: int\n    x: int"),
            ("(?P<day>", "(?P<time>"),
            ("> 2:", "> 3 or n > 9:"),
            ('f"on axis {x}"', 'f"on axis {x!r:>3}"'),
            ('return "else"', 'return "other"'),
        ],
        reuse=[("kinds.py", "LOW = 1", "LOW = 1  # lowest")],
        either=[("tell(one) for one in things", "tell(each) for each in things")],
    ),
    *project(
        "module counters and identities given at import",
        {
            "ids.py": "import itertools\n\n_next = itertools.count(1)\n\ndef new():\n    return next(_next)\n",
            "columns.py": "from ids import new\n\nclass Column:\n    def __init__(self, name):\n        self.name, self.id = name, new()\n\nFIRST = Column('first')\nSECOND = Column('second')\n",
            "pipeline.py": """
            from columns import SECOND

            @ps.step
            def target():
                return SECOND.id, SECOND.name
            """,
        },
        rerun=[
            ("columns.py", "FIRST = Column('first')", "ZERO = Column('zero')\nFIRST = Column('first')"),
            ("columns.py", "FIRST = Column('first')\n", ""),
            ("ids.py", "count(1)", "count(2)"),
            ("ids.py", "next(_next)", "next(_next) * 2"),
            ("columns.py", "Column('second')", "Column('zweite')"),
        ],
        reuse=[("columns.py", "Column('first')", "Column('erste')")],
    ),
    *project(
        "configuration layered from files, variables and defaults",
        {
            "settings/default.toml": "rate = 1\ndepth = 2\n",
            "settings/local.yaml": "depth: 3\n",
            "settings/app.ini": "[app]\nname = a\n",
            "settings/.env": "APP_COLOUR=red\n",
            "conf.py": """
            import configparser
            import os
            import tomllib
            from pathlib import Path

            import yaml

            FOLDER = Path(__file__).resolve().parent / "settings"

            def dotenv(path):
                lines = path.read_text().splitlines()
                return dict(line.split("=", 1) for line in lines if "=" in line)

            def load():
                found = tomllib.loads((FOLDER / "default.toml").read_text())
                local = FOLDER / "local.yaml"
                if local.exists():
                    found.update(yaml.safe_load(local.read_text()))
                parser = configparser.ConfigParser()
                parser.read(FOLDER / "app.ini")
                found["name"] = parser["app"]["name"]
                found.update(dotenv(FOLDER / ".env"))
                for key, value in os.environ.items():
                    if key.startswith("SHOP_"):
                        found[key[5:].lower()] = value
                return found

            CONFIG = load()
            """,
            "pipeline.py": """
            import conf

            @ps.step
            def target():
                return conf.CONFIG

            @ps.step
            def other():
                return 1
            """,
        },
        rerun=[
            ("settings/default.toml", "rate = 1", "rate = 2"),
            ("settings/local.yaml", "3", "4"),
            {"settings/local.yaml": None},
            ("settings/app.ini", "name = a", "name = b"),
            ("settings/.env", "red", "blue"),
            Edit(environ={"SHOP_SIZE": "9"}),
            Edit(environ={"SHOP_RATE": "9"}),
        ],
        reuse=[
            ("settings/default.toml", "depth = 2", "depth = 7"),
            ("settings/app.ini", "[app]", "; the app\n[app]"),
            Edit(environ={"OTHER_SIZE": "9"}),
            Edit(touch=("settings/default.toml", "settings/.env")),
        ],
    ),
    *project(
        "configuration read inside the step by a helper that joins paths",
        {
            "config/base.json": '{"a": 1}',
            "config/prod.json": '{"b": 2}',
            "config/dev.json": '{"b": 3}',
            "pipeline.py": """
            import json
            import os
            from pathlib import Path

            STAGE = "prod"

            class Config:
                folder = Path(__file__).parent / "config"

                @classmethod
                def read(cls, *names):
                    found = {}
                    for name in names:
                        with open(cls.folder / f"{name}.json") as file:
                            found |= json.load(file)
                    return found

            @ps.step
            def target():
                return Config.read("base", STAGE)
            """,
        },
        rerun=[
            ("config/base.json", "1", "11"),
            ("config/prod.json", "2", "22"),
            ('STAGE = "prod"', 'STAGE = "dev"'),
        ],
        reuse=[("config/dev.json", "3", "33"), Edit(touch=("config/base.json",))],
        observed=True,
    ),
    *project(
        "paths as parameters, in all forms",
        {
            "one.txt": "one",
            "copy.txt": "one",
            "two.txt": "two",
            "folder/a.txt": "1",
            "folder/sub/b.txt": "2",
            "elsewhere/c.txt": "3",
            "pipeline.py": """
            from pathlib import Path

            @ps.step
            def target(
                path: Path = Path("one.txt"),
                folder: Path = Path("folder"),
                maybe: Path | None = None,
            ):
                found = sorted(str(one.relative_to(folder)) for one in Path(folder).rglob("*") if one.is_file())
                return Path(path).read_text(), [(one, (Path(folder) / one).read_text()) for one in found], maybe
            """,
        },
        links={"linked.txt": "one.txt", "folder/link.txt": "../one.txt", "folder/beyond": "../elsewhere"},
        settings=True,
        rerun=[
            ("one.txt", "one", "two"),
            ("folder/a.txt", "1", "9"),
            ("folder/sub/b.txt", "2", "9"),
            {"folder/sub/c.txt": ""},
            {"folder/a.txt": None},
            ('Path("one.txt")', 'Path("two.txt")'),
            Edit(links={"folder/link.txt": "../two.txt"}),
        ],
        reuse=[
            ("two.txt", "two", "zwei"),
            Edit(touch=("one.txt", "folder/a.txt", "folder/sub/b.txt")),
            Edit(links={"folder/link.txt": "../copy.txt"}),
        ],
    ),
    *project(
        "parameters and their hints",
        """
        from enum import Enum
        from dataclasses import dataclass

        class Mode(Enum):
            FAST = "fast"
            SLOW = "slow"

        @dataclass
        class Options:
            depth: int = 3
            width: int = 2

        BASE = 4

        @ps.step
        def target(rate: float = 1, mode: Mode = Mode.FAST, options: Options = Options(), base: int = BASE, names: list = ["a"]):
            return type(rate).__name__, mode.value, options.depth, base, names
        """,
        settings=True,
        runs=False,
        rerun=[
            ("rate: float = 1", "rate: float = 2"),
            ("mode: Mode = Mode.FAST", "mode: Mode = Mode.SLOW"),
            ("depth: int = 3", "depth: int = 4"),
            ("Options()", "Options(width=5)"),
            ("BASE = 4", "BASE = 5"),
            ('["a"]', '["b"]'),
            ('FAST = "fast"', 'FAST = "quick"'),
        ],
        reuse=[("rate: float = 1", "rate: float = (1)"), ("mode: Mode = Mode.FAST", "mode: 'Mode' = Mode.FAST")],
        observed=True,
    ),
]
