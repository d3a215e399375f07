"""Facts of source files: the same for the same code, others for other code."""

import ast
import random
import sysconfig
from pathlib import Path
from textwrap import dedent

import pytest

from penstock.declare.reading import read_facts

STDLIB = Path(sysconfig.get_paths()["stdlib"])
REAL = sorted(STDLIB.glob("*.py"))[::4]  # a quarter of the standard library: real code in all its forms


def facts(source: str):
    return read_facts(dedent(source).encode(), "x.py")


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_formatting_of_real_code_does_not_count(path):
    data = path.read_bytes()
    found = read_facts(data, str(path))
    again = read_facts(ast.unparse(ast.parse(data)).encode(), str(path))
    assert found.normal == again.normal
    assert [(one.kind, one.binds, one.digest, one.reads) for one in found.units] == [
        (one.kind, one.binds, one.digest, one.reads) for one in again.units
    ]


@pytest.mark.parametrize("path", REAL[::3], ids=lambda path: path.stem)
def test_one_changed_constant_changes_one_statement(path):
    source = ast.parse(path.read_bytes())
    before = read_facts(ast.unparse(source).encode(), "x.py")
    docs = {id(node.value) for node in ast.walk(source) if isinstance(node, ast.Expr)}
    hints = {
        id(inner)
        for node in ast.walk(source)
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if hint is not None
        for inner in ast.walk(hint)
    }
    numbers = [
        node
        for statement in source.body
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Assign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and type(node.value) is int and id(node) not in docs | hints
    ]
    if not numbers:
        pytest.skip("no numbers in this file")
    random.Random(3).choice(numbers).value += 1
    after = read_facts(ast.unparse(source).encode(), "x.py")
    top = [
        (old.line, old.digest == new.digest)
        for old, new in zip(before.units, after.units, strict=True)
        if old.parent == -1
    ]
    assert [same for _, same in top].count(False) == 1
    assert before.normal != after.normal


def test_statements_bind_and_read():
    found = facts(
        """
        import numpy as np
        from .near import thing as other
        LIMIT: int = np.pi
        if LIMIT > 3:
            def pick(x=LIMIT):
                return other.deep(x) + len(x)
        else:
            pick = None
        LIMIT += 1
        np.seterr(all="raise")
        """
    )
    units = {one.binds or one.kind: one for one in found.units}
    assert units[("np",)].reads == ("+@0:numpy:", "@0:numpy:")
    assert units[("other",)].reads == ("+@1:near:thing", "@1:near:thing")
    assert [found.units[one].kind for one in found.names["pick"]] == ["def", "assign"]
    assert found.units[found.names["pick"][0]].reads == ("LIMIT", "len", "other.deep")
    assert found.units[found.names["pick"][0]].under != -1
    assert units["do"].acts == ("np.seterr",)
    assert found.imports == ("@0:numpy:", "@1:near:thing")


def test_blocks_for_scripts_and_type_checkers_are_left_out():
    plain = facts("X = 1\n")
    more = facts(
        """
        X = 1
        if __name__ == "__main__":
            X = 2
        if TYPE_CHECKING:
            import heavy
        """
    )
    assert plain.normal == more.normal
    assert not more.imports


def test_a_branch_is_part_of_what_a_definition_is():
    one = facts("if A:\n    def f(): return 1\nelse:\n    def f(): return 2\n")
    two = facts("if A:\n    def f(): return 2\nelse:\n    def f(): return 1\n")
    assert {unit.digest for unit in one.units} != {unit.digest for unit in two.units}


def test_broken_source_raises_what_python_raises():
    with pytest.raises(SyntaxError):
        facts("def f(:\n")


def test_deep_code_is_read():
    facts("X = " + " + ".join(["1"] * 900) + "\n")
    facts("if a:\n    x = 1\n" + "".join(f"elif a == {n}:\n    x = {n}\n" for n in range(300)))
