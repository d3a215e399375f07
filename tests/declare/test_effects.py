"""What importing changes, and whom it concerns."""

import pytest


@pytest.mark.parametrize(
    ("statement", "concerns"),
    [
        ("np.seterr(all='ignore')", True),
        ("os.environ['A_TEST'] = '1'", True),
        ("decimal.getcontext().prec = 5", True),
        ("ctx = decimal.getcontext()\nctx.prec = 5", True),
        ("def setup():\n    np.seterr(all='ignore')\nsetup()", True),
        ("def setup():\n    c = decimal.getcontext()\n    c.prec = 5\nsetup()", True),
        ("random.seed(1)", True),
        ("builtins.some_name_of_a_test = 1", True),
        ("@atexit.register\ndef bye(): pass", False),
        ("print('x')", False),
        ("logging.basicConfig(level=10)", False),
        ("sys.path.append('x')", False),
        ("TABLE = {}\nTABLE['a'] = 1", False),
        ("TABLE = []\nTABLE.append(1)", False),
        ("class C: pass\nC.rate = 3", False),
        ("def f(): pass\nf.rate = 3", False),
        ("KNOWN = {}\ndef add(n):\n    KNOWN[n] = 1\nadd('a')", False),
        ("parser = argparse.ArgumentParser()\nparser.prog = 'x'", False),
        ("def never_called():\n    np.seterr(all='ignore')", False),
        ("if __name__ == '__main__':\n    np.seterr(all='ignore')", False),
    ],
)
def test_whom_a_statement_concerns(small, statement, concerns):
    pytest.importorskip("numpy")
    head = "import argparse, atexit, builtins, decimal, logging, os, random, sys\nimport numpy as np\n"
    one = small({"pipeline.py": "import beside\n\ndef target():\n    return 1\n", "beside.py": head + statement + "\n"})
    before = one.code().digest
    one.write({"beside.py": head})
    assert (one.code().digest != before) is concerns


def test_effects_follow_the_imports(small):
    files = {
        "pipeline.py": "def target():\n    from pkg import inner\n    return inner.x\n",
        "pkg/__init__.py": "import effects_here\n",
        "pkg/inner.py": "x = 1\n",
        "effects_here.py": "import random\nrandom.seed(1)\n",
    }
    one = small(files)
    before = one.code()
    assert any(piece.kind == "effect" for piece in before.pieces)
    one.write({"effects_here.py": "import random\nrandom.seed(2)\n"})
    assert one.code().digest != before.digest


def test_a_statement_belongs_to_what_it_changes(small):
    one = small(
        {
            "pipeline.py": "import setting\nfrom things import box, Box\n\ndef target():\n    return box.lock\n\ndef other():\n    return 1\n",
            "things.py": "import threading\nclass Box:\n    def __init__(self): self.lock = threading.Lock()\nbox = Box()\n",
            "setting.py": "import things\nthings.box.size = 1\n",
        }
    )
    before, other = one.code().digest, one.code("other").digest
    one.write({"setting.py": "import things\nthings.box.size = 2\n"})
    assert one.code().digest != before
    assert one.code("other").digest == other
