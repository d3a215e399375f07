"""Acting after an import."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from penstock.work.imports import after_import


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("imported_"):
            del sys.modules[name]


def test_at_once_where_it_is_imported_already() -> None:
    seen: list[ModuleType] = []
    after_import("sys", seen.append)
    assert seen == [sys]


def test_once_right_after_it_is_imported(folder: Path) -> None:
    (folder / "imported_a.py").write_text("x = 1\n")
    (folder / "imported_b.py").write_text("from imported_a import x\n")
    seen: list[ModuleType] = []

    def change(module: ModuleType) -> None:
        seen.append(module)
        module.x = 2

    after_import("imported_a", change)
    assert seen == []
    import imported_b

    assert imported_b.x == 2  # before anybody could take the name from it
    importlib.reload(sys.modules["imported_a"])
    assert len(seen) == 1


def test_looking_for_a_module_is_not_importing_it(folder: Path) -> None:
    (folder / "imported_c.py").write_text("")
    seen: list[ModuleType] = []
    after_import("imported_c", seen.append)
    assert importlib.util.find_spec("imported_c") is not None
    assert seen == []
    module = importlib.import_module("imported_c")
    assert seen == [module]
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__


def test_submodules_and_modules_that_do_not_exist(folder: Path) -> None:
    package = folder / "imported_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("")
    seen: list[str] = []
    after_import("imported_package.part", lambda module: seen.append(module.__name__))
    after_import("imported_nowhere", lambda module: seen.append(module.__name__))
    importlib.import_module("imported_package")
    assert seen == []
    importlib.import_module("imported_package.part")
    assert seen == ["imported_package.part"]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("imported_nowhere")


def test_a_module_that_fails_is_tried_again(folder: Path) -> None:
    (folder / "imported_d.py").write_text("1 / 0\n")
    seen: list[str] = []
    after_import("imported_d", lambda module: seen.append(module.__name__))
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("imported_d")
    (folder / "imported_d.py").write_text("fine = True\n")
    importlib.invalidate_caches()
    importlib.import_module("imported_d")
    assert seen == ["imported_d"]
