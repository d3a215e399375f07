"""Edits of where things are and how they are found: packages, imports, configuration, files."""

from . import Edit, project

__all__ = ["CASES"]


CASES = [
    *project(
        "a package whose interface is gathered from three places",
        {
            "lib/__init__.py": "from .core import compute as run\nfrom .extra import *\nfrom . import deep\n\n__version__ = '1'\n",
            "lib/core.py": "from .deep.inner import factor\nfrom . import deep as d\n\ndef compute(x):\n    return x * factor() + d.inner.OFFSET\n",
            "lib/extra.py": "__all__ = ['shift']\n\ndef shift(x):\n    return _by(x)\n\ndef _by(x):\n    return x + 1\n\ndef hidden(x):\n    return x\n",
            "lib/deep/__init__.py": "from ..deep import inner\n",
            "lib/deep/inner.py": "OFFSET = 1\nOTHER = 2\n\ndef factor():\n    from .most import FACTOR\n    return FACTOR\n",
            "lib/deep/most.py": "FACTOR = 3\nUNUSED = 4\n",
            "pipeline.py": """
            import lib

            @ps.step
            def target():
                return lib.run(2), lib.shift(1)
            """,
        },
        rerun=[
            ("lib/deep/most.py", "FACTOR = 3", "FACTOR = 4"),
            ("lib/deep/inner.py", "OFFSET = 1", "OFFSET = 2"),
            ("lib/extra.py", "x + 1", "x + 2"),
            ("lib/core.py", "x * factor()", "x + factor()"),
            {
                "lib/__init__.py": "from .core import compute as run\nfrom .extra import hidden as shift\nfrom . import deep\n"
            },
        ],
        reuse=[
            ("lib/deep/most.py", "UNUSED = 4", "UNUSED = 5"),
            ("lib/deep/inner.py", "OTHER = 2", "OTHER = 3"),
            ("lib/extra.py", "def hidden(x):\n    return x", "def hidden(x):\n    return -x"),
            ("lib/__init__.py", "'1'", "'2'"),
            {"lib/new.py": "X = 1\n"},
        ],
    ),
    *project(
        "a package with lazy names",
        {
            "lazy/__init__.py": """
            import importlib

            _WHERE = {"fast": ".quick", "slow": ".tardy"}

            def __getattr__(name):
                if name in _WHERE:
                    return getattr(importlib.import_module(_WHERE[name], __name__), name)
                raise AttributeError(name)
            """,
            "lazy/quick.py": "def fast():\n    return 1\n",
            "lazy/tardy.py": "def slow():\n    return 2\n",
            "pipeline.py": "from lazy import fast\n\n@ps.step\ndef target():\n    return fast()\n",
        },
        rerun=[
            ("lazy/quick.py", "return 1", "return 9"),
            ("lazy/__init__.py", "getattr(importlib", "(lambda *a: (lambda: 4))(importlib"),
        ],
        either=[("lazy/tardy.py", "return 2", "return 3")],
    ),
    *project(
        "lazy names inside the step",
        {
            "lazy/__init__.py": """
            def __getattr__(name):
                from importlib import import_module
                return getattr(import_module(f"lazy.{name}_impl"), name)
            """,
            "lazy/fast_impl.py": "def fast():\n    return 1\n",
            "pipeline.py": "import lazy\n\n@ps.step\ndef target():\n    return lazy.fast()\n",
        },
        rerun=[("lazy/fast_impl.py", "return 1", "return 9")],
    ),
    *project(
        "fallbacks of imports",
        {
            "fast.py": "def go():\n    return 1\n",
            "slow.py": "def go():\n    return 2\n",
            "pipeline.py": """
            import sys

            try:
                import no_such_module_at_all as impl
            except ImportError:
                import fast as impl

            if sys.version_info >= (3, 8):
                LIMIT = 5
            else:
                LIMIT = 6

            try:
                from slow import missing
            except ImportError:
                missing = None

            @ps.step
            def target():
                return impl.go(), LIMIT, missing
            """,
        },
        rerun=[
            ("fast.py", "return 1", "return 3"),
            ("LIMIT = 5", "LIMIT = 7"),
            {"slow.py": "def go():\n    return 2\n\nmissing = 4\n"},
            {"no_such_module_at_all.py": "def go():\n    return 8\n"},
            ("import fast as impl", "import slow as impl"),
        ],
        reuse=[("LIMIT = 6", "LIMIT = 16")],
        either=[("slow.py", "return 2", "return 5")],
    ),
    *project(
        "names for type checkers only",
        {
            "types_only.py": "class Frame:\n    size = 1\n",
            "pipeline.py": """
            from __future__ import annotations
            from typing import TYPE_CHECKING

            if TYPE_CHECKING:
                from types_only import Frame

            def use(frame: Frame | None = None) -> "Frame":
                return frame

            @ps.step
            def target():
                return use()
            """,
        },
        reuse=[
            ("types_only.py", "size = 1", "size = 2"),
            ("frame: Frame | None = None", "frame: 'Frame' = None"),
            ("    from types_only import Frame\n", "    from types_only import Frame\n    import os\n"),
        ],
        rerun=[("return frame", "return 1")],
    ),
    *project(
        "code found by computed names",
        {
            "impls/__init__.py": "",
            "impls/a_one.py": "def go():\n    return 1\n",
            "impls/a_two.py": "def go():\n    return 2\n",
            "ways.py": "class Ways:\n    def do_x(self):\n        return helper()\n\n    def do_y(self):\n        return 2\n\ndef helper():\n    return 5\n",
            "pipeline.py": """
            import importlib
            import ways

            WHICH = "one"

            @ps.step
            def target():
                module = importlib.import_module("impls.a_" + WHICH)
                return getattr(module, "g" + "o")(), getattr(ways.Ways(), "do_" + "x")()
            """,
        },
        rerun=[
            ("impls/a_one.py", "return 1", "return 3"),
            ('WHICH = "one"', 'WHICH = "two"'),
            ("ways.py", "return 5", "return 6"),
        ],
        either=[("impls/a_two.py", "return 2", "return 4")],
    ),
    *project(
        "modules run and loaded by other means",
        {
            "script.py": "VALUE = 3\n",
            "text.py.txt": "x = 1",
            "mod.py": "def f():\n    return 4\n",
            "pipeline.py": """
            import runpy
            import sys
            from pathlib import Path

            HERE = Path(__file__).parent

            @ps.step
            def target():
                space = {}
                exec((HERE / "text.py.txt").read_text(), space)
                import mod
                return runpy.run_path(str(HERE / "script.py"))["VALUE"], space["x"], sys.modules["mod"].f()
            """,
        },
        rerun=[
            ("script.py", "VALUE = 3", "VALUE = 4"),
            ("text.py.txt", "x = 1", "x = 2"),
            ("mod.py", "return 4", "return 5"),
        ],
    ),
    *project(
        "side effects of an import on another module",
        {
            "settings.py": "VALUES = {'a': 1}\nDEBUG = False\n",
            "local_settings.py": "import settings\n\nsettings.VALUES['a'] = 2\nsettings.DEBUG = True\nsettings.VALUES.setdefault('b', 3)\n",
            "pipeline.py": """
            import settings
            import local_settings

            @ps.step
            def target():
                return settings.VALUES, settings.DEBUG
            """,
        },
        rerun=[
            ("local_settings.py", "= 2", "= 4"),
            ("local_settings.py", "DEBUG = True", "DEBUG = None"),
            ("local_settings.py", "'b', 3", "'b', 5"),
            ("import local_settings\n", ""),
        ],
        reuse=[("settings.py", "DEBUG = False", "DEBUG = 0"), ("settings.py", "'a': 1", "'a': 9")],
    ),
    *project(
        "configuration in several formats",
        {
            "conf/a.toml": "[m]\nlr = 0.1\n",
            "conf/b.ini": "[m]\ndepth = 3\n",
            "conf/c.yaml": "names: [a, b]\n",
            "conf/.env": "MODE=fast\n",
            "conf/unused.json": "{}",
            "config.py": """
            import configparser
            import os
            import tomllib
            from pathlib import Path

            import yaml

            FOLDER = Path(__file__).parent / "conf"

            def load():
                ini = configparser.ConfigParser()
                ini.read(FOLDER / "b.ini")
                env = dict(line.split("=") for line in (FOLDER / ".env").read_text().splitlines() if line)
                return {
                    **tomllib.loads((FOLDER / "a.toml").read_text())["m"],
                    "depth": ini.getint("m", "depth"),
                    **yaml.safe_load((FOLDER / "c.yaml").open()),
                    "mode": env["MODE"],
                    "home": os.environ.get("PENSTOCK_TEST_CONFIG_HOME", "none"),
                }

            CONFIG = load()
            """,
            "pipeline.py": """
            from config import CONFIG

            @ps.step
            def target():
                return sorted(CONFIG.items(), key=str)
            """,
        },
        rerun=[
            ("conf/a.toml", "0.1", "0.2"),
            ("conf/b.ini", "3", "4"),
            ("conf/c.yaml", "[a, b]", "[a, c]"),
            ("conf/.env", "fast", "slow"),
            Edit(environ={"PENSTOCK_TEST_CONFIG_HOME": "x"}),
        ],
        reuse=[
            ("conf/unused.json", "{}", "[]"),
            ("conf/c.yaml", "names: [a, b]\n", "# names\nnames:\n  - a\n  - b\n"),
            ("conf/a.toml", "[m]\n", "# model\n[m]\n"),
        ],
    ),
    *project(
        "files read in a step by computed names",
        {
            "data/part-1.csv": "a\n1\n",
            "data/part-2.csv": "a\n2\n",
            "data/notes.txt": "x",
            "pipeline.py": """
            import csv
            from pathlib import Path

            def load(folder, number):
                with open(Path(folder) / f"part-{number}.csv", newline="") as file:
                    return list(csv.DictReader(file))

            @ps.step
            def target():
                return [load("data", number) for number in range(1, 3)]
            """,
        },
        reuse=[("data/notes.txt", "x", "y"), Edit(touch=("data/part-1.csv",)), {"data/part-3.csv": "a\n3\n"}],
    ),
    *project(
        "all files of a folder",
        {
            "data/a.txt": "1",
            "data/b.txt": "2",
            "other/c.txt": "3",
            "pipeline.py": """
            from pathlib import Path

            DATA = Path(__file__).parent / "data"

            @ps.step
            def target():
                return {one.name: one.read_text() for one in sorted(DATA.glob("*.txt"))}
            """,
        },
        rerun=[
            ("data/a.txt", "1", "9"),
            {"data/c.txt": "3"},
            {"data/b.txt": None},
            {"data/b.txt": None, "data/d.txt": "2"},
        ],
        reuse=[("other/c.txt", "3", "4"), {"data/readme.md": "x"}],
    ),
    *project(
        "a path as a parameter",
        {
            "data.txt": "one",
            "same.txt": "one",
            "two.txt": "two",
            "folder/a.txt": "1",
            "pipeline.py": """
            from pathlib import Path

            @ps.step
            def target(path: Path = Path("data.txt"), folder: Path = Path("folder"), link: Path = Path("link.txt")):
                listed = [(one.name, one.read_text()) for one in sorted(Path(folder).iterdir())]
                return Path(path).read_text(), listed, Path(link).read_text()
            """,
        },
        links={"link.txt": "data.txt"},
        runs=True,
        settings=True,
        rerun=[
            Edit(files={"data.txt": "uno"}),
            Edit(files={"folder/b.txt": "1"}),
            Edit(files={"folder/a.txt": None, "folder/z.txt": "1"}),
            Edit(links={"link.txt": "two.txt"}),
            Edit(files={"folder/a.txt": "2"}),
        ],
        reuse=[
            Edit(touch=("data.txt", "folder/a.txt")),
            Edit(links={"link.txt": "same.txt"}),
            Edit(files={"two.txt": "three"}),
        ],
    ),
    *project(
        "lists of paths as constants",
        {
            "a.txt": "1",
            "b.txt": "2",
            "c.txt": "3",
            "pipeline.py": """
            FILES = ["a.txt", "b.txt"]
            BY_NAME = {"third": "c.txt"}

            @ps.step
            def target():
                return [open(one).read() for one in FILES], open(BY_NAME["third"]).read()
            """,
        },
        rerun=[('"b.txt"]', '"c.txt"]')],
    ),
    *project(
        "a package version by a fake distribution on the path",
        {
            "vendor/fakelib/__init__.py": "def go():\n    return 1\n",
            "vendor/fakelib-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: fakelib\nVersion: 1.0\n",
            "vendor/fakelib-1.0.dist-info/RECORD": "fakelib/__init__.py,,\n",
            "pipeline.py": """
            import sys
            from pathlib import Path

            sys.path.insert(0, str(Path(__file__).parent / "vendor"))
            import fakelib

            @ps.step
            def target():
                return fakelib.go()

            @ps.step
            def other():
                return 1
            """,
        },
        rerun=[("vendor/fakelib/__init__.py", "return 1", "return 2")],
        either=[("vendor/fakelib-1.0.dist-info/METADATA", "Version: 1.0", "Version: 1.1")],
    ),
    *project(
        "monkeypatches in all forms",
        {
            "lib.py": "def base():\n    return 1\n\nclass Thing:\n    def go(self):\n        return 2\n\ndef call():\n    return base(), Thing().go()\n",
            "patches.py": "import lib\n\ndef better():\n    return 10 + extra()\n\ndef extra():\n    return 0\n\nlib.base = better\nsetattr(lib.Thing, 'go', lambda self: 20)\n",
            "pipeline.py": "import patches\nfrom lib import call\n\n@ps.step\ndef target():\n    return call()\n",
        },
        rerun=[
            ("patches.py", "return 10", "return 11"),
            ("patches.py", "return 0", "return 1"),
            ("patches.py", "self: 20", "self: 21"),
            ("import patches\n", ""),
        ],
        either=[("lib.py", "return 1", "return 5"), ("lib.py", "return 2", "return 6")],
    ),
    *project(
        "strings that are code and templates",
        """
        CODE = "x * 2"
        TEMPLATE = "{a}-{b!r:>5}"

        def calc(x):
            return eval(CODE)

        def deep(x):
            space = {"helper": helper, "x": x}
            exec("y = helper(x)", space)
            return space["y"]

        def helper(x):
            return x + 1

        def formatted(value, width=6):
            return f"{value:>{width}.2f}" + TEMPLATE.format(a=1, b="z")

        @ps.step
        def target():
            return calc(4), deep(1), formatted(3.14159)
        """,
        rerun=[
            ('"x * 2"', '"x * 3"'),
            ("x + 1", "x + 2"),
            ("width=6", "width=7"),
            (".2f", ".3f"),
            ("{a}-{b", "{a}+{b"),
            ('"y = helper(x)"', '"y = helper(x) + 1"'),
        ],
    ),
    *project(
        "global variables that functions set",
        """
        STATE = None
        LIMIT = 3

        def setup():
            global STATE
            STATE = [LIMIT] * 2

        setup()

        def later():
            global COUNT
            COUNT = LIMIT + 1
            return COUNT

        @ps.step
        def target():
            return STATE, later()
        """,
        rerun=[
            ("LIMIT = 3", "LIMIT = 4"),
            ("[LIMIT] * 2", "[LIMIT] * 3"),
            ("LIMIT + 1", "LIMIT + 2"),
            ("setup()\n\ndef later", "STATE = 1\n\ndef later"),
        ],
    ),
]
