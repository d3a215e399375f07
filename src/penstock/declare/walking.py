"""The walk over expressions and plain statements: their normalised text, and the names that they refer to.

The text leaves out comments, formatting, positions, docstrings, `pass`, and the type hints of functions and local variables (these
last go to `extra`, for code that reads them). Imported only where a file is not yet known.
"""

import ast
from typing import Any

from penstock.declare.pathways import classify, path_expression
from penstock.declare.scopes import Scope
from penstock.declare.syntax import call_inside, chain_of, import_of, known_test, prefix_of
from penstock.declare.texts import QUERIES, programs_in, programs_of

__all__ = ["Walker"]

_MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "add",
        "update",
        "setdefault",
        "pop",
        "popitem",
        "remove",
        "discard",
        "clear",
        "sort",
        "reverse",
        "appendleft",
        "extendleft",
        "register",
        "set",
        "put",
        "push",
        "subscribe",
        "connect",
        "configure",
        "include",
        "attach",
        "__setitem__",
        "setLevel",
    ]
)
# Functions of libraries that find code by its dotted name.
_LOCATORS = {
    *("pydoc.locate", "pkgutil.resolve_name", "resolve_name", "import_string", "import_object"),
    *("hydra.utils.instantiate", "hydra.utils.get_class", "hydra.utils.get_method", "instantiate"),
}
_ENVIRONMENT = ("environ.get", "environ.pop", "environ.setdefault")
_DOCUMENTED = {"__doc__", "__annotations__", "__code__"}
_OUTSIDE = {"f_globals", "f_locals"}  # what a caller holds


class Walker:
    """Writes normalised text to `out`, hints and docstrings to `extra`, and references to the scope."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.extra: list[str] = []
        self.texts: list[tuple[int, str]] = []  # where in `out` a constant text stands
        self.scope = Scope("module")
        self.stack: list[Scope] = []
        self.visitors = {kind: getattr(self, name) for kind, name in _VISITORS.items() if hasattr(self, name)}

    def visit(self, node: ast.AST) -> None:
        method = self.visitors.get(type(node))
        if method is not None:
            method(node)
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

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str):
            self.texts.append((len(self.out), value))
            self.scope.refs.extend([("r", one) for one in programs_in(value)])
        self.out.append(f"Constant({value!r},)")

    def listed(self, node: ast.List | ast.Tuple) -> None:
        self.scope.refs.extend([("r", one) for one in programs_of(_constants(node.elts))])
        self.generic(node)

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
                    self.out.append(";")
            elif not isinstance(node, ast.Pass):
                before = len(self.out)
                self.visit(node)
                if len(self.out) > before:
                    self.out.append(";")
        self.out.append("}")

    def name(self, node: ast.Name) -> None:
        self.out.append(f"N({node.id})")
        if node.id == "environ":
            self.scope.refs.append(("r", "!environ"))
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
        elif "environ" in (chain or node.attr).split("."):
            self.scope.refs.append(("r", "!environ"))
        elif node.attr in _OUTSIDE:
            self.scope.refs.append(("r", "!project"))
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
        if last in QUERIES:
            self.scope.refs.append(("r", "!query"))
        first = node.args[0] if node.args else None
        self.scope.refs.extend([("r", one) for one in programs_of(_constants(node.args))])
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
        if chain in ("getattr", "hasattr", "setattr", "delattr") and len(node.args) > 1:
            return self.attribute_call(node, changes=chain in ("setattr", "delattr"))
        text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        found = ""
        if first is not None and last in ("import_module", "__import__"):
            dots = len(text) - len(text.lstrip(".")) if text else 0
            found = f"@{dots}:{text.lstrip('.')}:" if text else prefix_of(first)
        elif first is not None and chain in _LOCATORS:
            found = (
                f"@0:{text.replace(':', '.').replace('.', ':', 1)}"
                if text and "." in text.replace(":", ".")
                else "!project"
            )
        elif chain in ("eval", "exec", "globals") or (
            chain == "vars" and not node.args and self.scope.kind == "module"
        ):
            found = "!module"
        elif first is not None and (last == "getenv" or chain.endswith(_ENVIRONMENT)):
            self.variable(first)
        elif last == "startswith" and first is not None:
            self.begins(first)
        elif last in ("entry_points", "iter_entry_points"):
            groups = [first, *[one.value for one in node.keywords if one.arg == "group"]]
            named = [one.value for one in groups if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            found = f"!plugins:{named[0] if named else ''}"
        elif text == "error" and last in ("filterwarnings", "simplefilter"):
            self.scope.refs.append(("a", "!error"))  # warnings that are raised are more than output
        if found:
            self.scope.refs.append(("r", found))
        return None

    def begins(self, node: ast.expr) -> None:
        """A text that something is asked to begin with: where variables are gone through, the name of some."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.scope.refs.append(("p", f"'{node.value}"))
        elif chain := chain_of(node):
            self.read("$" + chain, "p")

    def attribute_call(self, node: ast.Call, *, changes: bool) -> ast.expr | None:
        """`getattr` and its like: with a constant name they are attributes."""
        target, name = chain_of(node.args[0]), node.args[1]
        if target is None:
            return None
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.read(f"{target}.{name.value}")
            if changes:
                self.read(f"={target}.{name.value}", "a")
            if name.value in _DOCUMENTED:
                self.scope.refs.append(("r", "!exact"))
            return node.args[0]
        if changes:
            self.read("=" + target, "a")
        return None

    def expression(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Constant):
            return
        if isinstance(value, ast.Call) and (chain := chain_of(value.func) or call_inside(value.func)):
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
            scope.imported.setdefault(bound, []).append(target)
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


def _constants(nodes: list[ast.expr]) -> list[Any]:
    return [one.value if isinstance(one, ast.Constant) else None for one in nodes]


_VISITORS: dict[type, str] = {
    ast.Constant: "constant",
    ast.List: "listed",
    ast.Tuple: "listed",
    ast.Name: "name",
    ast.Attribute: "attribute",
    ast.Subscript: "subscript",
    ast.Call: "call",
    ast.Expr: "expression",
    ast.Compare: "compare",
    ast.AnnAssign: "annotated",
    ast.Assign: "assign",
    ast.AugAssign: "augmented",
    ast.Global: "global_",
    ast.Nonlocal: "nonlocal_",
    ast.Import: "import_",
    ast.ImportFrom: "import_",
    ast.ExceptHandler: "except_",
    ast.MatchAs: "match_name",
    ast.MatchStar: "match_name",
    ast.MatchMapping: "match_name",
    ast.NamedExpr: "walrus",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
    ast.Lambda: "lambda_",
    ast.ClassDef: "class_",
    ast.ListComp: "comprehension",
    ast.SetComp: "comprehension",
    ast.DictComp: "comprehension",
    ast.GeneratorExp: "comprehension",
}
