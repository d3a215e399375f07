from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, MATRICES, PANDAS, run_of

from penstock.errors import NotFound, StepFailed
from penstock.model.trace import Through

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
    """The way to its training rows is named and not gone: which of them move the prediction is not known, so nothing is exact."""
    cell = tracing.cell("UA/45", "predictions.delay")
    digest = tracing.lineage.stored["model"].digest
    assert cell.models == (digest,)
    rows = tracing.lineage.records("sides.train").rows
    assert cell.through == (Through("model", "model", "train", digest, {"sides.train": rows}),)
    assert not cell.exact
    assert f"the way goes through the model `model`, fitted on {rows} rows of `sides.train`" in cell.why


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


CHAIN = """
import polars as pl
import penstock as ps


@ps.source(key="id")
def rows(n: int = 30) -> pl.DataFrame:
    return pl.DataFrame({"id": range(n), "g": [i % 3 for i in range(n)], "v": [(i * 7 % 30) / 10 - 1.5 for i in range(n)],
                         "flag": [i in (3, 9) for i in range(n)]})


@ps.step
def made(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(z=pl.col("v") > -1.3, mean=pl.col("v").mean().over("g"), any=pl.col("flag").any())


@ps.step
def judged(made: pl.DataFrame) -> pl.DataFrame:
    return made.select("id", high=pl.col("mean") > 0.1, double=pl.col("mean") * 2)
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory):
    return run_of(tmp_path_factory.mktemp("chain"), CHAIN)._tracing()


def test_a_threshold_over_all_rows(chain) -> None:
    for row in range(30):
        cell = chain.cell(str(row), "made.z")
        assert cell.exact and [(one.key, one.columns) for one in cell.sources] == [(str(row), ("v",))]


def test_rows_that_only_together_move_it(chain) -> None:
    cell = chain.cell("5", "made.any")
    assert [(one.key, one.together) for one in cell.sources if one.key != "5"] == [("3", True), ("9", True)]
    assert not cell.exact and "stand in for one another" in cell.why


def test_a_threshold_of_what_another_step_computed(chain) -> None:
    """Each of its rows moves the mean; that none of them alone lifts it over the threshold is not passed over."""
    cell = chain.cell("5", "judged.high")
    assert not cell.exact
    assert "judged: not every other value of `made.mean` moves it" in cell.why
    assert chain.cell("5", "judged.double").exact
