"""Small questions about syntax trees. Imported only by `reading` and `pathways`."""

import ast
from typing import Any

__all__ = [
    "aliases_of_penstock",
    "call_inside",
    "chain_of",
    "import_of",
    "is_inert",
    "is_literal",
    "known_test",
    "prefix_of",
]

_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING", "tp.TYPE_CHECKING")


def chain_of(node: ast.AST | None) -> str | None:
    """A name with its attributes as text, `a.b.c`; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def call_inside(node: ast.AST | None) -> str | None:
    """The name of the call whose result an expression begins with: `f` in `f(x).a[0].b`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return chain_of(node.func) if isinstance(node, ast.Call) else None


def import_of(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[str, str, str]:
    """The name that an alias binds, what it stands for, and what it loads, as `@level:module:name`."""
    if isinstance(node, ast.Import):
        load = f"@0:{alias.name}:"
        top = alias.name.partition(".")[0]
        return (alias.asname, load, load) if alias.asname else (top, f"@0:{top}:", load)
    target = f"@{node.level}:{node.module or ''}:{alias.name}"
    return alias.asname or alias.name, target, target


def aliases_of_penstock(tree: ast.Module, text: bytes) -> set[str]:
    """The names by which a file knows Penstock and what is in it."""
    found = set()
    plain = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    told = sum([_modules(node).count("penstock") for node in plain])
    # Only where the word stands somewhere else as well is it worth while to look into functions.
    for node in plain if text.count(b"penstock") <= told else ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name.partition(".")[0] == "penstock":
                    found.add(one.asname or "penstock")
        elif (
            isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "penstock"
        ):
            found |= {one.asname or one.name for one in node.names}
    return found


def _modules(node: ast.Import | ast.ImportFrom) -> str:
    """What an import statement names, at least once for each time that its text does."""
    if isinstance(node, ast.Import):
        return " ".join([one.name for one in node.names])
    return f"{node.module} {' '.join([one.name for one in node.names])}"


def known_test(test: ast.expr) -> bool | None:
    """What a condition is when a pipeline is loaded as a module: type checking and scripts' main blocks are false."""
    if chain_of(test) in _CHECKING:
        return False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = known_test(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        sides = [test.left, test.comparators[0]]
        named = any(chain_of(one) == "__name__" for one in sides)
        if named and any(isinstance(one, ast.Constant) and one.value == "__main__" for one in sides):
            return False
    return None


def is_inert(node: ast.stmt) -> bool:
    """Whether a statement does nothing: `pass`, a docstring, `...`."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def is_literal(node: ast.AST | None) -> bool:
    """Whether an expression is made of constants alone."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(is_literal(one) for one in node.elts)
    if isinstance(node, ast.Dict):
        return all(is_literal(one) for one in [*node.keys, *node.values])
    return False


def prefix_of(node: ast.expr) -> str:
    """The reach of an import whose module is computed: a constant package in front of it, else the whole project."""
    head: Any = None
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        head = node.values[0].value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
        head = node.left.value
    if isinstance(head, str) and "." in head and not head.startswith("."):
        return f"!under:{head.rpartition('.')[0]}"
    return "!project"
