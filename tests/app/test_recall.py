"""`ps.load` and `ps.history`, as notebooks call them."""

import datetime
from pathlib import Path

import pytest
from tests.app.test_versions import PIPELINE

import penstock as ps
from penstock.errors import NotFound, ParameterError, PipelineNotFound, SettingsError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "line.py").write_text(
        PIPELINE + "\n@ps.evaluate\ndef scores(model: float) -> dict:\n    return {'rmse': model}\n"
    )
    monkeypatch.chdir(tmp_path)
    for rate in (1.0, 2.0, float("inf")):
        ps.Pipeline.load(executor="inline").run(parameters={"model.rate": rate}, name=f"rate-{rate:g}", tags=["all"])
    return tmp_path


def test_values_of_any_run(folder: Path) -> None:
    assert ps.load("model") == float("inf")
    assert ps.load("model", run="rate-1") == 3.0
    assert ps.load("model", run="last~1") == 6.0
    assert ps.load("sides.test", tag="all") == [0]
    assert ps.load("model", file="line.py", run="rate-2") == 6.0
    assert ps.load("model", state=".penstock", run="rate-2") == 6.0


def test_the_history_of_a_metric(folder: Path) -> None:
    history = ps.history("rmse")
    assert history.metric == "scores.rmse"
    assert history.values == [3.0, 6.0, None]
    assert len(history) == 3
    assert [one.name for one in history] == ["rate-1", "rate-2", "rate-inf"]
    assert history[0].tags == ("all",)
    assert history[0].started.tzinfo is datetime.UTC
    assert [one.value for one in history[1:]] == [6.0, None]
    assert len(ps.history("scores.rmse", limit=1)) == 1
    assert "rate-2" in repr(history)
    assert history._repr_html_().count("<circle") == 2


def test_pandas_takes_it(folder: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ps.history("rmse"))
    assert list(frame.columns) == ["run", "started", "value", "name", "tags", "status"]


def test_what_is_wrong_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="rsme"):
        ps.history("scores.rsme")
    with pytest.raises(NotFound, match="modl"):
        ps.load("modl")
    with pytest.raises(SettingsError, match="stat"):
        ps.load("model", stat=".penstock")
    with pytest.raises(SettingsError) as caught:
        ps.load("model", runs="last")
    assert caught.value.hint == "Did you mean `run`?"
    with pytest.raises(ParameterError, match="neither"):
        ps.load("model", run="last", tag="all")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(PipelineNotFound):
        ps.load("model")
