"""A YAML document as data, and where each part of it stands: file, line and column."""

import re
from pathlib import Path
from typing import Any

from penstock.errors import DeclarationError, MissingExtra, extra_hint

__all__ = ["Tree", "need_valohai"]

_HINT = re.compile(r"^\s*#\s*penstock:\s*files:\s*(.+?)\s*$")


def need_valohai() -> None:
    """Raises `MissingExtra` where the packages that read `valohai.yaml` are not installed."""
    try:
        import valohai_yaml  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "reading valohai.yaml needs the package `valohai-yaml`", hint=extra_hint("valohai")
        ) from None


class Tree:
    """What a YAML file says. Raises `DeclarationError` with line and column where it is no YAML."""

    def __init__(self, path: Path, shown: str = "") -> None:
        import yaml

        self.name = shown or path.name
        try:
            self.text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DeclarationError(
                f"it is not UTF-8: {error.reason}", where=self.name, hint="Save it as UTF-8."
            ) from None
        try:
            self.root = yaml.compose(self.text, Loader=yaml.SafeLoader)
            self.data: Any = yaml.safe_load(self.text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            where = f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else self.name
            said = getattr(error, "problem", None) or str(error).splitlines()[0]
            hint = "Look at the indentation and quotes of this line and of the one above."
            raise DeclarationError(f"this is no YAML: {said}", where=where, hint=hint) from None
        except (RecursionError, ValueError) as error:  # nested without end; a date that is none
            raise DeclarationError(
                f"this YAML can't be read: {type(error).__name__}: {error}", where=self.name
            ) from None

    def place(self, *path: Any) -> str:
        """`file:line:column` of the part at a path of keys and indexes; of what is around it, if it has no place of its own."""
        node, mark = self.root, getattr(self.root, "start_mark", None)
        for part in path:
            found, begins = _inner(node, part)
            if found is None:
                break
            node, mark = found, begins
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else self.name

    def lines(self, *path: Any) -> tuple[int, int]:
        """The first and the last line of the part at a path."""
        node = self.root
        begin = getattr(node, "start_mark", None)
        for part in path:
            node, begin = _inner(node, part)
        if node is None or begin is None:
            return 1, self.text.count("\n") + 1
        last = node.end_mark
        return begin.line + 1, last.line + 1 if last.column else last.line

    def files(self, *path: Any) -> tuple[str, ...]:
        """The patterns of the comments `# penstock: files: …` inside the part at a path."""
        node = self.root
        begin = None
        for part in path:
            node, begin = _inner(node, part) if node is not None else (None, None)
        if node is None or begin is None:
            return ()
        found: list[str] = []
        for line in self.text.splitlines()[begin.line : node.end_mark.line + 1]:
            match = _HINT.match(line)
            if match:
                found += match[1].replace(",", " ").split()
        return tuple(found)

    def repeated(self) -> list[tuple[str, str]]:
        """Keys that stand more than once in one mapping, each with the place of the one that counts."""
        found: list[tuple[str, Any]] = []
        todo, met = [self.root], set[int]()
        while todo:
            node = todo.pop()
            value = getattr(node, "value", None)
            if id(node) in met or not isinstance(value, list):
                continue
            met.add(id(node))  # an alias is the same node again
            if getattr(node, "id", "") != "mapping":
                todo += value
                continue
            marks: dict[str, list[Any]] = {}
            for key, one in value:
                todo.append(one)
                if isinstance(key.value, str) and key.value != "<<":
                    marks.setdefault(key.value, []).append(key.start_mark)
            found += [(name, each[-1]) for name, each in marks.items() if len(each) > 1]
        found.sort(key=lambda one: one[1].index)
        return [(name, f"{self.name}:{mark.line + 1}:{mark.column + 1}") for name, mark in found]


def _inner(node: Any, part: Any) -> tuple[Any, Any]:
    value = getattr(node, "value", None)
    if isinstance(value, list) and getattr(node, "id", "") == "mapping":
        for key, one in reversed(value):  # of two with one name, the last counts
            if getattr(key, "value", None) == str(part):
                return one, key.start_mark
    elif isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part], value[part].start_mark
    return None, None
