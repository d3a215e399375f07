"""Requirements become locks, locks environments; steps run in them, and values cross."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import penstock as ps
from penstock.app import environments
from penstock.errors import MissingExtra, NotFound

pytestmark = pytest.mark.needs("uv")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Caches of Penstock's own, apart from the user's; uv keeps what it has fetched."""
    uv = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
    monkeypatch.setenv("UV_CACHE_DIR", uv)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def pipeline(folder: Path, text: str) -> ps.Pipeline:
    (folder / "p.py").write_text(f"import penstock as ps\n{text}")
    return ps.Pipeline.load(folder / "p.py")


def reasons(run, step):
    return [(one.kind, one.what) for one in run.steps[step]["reasons"]]


SMALL = """
@ps.step
def here() -> str:
    import iniconfig, importlib.metadata
    return importlib.metadata.version("iniconfig")

@ps.step(env=["iniconfig=={version}"])
def there(here: str) -> list:
    import sys, importlib.metadata
    return [here, importlib.metadata.version("iniconfig"), sys.prefix]
"""


@pytest.mark.timeout(300)
def test_a_step_has_the_versions_that_it_asked_for(home: Path) -> None:
    own = pipeline(home, SMALL.format(version="2.0.0"))
    first = own.run()
    here, there, prefix = first["there"]
    assert there == "2.0.0" != here
    assert prefix.startswith(str(home / "cache" / "penstock" / "environments"))
    assert {row["status"] for row in own.run().steps.values()} == {"reused"}

    # Another lock is other work; the same lock again is the same work, without building anything anew.
    other = pipeline(home, SMALL.format(version="1.1.1")).run()
    assert other["there"][1] == "1.1.1"
    assert ("environment", "its environment resolves to other versions") in reasons(other, "there")
    diff = next(one.diff for one in other.steps["there"]["reasons"] if one.kind == "environment")
    assert "-iniconfig==2.0.0" in diff and "+iniconfig==1.1.1" in diff
    assert {row["status"] for row in pipeline(home, SMALL.format(version="2.0.0")).run().steps.values()} == {"reused"}


@pytest.mark.timeout(300)
def test_a_value_is_taken_apart_in_the_environment_of_its_step(home: Path) -> None:
    """The code is what it was, though the packages here are not those that it was planned with."""
    own = pipeline(
        home,
        """
import polars as pl

@ps.source(key="id")
def rows() -> pl.DataFrame:
    return pl.DataFrame({"id": range(20), "v": [float(n % 7) for n in range(20)]})

@ps.step(env=["iniconfig==2.0.0"])
def there(rows: pl.DataFrame) -> pl.DataFrame:
    import importlib.metadata
    assert importlib.metadata.version("iniconfig") == "2.0.0"
    return rows.with_columns(z=pl.col("v") > 3)
""",
    )
    cell = own.run().raise_if_failed().cell("5", "there.z")
    assert cell["exact"], cell["why"]
    assert [(one["key"], one["columns"]) for one in cell["sources"]] == [("5", ["v"])]


@pytest.mark.timeout(300)
def test_frames_cross_to_an_older_pandas(home: Path) -> None:
    (home / "helper.py").write_text("import pandas\n\ndef version():\n    return pandas.__version__\n")
    done = pipeline(
        home,
        """
import pandas as pd
import helper

@ps.source
def rows() -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2], "text": ["a", None], "day": pd.to_datetime(["2024-01-01", None])})

@ps.step(env=["pandas==2.2.*"])
def older(rows: pd.DataFrame) -> dict:
    return {"version": helper.version(), "types": [str(one) for one in rows.dtypes], "missing": int(rows.isna().sum().sum())}

@ps.step(env=["pandas==2.2.*"])
def back(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(more=rows.n * 2)

@ps.step
def again(back: pd.DataFrame) -> list:
    return [helper.version(), back.more.tolist()]
""",
    ).run()
    done.raise_if_failed()
    older = done["older"]
    assert older["version"].startswith("2.2.")
    assert older["types"][0] == "int64" and older["types"][1] == "object"
    assert older["missing"] == 2
    version, more = done["again"]
    assert not version.startswith("2.2.") and more == [2, 4]


@pytest.mark.needs("python3.12")
@pytest.mark.timeout(300)
def test_another_python(home: Path) -> None:
    run = pipeline(
        home,
        """
@ps.step
def rows() -> list[dict[str, float]]:
    return [{"a": 1.5}, {"a": 2.5}]

@ps.step(env=["python==3.12.*"])
def there(rows: list) -> dict[str, object]:
    import sys
    return {"python": sys.version_info[:2], "rows": rows}
""",
    ).run()
    assert run["there"] == {"python": (3, 12), "rows": [{"a": 1.5}, {"a": 2.5}]}


@pytest.mark.timeout(300)
def test_a_fan_out_stays_in_its_environment(home: Path) -> None:
    run = pipeline(
        home,
        """
def version(item):
    import importlib.metadata
    return item, importlib.metadata.version("iniconfig")

@ps.step(env=["iniconfig==2.0.0"])
def many():
    return ps.each([1, 2, 3], version)
""",
    ).run()
    assert run["many"] == [(1, "2.0.0"), (2, "2.0.0"), (3, "2.0.0")]


@pytest.mark.timeout(300)
def test_an_edit_between_plan_and_work_is_not_committed(home: Path) -> None:
    path = home / "p.py"
    own = pipeline(home, SMALL.format(version="2.0.0"))
    own.graph
    path.write_text(path.read_text() + "\n# another line\n")
    run = own.run(["there"])
    # Of the step with an environment all bytes of its files count while it runs; the other one's closure is unmoved.
    assert run.steps["here"]["status"] == "succeeded"
    assert run.steps["there"]["status"] == "failed"
    assert run.steps["there"]["error"].kind == "CodeChanged"


@pytest.mark.parametrize(
    ("requirements", "words", "hint"),
    [
        (["iniconfig==2.0.0", "iniconfig==1.1.1"], "can't be had together", "Loosen"),
        (["iniconfig==99"], "can't be had together", "Loosen"),
        (["no such = thing"], "can't be had together", "Loosen"),
        (["python==3.77"], "no Python ==3.77", "uv python install 3.77"),
    ],
)
def test_what_can_t_be_had_is_told_at_the_step(home: Path, requirements, words, hint) -> None:
    own = pipeline(home, f"@ps.step(env={requirements!r})\ndef a(): return 1\n")
    with pytest.raises(NotFound, match=words) as error:
        own.plan()
    assert error.value.where == "p.py:2"
    assert hint in error.value.hint


def test_without_uv_its_name_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = pipeline(home, "@ps.step(env=['iniconfig==2.0.0'])\ndef a(): return 1\n")
    monkeypatch.setattr("penstock.app.rebuilding.shutil.which", lambda *_, **__: None)
    with pytest.raises(MissingExtra, match="uv"):
        own.plan()


def test_without_a_network_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(home / "empty"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(NotFound, match="index can't be reached") as error:
        environments.lock(["iniconfig==2.0.0"], where="p.py:7")
    assert "network" in error.value.hint


def test_what_is_here_stays_as_it_is(home: Path) -> None:
    found = environments.lock(["iniconfig==2.0.0"], ["pluggy"])
    here = environments.lock_of(environments.environment())
    lines = found.text.splitlines()
    assert lines[0] == f"# Python {sys.version.split()[0]}"
    assert "iniconfig==2.0.0" in lines
    for name in ("pluggy", "msgspec", "blake3"):
        (line,) = [one for one in lines if one.startswith(f"{name}==")]
        assert line in here.splitlines()
    assert environments.lock(["iniconfig==2.0.0"], ["pluggy"]) == found


def test_imports_of_files_are_their_distributions() -> None:
    found = environments.imported({Path("a.py"): b"import os, yaml\nfrom polars import DataFrame\nfrom . import b\n"})
    assert found == ["polars", "pyyaml"]
    assert environments.imported({Path("a.py"): b"this is no python"}) == []


def test_the_lent_penstock_lies_alone(home: Path) -> None:
    folder = environments.lent()
    assert [one.name for one in folder.iterdir()] == ["penstock"]
    code = "import sys; sys.path.insert(0, sys.argv[1]); import penstock; print(penstock.__file__)"
    done = subprocess.run([sys.executable, "-P", "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(folder))
