"""The examples in README.md and docs/ do what the pages say."""

import doctest
import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

import penstock

ROOT = Path(__file__).parent.parent


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_pages", ROOT / "docs" / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = _load()


@pytest.mark.timeout(600)  # the tutorial runs the whole flights example four times
@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path) -> None:
    pages.run(page, tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "fit"),
    [
        ("5 ran in 0.3 s\n", "5 ran in 12.25 s\n", True),
        ("5 ran\n", "5 reused\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nb\nc\n", False),
        ("run ...: done\n", "run 20130704-abc: done\n", True),
        ("run 20261121-055337-7e2d\n", "run 20261122-120000-zzzz\n", True),
        ("key c6db094fdf\n", "key 0011223344\n", True),
        ("clean   ran  \n", "clean ran\n", True),
        ("a\nb\n", "ab\n", False),
        ("ran 3\n", "ran three\n", False),
    ],
)
def test_what_fits(shown: str, printed: str, fit: bool) -> None:
    assert pages.fits(shown, printed) is fit


def test_a_wrong_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    for number, text in enumerate(
        ["```console\n$ echo one\ntwo\n```\n", "```console\n$ exit 3\n```\n", "```python\nassert 1 == 2\n```\n"]
    ):
        page, folder = tmp_path / f"{number}.md", tmp_path / str(number)
        page.write_text(text)
        folder.mkdir()
        with pytest.raises(pages.Mismatch, match=f"{number}.md:1"):
            pages.run(page, folder)


def test_a_page_can_be_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one; echo 2\nold\n\n$ echo 3\n4\n```\nend\n")
    pages.run(page, tmp_path, write=True)
    assert page.read_text() == "```console\n$ echo one; echo 2\none\n2\n\n$ echo 3\n4\n```\nend\n"


@pytest.mark.parametrize("name", [info.name for info in pkgutil.walk_packages(penstock.__path__, "penstock.")])
def test_examples_in_docstrings(name: str) -> None:
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    # ELLIPSIS for what varies; an example may use the public names without saying where they come from.
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
