"""From the text of a source file to its facts, by one walk over its syntax tree.

Scopes are resolved by the rules of the language reference (4.2, naming and binding), so that a local variable named
like a helper is not taken for it. The normalised text of a statement leaves out comments, docstrings, formatting,
positions, the type hints of functions and decorators from Penstock (whose meaning is declared elsewhere).
Imported only where a file is not yet known: with warm facts nothing here is loaded.
"""

import ast
import json
import sys
from collections.abc import Iterable
from typing import Any

from blake3 import blake3

from penstock.declare.facts import Facts, Unit
from penstock.declare.pathways import classify, path_expression, resolved
from penstock.declare.syntax import (
    aliases_of_penstock,
    call_inside,
    chain_of,
    import_of,
    is_inert,
    is_literal,
    known_test,
    prefix_of,
)
from penstock.model.digest import PREFIX

__all__ = ["read_facts"]

_MUTATORS = frozenset(
    "append extend insert add update setdefault pop popitem remove discard clear sort reverse appendleft extendleft "
    "register set put push subscribe connect configure include attach __setitem__ setLevel".split()
)
_DOCUMENTED = {"__doc__", "__annotations__", "__code__"}
_HINTS = {"annotation", "returns", "type_comment", "type_params"}
_DEPTH = 50_000  # chains of operators and `elif` nest the tree deeply; frames of Python calls are cheap

_Def = ast.FunctionDef | ast.AsyncFunctionDef


class _Scope:
    """Names of one scope while it is read. `refs` are its own, `passed` came up from scopes inside."""

    __slots__ = (
        "binds",
        "bound",
        "children",
        "fixed",
        "imported",
        "kind",
        "made",
        "nonlocals",
        "paths",
        "passed",
        "refs",
    )

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.binds: set[str] = set()  # all names bound here
        self.bound: set[str] = set()  # those bound by something else than an import
        self.fixed: set[str] = set()
        self.nonlocals: set[str] = set()
        self.imported: dict[str, str] = {}
        self.refs: list[tuple[str, Any]] = []
        self.passed: list[tuple[str, Any]] = []
        self.paths: dict[str, Any] = {}
        self.made: dict[str, str] = {}  # local variables by the call that made them
        self.children: list[tuple[int, set[str], set[str]]] = []


def read_facts(data: bytes, path: str) -> Facts:
    """The facts of a source file. Raises `SyntaxError` or `ValueError` as `ast.parse` does."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEPTH))
    try:
        return _Reader(ast.parse(data, path)).facts()
    finally:
        sys.setrecursionlimit(limit)


def _digest(text: str) -> str:
    return PREFIX + blake3(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self.out: list[str] = []
        self.extra: list[str] = []
        self.units: list[Unit] = []
        self.tree = tree
        self.scope = _Scope("module")
        self.stack: list[_Scope] = []
        self.path: list[str] = []
        self.parent = -1
        self.own = aliases_of_penstock(tree)
        self.stars: list[int] = []
        self.imports: list[str] = []

    # --- module level

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
            normal=_digest("\n".join(plain)),
            exact=_digest("\n".join(plain + sorted([unit.exact or unit.digest for unit in top]))),
        )

    def statements(self, body: Iterable[ast.stmt], under: int, branch: str) -> None:
        for node in body:
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
        self.close(index, "header", "", (), under, node, start, extra, self.take())
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
            changes: dict[str, Any] = {"binds": (node.name,), "under": under, **_sorted_refs(refs)}
            if branch:
                changes["digest"] = _digest(branch + made.digest)
            self.units[index] = _changed(made, changes)
            return
        index = self.reserve()
        self.visit(node)
        refs = self.take()
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

    def reserve(self) -> int:
        self.units.append(_NOTHING)
        return len(self.units) - 1

    def close(
        self,
        index: int,
        kind: str,
        name: str,
        binds: tuple[str, ...],
        under: int,
        node: ast.AST,
        start: int,
        extra: int,
        refs: list[tuple[str, Any]],
        **more: Any,
    ) -> None:
        text = "".join(self.out[start:])
        added = "".join(self.extra[extra:])
        line = node.lineno  # type: ignore[attr-defined]
        for one in getattr(node, "decorator_list", ()):
            line = min(line, one.lineno)
        self.units[index] = Unit(
            kind=kind,
            name=name,
            binds=binds,
            parent=self.parent,
            under=under,
            line=line,
            last=node.end_lineno or line,  # type: ignore[attr-defined]
            column=more.pop("column", 0),
            digest=_digest(text),
            exact=_digest(text + "\0" + added) if added else "",
            bare=more.pop("bare", ""),
            **_sorted_refs(refs),
            **more,
        )
        if self.parent == -1:
            del self.out[start:]
            del self.extra[extra:]

    # --- the walk

    def visit(self, node: ast.AST) -> None:
        method = _VISITORS.get(type(node))
        if method is not None:
            method(self, node)
        else:
            self.generic(node)

    def generic(self, node: ast.AST) -> None:
        out = self.out
        out.append(type(node).__name__)
        out.append("(")
        for field in node._fields:
            if field not in ("ctx", "type_comment", "kind"):
                self.value(getattr(node, field, None))
                out.append(",")
        out.append(")")

    def value(self, value: Any) -> None:
        if isinstance(value, ast.AST):
            self.visit(value)
        elif isinstance(value, list):
            self.out.append("[")
            for one in value:
                self.value(one)
                self.out.append(";")
            self.out.append("]")
        else:
            self.out.append(repr(value))

    def body(self, body: list[ast.stmt]) -> None:
        """Statements without docstrings and what does nothing."""
        self.out.append("{")
        for place, node in enumerate(body):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                if place == 0 and isinstance(node.value.value, str):
                    self.extra.append(f"doc:{node.value.value!r};")
            elif (
                isinstance(node, ast.If)
                and known_test(node.test) is not None
                and "TYPE_CHECKING" in ast.dump(node.test)
            ):
                chosen = node.orelse if known_test(node.test) is False else node.body
                for one in chosen:
                    self.visit(one)
            elif not isinstance(node, ast.Pass):
                self.visit(node)
                self.out.append(";")
        self.out.append("}")

    def name(self, node: ast.Name) -> None:
        self.out.append(f"N({node.id})")
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        else:
            self.bind(node.id)
            if node.id in self.scope.fixed:
                self.scope.refs.append(("a", "=^" + node.id))

    def bind(self, name: str) -> None:
        scope = self.scope
        scope.binds.add(name)
        scope.bound.add(name)

    def read(self, chain: str, role: str = "r") -> None:
        scope = self.scope
        mark = chain[0] if chain[0] in "=$" else ""
        bare = chain[len(mark) :]
        root = bare.partition(".")[0]
        if scope.kind == "class" and root in scope.binds:
            return
        scope.refs.append((role, f"{mark}^{bare}" if root in scope.fixed else chain))

    def attribute(self, node: ast.Attribute) -> None:
        chain = chain_of(node)
        if node.attr in _DOCUMENTED:
            self.scope.refs.append(("r", "!exact"))
        elif node.attr == "__subclasses__":
            self.scope.refs.append(("r", "!subclasses"))
        if chain is None:
            self.visit(node.value)
            self.out.append(f".{node.attr}")
            if not isinstance(node.ctx, ast.Load) and (made := call_inside(node.value)):
                self.read(f"={made}()", "a")
            return
        self.out.append(f"N({chain})")
        if chain == "sys.modules":
            self.read("!project")
        self.read(chain)
        if not isinstance(node.ctx, ast.Load):
            self.read("=" + chain, "a")

    def subscript(self, node: ast.Subscript) -> None:
        chain = chain_of(node.value)
        self.out.append("S(")
        if chain == "sys.modules":
            self.out.append(chain)
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                self.read(f"@0:{node.slice.value}:")
            elif chain_of(node.slice) == "__name__":
                self.read("!module")
            else:
                self.read("!project")
        else:
            self.visit(node.value)
        self.out.append("[")
        self.visit(node.slice)
        self.out.append("])")
        if not chain and not isinstance(node.ctx, ast.Load) and (made := call_inside(node.value)):
            self.read(f"={made}()", "a")
        if chain:
            if not isinstance(node.ctx, ast.Load):
                self.read("=" + chain, "a")
            elif chain.rpartition(".")[2] == "environ":
                self.variable(node.slice)

    def variable(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.scope.refs.append(("v", node.value))
        elif chain := chain_of(node):
            self.read("$" + chain, "v")

    def call(self, node: ast.Call) -> None:
        chain = chain_of(node.func)
        last = chain.rpartition(".")[2] if chain else getattr(node.func, "attr", "")
        self.out.append("C(")
        if chain:
            self.read(chain, "c")
            root = chain.rpartition(".")[0]
            if root and last in _MUTATORS:
                self.read("=" + root, "a")
        first = node.args[0] if node.args else None
        skip = self.special_call(node, chain or "", last, first)
        self.visit(node.func)
        for arg in node.args:
            self.out.append(",")
            if arg is skip:
                self.out.append(ast.dump(arg))
            else:
                self.visit(arg)
        for keyword in node.keywords:
            self.out.append(f",{keyword.arg}=")
            self.visit(keyword.value)
        self.out.append(")")
        for role, expression in classify(node, last, chain or ""):
            self.scope.refs.append((role, expression))

    def special_call(self, node: ast.Call, chain: str, last: str, first: ast.expr | None) -> ast.expr | None:
        """Calls that reach code by a name in a text; gives the argument that is dealt with."""
        text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        if chain in ("getattr", "hasattr", "setattr", "delattr") and len(node.args) > 1:
            target, name = chain_of(node.args[0]), node.args[1]
            if target and isinstance(name, ast.Constant) and isinstance(name.value, str):
                self.read(f"{target}.{name.value}")
                if chain in ("setattr", "delattr"):
                    self.read(f"={target}.{name.value}", "a")
                if name.value in _DOCUMENTED:
                    self.scope.refs.append(("r", "!exact"))
                return node.args[0]
            if target and chain in ("setattr", "delattr"):
                self.read("=" + target, "a")
        elif last in ("import_module", "__import__") and first is not None:
            if text is not None:
                dots = len(text) - len(text.lstrip("."))
                self.scope.refs.append(("r", f"@{dots}:{text.lstrip('.')}:"))
            else:
                self.scope.refs.append(("r", prefix_of(first)))
        elif chain in ("eval", "exec", "globals"):
            self.scope.refs.append(("r", "!module"))
        elif chain == "vars" and not node.args and self.scope.kind == "module":
            self.scope.refs.append(("r", "!module"))
        elif (
            last == "getenv" or chain.endswith(("environ.get", "environ.pop", "environ.setdefault"))
        ) and first is not None:
            self.variable(first)
        return None

    def expression(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Constant):
            return
        if isinstance(value, ast.Call) and (chain := chain_of(value.func)):
            self.read(chain, "a")
        self.out.append("E(")
        self.visit(node.value)
        self.out.append(")")

    def compare(self, node: ast.Compare) -> None:
        if len(node.comparators) == 1 and (chain := chain_of(node.comparators[0])):
            if chain.rpartition(".")[2] == "environ":
                self.variable(node.left)
            if chain == "sys.modules":
                self.visit(node.left)
                self.out.append(f"in({chain})")
                return
        self.generic(node)

    # --- assignments

    def annotated(self, node: ast.AnnAssign) -> None:
        start = len(self.out)
        if self.scope.kind == "class":
            self.generic(node)
            return
        self.extra.append(f"hint:{ast.dump(node.annotation)};")
        if node.value is None:
            if isinstance(node.target, ast.Name):
                self.bind_quietly(node.target.id)
            else:
                self.visit(node.target)
                del self.out[start:]
            return
        self.assigned([node.target], node.value)

    def bind_quietly(self, name: str) -> None:
        if self.scope.kind != "module":
            self.bind(name)

    def assign(self, node: ast.Assign) -> None:
        self.assigned(node.targets, node.value)

    def assigned(self, targets: list[ast.expr], value: ast.expr) -> None:
        self.out.append("=(")
        self.visit(value)
        for target in targets:
            self.out.append(",")
            if isinstance(target, ast.Name) and self.scope.kind == "def":
                again = target.id in self.scope.binds
                self.scope.paths[target.id] = None if again else path_expression(value)
                if isinstance(value, ast.Call) and (made := chain_of(value.func)):
                    self.scope.made[target.id] = f"{made}()"
            self.visit(target)
        self.out.append(")")

    def augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
            self.scope.paths[node.target.id] = None
        self.generic(node)

    def global_(self, node: ast.Global) -> None:
        self.scope.fixed.update(node.names)
        self.out.append(f"global{sorted(node.names)}")

    def nonlocal_(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)
        self.out.append(f"nonlocal{sorted(node.names)}")

    def import_(self, node: ast.Import | ast.ImportFrom) -> None:
        """An import inside a function or class."""
        self.out.append("import[")
        for alias in sorted(node.names, key=lambda one: (one.name, one.asname or "")):
            bound, target, load = import_of(node, alias)
            self.out.append(f"{bound}={target};")
            scope = self.scope
            if bound in scope.fixed:
                scope.refs.append(("a", "=^" + bound))
            scope.binds.add(bound)
            scope.imported[bound] = target if scope.imported.get(bound, target) == target else ""
            # That the module is imported counts even if nothing of it is named afterwards.
            scope.refs.append(("r", "+" + load))
        self.out.append("]")

    def except_(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name)
        self.generic(node)

    def match_name(self, node: Any) -> None:
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if name:
            self.bind(name)
        self.generic(node)

    def walrus(self, node: ast.NamedExpr) -> None:
        self.out.append(":=(")
        self.visit(node.value)
        self.out.append(f"{node.target.id})")
        inner = self.scope
        around = next(one for one in [inner, *reversed(self.stack)] if one.kind != "comp")
        around.binds.add(node.target.id)
        around.bound.add(node.target.id)

    # --- scopes

    def function(self, node: _Def) -> None:
        self.bind(node.name)
        start, extra, index = len(self.out), len(self.extra), self.reserve()
        decorators = self.decorators(node.decorator_list)
        self.out.append(f"{type(node).__name__} {node.name}(")
        cuts = self.defaults(node.args)
        self.enter("def", node.name)
        for one in getattr(node, "type_params", ()):
            self.bind(one.name)
        self.arguments(node.args)
        if node.returns is not None:
            self.extra.append(f"returns:{ast.dump(node.returns)};")
        self.out.append(")")
        above, self.parent = self.parent, index
        self.body(node.body)
        self.parent = above
        self.leave(index, "def", node, start, extra, cuts=cuts, decorators=decorators)

    def lambda_(self, node: ast.Lambda) -> None:
        start, extra, index = len(self.out), len(self.extra), self.reserve()
        self.out.append("lambda(")
        cuts = self.defaults(node.args)
        self.enter("def", "<lambda>")
        self.arguments(node.args)
        self.out.append("):")
        above, self.parent = self.parent, index
        self.visit(node.body)
        self.parent = above
        self.leave(index, "lambda", node, start, extra, cuts=cuts, column=node.body.col_offset)

    def class_(self, node: ast.ClassDef) -> None:
        self.bind(node.name)
        start, extra, index = len(self.out), len(self.extra), self.reserve()
        decorators = self.decorators(node.decorator_list)
        self.out.append(f"class {node.name}(")
        for base in node.bases:
            self.visit(base)
            self.out.append(",")
        for keyword in node.keywords:
            self.out.append(f"{keyword.arg}=")
            self.visit(keyword.value)
        self.out.append(")")
        self.enter("class", node.name)
        above, self.parent = self.parent, index
        self.body(node.body)
        self.parent = above
        self.leave(index, "class", node, start, extra, decorators=decorators)

    def comprehension(self, node: Any) -> None:
        self.out.append(type(node).__name__ + "(")
        first = node.generators[0]
        self.visit(first.iter)
        self.enter("comp", "")
        for one in node.generators:
            self.out.append(f" for{one.is_async} ")
            if one is not first:
                self.visit(one.iter)
            self.visit(one.target)
            for test in one.ifs:
                self.out.append(" if ")
                self.visit(test)
        self.out.append("|")
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.out.append(":")
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self.out.append(")")
        refs = self.exit()
        self.scope.passed.extend(refs)

    def decorators(self, nodes: list[ast.expr]) -> tuple[str, ...]:
        named = []
        for node in nodes:
            target = node.func if isinstance(node, ast.Call) else node
            chain = chain_of(target) or "?"
            if chain.partition(".")[0] in self.own:
                self.extra.append("@own;")
                continue
            named.append(chain)
            self.out.append("@")
            self.visit(node)
            if not isinstance(node, ast.Call) and chain != "?":
                self.read(chain, "c")
        return tuple(named)

    def defaults(self, args: ast.arguments) -> list[tuple[int, int]]:
        """Defaults, read in the scope around. Gives where literal ones stand in the text."""
        cuts = []
        for node in [*args.defaults, *args.kw_defaults]:
            start = len(self.out)
            self.out.append("=")
            if node is not None:
                self.visit(node)
                if is_literal(node):
                    cuts.append((start + 1, len(self.out)))
            self.out.append(";")
        return cuts

    def arguments(self, args: ast.arguments) -> None:
        given = [*args.posonlyargs, *args.args]
        for place, node in enumerate(
            [*given, *filter(None, [args.vararg]), *args.kwonlyargs, *filter(None, [args.kwarg])]
        ):
            self.bind(node.arg)
            self.out.append(f"{node.arg},")
            if node.annotation is not None:
                self.extra.append(f"{place}:{ast.dump(node.annotation)};")
        self.out.append(
            f"/{len(args.posonlyargs)}/{len(args.args)}{'*' if args.vararg else ''}{'**' if args.kwarg else ''}"
        )
        for node, default in zip(given[len(given) - len(args.defaults) :], args.defaults, strict=True):
            self.scope.paths[node.arg] = path_expression(default)
        for node, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            self.scope.paths[node.arg] = path_expression(value) if value is not None else None

    def enter(self, kind: str, name: str) -> None:
        above = self.scope
        self.scope = _Scope(kind)
        self.scope.passed = []
        self.stack.append(above)
        if name:
            self.path.append(name)
            if kind == "def":
                self.path.append("<locals>")

    def exit(self) -> list[tuple[str, Any]]:
        """Leave a scope: what it refers to that is not its own."""
        scope = self.scope
        self.scope = self.stack.pop()
        if scope.kind == "class":
            return scope.refs + scope.passed
        if scope.kind == "comp":
            # A walrus binds in the function around; the targets here are the comprehension's own.
            return resolved(scope.refs + scope.passed, scope.binds, {}, {}, {})
        local = scope.binds - scope.fixed - scope.nonlocals
        imported = {name: to for name, to in scope.imported.items() if to and name not in scope.bound and name in local}
        paths = {name: to for name, to in scope.paths.items() if to is not None and name in local}
        return resolved(scope.refs + scope.passed, local, paths, imported, scope.made)

    def leave(
        self,
        index: int,
        kind: str,
        node: ast.AST,
        start: int,
        extra: int,
        cuts: list[tuple[int, int]] | None = None,
        **more: Any,
    ) -> None:
        self.path.pop() if kind == "class" else (self.path.pop(), self.path.pop())
        scope = self.scope
        refs = self.exit()
        if kind != "class":
            local = scope.binds - scope.fixed - scope.nonlocals
            self.mark_state(scope, local)
            self.scope.children.append((index, scope.nonlocals, set()))
        else:
            self.scope.children.extend(scope.children)
        self.scope.passed.extend(refs)
        name = ".".join([*self.path, "<lambda>" if kind == "lambda" else node.name])  # type: ignore[attr-defined]
        if cuts:
            parts, at = [], start
            for one in cuts:
                parts.append("".join(self.out[at : one[0]]))
                at = one[1]
            parts.append("".join(self.out[at:]))
            more["bare"] = _digest("".join(parts))
        self.close(index, kind, name, (), -1, node, start, extra, refs, **more)

    def mark_state(self, scope: _Scope, local: set[str]) -> None:
        """Free variables that an inner function rebinds are state, not constants, for all functions inside."""
        rebound = set().union(*[names for _, names, _ in scope.children]) if scope.children else set()
        here = rebound & local
        if here:
            for index, unit in enumerate(self.units):
                if any(index == child or _below(self.units, index, child) for child, _, _ in scope.children):
                    self.units[index] = _changed(unit, {"state": tuple(sorted({*unit.state, *here}))})
        scope.nonlocals |= rebound - local


def _below(units: list[Unit], index: int, ancestor: int) -> bool:
    while index != -1 and index != ancestor:
        index = units[index].parent
    return index == ancestor


def _changed(unit: Unit, changes: dict[str, Any]) -> Unit:
    return Unit(**{field: changes.get(field, getattr(unit, field)) for field in Unit.__struct_fields__})


def _sorted_refs(refs: list[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {"r": {}, "c": {}, "a": {}, "f": {}, "w": {}, "v": {}}
    for role, value in refs:
        kept = json.dumps(value) if role in "fw" else value.replace("^", "")
        found[role][kept] = None
    for chain in found["c"]:
        found["r"].setdefault(chain, None)
    fields = {"r": "reads", "c": "calls", "a": "acts", "f": "files", "w": "wrote", "v": "variables"}
    return {fields[role]: tuple(sorted(values)) for role, values in found.items()}


_NOTHING = Unit("", "", (), -1, -1, 0, 0, 0, "", "", "")

_VISITORS: dict[type, Any] = {
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Subscript: _Reader.subscript,
    ast.Call: _Reader.call,
    ast.Expr: _Reader.expression,
    ast.Compare: _Reader.compare,
    ast.AnnAssign: _Reader.annotated,
    ast.Assign: _Reader.assign,
    ast.AugAssign: _Reader.augmented,
    ast.Global: _Reader.global_,
    ast.Nonlocal: _Reader.nonlocal_,
    ast.Import: _Reader.import_,
    ast.ImportFrom: _Reader.import_,
    ast.ExceptHandler: _Reader.except_,
    ast.MatchAs: _Reader.match_name,
    ast.MatchStar: _Reader.match_name,
    ast.MatchMapping: _Reader.match_name,
    ast.NamedExpr: _Reader.walrus,
    ast.FunctionDef: _Reader.function,
    ast.AsyncFunctionDef: _Reader.function,
    ast.Lambda: _Reader.lambda_,
    ast.ClassDef: _Reader.class_,
    ast.ListComp: _Reader.comprehension,
    ast.SetComp: _Reader.comprehension,
    ast.DictComp: _Reader.comprehension,
    ast.GeneratorExp: _Reader.comprehension,
}
