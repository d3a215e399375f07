"""Edits near the edges: output that computes, odd values, state set at import, files that appear, hints and forms of text."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "print and log calls that do something",
        """
        import logging

        log = logging.getLogger(__name__)

        class Log:
            def __init__(self):
                self.seen = []

            def info(self, text):
                self.seen.append(text)

        def shout(text, out):
            out.append(text)

        @ps.step
        def target():
            stack = [1, 2, 3]
            out = []
            mine = Log()
            print(stack.pop(0))
            log.info("%s", stack.pop(0))
            mine.info("told")
            shout("x", out)
            return stack, out, mine.seen
        """,
        rerun=[
            ('log.info("%s", stack.pop(0))', 'log.info("%s", stack.pop())'),
            ("print(stack.pop(0))", "print(stack)"),
            ('mine.info("told")', 'mine.info("said")'),
            ('shout("x", out)', 'shout("y", out)'),
            ("self.seen.append(text)", "self.seen.append(text * 2)"),
        ],
        either=[('log.info("%s",', 'log.info("value: %s",')],
    ),
    *project(
        "a print of one's own",
        {
            "out.py": "SEEN = []\n\ndef print(text):\n    SEEN.append(text)\n",
            "pipeline.py": """
            from out import SEEN, print

            @ps.step
            def target():
                SEEN.clear()
                print("a")
                return list(SEEN)
            """,
        },
        rerun=[('print("a")', 'print("b")'), ("out.py", "SEEN.append(text)", "SEEN.append(text + '!')")],
    ),
    *project(
        "odd values at module level",
        """
        import decimal
        import itertools
        import random
        import re
        import string
        import struct
        from collections import UserDict, deque
        from types import MappingProxyType
        import numpy as np

        FORMAT = struct.Struct("<i")
        WORDS = string.Template("$a-b")
        DRAW = random.Random(3)
        RNG = np.random.default_rng(7)
        CONTEXT = decimal.Context(prec=4)
        FROZEN = MappingProxyType({"k": [1]})
        OWN = UserDict(a=1)
        LAST = deque([1, 2, 3], maxlen=2)
        FLAGS = re.compile("a.b", re.DOTALL)
        COUNT = itertools.count(5)
        GEN = (x * 2 for x in range(3))
        NOTHING = float("nan")
        VIEW = memoryview(b"abc")
        COMPLEX = 1 + 2j

        @ps.step
        def target():
            import copy
            return (
                FORMAT.size, WORDS.substitute(a=1), copy.deepcopy(DRAW).random(), copy.deepcopy(RNG).integers(1000).item(),
                str(CONTEXT.divide(1, 3)), FROZEN["k"], OWN["a"], list(LAST), bool(FLAGS.match("a\\nb")), repr(COUNT),
                bytes(VIEW), COMPLEX,
            )
        """,
        rerun=[
            ('"<i"', '"<q"'),
            ("$a-b", "$a+b"),
            ("Random(3)", "Random(4)"),
            ("default_rng(7)", "default_rng(8)"),
            ("prec=4", "prec=5"),
            ("[1]}", "[2]}"),
            ("a=1)\nLAST", "a=2)\nLAST"),
            ("maxlen=2", "maxlen=1"),
            (", re.DOTALL", ""),
            ("count(5)", "count(6)"),
            ('b"abc"', 'b"abd"'),
            ("2j", "3j"),
        ],
        reuse=[("x * 2", "x * 3")],
    ),
    *project(
        "environment and search path set at import",
        {
            "one/chosen.py": "VALUE = 1\n",
            "two/chosen.py": "VALUE = 2\n",
            "pipeline.py": """
            import os
            import sys
            from pathlib import Path

            os.environ["PENSTOCK_TEST_NASTY"] = "a"
            sys.path.insert(0, str(Path(__file__).parent / "one"))
            sys.modules.pop("chosen", None)

            @ps.step
            def target():
                sys.modules.pop("chosen", None)
                import chosen
                return os.environ["PENSTOCK_TEST_NASTY"], chosen.VALUE
            """,
        },
        runs=False,
        rerun=[('= "a"', '= "b"'), ("one/chosen.py", "VALUE = 1", "VALUE = 3"), ('/ "one"', '/ "two"')],
    ),
    *project(
        "star imports that hide one another",
        {
            "a.py": "def go():\n    return 1\n\ndef only_a():\n    return 5\n",
            "b.py": "def go():\n    return 2\n",
            "pipeline.py": "from a import *\nfrom b import *\n\n@ps.step\ndef target():\n    return go(), only_a()\n",
        },
        rerun=[
            ("from a import *\nfrom b import *", "from b import *\nfrom a import *"),
            ("b.py", "return 2", "return 3"),
            ("a.py", "return 5", "return 6"),
            {"b.py": "X = 1\n"},
        ],
        reuse=[("a.py", "return 1", "return 4")],
    ),
    *project(
        "a module that replaces itself",
        {
            "conf.py": """
            import sys

            class Conf:
                rate = 3

                def __getattr__(self, name):
                    if name.startswith("__"):
                        raise AttributeError(name)
                    return name + "!"

            sys.modules[__name__] = Conf()
            """,
            "pipeline.py": "import conf\n\n@ps.step\ndef target():\n    return conf.rate, conf.other\n",
        },
        rerun=[("conf.py", "rate = 3", "rate = 4"), ("conf.py", '"!"', '"?"')],
    ),
    *project(
        "classes that know their subclasses by hooks with arguments",
        """
        class Plugin:
            known = {}

            def __init_subclass__(cls, /, name, weight=1, **more):
                super().__init_subclass__(**more)
                Plugin.known[name] = (cls, weight)

        class Fast(Plugin, name="fast", weight=2):
            def go(self):
                return 1

        class Slow(Plugin, name="slow"):
            def go(self):
                return 2

        @ps.step
        def target():
            return {name: cls().go() * weight for name, (cls, weight) in Plugin.known.items()}
        """,
        rerun=[
            ("weight=2", "weight=3"),
            ("weight=1", "weight=4"),
            ('name="slow"', 'name="late"'),
            ("return 2", "return 3"),
            ("(cls, weight)\n", "(cls, weight + 1)\n"),
        ],
    ),
    *project(
        "deletions, assertions and rebinding at module level",
        """
        def one():
            return 1

        def two():
            return 2

        chosen = one
        spare = two
        TABLE = {"a": 1, "b": 2}
        del TABLE["a"]
        TABLE |= {"c": 3}
        LIST = [3, 1, 2]
        LIST.sort()
        LIST += [9]
        assert LIST
        (FIRST, *REST), LAST = LIST[:2], LIST[-1]
        if (n := len(LIST)) > 3:
            SIZE = n
        else:
            SIZE = 0
        while SIZE < 10:
            SIZE += 3

        @ps.step
        def target():
            return chosen(), TABLE, LIST, FIRST, REST, LAST, SIZE
        """,
        rerun=[
            ("chosen = one", "chosen = two"),
            ('del TABLE["a"]\n', ""),
            ('"c": 3', '"c": 4'),
            ("LIST.sort()", "LIST.reverse()"),
            ("[9]", "[8]"),
            ("LIST[-1]", "LIST[-2]"),
            ("SIZE += 3", "SIZE += 4"),
            ("return 1", "return 7"),
        ],
        reuse=[
            ("assert LIST\n", "assert LIST, 'some'\n"),
            ("return 2", "return 8"),
            ("LIST.sort()", "LIST = sorted(LIST)"),
            ("SIZE = 0", "SIZE = 1"),
        ],
    ),
    *project(
        "a listing of a computed folder",
        {
            "data/a.txt": "1",
            "data/b.txt": "2",
            "other/c.txt": "3",
            "pipeline.py": """
            import os
            from pathlib import Path

            def listed(folder):
                return sorted(os.listdir(folder))

            @ps.step
            def target():
                return listed("".join(["da", "ta"]))
            """,
        },
        observed=True,
        rerun=[{"data/c.txt": "3"}, {"data/b.txt": None, "data/z.txt": "2"}],
        reuse=[("other/c.txt", "3", "4"), ("data/a.txt", "1", "5"), Edit(touch=("data/a.txt",))],
    ),
    *project(
        "a pattern below a computed folder",
        {
            "data/a.txt": "1",
            "data/b.txt": "2",
            "pipeline.py": """
            from pathlib import Path

            def listed(folder):
                return [one.read_text() for one in sorted(Path(folder).glob("*.txt"))]

            @ps.step
            def target():
                return listed("".join(["da", "ta"]))
            """,
        },
        observed=True,
        rerun=[{"data/c.txt": "3"}, ("data/a.txt", "1", "5"), {"data/b.txt": None}],
        reuse=[{"data/readme.md": "x"}, Edit(touch=("data/a.txt",))],
    ),
    *project(
        "a file that is tried by a computed name",
        {
            "data/a.txt": "1",
            "pipeline.py": """
            def tried(name):
                try:
                    with open("/".join(["data", name])) as file:
                        return file.read()
                except FileNotFoundError:
                    return "default"

            @ps.step
            def target():
                return tried("a.txt"), tried("override.txt")
            """,
        },
        observed=True,
        rerun=[{"data/override.txt": "x"}, ("data/a.txt", "1", "2")],
        reuse=[{"data/other.txt": "x"}],
    ),
    *project(
        "tables read by computed names",
        {
            "data/rows.csv": "a,b\n1,2\n",
            "data/rows.json": '{"a": [1]}',
            "data/rows.ini": "[s]\nk=1\n",
            "data/unread.csv": "a,b\n1,2\n",
            "pipeline.py": """
            import configparser
            import json
            from pathlib import Path
            import numpy as np
            import pandas as pd
            import polars as pl

            def place(kind):
                return Path("da" + "ta").joinpath("rows" + "." + kind)

            @ps.step
            def target():
                ini = configparser.ConfigParser()
                ini.read(place("ini"))
                return (
                    pd.read_csv(place("csv")).to_dict(), pl.read_csv(place("csv")).to_dicts(),
                    np.genfromtxt(place("csv"), delimiter=",", skip_header=1).tolist(),
                    json.load(open(place("json"))), ini["s"]["k"],
                )
            """,
        },
        observed=True,
        rerun=[("data/rows.csv", "1,2", "1,3"), ("data/rows.json", "[1]", "[2]"), ("data/rows.ini", "k=1", "k=2")],
        reuse=[("data/unread.csv", "1,2", "1,3"), Edit(touch=("data/rows.csv", "data/rows.json"))],
    ),
    *project(
        "forms of text",
        """
        from typing import Final

        LIMIT: Final[int] = 1000
        NAME = "a" "b"

        class Model:
            def fit(self, x: int) -> int:
                result = x + 1
                if not x:
                    return 0
                return result

        def helper(a, b=2, *rest, c=3, **more):
            total = (a + b +
                     c)
            return total

        @ps.step
        def target():
            return Model().fit(2), helper(1), LIMIT, NAME, 16
        """,
        reuse=[
            ("LIMIT: Final[int] = 1000", "LIMIT = 1_000"),
            ('"a" "b"', "'ab'"),
            (", NAME, 16", ", NAME, 0x10"),
            ("x: int) -> int", "x: 'float') -> 'float'"),
            ("    total = (a + b +\n             c)\n", "    total = a + b + c\n"),
            ("def fit(self, x: int) -> int:\n", 'def fit(self, x: int) -> int:\n        """Fit."""\n'),
            ("class Model:\n", 'class Model:\n    """A model."""\n\n'),
            (
                "import penstock as ps\n",
                '"""A pipeline."""\n\nfrom __future__ import annotations\n\nimport penstock as ps\n',
            ),
            ("import penstock as ps\n", "import json\nimport penstock as ps\nimport os\n"),
            ("LIMIT: Final", "__all__ = ['target']\n\nLIMIT: Final"),
            ("        return result\n", "        # the result\n        return (result)\n"),
            ("@ps.step\n", "def unrelated(x):\n    return LIMIT\n\n@ps.step\n"),
            ("@ps.step\n", "@ps.step(tags=['x'], description='A step', retries=2)\n"),
            ("    return Model()", "    # run\n\n    return Model()"),
            {"README.md": "x", "tests/test_x.py": "def test(): pass\n", "pyproject.toml": "[project]\nname = 'x'\n"},
            {"notes.py": "X = 1\n", ".gitignore": "x\n"},
        ],
        either=[
            ("result", "outcome"),
            ("total", "whole"),
            ("helper", "renamed"),
            ("a + b +", "b + a +"),
        ],
        rerun=[("b=2", "b=4"), ("c=3", "c=5"), ("if not x:", "if x:")],
    ),
    *project(
        "a lambda as a parameter",
        """
        def helper(x):
            return x + 1

        # above
        @ps.step
        def target(key=lambda x: x * 2, table={"f": helper}, base=3):
            return key(base), table["f"](base)
        """,
        reuse=[("# above\n", "# above\n# and more\n\n")],
        rerun=[("x * 2", "x * 3"), ("x + 1", "x + 2"), ("base=3", "base=4")],
        settings=True,
    ),
    *project(
        "an object as a parameter",
        """
        class Options:
            def __init__(self, names, depth):
                self.names = names
                self.depth = depth

            def told(self):
                return sorted(self.names), self.depth

        @ps.step
        def target(options=Options({"a", "b", "c", "d", "e"}, 3)):
            return options.told()
        """,
        reuse=[("class Options:\n", "# more\nclass Options:\n")],
        either=[('{"a", "b"', '{"b", "a"')],
        settings=True,
    ),
]
