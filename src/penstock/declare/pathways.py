"""Paths that code names by constants: which file each call reads or writes.

A path is kept as an expression over texts, module variables and `__file__`, and evaluated when a closure is made. Only calls known
to read count; a path that a call writes never counts as read. Imported only by `reading`.
"""

import ast
import re
from typing import Any

from penstock.declare.syntax import chain_of

__all__ = ["classify", "path_expression", "resolved"]

_READS = re.compile(
    r"^(open|read|read_\w+|scan_\w+|load|load_\w+|loads_from|from_file|from_csv|from_json|from_parquet|fromfile|genfromtxt|loadtxt|"
    r"imread|parse|parse_file|ParquetFile|ParquetDataset|ExcelFile|memory_map|get_data|run_path|input|FileInput|ZipFile|"
    r"getline|getlines|iterparse|dotenv_values|load_dotenv|safe_load|mmap|check_output|check_call|Popen|system|run|"
    r"spec_from_file_location|SourceFileLoader|CDLL|stat|getsize|getmtime|exists|isfile|is_file|copy|copyfile|copy2)$"
)
_WRITES = re.compile(
    r"^(to_\w+|write|write_\w+|sink_\w+|save\w*|dump\w*|export\w*|mkdir|makedirs|touch|unlink|remove|rename|replace|rmtree|"
    r"FileHandler|ParquetWriter|ExcelWriter|writer|mkstemp|symlink_to|hardlink_to|chmod|print|info|debug|warning|error)$"
)
_READ_METHODS = {"read_text", "read_bytes", "open", "stat", "exists", "is_file"}
_WRITE_METHODS = {"write_text", "write_bytes", "touch", "unlink", "mkdir", "rename", "replace", "symlink_to", "chmod"}
_SAME = {"resolve", "absolute", "expanduser", "as_posix", "with_segments"}
_MAKES = {"Path", "PurePath", "PosixPath", "str", "fspath", "abspath", "realpath", "normpath", "expanduser"}
_KEYWORDS = {"path", "file", "filename", "filepath", "filepath_or_buffer", "source", "io", "fname", "fp", "path_or_buf"}
_LISTS = {"glob": "", "iglob": "", "rglob": "**", "iterdir": "*", "listdir": "*", "scandir": "*", "walk": "**"}

_Ref = tuple[str, Any]


def path_expression(node: ast.AST | None) -> Any:
    """A path as data: ["s", text], ["n", name], ["F"] (this file), ["j", …] (joined texts), ["/", …], ["d", path], ["i", name, key],
    ["D", argument, default]; or None."""
    if isinstance(node, ast.Constant):
        return ["s", node.value] if isinstance(node.value, str) and 0 < len(node.value) < 500 else None
    if isinstance(node, ast.Name):
        return ["F"] if node.id == "__file__" else ["n", node.id]
    if isinstance(node, ast.Attribute):
        if node.attr == "parent":
            inner = path_expression(node.value)
            return ["d", inner] if inner else None
        chain = chain_of(node)
        return ["n", chain] if chain else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Add):
        return _all("/" if isinstance(node.op, ast.Div) else "j", [node.left, node.right])
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
        return _all("j", parts)
    if isinstance(node, ast.Subscript):
        return _parents(node)
    return _call(node) if isinstance(node, ast.Call) else None


def _parents(node: ast.Subscript) -> Any:
    if isinstance(node.value, ast.Attribute) and node.value.attr == "parents" and isinstance(node.slice, ast.Constant):
        inner = path_expression(node.value.value)
        for _ in range(int(node.slice.value) + 1 if isinstance(node.slice.value, int) else 0):
            inner = ["d", inner]
        return inner
    chain = chain_of(node.value)
    if chain and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int):
        return ["i", chain, node.slice.value]
    return None


def _call(node: ast.Call) -> Any:
    function = node.func
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if last == "joinpath" and isinstance(function, ast.Attribute):
        return _all("/", [function.value, *node.args])
    if last in _SAME and isinstance(function, ast.Attribute) and not node.args:
        return path_expression(function.value)
    if last == "join" and chain_of(function) in ("os.path.join", "path.join", "join"):
        return _all("/", node.args)
    if last == "dirname" and node.args:
        inner = path_expression(node.args[0])
        return ["d", inner] if inner else None
    if last in _MAKES and node.args:
        return _all("/", node.args) if len(node.args) > 1 else path_expression(node.args[0])
    return _package(node.args[0]) if last == "files" and node.args else None


def _package(node: ast.AST) -> Any:
    """The folder of a package that is named, or of this file's own."""
    if chain_of(node) in ("__name__", "__package__"):
        return ["d", ["F"]]
    return ["p", node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _all(kind: str, nodes: list[Any]) -> Any:
    parts = [path_expression(one) for one in nodes]
    return [kind, *parts] if parts and all(parts) else None


def classify(node: ast.Call, last: str, chain: str) -> list[_Ref]:
    """The paths that a call reads (`f`) or writes (`w`)."""
    if last in _LISTS:
        return _listed(node, last)
    if last == "get_data" and len(node.args) == 2:
        folder, name = _package(node.args[0]), path_expression(node.args[1])
        return [("f", ["/", folder, name])] if folder and name else []
    if isinstance(node.func, ast.Attribute) and last in _READ_METHODS | _WRITE_METHODS:
        target = path_expression(node.func.value)
        # `module.open(path)` looks alike: there the path is an argument, and the chain is no path when evaluated.
        if target and not (target[0] == "n" and node.args and path_expression(node.args[0])):
            writes = last in _WRITE_METHODS or (last == "open" and _writing(node, 0))
            return [("w" if writes else "f", target)]
    return [] if chain in ("Path", "pathlib.Path", "str", "os.path.join", "print") else _given(node, last)


def _given(node: ast.Call, last: str) -> list[_Ref]:
    """Paths among the arguments of a call that is known to read or write them."""
    role = ""
    if last == "open":
        role = "w" if _writing(node, 1) else "f"
    elif _WRITES.match(last):
        role = "w"
    elif _READS.match(last):
        role = "f"
    if not role:
        return []
    given: list[ast.AST] = [*node.args[: 1 if last.startswith(("copy", "open")) else 2]]
    given += [one.value for one in node.keywords if one.arg in _KEYWORDS or role == "w"]
    found = []
    for one in given:
        several = isinstance(one, ast.List | ast.Tuple)  # several files, or a command with its arguments
        for part in one.elts if several else [one]:  # type: ignore[attr-defined]
            expression = path_expression(part)
            if expression:
                found.append((role, expression))
    return found


def _listed(node: ast.Call, last: str) -> list[_Ref]:
    """The files that a listing of a folder gives, as a path with wildcards."""
    folder = path_expression(node.func.value) if isinstance(node.func, ast.Attribute) else None
    given = path_expression(node.args[0]) if node.args else None
    ways = []
    if folder is not None:
        tail = [["s", one] for one in (_LISTS[last], "") if one]
        ways.append(["/", folder, *tail, given if given is not None else ["s", "*"]])
    if given is not None:
        ways.append(
            ["/", given, ["s", _LISTS[last] + "/*" if last == "walk" else _LISTS[last]]] if _LISTS[last] else given
        )
    return [("f", one) for one in ways]


def _writing(node: ast.Call, place: int) -> bool:
    mode: ast.AST | None = node.args[place] if len(node.args) > place else None
    for one in node.keywords:
        if one.arg == "mode":
            mode = one.value
    if mode is None:
        return False
    return not (isinstance(mode, ast.Constant) and isinstance(mode.value, str)) or bool(set(mode.value) & set("wax+"))


def resolved(
    refs: list[_Ref], local: set[str], paths: dict[str, Any], imported: dict[str, list[str]], made: dict[str, str]
) -> list[_Ref]:
    """References that leave a scope: local names gone, local imports and local constant paths put in their place."""
    found: list[_Ref] = []
    for role, value in refs:
        if role in "fw":
            expression = _substituted(value, local, paths, 0)
            if expression is not None:
                found.append((role, expression))
            continue
        mark = value[0] if value[0] in "=$" else ""
        root, dot, rest = value[len(mark) :].partition(".")
        if root in imported:
            for target in imported[root]:
                joined = target + rest if target.endswith(":") else target + dot + rest
                found.append((role, mark + joined))
        elif root not in local:
            found.append((role, value))
        elif role == "a" and mark == "=" and rest and root in made:
            # An attribute set on a local variable may be set on what a library shares: `getcontext().prec`.
            found.append((role, "=" + made[root]))
    return found


def _substituted(expression: Any, local: set[str], paths: dict[str, Any], depth: int) -> Any:
    kind = expression[0]
    if kind in ("n", "i"):
        root = expression[1].partition(".")[0]
        if root not in local:
            return expression
        known = paths.get(expression[1]) if kind == "n" else None
        return _substituted(known, local, paths, depth + 1) if known is not None and depth < 20 else None
    if kind in ("s", "F", "p", "D"):
        return expression
    parts = [_substituted(one, local, paths, depth + 1) if depth < 50 else None for one in expression[1:]]
    return [kind, *parts] if all(part is not None for part in parts) else None
