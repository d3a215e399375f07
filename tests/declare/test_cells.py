"""Scripts and notebooks as cells: what IPython alone understands is left out, line by line; comments declare."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from penstock.declare.cells import declares_steps, read_cells, said_in, said_of
from penstock.errors import ContractError, DeclarationError, PipelineNotFound


def notebook(path: Path, *cells: str, **metadata: object) -> Path:
    code = [{"cell_type": "code", "source": one.splitlines(keepends=True)} for one in cells]
    words = {"cell_type": "markdown", "source": ["# 1/0"]}
    path.write_text(json.dumps({"cells": [words, *code], "metadata": metadata}))
    return path


def test_a_script_is_one_cell(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("\ufeffx = 1\n", encoding="utf-8")
    [cell] = read_cells(tmp_path / "a.py")
    assert (cell.number, cell.name, cell.text) == (0, "a.py", "x = 1\n")


def test_magics_are_left_out_and_lines_stay(tmp_path: Path) -> None:
    cells = read_cells(
        notebook(
            tmp_path / "a.ipynb",
            "%matplotlib inline\nimport math\nif True:\n    !pip install x\nfiles = !ls\nmath?\n",
            "%%time\nx = 1\n",
            "%%bash\nrm -r /\n",
            'text = """\n%s of\n!x\n"""',
            "%time y = f(2)\n%timeit -n 10 f(3)\n",
        )
    )
    assert [one.name for one in cells] == [f"a.ipynb cell {number}" for number in range(1, 6)]
    assert cells[0].text == "pass\nimport math\nif True:\n    pass\nfiles = None\npass\n"
    assert cells[0].left_out == ("%matplotlib inline", "!pip install x", "files = !ls", "math?")
    assert cells[1].text == "#\nx = 1\n"
    assert (cells[2].text, cells[2].left_out) == ("", ("%%bash",))
    assert "%s of" in cells[3].text
    assert cells[4].text == "y = f(2)\nf(3)\n"


def test_older_notebooks_are_read(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "input": "x = 1", "language": "python"}
    (tmp_path / "a.ipynb").write_text(json.dumps({"worksheets": [{"cells": [cell]}], "nbformat": 3}))
    assert read_cells(tmp_path / "a.ipynb")[0].text == "x = 1"


def test_what_is_no_notebook_of_python(tmp_path: Path) -> None:
    for text in ("nonsense", "[]", "{}", '{"cells": 3}', '{"cells": [{}]}'):
        (tmp_path / "a.ipynb").write_text(text)
        with pytest.raises(DeclarationError, match="is no notebook"):
            read_cells(tmp_path / "a.ipynb")
    with pytest.raises(DeclarationError, match="a notebook of R"):
        read_cells(notebook(tmp_path / "r.ipynb", "x <- 1", kernelspec={"language": "R"}))
    (tmp_path / "b.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DeclarationError, match="UTF-8"):
        read_cells(tmp_path / "b.py")
    with pytest.raises(PipelineNotFound) as wrong:
        read_cells(tmp_path / "c.py")
    assert "b.py" in wrong.value.hint


@pytest.mark.parametrize(
    ("text", "declares"),
    [
        ("import penstock as ps\n@ps.step\ndef f(x): ...", True),
        ("import penstock\n@penstock.source(key='id')\ndef f(): ...", True),
        ("from penstock import train as fit\n@fit\ndef f(x): ...", True),
        ("import penstock as ps\nps.probe(f, {})", False),
        ("import pandas as ps\n@ps.step\ndef f(x): ...", False),
        ("def step(x): ...", False),
        ("def (", False),
    ],
)
def test_whether_steps_are_declared(text: str, declares: bool) -> None:
    assert declares_steps(text) is declares


def test_comments_declare(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'x = 1\n# penstock: key="trip", time=at\n  # penstock: weather(time="hour", known_at={"*": timedelta(hours=1)})\n'
    )
    first, second = said_in(read_cells(tmp_path / "a.py"))
    assert (first.table, first.options, first.where) == ("", {"key": "trip", "time": "at"}, "a.py:2")
    assert second.options == {"time": "hour", "known_at": {"*": timedelta(hours=1)}}
    assert (second.table, second.where) == ("weather", "a.py:3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys=trip", "Did you mean `key`?"),
        ("", "can't be read"),
        ("key=", "can't be read"),
        ("key", "declares nothing"),
        ("f(g, key=a)", "declares nothing"),
        ("key=f(x)", "names of columns are wanted"),
        ("known_at={**x}", "`**`"),
        ("known_at=timedelta(year=1)", "year"),
        ("import os", "can't be read"),
    ],
)
def test_comments_that_say_nothing(text: str, said: str) -> None:
    with pytest.raises(ContractError) as wrong:
        said_of(text, "a.py:2")
    assert said in str(wrong.value)
    assert wrong.value.where == "a.py:2"
