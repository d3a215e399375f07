"""Hidden inputs: what a step reads and nobody declared, with the user's line."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.work.watch import Watch, _plain_path, install

install()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_text("a,b\n1,2\n")
    return file


def reading(folder: Path, code: str, **names: Any) -> dict[str, str]:
    """What a watch finds while code of a user's file runs."""
    with Watch(str(folder)) as watch:
        exec(compile(code, str(folder / "flow.py"), "exec"), {"__name__": "flow", **names})
    return watch.found


@pytest.mark.parametrize(
    "code",
    [
        "open(path).read()",
        "open(str(path), 'rb').read()",
        "path.read_text()",
        "import os; os.close(os.open(path, os.O_RDONLY))",
        "import io; io.open(os.fsencode(path)).close()",
        "import os; os.chdir(path.parent); open('data.csv').close()",
        "import numpy; numpy.loadtxt(path, delimiter=',', skiprows=1)",
        "import numpy; numpy.fromfile(path)",
        "import pandas; pandas.read_csv(path)",
        "import pandas; pandas.read_csv(path, engine='pyarrow')",
        "import polars; polars.read_csv(path)",
        "import polars; polars.read_csv(source=str(path))",
        "import polars; polars.scan_csv(path).collect()",
        "import polars; polars.read_csv(str(path.parent / '*.csv'))",
        "import polars; polars.scan_csv([path]).collect()",
        "import pyarrow.csv; pyarrow.csv.read_csv(path)",
        "import pyarrow.dataset; pyarrow.dataset.dataset(str(path), format='csv').to_table()",
        "import pyarrow; pyarrow.memory_map(str(path)).close()",
    ],
)
def test_readers_are_noticed(data: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    found = reading(data.parent, f"\n{code}\n", path=data, os=os)
    assert found == {str(data): "flow.py:2"}


@pytest.mark.parametrize(
    "code",
    [
        "import polars; polars.read_parquet(path)",
        "import polars; polars.scan_parquet(path).collect()",
        "import pandas; pandas.read_parquet(path)",
        "import pyarrow.parquet; pyarrow.parquet.read_table(path)",
        "import pyarrow.parquet; pyarrow.parquet.ParquetFile(path).read()",
        "import pyarrow.dataset; pyarrow.dataset.dataset(path).to_table()",
    ],
)
def test_parquet_readers_are_noticed(tmp_path: Path, code: str) -> None:
    import polars as pl

    path = tmp_path / "data.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert reading(tmp_path, code, path=str(path)) == {str(path): "flow.py:1"}


def test_names_taken_before_the_watch_are_noticed_too(data: Path) -> None:
    code = f"""
import sys
from hypothesis import given
from hypothesis import strategies as st

from penstock.work.watch import Watch, _plain_path, install
install()
from polars import read_csv
from pandas import read_csv as other
with Watch("") as watch:
    read_csv({str(data)!r})
print(list(watch.found))
with Watch("") as watch:
    other({str(data)!r})
print(list(watch.found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [repr([str(data)])] * 2


def test_a_database_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    sqlite3.connect(path).execute("create table t (x)").close()
    assert reading(tmp_path, "import sqlite3; sqlite3.connect(path).close()", path=path) == {str(path): "flow.py:1"}


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w').write('x')",
        "open(path, 'a').write('x')",
        "open(path, 'wb+').close()",
        "open(new, 'w').close(); open(new).read()",
        "import tempfile; f = tempfile.NamedTemporaryFile('w+'); f.write('x'); f.seek(0); f.read(); open(f.name).read()",
        "import os; os.stat(path); os.path.exists(path)",
        "open('/proc/self/status').read(); open('/dev/null').read(); open('/etc/passwd').read()",
        "import json.tool, this",
        "import sysconfig; open(sysconfig.__file__).read()",
        "import numpy, os; open(os.path.join(os.path.dirname(numpy.__file__), 'version.py')).read()",
        "open(path.parent / 'missing.csv') if False else None",
        "import io; io.StringIO('a').read()",
        "import os; os.close(os.dup(0))",
    ],
)
def test_other_things_are_not_inputs(data: Path, code: str) -> None:
    assert reading(data.parent, code, path=data, new=data.parent / "new.txt") == {}


def test_a_file_that_is_not_there_is_no_input(tmp_path: Path) -> None:
    assert reading(tmp_path, "try:\n    open('/nowhere/at/all.csv')\nexcept OSError:\n    pass") == {}


def test_what_was_declared_is_ignored(data: Path) -> None:
    other = data.parent / "data.csv.more"
    other.write_text("x")
    with Watch("", [str(data), str(data.parent / "state")]) as watch:
        data.read_text()
        (data.parent / "state").mkdir()
        (data.parent / "state" / "blob").write_text("x")
        (data.parent / "state" / "blob").read_text()
        other.read_text()
    assert list(watch.found) == [str(other)]


def test_nothing_is_noticed_outside(data: Path) -> None:
    with Watch("") as watch:
        pass
    data.read_text()
    assert watch.found == {}


def test_watches_nest(data: Path) -> None:
    with Watch("") as outer:
        with Watch("") as inner:
            data.read_text()
        assert (len(inner.found), len(outer.found)) == (1, 0)
        data.read_text()
    assert len(outer.found) == 1


def test_the_line_is_the_user_s_and_the_first(data: Path) -> None:
    code = "import pandas\ndef load():\n    return pandas.read_csv(path)\nload()\nload()\nopen(path).close()\n"
    assert reading(data.parent, code, path=data) == {str(data): "flow.py:3"}


def test_readers_keep_their_names() -> None:
    import polars as pl
    import pyarrow.parquet as pq

    assert pl.read_csv.__name__ == "read_csv"
    assert pl.read_csv.__module__.startswith("polars")
    assert isinstance(pq.ParquetFile, type)


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("import os; os.listdir(folder)", "*"),
        ("list(folder.iterdir())", "*"),
        ("import os; list(os.scandir(folder))", "*"),
        ("import os; list(os.walk(folder))", "*"),
        ("list(folder.glob('*.csv'))", "*.csv"),
        ("sorted(one.name for one in folder.rglob('*.csv'))", "**/*.csv"),
        ("import glob; glob.glob(str(folder / '*.csv'))", "*.csv"),
        ("import polars; polars.read_csv(str(folder / '*.csv'))", "*.csv"),
    ],
)
def test_listings_are_noticed(data: Path, code: str, pattern: str) -> None:
    with Watch("/elsewhere") as watch:
        exec(compile(code, "/elsewhere/flow.py", "exec"), {"__name__": "flow", "folder": data.parent})
    assert watch.beside == {str(data.parent / pattern): "flow.py:1"}


def test_what_libraries_list_is_not_noticed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(data.parent)
    (data.parent / "some_module_here.py").write_text("")
    code = "import importlib.metadata, pkgutil, some_module_here\nimportlib.metadata.packages_distributions()\nlist(pkgutil.iter_modules())"
    with Watch(str(data.parent)) as watch:
        exec(compile(code, str(data.parent / "flow.py"), "exec"), {"__name__": "flow"})
    assert watch.beside == {}


def test_a_file_of_the_project_that_is_tried_may_be_there_later(data: Path) -> None:
    with Watch(str(data.parent)) as watch:
        for name in ("missing.csv", "/nowhere/at/all.csv"):
            with pytest.raises(FileNotFoundError):
                (data.parent / name).open()
    assert list(watch.beside) == [str(data.parent / "missing.csv")]


def test_what_others_alter_meanwhile_is_told_from_what_the_step_writes(data: Path) -> None:
    with Watch(str(data.parent)) as watch:
        data.read_text()
        list(data.parent.iterdir())
        assert not watch.moved(str(data))
        assert not watch.moved(str(data.parent / "*"))
        subprocess.run([sys.executable, "-c", f"open({str(data)!r}, 'w'); open({str(data) + '2'!r}, 'w')"], check=True)
        assert watch.moved(str(data))
        assert watch.moved(str(data.parent / "*"))
    with Watch(str(data.parent)) as watch:
        data.read_text()
        list(data.parent.iterdir())
        data.write_text("new")
        (data.parent / "more").write_text("new")
    assert not watch.moved(str(data))
    assert not watch.moved(str(data.parent / "*"))


def test_temporary_files_pass(data: Path) -> None:
    with Watch(str(data.parent)) as watch:
        made = data.parent / "made.csv"
        subprocess.run([sys.executable, "-c", f"open({str(made)!r}, 'w')"], check=True)
        made.read_text()
        made.unlink()
        data.read_text()
    assert watch.passing(str(made))
    assert not watch.passing(str(data))


@given(
    st.lists(st.sampled_from(["", ".", "..", ".state", "a", "b c", "..d", "e."]), max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_paths_are_absolute_as_the_library_makes_them(parts: list[str], absolute: bool, slash: bool) -> None:
    path = "/" * absolute + "/".join(parts) + "/" * slash
    if path:
        assert _plain_path(path).lstrip("/") == os.path.abspath(path).lstrip("/")
