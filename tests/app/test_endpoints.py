"""Endpoints, laid out to be served."""

import shutil
import socket
from pathlib import Path

import pytest

from penstock.app.endpoints import prepare
from penstock.app.pipeline import Pipeline
from penstock.app.settings import find_settings
from penstock.errors import NotFound, ParameterError, PipelineNotFound, UnknownName

FILE = """
- step: {name: train, image: a, command: "echo trained > $VH_OUTPUTS_DIR/model.pkl"}
- endpoint:
    name: predict
    image: a
    port: 8123
    wsgi: predict:app
    files: [{name: model, path: serving/model.bin}]
- endpoint:
    name: plain
    image: a
    server-command: [echo one, echo $VALOHAI_PORT]
- pipeline:
    name: release
    nodes:
      - {name: train, type: execution, step: train}
      - {name: deploy, type: deployment, deployment: mine, endpoints: [predict]}
    edges: [[train.output.*, deploy.file.predict.model]]
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "valohai.yaml").write_text(FILE.replace("8123", str(free_port())))
    (tmp_path / "predict.py").write_text("app = None")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_files_of_a_deployment(project: Path) -> None:
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    serving = prepare(find_settings("valohai.yaml"), "predict", given={})
    try:
        assert (serving.folder / "serving" / "model.bin").read_text() == "trained\n"
        assert (serving.folder / "predict.py").exists()
        assert (serving.run, serving.files) == (run.run, {"model": "serving/model.bin"})
        assert f"predict:app {serving.port}" in serving.script
        assert f"port: {serving.port}" in (project / "valohai.yaml").read_text()
    finally:
        shutil.rmtree(serving.folder)


def test_files_given_by_hand(project: Path) -> None:
    (project / "own.bin").write_text("own")
    serving = prepare(find_settings("valohai.yaml"), "predict", port=(port := free_port()), given={"model": "own.bin"})
    try:
        assert (serving.folder / "serving" / "model.bin").read_text() == "own"
        assert (serving.port, serving.run) == (port, "")
    finally:
        shutil.rmtree(serving.folder)


def test_links_of_the_repository_lead_to_no_file_of_others(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    real = tmp_path_factory.mktemp("real")
    (real / "model.bin").write_text("original")
    (project / "serving").symlink_to(real)
    (project / "own.bin").write_text("own")
    serving = prepare(find_settings("valohai.yaml"), "predict", given={"model": "own.bin"})
    assert (serving.folder / "serving" / "model.bin").read_text() == "own"
    assert (real / "model.bin").read_text() == "original"
    shutil.rmtree(serving.folder)


def test_a_port_that_is_taken(project: Path) -> None:
    (project / "own.bin").write_text("own")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        with pytest.raises(ParameterError, match=f"port {port} can't be had") as told:
            prepare(find_settings("valohai.yaml"), "predict", port=port, given={"model": "own.bin"})
    assert "--port" in told.value.hint


def test_a_command_gets_its_port(project: Path) -> None:
    serving = prepare(find_settings("valohai.yaml"), "plain", port=(port := free_port()), given={})
    shutil.rmtree(serving.folder)
    assert serving.script == "echo one && echo $VALOHAI_PORT"
    assert serving.environment["VALOHAI_PORT"] == str(port)


def test_what_is_missing(project: Path) -> None:
    settings = find_settings("valohai.yaml")
    with pytest.raises(UnknownName, match="no endpoint `pridict`") as told:
        prepare(settings, "pridict", given={})
    assert "predict" in told.value.hint
    with pytest.raises(UnknownName, match="no file `modle`"):
        prepare(settings, "predict", given={"modle": "x"})
    with pytest.raises(NotFound, match="nobody made the file `model`") as told:  # nothing has run here yet
        prepare(settings, "predict", given={})
    assert "--with model=PATH" in told.value.hint
    with pytest.raises(NotFound, match=r"there is no own\.bin"):
        prepare(settings, "predict", given={"model": "own.bin"})
    Pipeline.load("valohai.yaml", executor="inline").run(["train"])
    with pytest.raises(NotFound, match="nobody made the file `model`"):
        prepare(settings, "predict", given={})
    (project / "line.py").write_text("import penstock as ps\n@ps.step\ndef one(): return 1\n")
    with pytest.raises(PipelineNotFound, match=r"valohai\.yaml"):
        prepare(find_settings("line.py"), "predict", given={})
