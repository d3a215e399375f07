"""Steps done again outside of a run."""

from pathlib import Path

import polars as pl
import pytest
from tests.trace.pipelines import MATRICES, run_of

import penstock as ps
from penstock.app.again import Redo, asking_task
from penstock.app.answers import Answers
from penstock.app.result import RunResult
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.errors import NotFound
from penstock.model.question import OrderQuestion
from penstock.model.task import Input
from penstock.ports import Runner


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_question_is_put_to_a_step_once(tmp_path: Path, executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, MATRICES)
    settings = find_settings(tmp_path / "line.py", executor=executor)
    ledger, store, answers = open_ledger(settings), open_store(settings), Answers(tmp_path / "answers")
    lineage = run._tracing().lineage
    node = lineage.nodes["scaled"]
    inputs = [Input("X_train", "sides.X_train", lineage.stored["sides.X_train"])]
    task = asking_task(settings, ledger, lineage.run, node.execution, inputs, OrderQuestion(0, "X_train"))
    before = len(list(ledger.executions()))
    with Redo(settings, ledger, store, answers) as runner:
        assert isinstance(runner, Runner)
        (ended,) = runner.perform([task])
        assert ended.status == "succeeded", ended
        assert runner.value(ended.outputs[0]) == {"aligned": True}
    monkeypatch.setattr("penstock.app.again.make_executor", lambda *_, **__: pytest.fail("it was done again"))
    with Redo(settings, ledger, store, answers) as runner:
        (again,) = runner.perform([task])
        assert runner.value(again.outputs[0]) == {"aligned": True}
    assert len(list(ledger.executions())) == before  # the ledger keeps nothing of it


def test_a_probe_tells_position_and_its_refusal(tmp_path: Path) -> None:
    tracing = run_of(tmp_path, MATRICES)._tracing()
    row = next(f"r{n}" for n in range(50) if tracing.trace(f"r{n}").side == "train")
    stops = {stop.artifact: stop for stop in tracing.trace(row).stops}
    assert stops["scaled"].state == "present"
    assert "probe" in stops["scaled"].how
    assert stops["turned"].state == "unknown"
    assert "probe has shown" in stops["turned"].reason


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_value_of_a_pipeline_that_no_file_holds(
    tmp_path: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that were composed in Python can be asked in the process that ran them, and nowhere else."""
    monkeypatch.chdir(tmp_path)

    @ps.source(key="id")
    def rows(n: int = 40) -> pl.DataFrame:
        return pl.DataFrame(
            {"id": [f"r{i}" for i in range(n)], "g": [i % 4 for i in range(n)], "x": [i * i % 17 for i in range(n)]}
        )

    @ps.step
    def means(rows: pl.DataFrame, factor: float = 2.0) -> pl.DataFrame:
        return rows.with_columns(mean=pl.col("x").mean().over("g") * factor)

    pipeline = ps.Pipeline([rows, means], name="bare", executor=executor)
    run = pipeline.run(parameters={"means.factor": 3.0}).raise_if_failed()
    cell = run.cell("r5", "means.mean")
    assert cell["exact"], cell["why"]
    assert {one["key"] for one in cell["sources"]} == {f"r{i}" for i in range(40) if i % 4 == 1}
    other = RunResult(
        run.run, "succeeded", open_ledger(pipeline.settings), open_store(pipeline.settings), pipeline.settings
    )
    with pytest.raises(NotFound) as caught:
        other.cell("r6", "means.mean")
    assert "composed in Python" in caught.value.what
    assert "`run.cell(…)`" in caught.value.hint
