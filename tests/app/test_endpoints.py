"""Endpoints, laid out to be served."""

import shutil
from pathlib import Path

import pytest

from penstock.app.endpoints import prepare
from penstock.app.pipeline import Pipeline
from penstock.app.settings import find_settings
from penstock.errors import NotFound, PipelineNotFound, UnknownName

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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "valohai.yaml").write_text(FILE)
    (tmp_path / "predict.py").write_text("app = None")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_files_of_a_deployment(project: Path) -> None:
    run = Pipeline.load("valohai.yaml", executor="inline").run()
    serving = prepare(find_settings("valohai.yaml"), "predict", given={})
    try:
        assert (serving.folder / "serving" / "model.bin").read_text() == "trained\n"
        assert (serving.folder / "predict.py").exists()
        assert (serving.port, serving.run, serving.files) == (8123, run.run, {"model": "serving/model.bin"})
        assert "predict:app 8123" in serving.script
    finally:
        shutil.rmtree(serving.folder)


def test_files_given_by_hand(project: Path) -> None:
    (project / "own.bin").write_text("own")
    serving = prepare(find_settings("valohai.yaml"), "predict", port=9, given={"model": "own.bin"})
    try:
        assert (serving.folder / "serving" / "model.bin").read_text() == "own"
        assert (serving.port, serving.run) == (9, "")
    finally:
        shutil.rmtree(serving.folder)


def test_a_command_gets_its_port(project: Path) -> None:
    serving = prepare(find_settings("valohai.yaml"), "plain", given={})
    shutil.rmtree(serving.folder)
    assert serving.script == "echo one && echo $VALOHAI_PORT"
    assert serving.environment["VALOHAI_PORT"] == "8000"


def test_what_is_missing(project: Path) -> None:
    settings = find_settings("valohai.yaml")
    with pytest.raises(UnknownName, match="no endpoint `pridict`") as told:
        prepare(settings, "pridict", given={})
    assert "predict" in told.value.hint
    with pytest.raises(UnknownName, match="no file `modle`"):
        prepare(settings, "predict", given={"modle": "x"})
    Pipeline.load("valohai.yaml", executor="inline").run(["train"])
    with pytest.raises(NotFound, match="nobody made the file `model`"):
        prepare(settings, "predict", given={})
    (project / "line.py").write_text("import penstock as ps\n@ps.step\ndef one(): return 1\n")
    with pytest.raises(PipelineNotFound, match=r"valohai\.yaml"):
        prepare(find_settings("line.py"), "predict", given={})
