from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, MATRICES, PANDAS, run_of

from penstock.errors import NotFound, StepFailed

MORE = (
    FLIGHTS
    + """

@ps.step
def busy(clean: pl.DataFrame) -> pl.DataFrame:
    return clean.with_columns(mean=pl.col("distance").mean().over("gate"), earlier=pl.col("distance").shift(1))


@ps.step
def rated(busy: pl.DataFrame, by_gate: pl.DataFrame) -> pl.DataFrame:
    known = busy.join(by_gate.rename({"mean": "late"}), on="gate").sort("number")
    return known.select("carrier", "number", "mean", "late", "distance", "earlier")
"""
)


@pytest.fixture(scope="module")
def tracing(tmp_path_factory: pytest.TempPathFactory):
    return run_of(tmp_path_factory.mktemp("cells"), MORE)._tracing()


def sources(cell, source: str = "flights") -> dict[str, tuple[str, ...]]:
    return {one.key: one.columns for one in cell.sources if one.source == source}


def test_a_value_that_was_only_carried_along(tracing) -> None:
    cell = tracing.cell("UA/45", "busy.distance")
    assert cell.exact and cell.reruns == 0
    assert sources(cell) == {"UA/45": ("distance",)}


def test_a_mean_over_a_group_back_to_the_source(tracing) -> None:
    """Through two steps: all flights of its gate, which `clean` writes otherwise than the source."""
    cell = tracing.cell("UA/45", "rated.mean")
    # and 29, which is just as far as the mean: whether it is there or not moves nothing, but another distance does
    group = {f"UA/{n}" for n in range(60) if n % 4 == 1}
    assert set(sources(cell)) == group
    assert cell.exact, cell.why
    assert all("distance" in columns for columns in sources(cell).values())
    assert "gate" in sources(cell)["UA/45"]
    assert cell.reruns > 0


def test_a_value_of_an_aggregate_that_was_looked_up(tracing) -> None:
    cell = tracing.cell("UA/45", "rated.late")
    behind = sources(cell)
    delays = {key for key, columns in behind.items() if "delay" in columns}
    assert delays == {f"UA/{n}" for n in range(60) if n % 4 == 1 and n % 10 != 7}
    assert "gate" in behind["UA/45"]


def test_a_neighbour(tracing) -> None:
    cell = tracing.cell("UA/45", "rated.earlier")
    assert sources(cell) == {"AA/44": ("distance",)}
    assert cell.exact


def test_when_what_is_behind_became_known(tmp_path: Path) -> None:
    text = FLIGHTS + (
        "\n@ps.step\ndef leaky(clean: pl.DataFrame) -> pl.DataFrame:\n"
        "    return clean.with_columns(next=pl.col('delay').shift(-1)).select('carrier', 'number', 'next')\n"
    )
    cell = run_of(tmp_path, text)._tracing().cell("UA/45", "leaky.next")
    assert sources(cell) == {"AA/46": ("delay",)}
    assert cell.sources[0].late
    assert cell.asked is not None and cell.sources[0].known_at > cell.asked


def test_a_prediction_stands_on_a_model(tracing) -> None:
    cell = tracing.cell("UA/45", "predictions.delay")
    assert cell.models == (tracing.lineage.stored["model"].digest,)


def test_matrices(tmp_path: Path) -> None:
    tracing = run_of(tmp_path, MATRICES)._tracing()
    trace = tracing.trace("r3")
    where = "sides.X_train" if trace.side == "train" else "sides.X_test"
    cell = tracing.cell("r3", f"{where}.0")
    assert {one.key for one in cell.sources} == {"r3"}
    assert cell.sources[0].columns == ("a",)


def test_what_is_not_there(tracing) -> None:
    with pytest.raises(NotFound) as caught:
        tracing.cell("UA/45", "rated.maen")
    assert "`mean`" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        tracing.cell("UA/45", "rtaed.mean")
    assert "`rated`" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        tracing.cell("AA/4", "joined.seats")
    assert "dropped by `clean`" in caught.value.what
    with pytest.raises(NotFound) as caught:
        tracing.cell("UA/45", "scores.mae")
    assert "no rows" in caught.value.what
    with pytest.raises(NotFound):
        tracing.cell("UA/45", "mean")


def test_a_budget_is_kept(tracing) -> None:
    cell = tracing.cell("UA/45", "rated.mean", budget=10)
    assert not cell.exact
    assert "budget" in cell.why
    assert cell.reruns <= 10


def test_code_that_has_changed_since(tmp_path: Path) -> None:
    run = run_of(tmp_path, MORE)
    path = tmp_path / "line.py"
    path.write_text(MORE.replace('pl.col("distance").mean()', 'pl.col("distance").max()'))
    with pytest.raises(StepFailed) as caught:
        run._tracing().cell("UA/45", "busy.mean")
    assert "can't be done again" in caught.value.what
    assert "Run again" in caught.value.hint
    path.unlink()
    with pytest.raises(NotFound) as gone:
        run._tracing().cell("UA/47", "busy.mean")
    assert "is not here" in gone.value.what


def test_labels_of_pandas_that_several_rows_bear(tmp_path: Path) -> None:
    text = PANDAS + "\n@ps.step\ndef twofold(rows: pd.DataFrame) -> pd.DataFrame:\n    return pd.concat([rows, rows])\n"
    cell = run_of(tmp_path, text)._tracing().cell("103", "twofold.x")
    assert [(one.key, one.columns) for one in cell.sources] == [("103", ("x",))]
    assert "another value when it is done again" not in cell.why
