"""The environment of a run, built with the real uv, from wheels that are made here of what is installed."""

import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from penstock.app.rebuilding import lock_of, rebuild, uv
from penstock.app.recording import environment
from penstock.errors import MissingExtra, NotFound

NEEDED = ("blake3", "click", "cloudpickle", "msgspec", "psutil", "typing-extensions")

PIPELINE = """
import penstock as ps
import greeting

@ps.step
def words() -> str:
    return greeting.WORDS

@ps.step
def other() -> int:
    return 1
"""


def wheel_of_installed(name: str, folder: Path) -> str:
    """Pack an installed distribution into a wheel again; its version."""
    found = importlib.metadata.distribution(name)
    tag = next(line[5:] for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: "))
    path = folder / f"{found.metadata['Name'].replace('-', '_')}-{found.version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in found.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts and file.name != "RECORD":
                archive.write(str(file.locate()), str(file))
        archive.writestr(f"{path.name.split('-')[0]}-{found.version}.dist-info/RECORD", "")
    return found.version


def wheel_of(version: str, folder: Path) -> None:
    """A package `greeting`, whose WORDS tell its version."""
    inside = f"greeting-{version}.dist-info"
    with zipfile.ZipFile(folder / f"greeting-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr("greeting.py", f"WORDS = 'hello from {version}'\n")
        archive.writestr(f"{inside}/METADATA", f"Metadata-Version: 2.1\nName: greeting\nVersion: {version}\n")
        archive.writestr(
            f"{inside}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{inside}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a run with greeting 1.0, and a place that uv gets all of it from, and from nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    versions = {name: wheel_of_installed(name, folder) for name in NEEDED}
    for version in ("1.0", "2.0"):
        wheel_of(version, folder)
    for name in [one for one in os.environ if one.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return {"python": environment()["python"], "platform": sys.platform, **versions, "greeting": "1.0", "penstock": "0"}


def test_the_lock_holds_packages_and_nothing_else() -> None:
    text = lock_of({"python": "3.11.7", "platform": "linux", "a": "1.0", "b-c": "2", "penstock": "0.1.0"})
    assert text == "a==1.0\nb-c==2\n"


@pytest.mark.needs("uv")
def test_a_run_is_done_again_in_its_own_environment(wheels: dict[str, str], tmp_path: Path) -> None:
    then = rebuild(wheels, make(tmp_path / "then"))
    project = make(tmp_path / "project")
    (project / "line.py").write_text(PIPELINE)

    def call(python: Path, *words: str) -> subprocess.CompletedProcess[str]:
        command = [python, "-P", "-m", "penstock.cli", *words, "--json"]
        path = f"{Path(uv()).parent}{os.pathsep}{os.environ['PATH']}"  # of this environment, which the other lacks
        return subprocess.run(command, cwd=project, capture_output=True, text=True, env={**os.environ, "PATH": path})

    done = call(then, "run", "--executor", "inline")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["environment"]["greeting"] == "1.0"
    now = rebuild({**wheels, "greeting": "2.0"}, make(tmp_path / "now"))
    other = json.loads(call(now, "reproduce", "last").stdout)
    assert other["status"] == "different"
    assert [(one["package"], one["before"], one["after"], one["reached"]) for one in other["environment"]] == [
        ("greeting", "1.0", "2.0", True)
    ]
    words, rest = other["artifacts"]
    assert (words["verdict"], rest["verdict"]) == ("different", "equal")
    assert other["since"] == []  # of the project itself, nothing has changed
    assert "greeting 1.0 → 2.0" in [one["what"] for one in words["reasons"]]
    built = call(now, "reproduce", "last", "--rebuild")
    assert built.returncode == 0, built.stderr
    same = json.loads(built.stdout)
    assert (same["status"], same["environment"]) == ("equal", [])


@pytest.mark.needs("uv")
def test_a_version_that_nobody_has(wheels: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"greeting==7.0"):
        rebuild({**wheels, "greeting": "7.0"}, tmp_path)


def test_without_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(MissingExtra) as caught:
        uv()
    assert "pip install uv" in caught.value.hint


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder
