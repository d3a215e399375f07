"""Code that is reached by names made at run time, patches, conditional definitions, effects of import."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "getattr on a module",
        {
            "tools.py": "def run_a(x):\n    return x + 1\n\ndef run_b(x):\n    return x + 2\n",
            "pipeline.py": """
            import tools

            KIND = "a"

            @ps.step
            def target():
                return getattr(tools, "run_" + KIND)(1)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 5"), ('KIND = "a"', 'KIND = "b"')],
        either=[("tools.py", "x + 2", "x + 6")],
    ),
    *project(
        "getattr with a constant",
        {
            "tools.py": "def run_a(x):\n    return x + 1\n\ndef run_b(x):\n    return x + 2\n",
            "pipeline.py": """
            import tools

            @ps.step
            def target():
                return getattr(tools, "run_a")(1)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 5")],
        reuse=[("tools.py", "x + 2", "x + 6")],
    ),
    *project(
        "a module passed along",
        {
            "tools.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            import tools

            def call(module):
                return module.go(1)

            @ps.step
            def target():
                return call(tools)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 5")],
    ),
    *project(
        "modules in a list",
        {
            "one.py": "def go(x):\n    return x + 1\n",
            "two.py": "from three import deep\n\ndef go(x):\n    return deep(x)\n",
            "three.py": "def deep(x):\n    return x * 3\n",
            "pipeline.py": """
            import one, two

            STAGES = [one, two]

            @ps.step
            def target():
                return [stage.go(1) for stage in STAGES]
            """,
        },
        rerun=[("one.py", "x + 1", "x + 5"), ("three.py", "x * 3", "x * 4"), ("[one, two]", "[two, one]")],
    ),
    *project(
        "import_module with a constant",
        {
            "tools.py": "def go(x):\n    return x + 1\n",
            "other.py": "def go(x):\n    return x + 7\n",
            "pipeline.py": """
            import importlib

            @ps.step
            def target():
                return importlib.import_module("tools").go(1)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 5"), ('"tools"', '"other"')],
        reuse=[("other.py", "x + 7", "x + 8")],
    ),
    *project(
        "import_module with a computed name",
        {
            "plugins/__init__.py": "",
            "plugins/a.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            import importlib

            NAME = "a"

            @ps.step
            def target():
                return importlib.import_module(f"plugins.{NAME}").go(1)
            """,
        },
        rerun=[("plugins/a.py", "x + 1", "x + 5")],
    ),
    *project(
        "import_module with a wholly computed name",
        {
            "tools.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            import importlib

            NAMES = {"k": "tools"}

            @ps.step
            def target():
                return importlib.import_module(NAMES["k"]).go(1)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 5")],
        reuse=[("tools.py", "x + 1", "(x + 1)  # same")],
    ),
    *project(
        "plugins found at import",
        {
            "plugins/__init__.py": """
            import importlib, pkgutil

            FOUND = {}
            for info in pkgutil.iter_modules(__path__):
                FOUND[info.name] = importlib.import_module(f"{__name__}.{info.name}").run
            """,
            "plugins/alpha.py": "K = 1\n\ndef run(x):\n    return x + K\n",
            "plugins/beta.py": "def run(x):\n    return x * 2\n",
            "pipeline.py": """
            from plugins import FOUND

            @ps.step
            def target():
                return sorted((name, run(3)) for name, run in FOUND.items())
            """,
        },
        rerun=[
            ("plugins/alpha.py", "K = 1", "K = 2"),
            ("plugins/beta.py", "x * 2", "x * 3"),
            {"plugins/gamma.py": "def run(x):\n    return 0\n"},
            {"plugins/beta.py": None},
        ],
    ),
    *project(
        "eval",
        """
        def secret(x):
            return x + 1

        EXPRESSION = "secret(1)"

        @ps.step
        def target():
            return eval(EXPRESSION)
        """,
        rerun=[("x + 1", "x + 2"), ("secret(1)", "secret(2)")],
    ),
    *project(
        "globals()",
        """
        def run_a(x):
            return x + 1

        @ps.step
        def target():
            return globals()["run_" + "a"](1)
        """,
        rerun=[("x + 1", "x + 2")],
    ),
    *project(
        "exec at import",
        """
        CODE = "def made(x):\\n    return x + 1"
        exec(CODE)

        @ps.step
        def target():
            return made(1)
        """,
        rerun=[("x + 1", "x + 2")],
    ),
    *project(
        "sys.modules",
        {
            "tools.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            import sys
            import tools

            @ps.step
            def target():
                return sys.modules["tools"].go(1)
            """,
        },
        rerun=[("tools.py", "x + 1", "x + 5")],
    ),
    *project(
        "module __getattr__",
        {
            "lazy.py": """
            VALUES = {"rate": 3}

            def __getattr__(name):
                return VALUES[name]
            """,
            "pipeline.py": """
            import lazy

            @ps.step
            def target():
                return lazy.rate
            """,
        },
        rerun=[("lazy.py", '"rate": 3', '"rate": 4')],
    ),
    *project(
        "lazy import in a package",
        {
            "pkg/__init__.py": """
            def __getattr__(name):
                if name == "go":
                    from pkg.inner import go
                    return go
                raise AttributeError(name)
            """,
            "pkg/inner.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            import pkg

            @ps.step
            def target():
                return pkg.go(1)
            """,
        },
        rerun=[("pkg/inner.py", "x + 1", "x + 5")],
    ),
    *project(
        "monkeypatched module",
        {
            "tools.py": "LIMIT = 1\n\ndef go(x):\n    return x + LIMIT\n\ndef use(x):\n    return go(x)\n",
            "patches.py": """
            import tools

            def better(x):
                return x * 10 + tools.LIMIT

            tools.go = better
            tools.LIMIT = 4
            """,
            "pipeline.py": """
            import tools
            import patches

            @ps.step
            def target():
                return tools.use(1)
            """,
        },
        rerun=[
            ("patches.py", "x * 10", "x * 20"),
            ("patches.py", "tools.LIMIT = 4", "tools.LIMIT = 5"),
            ("patches.py", "tools.go = better\n", ""),
        ],
        either=[("tools.py", "x + LIMIT", "x - LIMIT")],
    ),
    *project(
        "attribute set by setattr",
        {
            "settings.py": "class Settings:\n    pass\n\nsettings = Settings()\nfor name, value in {'a': 1, 'b': 2}.items():\n    setattr(settings, name, value)\n",
            "pipeline.py": """
            from settings import settings

            @ps.step
            def target():
                return settings.a
            """,
        },
        rerun=[("settings.py", "'a': 1", "'a': 3")],
        either=[("settings.py", "'b': 2", "'b': 4")],
    ),
    *project(
        "names injected into a module",
        {
            "settings.py": "globals().update({'RATE': 3, 'DEPTH': 4})\n",
            "pipeline.py": """
            import settings

            @ps.step
            def target():
                return settings.RATE
            """,
        },
        rerun=[("settings.py", "'RATE': 3", "'RATE': 5")],
        either=[("settings.py", "'DEPTH': 4", "'DEPTH': 5")],
    ),
    *project(
        "conditional definition",
        """
        FAST = True

        if FAST:
            def helper(x):
                return x + 1
        else:
            def helper(x):
                return x + 2

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("FAST = True", "FAST = False"), ("x + 1", "x + 5"), ("if FAST:", "if not FAST:")],
        either=[("x + 2", "x + 6")],
    ),
    *project(
        "try and except import",
        {
            "slow.py": "def go(x):\n    return x + 1\n",
            "pipeline.py": """
            try:
                from surely_absent_module import go
            except ImportError:
                from slow import go

            @ps.step
            def target():
                return go(1)
            """,
        },
        rerun=[("slow.py", "x + 1", "x + 2"), {"surely_absent_module.py": "def go(x):\n    return 99\n"}],
    ),
    *project(
        "import under a condition",
        {
            "one.py": "def go(x):\n    return x + 1\n",
            "two.py": "def go(x):\n    return x + 2\n",
            "pipeline.py": """
            import sys

            if sys.platform == "never":
                import one as impl
            else:
                import two as impl

            @ps.step
            def target():
                return impl.go(1)
            """,
        },
        rerun=[("two.py", "x + 2", "x + 3"), ('== "never"', '!= "never"')],
        either=[("one.py", "x + 1", "x + 9")],
    ),
    *project(
        "redefinition",
        """
        def helper(x):
            return x + 1

        first = helper

        def helper(x):
            return x + 2

        @ps.step
        def target():
            return helper(1)
        """,
        rerun=[("x + 2", "x + 3"), ("\ndef helper(x):\n    return x + 2\n", "")],
        either=[("x + 1", "x + 4")],
    ),
    *project(
        "values built by a loop",
        """
        TOTAL = 0
        for i in range(4):
            TOTAL += i

        NAMES = []
        NAMES.append("a")
        NAMES.extend(["b"])
        TABLE = {}
        TABLE["k"] = 1
        TABLE.update(z=2)
        del TABLE["z"]

        @ps.step
        def target():
            return TOTAL, NAMES, TABLE
        """,
        rerun=[
            ("range(4)", "range(5)"),
            ('append("a")', 'append("c")'),
            ('TABLE["k"] = 1', 'TABLE["k"] = 2'),
            ("z=2)\n", "z=2, y=1)\n"),
            ('["b"]', '["b", "d"]'),
        ],
    ),
    *project(
        "module imported for its effect",
        {
            "effect.py": "import decimal\n\ndecimal.getcontext().prec = 5\n",
            "pipeline.py": """
            import decimal
            import effect

            @ps.step
            def target():
                return str(decimal.Decimal(1) / 3)
            """,
        },
        rerun=[("effect.py", "prec = 5", "prec = 6")],
    ),
    *project(
        "effect in a function called at import",
        {
            "effect.py": "import os\n\ndef setup(value):\n    os.environ['CORPUS_EFFECT'] = value\n\nsetup('one')\n",
            "pipeline.py": """
            import os
            import effect

            @ps.step
            def target():
                return os.environ.get("CORPUS_" + "EFFECT")
            """,
        },
        rerun=[("effect.py", "setup('one')", "setup('two')"), ("effect.py", "= value", "= value + '!'")],
    ),
    *project(
        "registration by a call",
        {
            "registry.py": "KNOWN = {}\n\ndef add(name, value):\n    KNOWN[name] = value\n",
            "content.py": "import registry\n\nregistry.add('a', 3)\nregistry.add('b', lambda x: x + 1)\n",
            "pipeline.py": """
            import content
            from registry import KNOWN

            @ps.step
            def target():
                return KNOWN["a"], KNOWN["b"](1)
            """,
        },
        rerun=[("content.py", "'a', 3", "'a', 4"), ("content.py", "x + 1", "x + 2")],
    ),
    *project(
        "import that only prints",
        {
            "noise.py": "print('loaded')\n",
            "pipeline.py": """
            import noise

            @ps.step
            def target():
                return 1
            """,
        },
        reuse=[("noise.py", "'loaded'", "'again'")],
    ),
    *project(
        "an environment variable",
        """
        import os

        MODE = os.environ.get("CORPUS_MODE", "none")

        @ps.step
        def target():
            return MODE, os.getenv("CORPUS_INSIDE"), os.environ.get("CORPUS_THIRD", "")
        """,
        environ={"CORPUS_MODE": "a", "CORPUS_INSIDE": "b", "CORPUS_THIRD": "c", "CORPUS_OTHER": "d"},
        rerun=[
            Edit(environ={"CORPUS_MODE": "x"}),
            Edit(environ={"CORPUS_INSIDE": "x"}),
            Edit(environ={"CORPUS_THIRD": "x"}),
        ],
        reuse=[Edit(environ={"CORPUS_OTHER": "x"})],
    ),
    *project(
        "an environment variable by a constant",
        """
        from os import environ

        NAME = "CORPUS_NAMED"

        @ps.step
        def target():
            return environ[NAME], "CORPUS_FLAG" in environ
        """,
        environ={"CORPUS_NAMED": "a"},
        rerun=[Edit(environ={"CORPUS_NAMED": "b"}), Edit(environ={"CORPUS_FLAG": "1"})],
    ),
    *project(
        "operator and itemgetter",
        """
        from operator import attrgetter, itemgetter, methodcaller

        PICK = itemgetter(1)
        CALL = methodcaller("upper")

        @ps.step
        def target():
            return PICK((1, 2)), CALL("a")
        """,
        rerun=[("itemgetter(1)", "itemgetter(0)"), ('"upper"', '"lower"')],
    ),
]
