"""What a run came to."""

import pytest

import penstock as ps
from penstock.errors import LeakProven, NotFound, StepFailed


@pytest.fixture
def result(tmp_path):
    (tmp_path / "p.py").write_text(
        "import penstock as ps\n"
        "@ps.split\ndef sides(): return {'train': [1, 2], 'test': [3]}\n"
        "@ps.split\ndef folds(): return {'train': [4], 'test': [5]}\n"
        "@ps.evaluate(inputs={'test': 'sides.test'})\ndef scores(test): return {'rmse': 0.5, 'n': len(test), 'name': 'x'}\n"
    )
    return ps.Pipeline.load(tmp_path / "p.py").run(executor="inline")


def test_values_by_full_name(result):
    assert result["sides.train"] == [1, 2]
    assert result["scores"] == {"rmse": 0.5, "n": 1, "name": "x"}


def test_a_short_name_serves_while_it_is_unique(result):
    with pytest.raises(NotFound) as error:
        result["train"]
    assert "`folds.train`" in error.value.hint or "`sides.train`" in error.value.hint


def test_numbers_of_an_evaluation_are_metrics(result):
    assert result.metrics == {"scores.rmse": 0.5, "scores.n": 1.0}


def test_it_says_what_it_is(result):
    assert repr(result) == f"<run {result.run} succeeded>"
    assert result.raise_if_failed() is result


def test_a_failure_is_told_where_it_is_asked_for(tmp_path):
    (tmp_path / "p.py").write_text(
        "import penstock as ps\n@ps.step\ndef a():\n    return 1 / 0\n@ps.step\ndef b(): return 1\n"
    )
    result = ps.Pipeline.load(tmp_path / "p.py").run(executor="inline")
    assert repr(result) == f"<run {result.run} failed (a: ZeroDivisionError: division by zero)>"
    with pytest.raises(NotFound, match="made no `a`: that step failed: ZeroDivisionError: division by zero") as error:
        result["a"]
    assert error.value.where == "p.py:4"
    assert f"penstock logs {result.run} a" in error.value.hint
    with pytest.raises(StepFailed, match="division by zero") as failed:
        result.raise_if_failed()
    assert "return 1 / 0" in failed.value.__notes__[0]


def test_a_leak_is_told_where_it_is_asked_for(tmp_path):
    (tmp_path / "p.py").write_text(
        "import polars as pl\nimport penstock as ps\n"
        "@ps.source(key='id', time='at')\ndef rows():\n    return pl.DataFrame({'id': range(60), 'at': range(60), 'x': [i * i % 7 for i in range(60)]})\n"
        "@ps.step\ndef ahead(rows): return rows.with_columns(next=pl.col('x').shift(-1))\n"
    )
    result = ps.Pipeline.load(tmp_path / "p.py").run(executor="inline", checks="full")
    assert result.status == "succeeded"
    with pytest.raises(LeakProven, match=r"as-of: ahead\.next moved in step `ahead`") as leak:
        result.raise_if_failed()
    assert "penstock replay" in leak.value.hint
    result.raise_if_steps_failed()


def test_figures_of_steps_that_ran_or_were_reused(tmp_path):
    (tmp_path / "p.py").write_text(
        "import penstock as ps\n"
        "@ps.step\ndef drawn():\n    ps.figure('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>', 'curve')\n    return 1\n"
    )
    for _ in range(2):
        result = ps.Pipeline.load(tmp_path / "p.py").run(executor="inline")
        assert "<svg" in str(result.figure("drawn.curve"))
    with pytest.raises(NotFound) as error:
        result.figure("drawn.curv")
    assert "`drawn.curve`" in error.value.hint
