"""More edits: objects that can't be told and are changed, lookups by text, tools that tidy code."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "cfg class attr computed from env at import w/ dotted",
        {
            "cfg.py": "import os\nclass C:\n    rate=int(os.environ.get('CORPUS_R','3'))\n",
            "pipeline.py": "from cfg import C\n@ps.step\ndef target():\n    return C.rate\n",
        },
        environ={"CORPUS_R": "1"},
        rerun=[Edit(environ={"CORPUS_R": "2"})],
    ),
    *project(
        "property returning helper via module alias in class attr",
        {
            "h.py": "def go(x): return x+1\ndef no(x): return x\n",
            "pipeline.py": "import h\nclass A:\n    tool = h\n    fn = staticmethod(h.go)\n    def run(self): return self.tool.go(1)+self.fn(2)\n@ps.step\ndef target():\n    return A().run()\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "partialmethod",
        "from functools import partialmethod\nclass A:\n    def base(self, k): return k*f()\n    two = partialmethod(base, 2)\ndef f(): return 3\n@ps.step\ndef target():\n    return A().two()\n",
        rerun=[("return 3", "return 4"), ("base, 2", "base, 5")],
    ),
    *project(
        "generic alias, newtype",
        "from typing import NewType\nU=NewType('U', int)\nK=[int, list[str]]\n@ps.step\ndef target():\n    return str(K), U(3)\n",
        rerun=[("list[str]", "list[int]")],
    ),
    *project(
        "nested dict of lambdas w/ closures",
        "def mk(n):\n    return {'f': lambda x: x+n, 'g': [lambda y: y*n]}\nT=mk(3)\n@ps.step\ndef target():\n    return T['f'](1), T['g'][0](2)\n",
        rerun=[("mk(3)", "mk(4)"), ("y*n", "y-n")],
    ),
    *project(
        "chained comparators, conditional expr default",
        "FLAG=True\nK = 1 if FLAG else 2\ndef helper(x=K if FLAG else 3): return x\n@ps.step\ndef target():\n    return helper()\n",
        rerun=[("FLAG=True", "FLAG=False"), ("1 if", "7 if")],
    ),
    *project(
        "super().__init_subclass__ mutated class kwargs",
        "class B:\n    def __init_subclass__(cls, k=1, **kw):\n        cls.k = k*M\nM=2\nclass D(B, k=5): pass\n@ps.step\ndef target():\n    return D.k\n",
        rerun=[("k=5", "k=6"), ("M=2", "M=3")],
    ),
    *project(
        "__class_getitem__ and __call__ metaclass registry lookups",
        "class R(type):\n    reg={}\n    def __new__(m,n,b,d):\n        c=super().__new__(m,n,b,d)\n        m.reg[n]=c\n        return c\nclass X(metaclass=R):\n    def go(self): return 1\nclass Y(metaclass=R):\n    def go(self): return 2\n@ps.step\ndef target():\n    return R.reg['Y']().go()\n",
        rerun=[("return 2", "return 3")],
    ),
    *project(
        "import side effect registers in other module via decorator import",
        {
            "core_.py": "HOOKS=[]\ndef hook(f):\n    HOOKS.append(f)\n    return f\ndef run(x):\n    for h in HOOKS: x=h(x)\n    return x\n",
            "a.py": "from core_ import hook\n@hook\ndef h1(x): return x+1\n",
            "b.py": "from core_ import hook\n@hook\ndef h2(x): return x*2\n",
            "pipeline.py": "import core_, a, b\n@ps.step\ndef target():\n    return core_.run(1)\n",
        },
        rerun=[("a.py", "x+1", "x+2"), ("b.py", "x*2", "x*3"), ("pipeline.py", "a, b", "b, a")],
    ),
    *project(
        "lazy registry imported within step",
        {
            "core_.py": "HOOKS=[]\ndef hook(f):\n    HOOKS.append(f)\n    return f\ndef run(x):\n    import plugins_all\n    for h in HOOKS: x=h(x)\n    return x\n",
            "plugins_all.py": "import a\n",
            "a.py": "from core_ import hook\n@hook\ndef h1(x): return x+1\n",
            "pipeline.py": "import core_\n@ps.step\ndef target():\n    return core_.run(1)\n",
        },
        rerun=[("a.py", "x+1", "x+2")],
    ),
    *project(
        "string formatting of template file via pkg resources",
        {
            "pkg/__init__.py": "",
            "pkg/t.txt": "hello",
            "pipeline.py": "from importlib.resources import files\nimport pkg\n@ps.step\ndef target():\n    return (files('pkg') / 't.txt').read_text()\n",
        },
        rerun=[("pkg/t.txt", "hello", "hullo")],
    ),
    *project(
        "pkgutil get_data",
        {
            "pkg/__init__.py": "import pkgutil\ndef load(): return pkgutil.get_data('pkg','t.txt')\n",
            "pkg/t.txt": "hello",
            "pipeline.py": "import pkg\n@ps.step\ndef target():\n    return pkg.load()\n",
        },
        rerun=[("pkg/t.txt", "hello", "hullo")],
    ),
    *project(
        "with open at import into list",
        {
            "w.txt": "a\nb\n",
            "pipeline.py": "from pathlib import Path\nWORDS=[]\nwith open(Path(__file__).parent/'w.txt') as f:\n    for line in f: WORDS.append(line.strip())\nOBJ=object()\n@ps.step\ndef target():\n    return WORDS\n",
        },
        rerun=[("w.txt", "b", "c")],
    ),
    *project(
        "numpy loadtxt at import into array",
        {
            "w.txt": "1 2\n",
            "pipeline.py": "import numpy as np\nfrom pathlib import Path\nW=np.loadtxt(Path(__file__).parent/'w.txt')\n@ps.step\ndef target():\n    return W.tolist()\n",
        },
        rerun=[("w.txt", "1 2", "1 3")],
    ),
    *project(
        "polars frame read at import",
        {
            "w.csv": "a\n1\n",
            "pipeline.py": "import polars as pl\nfrom pathlib import Path\nW=pl.read_csv(Path(__file__).parent/'w.csv')\n@ps.step\ndef target():\n    return W['a'].to_list()\n",
        },
        rerun=[("w.csv", "1", "2")],
    ),
    *project(
        "pandas frame in helper function at import",
        {
            "w.csv": "a\n1\n",
            "h.py": "import pandas as pd\nfrom pathlib import Path\ndef load(n):\n    return pd.read_csv(Path(__file__).parent/n)\nW=load('w.csv')\n",
            "pipeline.py": "import h\n@ps.step\ndef target():\n    return h.W['a'].tolist()\n",
        },
        rerun=[("w.csv", "1", "2")],
    ),
    *project(
        "model holder class with lambda attr",
        "class H:\n    def __init__(self, f): self.f=f\nA=H(lambda x: x+1)\nB=H(lambda x: x+2)\n@ps.step\ndef target():\n    return A.f(1)\n",
        rerun=[("x+1", "x+3")],
        reuse=[("x+2", "x+4")],
    ),
    *project(
        "dataclass field with default instance & post init",
        "from dataclasses import dataclass, field\n@dataclass\nclass I:\n    k: int = 1\n@dataclass\nclass O:\n    i: I = field(default_factory=I)\n    def __post_init__(self): self.z=self.i.k+T\nT=2\n@ps.step\ndef target():\n    return O().z\n",
        rerun=[("k: int = 1", "k: int = 5"), ("T=2", "T=3")],
    ),
    *project(
        "flag enum & match on enum",
        "from enum import Flag, auto\nclass P(Flag):\n    R=auto()\n    W=auto()\n@ps.step\ndef target():\n    match P.W:\n        case P.R: return 'r'\n        case P.W: return f()\ndef f(): return 'w'\n",
        rerun=[("'w'", "'v'")],
    ),
    *project(
        "unrelated method edit either; unrelated class reuse",
        "class A:\n    def a(self): return 1\nclass B(A):\n    def b(self): return 2\nclass C(A):\n    def c(self): return 3\n@ps.step\ndef target():\n    return B().b()+B().a()\n",
        rerun=[("return 1", "return 4"), ("return 2", "return 5")],
        reuse=[("return 3", "return 6")],
    ),
    *project(
        "hint with project class",
        "class T:\n    k=1\ndef helper(x: T) -> 'T': return x\n@ps.step\ndef target(y: T = 3) -> T:\n    z: T = y\n    return helper(z)\n",
        reuse=[("k=1", "k=2")],
        settings=True,
    ),
    *project(
        "unused import removal / isort",
        {
            "h.py": "A=1\nB=2\n",
            "pipeline.py": "import os\nfrom h import A\nfrom h import B\n@ps.step\ndef target():\n    return A\n",
        },
        reuse=[
            ("from h import A\nfrom h import B\n", "from h import A, B\n"),
            ("from h import B\n", ""),
            ("import os\nfrom h import A\n", "from h import A\nimport os\n"),
            ("h.py", "B=2", "B=3"),
        ],
    ),
    *project(
        "import in function reordered",
        {"h.py": "A=1\nB=2\n", "pipeline.py": "@ps.step\ndef target():\n    from h import A, B\n    return A+B\n"},
        reuse=[("A, B\n", "(\n        B,\n        A,\n    )\n")],
        rerun=[("h.py", "B=2", "B=3")],
    ),
    *project(
        "black magic trailing comma etc",
        "def helper(a,b): return a+b\nL=['x','y']\n@ps.step\ndef target():\n    return helper(1,2), L\n",
        reuse=[
            ("helper(1,2)", "helper(\n        1,\n        2,\n    )"),
            ("['x','y']", "[\n    'x',\n    'y',\n]"),
            ("return a+b", "\n    # sum\n    return a + b"),
            ("def helper(a,b): return a+b", "def helper(a, b):\n    return a + b\n"),
        ],
    ),
    *project(
        "semicolon/one-liner",
        "def helper(a):\n    x=a; y=x\n    return y\n@ps.step\ndef target():\n    return helper(1)\n",
        reuse=[("x=a; y=x", "x=a\n    y=x")],
    ),
    *project(
        "logging config and warnings",
        "import logging, warnings\nlogging.basicConfig(level=logging.INFO)\nlog=logging.getLogger(__name__)\nwarnings.filterwarnings('ignore')\n@ps.step\ndef target():\n    log.info('x')\n    return 1\n",
        reuse=[("logging.INFO", "logging.DEBUG")],
    ),
    *project(
        "other step's decorator args and body",
        "@ps.step(outputs=['a','b'])\ndef other(): return 1,2\n@ps.step\ndef target():\n    return 1\n",
        reuse=[("return 1,2", "return 3,4"), ("['a','b']", "['c','d']")],
    ),
    *project(
        "helper used only by other step",
        "def h1(): return 1\ndef h2(): return 2\n@ps.step\ndef other(): return h1()\n@ps.step\ndef target():\n    return h2()\n",
        reuse=[("def h1(): return 1", "def h1(): return 5")],
        rerun=[("return 2", "return 3")],
    ),
    *project(
        "module docstring/shebang/encoding",
        "X=1\n@ps.step\ndef target():\n    return X\n",
        reuse=[
            {
                "pipeline.py": "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n'''Doc.'''\nimport penstock as ps\nX=1\n@ps.step\ndef target():\n    return X\n"
            }
        ],
    ),
    *project(
        "constant moved to other module",
        "X=1\n@ps.step\ndef target():\n    return X\n",
        reuse=[
            {
                "c.py": "X=1\n",
                "pipeline.py": "import penstock as ps\nfrom c import X\n@ps.step\ndef target():\n    return X\n",
            }
        ],
    ),
    *project(
        "type-only protocol class edit",
        "from typing import Protocol\nclass Pr(Protocol):\n    def go(self) -> int: ...\nclass R:\n    def go(self): return 1\ndef use(p: Pr): return p.go()\n@ps.step\ndef target():\n    return use(R())\n",
        reuse=[("def go(self) -> int: ...", "def go(self, k=1) -> float: ...")],
    ),
    *project(
        "assert and print edits in unreached",
        "def dbg(x): print(x)\n@ps.step\ndef target():\n    return 1\n",
        reuse=[("print(x)", "print(x, x)")],
    ),
    *project(
        "class-level function table with cls ref",
        "class A:\n    ops={}\n    @classmethod\n    def reg(cls,n):\n        def d(f):\n            cls.ops[n]=f\n            return f\n        return d\n@A.reg('x')\ndef fx(v): return v+1\n@ps.step\ndef target():\n    return A.ops['x'](1)\n",
        rerun=[("v+1", "v+2")],
    ),
    *project(
        "step loops over globals of helper module by dir()",
        {
            "h.py": "def t_a(x): return x+1\ndef t_b(x): return x*2\n",
            "pipeline.py": "import h\n@ps.step\ndef target():\n    return [getattr(h,n)(3) for n in dir(h) if n.startswith('t_')]\n",
        },
        rerun=[
            ("h.py", "x*2", "x*3"),
            {"h.py": "def t_a(x): return x+1\ndef t_b(x): return x*2\ndef t_c(x): return 0\n"},
        ],
    ),
    *project(
        "vars(module)",
        {
            "h.py": "def t_a(x): return x+1\n",
            "pipeline.py": "import h\n@ps.step\ndef target():\n    return vars(h)['t_a'](1)\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "inspect.getmembers(module)",
        {
            "h.py": "def t_a(x): return x+1\n",
            "pipeline.py": "import h, inspect\n@ps.step\ndef target():\n    return [f(1) for n,f in inspect.getmembers(h, inspect.isfunction)]\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "module.__dict__",
        {
            "h.py": "def t_a(x): return x+1\n",
            "pipeline.py": "import h\n@ps.step\ndef target():\n    return h.__dict__['t_a'](1)\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "operator.attrgetter on module",
        {
            "h.py": "def t_a(x): return x+1\n",
            "pipeline.py": "import h\nfrom operator import attrgetter\nG=attrgetter('t_a')\n@ps.step\ndef target():\n    return G(h)(1)\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "pydoc.locate / string import",
        {
            "h.py": "def t_a(x): return x+1\n",
            "pipeline.py": "import pydoc\n@ps.step\ndef target():\n    return pydoc.locate('h.t_a')(1)\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "pkgutil.resolve_name",
        {
            "h.py": "def t_a(x): return x+1\n",
            "pipeline.py": "import pkgutil\n@ps.step\ndef target():\n    return pkgutil.resolve_name('h:t_a')(1)\n",
        },
        rerun=[("h.py", "x+1", "x+2")],
    ),
    *project(
        "pickle by reference name / string class path in config",
        {
            "h.py": "class M:\n    def go(self): return 1\n",
            "pipeline.py": "import importlib\nCFG={'cls':'h.M'}\ndef build(path):\n    m,_,n=path.rpartition('.')\n    return getattr(importlib.import_module(m),n)()\n@ps.step\ndef target():\n    return build(CFG['cls']).go()\n",
        },
        rerun=[("h.py", "return 1", "return 2")],
    ),
    *project(
        "object built at import from dynamic import",
        {
            "h.py": "def go(self=None): return 1\n",
            "pipeline.py": "import importlib\nM=importlib.import_module('h'[:1])\nF=getattr(M,'go')\n@ps.step\ndef target():\n    return F()+M.go()\n",
        },
        rerun=[("h.py", "return 1", "return 2")],
    ),
    *project(
        "runtime import under alias of package submodule",
        {
            "p/__init__.py": "",
            "p/q.py": "V=1\n",
            "pipeline.py": "import p.q as z\nx = z\n@ps.step\ndef target():\n    return x.V\n",
        },
        rerun=[("p/q.py", "V=1", "V=2")],
    ),
    *project(
        "conditional attr set on module from pipeline",
        {
            "h.py": "MODE='a'\ndef go(): return MODE\n",
            "pipeline.py": "import h\nif True:\n    h.MODE='b'\n@ps.step\ndef target():\n    return h.go()\n",
        },
        rerun=[("h.MODE='b'", "h.MODE='c'")],
    ),
    *project(
        "set by function on import: configure()",
        {
            "h.py": "_S={}\ndef configure(**k): _S.update(k)\ndef go(): return _S['a']\n",
            "pipeline.py": "import h\nh.configure(a=1,b=2)\n@ps.step\ndef target():\n    return h.go()\n",
        },
        rerun=[("a=1", "a=3")],
    ),
    *project(
        "opaque object configured by call",
        {
            "h.py": "import threading\nclass S:\n    def __init__(self):\n        self.l=threading.Lock(); self.v=0\n    def configure(self,v): self.v=v\nS1=S()\n",
            "pipeline.py": "from h import S1\nS1.configure(5)\n@ps.step\ndef target():\n    return S1.v\n@ps.step\ndef o():\n    return 1\n",
        },
        rerun=[("configure(5)", "configure(6)")],
    ),
    *project(
        "opaque configured in function",
        {
            "h.py": "import threading\nclass S:\n    def __init__(self):\n        self.l=threading.Lock(); self.v=0\nS1=S()\ndef conf(v): S1.v=v\n",
            "pipeline.py": "import h\nh.conf(5)\n@ps.step\ndef target():\n    return h.S1.v\n",
        },
        rerun=[("conf(5)", "conf(6)")],
    ),
    *project(
        "opaque passed to function that mutates",
        {
            "h.py": "import threading\nclass S:\n    def __init__(self):\n        self.l=threading.Lock(); self.v=0\nS1=S()\ndef conf(s,v): s.v=v\n",
            "pipeline.py": "import h\nh.conf(h.S1,5)\n@ps.step\ndef target():\n    return h.S1.v\n",
        },
        rerun=[("h.S1,5", "h.S1,6")],
    ),
    *project(
        "opaque mutated in loop",
        {
            "pipeline.py": "import threading\nclass S:\n    def __init__(self):\n        self.l=threading.Lock(); self.v=[]\nS1=S()\nfor i in (1,2):\n    S1.v.append(i)\nX=S1.v.append(9)\n@ps.step\ndef target():\n    return S1.v\n"
        },
        rerun=[("(1,2)", "(1,3)"), ("append(9)", "append(8)")],
    ),
    *project(
        "opaque mutated through alias",
        {
            "pipeline.py": "import threading\nclass S:\n    def __init__(self):\n        self.l=threading.Lock(); self.v=1\nS1=S()\nal=S1\nal.v=5\n@ps.step\ndef target():\n    return S1.v\n"
        },
        rerun=[("al.v=5", "al.v=6")],
    ),
    *project(
        "opaque in dict mutated",
        {
            "pipeline.py": "import threading\nclass S:\n    def __init__(self):\n        self.l=threading.Lock(); self.v=1\nD={'a':S()}\nD['a'].v=5\n@ps.step\ndef target():\n    return D['a'].v\n"
        },
        rerun=[("v=5", "v=6")],
    ),
    *project(
        "a module that code makes and puts where imports find it",
        {
            "made.py": """
            import sys
            import types

            def inner():
                return 1

            made = types.ModuleType("virtual")
            made.LIMIT = 3
            made.inner = inner
            sys.modules["virtual"] = made
            """,
            "pipeline.py": """
            import made
            import virtual
            from virtual import LIMIT

            @ps.step
            def target():
                from virtual import inner

                return [LIMIT, virtual.LIMIT, inner()]
            """,
        },
        rerun=[("made.py", "LIMIT = 3", "LIMIT = 4"), ("made.py", "return 1", "return 2")],
        reuse=[("made.py", "return 1", "return 1  # one")],
    ),
    *project(
        "a module object used as a namespace",
        {
            "config.py": """
            import types

            config = types.ModuleType("config_space")
            exec("RATE = 1", config.__dict__)
            ALL = {"config": config}
            """,
            "pipeline.py": """
            from config import ALL, config

            @ps.step
            def target():
                return [config.RATE, ALL["config"].RATE]
            """,
        },
        rerun=[("config.py", "RATE = 1", "RATE = 2")],
        reuse=[("config.py", 'RATE = 1", config.__dict__)', 'RATE = 1", config.__dict__)  # rates')],
    ),
    *project(
        "a file loaded by its path under a name of its own",
        {
            "parts/of a plugin.py": """
            LIMIT = 3

            def inner():
                return LIMIT + 1
            """,
            "loading.py": """
            import importlib.util
            from pathlib import Path

            _place = Path(__file__).parent / "parts" / "of a plugin.py"
            _spec = importlib.util.spec_from_file_location("plugged", _place)
            plugged = importlib.util.module_from_spec(_spec)
            _spec.loader.exec_module(plugged)

            def plain():
                return 1
            """,
            "pipeline.py": """
            from loading import plain, plugged

            @ps.step
            def target():
                return [plugged.LIMIT, plugged.inner(), plain()]
            """,
        },
        rerun=[
            ("parts/of a plugin.py", "LIMIT = 3", "LIMIT = 400"),
            ("parts/of a plugin.py", "LIMIT + 1", "LIMIT + 200"),
            ("loading.py", "return 1", "return 2"),
        ],
        reuse=[("parts/of a plugin.py", "LIMIT + 1", "(LIMIT + 1)  # more")],
    ),
    *project(
        "functions of plug-ins that are found by a pattern and loaded by path",
        {
            "parts/first.py": """
            def go():
                return inner()

            def inner():
                return 1
            """,
            "pipeline.py": """
            import importlib.util
            from pathlib import Path

            FOUND = {}
            for _file in sorted((Path(__file__).parent / "parts").glob("*.py")):
                _spec = importlib.util.spec_from_file_location(_file.stem, _file)
                _module = importlib.util.module_from_spec(_spec)
                _spec.loader.exec_module(_module)
                FOUND[_file.stem] = _module.go

            @ps.step
            def target():
                return {name: go() for name, go in FOUND.items()}
            """,
        },
        rerun=[("parts/first.py", "return 1", "return 100")],
        reuse=[("parts/first.py", "return 1", "return (1)  # one")],
    ),
    *project(
        "equal numbers that print in another way",
        """
        COUNT = 1
        RATE = 0.0
        NESTED = {"a": (1, [0])}

        @ps.step
        def target():
            return repr([COUNT, RATE, NESTED])
        """,
        rerun=[
            ("COUNT = 1", "COUNT = True"),
            ("COUNT = 1", "COUNT = 1.0"),
            ("RATE = 0.0", "RATE = -0.0"),
            ("[0]", "[False]"),
        ],
        reuse=[("COUNT = 1", "COUNT = 0x1"), ("RATE = 0.0", "RATE = 0.00")],
    ),
]
