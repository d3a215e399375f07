"""A YAML document as data, and where each part of it stands."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.declare.valohai_tree import Tree, need_valohai
from penstock.errors import DeclarationError, MissingExtra

TEXT = """# first
- step:
    # penstock: files: a.py, lib/**
    name: one
    command:
      - echo
      - two
- step: &base
    name: two
- step:
    <<: *base
    name: three
"""


def tree(folder: Path, text: str | bytes) -> Tree:
    path = folder / "valohai.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Tree(path)


def test_places(tmp_path: Path) -> None:
    found = tree(tmp_path, TEXT)
    assert found.place() == "valohai.yaml:2:1"
    assert found.place(0, "step") == "valohai.yaml:2:3"
    assert found.place(0, "step", "command") == "valohai.yaml:5:5"
    assert found.place(0, "step", "command", 1) == "valohai.yaml:7:9"
    assert found.place(0, "step", "nothing", "deeper") == "valohai.yaml:2:3"
    assert found.place(2, "step", "name") == "valohai.yaml:12:5"


def test_hints_of_files(tmp_path: Path) -> None:
    found = tree(tmp_path, TEXT)
    assert found.files(0, "step") == ("a.py", "lib/**")
    assert found.files(1, "step") == ()
    assert found.files(9, "step") == ()


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ("a: b: c\n", "mapping values are not allowed here", "valohai.yaml:1:5"),
        ("- [1, 2\n", "expected ',' or ']'", "valohai.yaml:2:1"),
        (b"\xff\xfe\x00", "it is not UTF-8", "valohai.yaml"),
        ("- !!python/object:os.system x\n", "could not determine a constructor", "valohai.yaml:1:3"),
        ("[" * 5000, "can't be read", "valohai.yaml"),
    ],
)
def test_what_is_no_yaml(tmp_path: Path, text: str, words: str, where: str) -> None:
    with pytest.raises(DeclarationError, match=words) as told:
        tree(tmp_path, text)
    assert told.value.where == where


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
def test_every_part_has_a_place(tmp_path_factory: pytest.TempPathFactory, data: object) -> None:
    import yaml

    text = yaml.safe_dump(data, allow_unicode=True)
    found = tree(tmp_path_factory.mktemp("tree"), text)
    lines = len(re.findall("[\n\x85\u2028\u2029]", text)) + 1  # what YAML takes for the end of a line

    def visit(part: object, path: tuple[object, ...]) -> None:
        line, column = found.place(*path).split(":")[1:]
        assert 1 <= int(line) <= lines
        assert int(column) >= 1
        if isinstance(part, dict | list):
            for key, one in part.items() if isinstance(part, dict) else enumerate(part):
                visit(one, (*path, key))

    visit(found.data, ())


def test_the_package_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    need_valohai()
    monkeypatch.setitem(sys.modules, "valohai_yaml", None)  # as if it were not installed
    with pytest.raises(MissingExtra) as told:
        need_valohai()
    assert "penstock[valohai]" in told.value.hint
