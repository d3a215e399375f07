"""Programs of the project that steps start, and plug-ins that they find: told by their files, not by what is in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from penstock.declare.places import place_of
from penstock.model.digest import PREFIX, combine

__all__ = ["Plugin", "plugins", "plugins_digest", "program_digest", "program_files"]


class Plugin(NamedTuple):
    """An entry point, as an installed distribution registers it."""

    group: str
    name: str
    module: str
    attribute: str
    distribution: str


def program_files(start: Path, root: Path) -> list[Path]:
    """A program and all files of the project that it imports, by any import anywhere in them; sorted."""
    found: set[Path] = set()
    waiting = [start]
    folders = [start.parent, root, root / "src"]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for name in _imported(file, folders):
            waiting.extend(_files_of(name, folders))
    return sorted(found)


def program_digest(start: Path, root: Path) -> str:
    """The digest of a program and of what it imports, without comments and formatting."""
    parts = []
    for file in program_files(start, root):
        parts += [str(file.relative_to(root)) if file.is_relative_to(root) else file.name, _normal(file)]
    return combine("program", parts)


def plugins(group: str) -> list[Plugin]:
    """The entry points of a group (of all groups, for ""), in a fixed order."""
    from importlib.metadata import distributions

    found = set()
    for one in distributions():
        for point in one.entry_points:
            if group in ("", point.group):
                found.add(Plugin(point.group, point.name, point.module, point.attr or "", f"{one.name} {one.version}"))
    return sorted(found)


def plugins_digest(group: str) -> str:
    """The digest of what is registered under a group: names, values, and the distributions' versions."""
    return combine("plugins", [text for one in plugins(group) for text in one])


def _normal(file: Path) -> str:
    import ast

    data = file.read_bytes()
    if file.suffix == ".py":
        try:
            data = ast.dump(ast.parse(data)).encode("utf-8", "surrogatepass")
        except (SyntaxError, ValueError):
            pass
    return PREFIX + blake3(data).hexdigest()


def _imported(file: Path, folders: list[Path]) -> Iterator[str]:
    """The absolute names of what a file imports, and of what may be a module in it."""
    import ast

    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = file.parents[node.level - 1]
                home = next((one for one in folders if above.is_relative_to(one) and above != one), above.parent)
                base = ".".join([*above.relative_to(home).parts, *([base] if base else [])])
            yield base
            yield from [f"{base}.{one.name}" for one in node.names]


def _files_of(name: str, folders: list[Path]) -> Iterator[Path]:
    """The files that importing a module executes, where they are the project's."""
    parts = name.split(".")
    for folder in folders:
        for count in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:count])
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.is_file() and place_of(str(file)) == "project":
                    yield file
