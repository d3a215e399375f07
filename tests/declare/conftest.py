"""Small projects, loaded as a run loads them."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from penstock.declare.closure import Closures
from penstock.declare.project import Project
from penstock.model.code import Code


class Small:
    """A project in a folder of its own. `pipeline.py` is its pipeline."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        self.write(files)
        self.project = Project(root, root / ".cache")

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def load(self, main: str = "pipeline.py"):
        return self.project.load(self.root / main)

    def code(self, name: str = "target", main: str = "pipeline.py") -> Code:
        module = self.load(main)
        return Closures(self.project).code_of(getattr(module, name))

    def names(self, name: str = "target") -> set[str]:
        return {f"{one.kind} {one.name}" for one in self.code(name).pieces}


@pytest.fixture
def small(tmp_path: Path) -> Callable[[dict[str, str]], Small]:
    made = 0

    def make(files: dict[str, str]) -> Small:
        nonlocal made
        made += 1
        root = tmp_path / f"project{made}"
        root.mkdir()
        return Small(root, files)

    return make
