"""From the text of a source file to its facts, by one walk over its syntax tree.

Decorators from Penstock are left out: what they say is declared elsewhere. Imported only where a file is not yet known:
with warm facts nothing here is loaded.
"""

import ast
import sys
from collections.abc import Iterable
from types import CodeType
from typing import Any

from msgspec import structs

from penstock.declare.facts import Facts
from penstock.declare.scopes import digest_text, sorted_refs
from penstock.declare.scoping import ScopeWalker
from penstock.declare.syntax import aliases_of_penstock, chain_of, import_of, is_inert, is_literal, known_test

__all__ = ["read_facts", "read_source"]

_DEPTH = 50_000  # chains of operators and `elif` nest the tree deeply; frames of Python calls are cheap


def read_facts(data: bytes, path: str) -> Facts:
    """The facts of a source file. Raises `SyntaxError` or `ValueError` as compiling does."""
    return read_source(data, path)[0]


def read_source(data: bytes, path: str) -> tuple[Facts, CodeType]:
    """The facts of a source file, and its code, from one syntax tree. Raises as compiling does."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEPTH))
    try:
        tree = ast.parse(data, path)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return _Reader(tree, data).facts(), code
    finally:
        sys.setrecursionlimit(limit)


class _Reader(ScopeWalker):
    def __init__(self, tree: ast.Module, data: bytes) -> None:
        super().__init__(aliases_of_penstock(tree, data))
        self.tree = tree
        self.stars: list[int] = []
        self.imports: list[str] = []

    def facts(self) -> Facts:
        self.statements(self.tree.body, -1, "")
        names: dict[str, list[int]] = {}
        top = []
        for index, unit in enumerate(self.units):
            if unit.parent == -1:
                top.append(unit)
                for name in unit.binds:
                    names.setdefault(name, []).append(index)
        plain = sorted([unit.digest for unit in top if unit.binds != ("__all__",)])
        return Facts(
            units=tuple(self.units),
            names={name: tuple(listed) for name, listed in names.items()},
            stars=tuple(self.stars),
            imports=tuple(dict.fromkeys(self.imports)),
            normal=digest_text("\n".join(plain)),
            exact=digest_text("\n".join(plain + sorted([unit.exact or unit.digest for unit in top]))),
        )

    def statements(self, body: Iterable[ast.stmt], under: int, branch: str) -> None:
        for node in body:
            self.out.clear()
            self.extra.clear()
            self.texts.clear()
            if isinstance(node, ast.If):
                test = known_test(node.test)
                if test is None:
                    header = self.header(node, [node.test], under, branch)
                    self.statements(node.body, header, "+")
                    self.statements(node.orelse, header, "-")
                else:
                    self.statements(node.orelse if test is False else node.body, under, branch)
            elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
                assert isinstance(node, ast.Try)
                handlers = [one.type for one in node.handlers if one.type]
                header = self.header(node, handlers, under, branch)
                self.statements(node.body, header, "try")
                for place, one in enumerate(node.handlers):
                    self.statements(one.body, header, f"except{place}")
                self.statements(node.orelse, header, "else")
                self.statements(node.finalbody, header, "finally")
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self.import_units(node, under, branch)
            elif not is_inert(node):
                self.unit(node, under, branch)

    def header(self, node: ast.stmt, tests: list[ast.expr], under: int, branch: str) -> int:
        start, extra, index = len(self.out), len(self.extra), self.reserve()
        self.out.append(f"{type(node).__name__}{branch}(")
        for test in tests:
            self.visit(test)
        self.out.append(")")
        self.close(index, "header", "", (), under, node, start, extra, self.spoken(self.take(), start))
        return index

    def unit(self, node: ast.stmt, under: int, branch: str) -> None:
        start, extra = len(self.out), len(self.extra)
        self.out.append(branch)
        self.scope.binds = set()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            index = len(self.units)
            self.visit(node)
            refs = self.take()
            made = self.units[index]
            changes: dict[str, Any] = {"binds": (node.name,), "under": under, **sorted_refs(refs)}
            if branch:
                changes["digest"] = digest_text(branch + made.digest)
            self.units[index] = structs.replace(made, **changes)
            return
        index = self.parent = self.reserve()
        self.visit(node)
        self.parent = -1
        refs = self.spoken(self.take(), start)
        binds = tuple(sorted(self.scope.binds))
        literal = False
        if isinstance(node, ast.Assign | ast.AnnAssign):
            literal = node.value is not None and is_literal(node.value)
        kind = "assign" if binds else "do"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # What a call for effect alone is given, it may change.
            for value in [*node.value.args, *[one.value for one in node.value.keywords]]:
                chain = chain_of(value)
                if chain:
                    refs.append(("a", "=" + chain))
        if isinstance(node, ast.AugAssign):
            refs.extend([("a", "=" + name) for name in binds])
        self.close(index, kind, "", binds, under, node, start, extra, refs, literal=literal)

    def import_units(self, node: ast.Import | ast.ImportFrom, under: int, branch: str) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return
        for alias in node.names:
            start, extra, index = len(self.out), len(self.extra), self.reserve()
            bound, target, load = import_of(node, alias)
            self.out.append(f"{branch}import {bound}={target}")
            self.imports.append(load)
            if bound == "*":
                self.stars.append(index)
            refs = [("r", target), ("r", "+" + load)]
            binds = () if bound == "*" else (bound,)
            self.close(index, "import", bound, binds, under, node, start, extra, refs)

    def take(self) -> list[tuple[str, Any]]:
        """The references since the last unit, with the module's own names left as they are."""
        refs = self.scope.refs + self.scope.passed
        self.scope.refs, self.scope.passed = [], []
        return refs
