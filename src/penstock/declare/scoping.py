"""The walk over functions, classes and comprehensions: scopes, resolved by the rules of the language reference (4.2).

A local variable named like a helper is not taken for it. Each function, lambda and class becomes a unit of its own, as
well as a part of the text of what is around it. Imported only where a file is not yet known.
"""

import ast
from typing import Any

from msgspec import structs

from penstock.declare.facts import Unit
from penstock.declare.pathways import path_expression, resolved
from penstock.declare.scopes import NOTHING, Scope, below, digest_text, sorted_refs
from penstock.declare.syntax import chain_of, is_literal
from penstock.declare.texts import named_in
from penstock.declare.walking import Walker

__all__ = ["ScopeWalker"]

_Def = ast.FunctionDef | ast.AsyncFunctionDef


class ScopeWalker(Walker):
    """A walker that opens and closes scopes. `own` are the names by which the file knows Penstock."""

    def __init__(self, own: set[str]) -> None:
        super().__init__()
        self.units: list[Unit] = []
        self.path: list[str] = []
        self.parent = -1
        self.own = own

    def reserve(self) -> int:
        self.units.append(NOTHING)
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
            digest=digest_text(text),
            exact=digest_text(text + "\0" + added) if added else "",
            bare=more.pop("bare", ""),
            **{**sorted_refs(refs), **more},
        )

    def spoken(self, refs: list[tuple[str, Any]], start: int) -> list[tuple[str, Any]]:
        """References, with the names in texts where something looks names in texts up."""
        if ("r", "!query") in refs:
            return [*refs, *[("r", one) for one in named_in([text for at, text in self.texts if at >= start])]]
        return refs

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
            self.scope.paths[node.arg] = _default(node.arg, default)
        for node, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            self.scope.paths[node.arg] = _default(node.arg, value)

    def enter(self, kind: str, name: str) -> None:
        above = self.scope
        self.scope = Scope(kind)
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
        imported = {name: targets for name, targets in scope.imported.items() if name in local}
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
        refs = self.spoken(self.exit(), start)
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
            more["bare"] = digest_text("".join(parts))
        self.close(index, kind, name, (), -1, node, start, extra, refs, **more)

    def mark_state(self, scope: Scope, local: set[str]) -> None:
        """Free variables that an inner function rebinds are state, not constants, for all functions inside."""
        rebound = set().union(*[names for _, names, _ in scope.children]) if scope.children else set()
        here = rebound & local
        if here:
            for index, unit in enumerate(self.units):
                if any(index == child or below(self.units, index, child) for child, _, _ in scope.children):
                    self.units[index] = structs.replace(unit, state=tuple(sorted({*unit.state, *here})))
        scope.nonlocals |= rebound - local


def _default(name: str, value: ast.expr | None) -> Any:
    """The path that an argument's default names; marked, for a step's own path parameters are hashed with its settings."""
    found = path_expression(value)
    return ["D", name, found] if found else None
