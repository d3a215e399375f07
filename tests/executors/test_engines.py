"""Engines are found, asked and told how to keep a container."""

import os
from pathlib import Path

import pytest

from penstock.errors import ExecutorError, MissingExtra, NotFound
from penstock.executors import engines
from penstock.executors.engines import Engine, Mount, find_engine, last_line


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_podman_comes_before_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtra, match="podman or docker") as error:
        find_engine("p.py:3")
    assert error.value.where == "p.py:3"
    assert "--executor local" in error.value.hint
    script(tmp_path, "docker", "exit 0")
    assert find_engine().name == "docker"
    script(tmp_path, "podman", "exit 0")
    assert find_engine().name == "podman"


def test_an_image_that_is_not_here(tmp_path: Path) -> None:
    engine = Engine(
        "podman", str(script(tmp_path, "podman", "echo 'Error: no such image: image not known' >&2; exit 125"))
    )
    with pytest.raises(NotFound, match="no image a/b:1") as error:
        engine.image("a/b:1", "p.py:3")
    assert "podman pull a/b:1" in error.value.hint


def test_an_engine_that_does_not_work_is_no_missing_image(tmp_path: Path) -> None:
    engine = Engine("docker", str(script(tmp_path, "docker", "echo 'Cannot connect to the daemon' >&2; exit 1")))
    with pytest.raises(ExecutorError, match="Cannot connect to the daemon") as error:
        engine.image("a/b:1")
    assert "docker info" in error.value.hint
    with pytest.raises(ExecutorError, match="does not answer"):
        Engine("podman", str(tmp_path / "gone")).ask("info")


def test_how_a_container_is_kept() -> None:
    mounts = [Mount("/project", "/project"), Mount("/out", "/penstock/out", True)]
    found = Engine("podman", "podman").kept("name", mounts, {"A": "b"}, cpus=1.5, memory=1000)
    for one in ("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--rm"):
        assert one in found
    assert '--mount=type=bind,"source=/project","target=/project","readonly"' in found
    assert '--mount=type=bind,"source=/out","target=/penstock/out"' in found
    assert "--cpus=1.5" in found
    assert "--memory=1000" in found and "--memory-swap=1000" in found
    assert "--network=host" in Engine("podman", "podman").kept("name", [], {}, network=True)


@pytest.mark.parametrize(("own", "user"), [(0, "--user=1000:1000"), (1234, "--userns=keep-id")])
def test_nobody_is_root_inside(own: int, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: own)
    monkeypatch.setattr(engines, "_maps", lambda _: False)
    assert user in Engine("podman", "podman").kept("name", [], {})
    assert f"--user={own}:{os.getegid()}" in Engine("docker", "docker").kept("name", [], {})


@pytest.mark.needs("podman")
def test_the_real_one_answers() -> None:
    engine = find_engine()
    code, out, _ = engine.ask("--version")
    assert code == 0 and engine.name in out.lower()
    with pytest.raises(NotFound):
        engine.image("localhost/nobody/made:this")


def test_what_it_said_last() -> None:
    assert last_line("one\nError: two\n\n") == "two"
    assert last_line("") == "it said nothing"
