"""In the worker: the answering function of a question."""

import pickle
from pathlib import Path

import pytest
from tests.trace.pipelines import run_of

from penstock.app.again import asking_task
from penstock.app.asking import answering
from penstock.app.settings import find_settings, open_ledger
from penstock.declare.load import load
from penstock.errors import CodeChanged
from penstock.model.question import CellQuestion
from penstock.model.task import Input

LINE = """
import random
from pathlib import Path
import polars as pl
import penstock as ps


@ps.source(key="id")
def rows(n: int = 9) -> pl.DataFrame:
    return pl.DataFrame({"id": list(range(n)), "x": [one * 1.0 for one in range(n)]})


@ps.step(outputs=["kept", "noise"])
def both(rows: pl.DataFrame, by: float = 2.0, file: Path = Path("by.txt")):
    draws = [random.random() for _ in range(rows.height)]
    return rows.with_columns(y=pl.col("x") * by + float(file.read_text())), rows.with_columns(z=pl.Series(draws))
"""


def asked(folder: Path, output: int, column: str, by: str):
    import penstock as ps

    (folder / "by.txt").write_text("1")
    run_of(folder, LINE)
    run = ps.Pipeline.load(folder / "line.py").run(executor="inline", parameters={"both.by": by})
    settings = find_settings(folder / "line.py")
    lineage = run._tracing().lineage
    node = lineage.nodes["both"]
    question = CellQuestion(output, 3, column, ("id",), own={"rows": (3,)})
    task = asking_task(
        settings,
        open_ledger(settings),
        lineage.run,
        node.execution,
        [Input("rows", "rows", lineage.stored["rows"])],
        question,
    )
    return task, load(folder / "line.py", folder), run["rows"]


def test_it_is_called_with_the_parameters_of_then(tmp_path: Path) -> None:
    task, pipeline, rows = asked(tmp_path, 0, "y", "5")
    answer, code = answering(pipeline, task, pickle.loads)
    assert code.digest == task.code
    found = answer(rows=rows)
    assert found["value"] == 16.0
    assert found["own"] == {"rows": ["x"]}
    assert found["steady"]


def test_every_call_draws_the_same_numbers(tmp_path: Path) -> None:
    task, pipeline, rows = asked(tmp_path, 1, "z", "2")
    answer, _ = answering(pipeline, task, pickle.loads)
    assert answer(rows=rows)["steady"]


def test_a_file_that_was_edited_since(tmp_path: Path) -> None:
    task, pipeline, _ = asked(tmp_path, 0, "y", "2")
    (tmp_path / "by.txt").write_text("2")
    with pytest.raises(CodeChanged) as caught:
        answering(pipeline, task, pickle.loads)
    assert "`file`" in caught.value.what
