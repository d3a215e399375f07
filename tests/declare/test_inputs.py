"""Files and variables: what they hold now."""

import json
from pathlib import Path

import pytest

from penstock.declare.inputs import Inputs


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (["s", "a.csv"], "/p/a.csv"),
        (["s", "/x/a.csv"], "/x/a.csv"),
        (["n", "DATA"], "/p/d"),
        (["i", "PATHS", "k"], "/p/k.csv"),
        (["/", ["d", ["F"]], ["s", "a.csv"]], "/p/pkg/a.csv"),
        (["j", ["n", "DATA"], ["s", ".csv"]], "/p/d.csv"),
        (["D", "path", ["s", "a.csv"]], "/p/a.csv"),
        (["/", ["p", "pkg"], ["s", "t.txt"]], "/p/pkg/t.txt"),
        (["n", "NUMBER"], None),
        (["i", "PATHS", "none"], None),
        (["/", ["n", "ABSENT"], ["s", "a"]], None),
        (["s", "a\nb"], None),
    ],
)
def test_paths(expression, expected):
    values = {"DATA": Path("d"), "PATHS": {"k": "k.csv"}, "NUMBER": 3, "@pkg": "/p/pkg"}
    found = Inputs("/p").paths(json.dumps(expression), "/p/pkg/x.py", values.get)
    assert found == ([expected] if expected else [])


def test_content(tmp_path):
    inputs = Inputs(str(tmp_path))
    file = tmp_path / "a.txt"
    assert inputs.content(str(file)) == ""
    file.write_text("one")
    first = inputs.content(str(file))
    file.write_text("two")
    assert inputs.content(str(file)) not in ("", first)
    assert inputs.content(str(tmp_path)) == ""
    assert inputs.content("/dev/null") == ""


def test_wildcards_take_names_and_content(tmp_path):
    inputs = Inputs(str(tmp_path))
    pattern = str(tmp_path / "d" / "*.txt")
    empty = inputs.content(pattern)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").write_text("1")
    one = inputs.content(pattern)
    (tmp_path / "d" / "b.csv").write_text("1")
    assert inputs.content(pattern) == one != empty
    (tmp_path / "d" / "a.txt").rename(tmp_path / "d" / "c.txt")
    assert inputs.content(pattern) not in (one, empty)
    assert inputs.content(str(tmp_path / "**")) == ""


def test_variables_are_kept_as_digests(monkeypatch):
    inputs = Inputs("/p")
    monkeypatch.delenv("SMALL_TEST", raising=False)
    assert inputs.variable("SMALL_TEST") == ""
    monkeypatch.setenv("SMALL_TEST", "secret")
    assert inputs.variable("SMALL_TEST").startswith("blake3:")
    assert "secret" not in inputs.variable("SMALL_TEST")


def test_sources_and_their_names(tmp_path):
    for name in ("a.py", "pkg/__init__.py", "pkg/b.py", ".hidden/c.py", "node_modules/d.py", "pkg/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("")
    inputs = Inputs(str(tmp_path))
    assert [Path(one).name for one in inputs.sources()] == ["a.py", "__init__.py", "b.py"]
    assert inputs.module_names([str(tmp_path)]) == ["a", "pkg", "pkg.b"]


def test_large_files_are_hashed_once_for_all_processes(tmp_path, monkeypatch):
    monkeypatch.setattr("penstock.plan.files._SETTLED", 0)  # else what was just written is not trusted
    file, cache = tmp_path / "big", tmp_path / "cache"
    cache.mkdir()
    file.write_bytes(b"x" * (1 << 20))
    digest = Inputs(str(tmp_path), cache).content(str(file))
    assert json.loads((cache / "files").read_text())[str(file)][3] == digest
