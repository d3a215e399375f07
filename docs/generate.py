"""Write docs/reference anew from the code. `--check` writes nothing and fails where a page would change."""

import ast
import importlib
import inspect
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, get_args, get_origin, get_overloads

import click
import msgspec
from schemas import schemas

import penstock
from penstock.declare.options import SourceOptions, StepOptions
from penstock.model import event

__all__ = ["commands", "events", "main", "pages", "python"]

HERE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py (`make docs`): edit the docstrings instead. -->\n\n"


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    made = {HERE / "python.md": python(), HERE / "commands.md": commands(), HERE / "events.md": events()}
    return {**made, **schemas(HERE)}


# --- Python


def python() -> str:
    """What `import penstock as ps` offers: signatures and docstrings."""
    parts = ["# Python\n\nWhat `import penstock as ps` offers.\n"]
    for name in sorted(penstock.__all__, key=lambda one: (one[0].isupper(), one)):
        if not name.startswith("__"):
            thing = getattr(penstock, name)
            parts.append(f"## `ps.{name}`\n\n{_described(thing, name)}")
            if inspect.isclass(thing):
                parts += [f"### `{name}.{part}`\n\n{_described(value, part)}" for part, value in _parts(thing)]
    for options, of in ((StepOptions, "every step"), (SourceOptions, "a source")):
        parts.append(f"## Options of {of}\n\n{inspect.cleandoc(options.__doc__ or '')}\n")
    return NOTE + "\n".join(parts)


def _parts(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(kind).items():
        if not name.startswith("_") and isinstance(value, FunctionType | property | classmethod | staticmethod):
            yield name, value if isinstance(value, property) else getattr(kind, name)


def _described(thing: Any, name: str) -> str:
    doc = _examples(inspect.cleandoc((thing.fget if isinstance(thing, property) else thing).__doc__ or ""))
    if isinstance(thing, property):
        return f"{doc}\n"
    if callable(thing) and get_overloads(thing):  # a decorator: with options, and without
        return f"```text\n@{name}\n@{name}(**options)\n```\n\n{doc}\n"
    if callable(thing):
        return f"```text\n{name}{_signature(thing)}\n```\n\n{doc}\n"
    return f"{_below(name)}\n"


def _below(name: str) -> str:
    """The text under the assignment of a constant in the module that it comes from."""
    module = importlib.import_module(penstock._HOMES[name])
    body = ast.parse(inspect.getsource(module)).body
    for node, after in itertools.pairwise(body):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name and isinstance(after, ast.Expr):
            return str(ast.literal_eval(after.value))
    return ""


def _signature(thing: Any) -> str:
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return "(…)"
    text = re.sub(
        r"\bpenstock\.(?:\w+\.)*RunStarted \|[^\]]*\bpenstock\.(?:\w+\.)*RunEnded\b", "Event", text
    )  # all of them
    text = re.sub(r"\bpenstock\.(?:\w+\.)*(\w+)", r"\1", text)
    text = re.sub(r"\b(?:collections\.abc|typing|pathlib)\.(\w+)", r"\1", text)
    text = re.sub(r"<(?:function|object|class)[^>]*>|<[\w.]+ object at 0x\w+>", "…", text)
    return text.replace("(self, ", "(").replace("(self)", "()").replace("~", "").replace("(/, ", "(")


def _examples(doc: str) -> str:
    """Doctests become code blocks."""
    out: list[str] = []
    inside = False
    for line in doc.splitlines():
        begins = line.startswith((">>> ", "... ")) or (inside and bool(line.strip()))
        if begins != inside:
            out.append("```pycon" if begins else "```")
        inside = begins
        out.append(line)
    return "\n".join([*out, *(["```"] if inside else [])])


# --- commands


def commands() -> str:
    """Every command with its arguments and options, as its `--help` has them."""
    from penstock.cli.commands import commands as listed

    parts = [
        "# Commands\n\nExit codes: 0 good; 1 a step failed; 2 the command or the pipeline is wrong; 130 interrupted.\n"
    ]
    named = [(name, command) for name, command in listed().items()]
    for name, command in list(named):
        if isinstance(command, click.Group):
            at = named.index((name, command)) + 1
            named[at:at] = [(f"{name} {inner}", one) for inner, one in command.commands.items()]
    for name, command in named:
        context = click.Context(
            command,
            info_name=f"penstock {name}",
            terminal_width=100,
            max_content_width=100,
            help_option_names=["-h", "--help"],
        )
        parts.append(f"## `penstock {name}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return NOTE + "\n".join(parts)


# --- events


def events() -> str:
    """Every event of the ledger with its fields."""
    parts = [f"# Events\n\n{inspect.cleandoc(event.__doc__ or '')} `penstock.model.event` holds the types.\n"]
    for kind in get_args(event.Event):
        rows = [f"| `{field.name}` | `{_type(field.type)}` |" for field in msgspec.structs.fields(kind)]
        doc = inspect.cleandoc(kind.__doc__ or "")
        parts.append("\n".join([f"## `{kind.__name__}`\n", f"{doc}\n", "| field | type |", "|---|---|", *rows, ""]))
    return NOTE + "\n".join(parts)


def _type(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Ellipsis:
        return "..."
    if hint is type(None):
        return "None"
    if origin is None:
        return getattr(hint, "__name__", str(hint)) if not isinstance(hint, str) else repr(hint)
    if str(origin) in {"typing.Union", "<class 'types.UnionType'>"}:
        return " or ".join(map(_type, arguments))
    name = "one of" if "Literal" in str(origin) else getattr(origin, "__name__", str(origin))
    inner = ", ".join(map(_type, arguments))
    return f"{name} {inner}" if name == "one of" else f"{name}[{inner}]"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which ones would change."""
    made = pages()
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    stale += [path for path in (*HERE.glob("*.md"), *HERE.glob("schemas/*")) if path not in made]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(HERE.parent.parent)} is out of date: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        if path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
