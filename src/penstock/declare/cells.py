"""A plain script or a notebook as cells of Python: what IPython alone understands is left out, and comments that declare are read.

A comment says of tables what `ps.source` says of a source's rows: `# penstock: key="trip", time="pickup_at", label="fare"`; with
a name before it, of the argument of that name alone: `# penstock: weather(key=["station", "hour"], time="hour")`.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from penstock.errors import ContractError, DeclarationError, PipelineNotFound, did_you_mean

__all__ = ["OPTIONS", "Cell", "Said", "declares_steps", "read_cells", "said_in", "said_of"]

OPTIONS: tuple[str, ...] = ("key", "time", "known_at", "label", "group", "test", "target")
"""What a comment may say."""

_COMMENT = re.compile(r"^\s*#\s*penstock:\s*(.*?)\s*$")
_TIMED = frozenset({"time", "timeit", "capture", "prun", "memit", "python", "python3"})  # whose rest is Python
_ASSIGNED = re.compile(r"^(\s*[\w.,\s]+=\s*)[!%].*$")
_DECORATORS = frozenset({"source", "step", "split", "train", "predict", "evaluate", "deploy"})
_FORM = 'Write `# penstock: key="trip", time="pickup_at", label="fare"`.'


class Cell(NamedTuple):
    """Python that runs as one: its `number` among the cells of code (0: the whole of a script), the name that its lines go by in
    tracebacks, its text (line by line as in the file), and what was left out of it."""

    number: int
    name: str
    text: str
    left_out: tuple[str, ...] = ()


class Said(NamedTuple):
    """What a comment, or an option of the command line, declares: of the argument `table` alone, or of every table ("")."""

    table: str
    options: Mapping[str, Any]
    where: str


def read_cells(path: Path) -> list[Cell]:
    """The cells of a file. Raises `PipelineNotFound` where it is not there, `DeclarationError` for what is no notebook of Python."""
    if not path.is_file():
        there = [one.name for ending in ("py", "ipynb") for one in path.parent.glob(f"*.{ending}")]
        raise PipelineNotFound(f"there is no file {path}", hint=did_you_mean(path.name, there))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeclarationError(f"{path.name} is not text in UTF-8: {error.reason}", hint="Save it as UTF-8.") from None
    if path.suffix != ".ipynb":
        return [Cell(0, path.name, text)]
    try:
        notebook = json.loads(text)
        language = str(notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python"))
        listed = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        texts = [_text(one) for one in listed if one["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DeclarationError(
            f"{path.name} is no notebook: {type(error).__name__}: {error}", hint="Save it anew from Jupyter."
        ) from None
    if language.lower() != "python":
        raise DeclarationError(f"{path.name} is a notebook of {language}", hint="Notebooks of Python can be checked.")
    return [_cell(number, path.name, one) for number, one in enumerate(texts, 1)]


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(source)


def _cell(number: int, name: str, text: str) -> Cell:
    name = f"{name} cell {number}"
    first = next((one.strip() for one in text.splitlines() if one.strip()), "")
    if first.startswith("%%"):
        magic = first[2:].split(maxsplit=1)[0] if first[2:].strip() else ""
        if magic not in _TIMED:
            return Cell(number, name, "", (f"%%{magic}",))
        text = text.replace(first, "#", 1)
    if _parses(text):
        return Cell(number, name, text)
    left_out: list[str] = []
    lines = [_line(one, left_out) for one in text.split("\n")]
    return Cell(number, name, "\n".join(lines), tuple(dict.fromkeys(left_out)))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _line(line: str, left_out: list[str]) -> str:
    """A line as Python reads it: what IPython alone understands becomes `pass`, or `None` where it is assigned."""
    bare = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if bare.startswith(("%time ", "%timeit ")):
        return indent + re.sub(r"^%time(it)?\s+((-\w+\s+\d*\s*))*", "", bare)
    assigned = _ASSIGNED.match(line)
    if assigned:
        left_out.append(bare)
        return f"{assigned[1]}None"
    if bare.startswith(("%", "!", "?")) or (bare.endswith("?") and not bare.startswith("#")):
        left_out.append(bare)
        return f"{indent}pass"
    return line


def declares_steps(text: str) -> bool:
    """Whether Python declares steps of Penstock: a function decorated by `ps.step` or another, however it was imported.

    >>> declares_steps("import penstock as ps\\n@ps.step\\ndef clean(rows): ...")
    True
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    modules: set[str] = set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {one.asname or one.name for one in node.names if one.name == "penstock"}
        elif isinstance(node, ast.ImportFrom) and node.module == "penstock":
            names |= {one.asname or one.name for one in node.names if one.name in (*_DECORATORS, "Pipeline")}
    if names:
        return True
    used = [one for one in ast.walk(tree) if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)]
    return any(one.attr in (*_DECORATORS, "Pipeline") and _name(one.value) in modules for one in used)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def said_in(cells: Sequence[Cell]) -> list[Said]:
    """What the comments declare, in order. Raises `ContractError` with the line of one that can't be read."""
    found: list[Said] = []
    for cell in cells:
        for number, line in enumerate(cell.text.splitlines(), 1):
            match = _COMMENT.match(line)
            if match:
                found += said_of(match[1], f"{cell.name}:{number}")
    return found


def said_of(text: str, where: str = "") -> list[Said]:
    """What a text such as `key="trip", weather(time="hour")` declares. Raises `ContractError` where it can't be read.

    >>> said_of("key=trip, known_at={fare: dropoff_at}")[0].options
    {'key': 'trip', 'known_at': {'fare': 'dropoff_at'}}
    """
    try:
        call = ast.parse(f"_({text})", mode="eval").body
    except (SyntaxError, ValueError):
        call = None
    if not isinstance(call, ast.Call) or not (call.args or call.keywords):
        raise ContractError(f"`{text}` can't be read as what is declared of rows", where=where, hint=_FORM)
    own = _options(call.keywords, where)
    found = [Said("", own, where)] if own else []
    for part in call.args:
        if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Name) or part.args:
            raise ContractError(f"`{ast.unparse(part)}` declares nothing", where=where, hint=_FORM)
        found.append(Said(part.func.id, _options(part.keywords, where), where))
    return found


def _options(given: Sequence[ast.keyword], where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in given:
        if one.arg not in OPTIONS:
            raise ContractError(
                f"`{one.arg}=` is nothing that can be declared of rows",
                where=where,
                hint=did_you_mean(str(one.arg), OPTIONS) or f"There are {', '.join(OPTIONS)}.",
            )
        try:
            found[one.arg] = _value(one.value)
        except ValueError as error:
            raise ContractError(f"{one.arg}={ast.unparse(one.value)}: {error}", where=where, hint=_FORM) from None
    return found


def _value(node: ast.expr) -> Any:
    """A plain value; a bare name stands for its text, and `timedelta(hours=1)` for itself."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(one) for one in node.elts]
    if isinstance(node, ast.Dict):
        if any(one is None for one in node.keys):
            raise ValueError("`**` is not understood here")
        return {_value(key): _value(one) for key, one in zip(node.keys, node.values, strict=True) if key is not None}
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "timedelta":
        try:
            return timedelta(**{str(one.arg): _value(one.value) for one in node.keywords})
        except (TypeError, OverflowError) as error:
            raise ValueError(str(error)) from None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise ValueError("names of columns are wanted here") from None
