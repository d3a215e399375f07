from pathlib import Path

import pytest
from tests.trace.pipelines import BARE, FLIGHTS, MATRICES, PANDAS, lineage_of, run_of, tracing_of

from penstock.errors import ContractError, NotFound, UnknownName
from penstock.model.trace import Stop, Trace
from penstock.trace.accounts import step_accounts
from penstock.trace.locate import locate


def states(trace: Trace) -> dict[str, str]:
    return {stop.artifact: stop.state for stop in trace.stops}


def stop(trace: Trace, artifact: str) -> Stop:
    return next(one for one in trace.stops if one.artifact == artifact)


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory):
    return tracing_of(tmp_path_factory.mktemp("flights"), FLIGHTS)


def test_a_row_that_goes_all_the_way(flights) -> None:
    trace = flights.trace("UA/45")
    assert states(trace) == {
        "flights": "present", "clean": "present", "joined": "present", "by_gate": "present",
        "sides.train": "absent", "sides.test": "present", "model": "absent",
        "predictions": "present", "scores": "present", "shuffled": "unknown",
    }  # fmt: skip
    assert trace.side == "test"
    assert trace.dropped_at == ""
    assert stop(trace, "clean").changed == {"gate": ("G1", "g1")}
    assert stop(trace, "joined").new == ("seats",)
    assert stop(trace, "joined").values["seats"] == 109
    assert "one of 15 rows" in stop(trace, "by_gate").reason
    assert stop(trace, "sides.train").reason == "it is in `sides.test`"
    assert "one of" in stop(trace, "scores").reason


def test_its_prediction_and_model(flights) -> None:
    trace = flights.trace("UA/45")
    (said,) = trace.predictions
    model = flights.lineage.stored["model"]
    truth = flights.lineage.records("flights").row(45)["delay"]
    assert said.model == model.digest
    assert said.label == truth == 6.0
    assert said.error == pytest.approx(said.value - 6.0)


def test_a_row_that_was_trained_on(flights) -> None:
    trace = flights.trace("AA/10")
    assert trace.side == "train"
    assert stop(trace, "model").state == "present"
    assert "was trained on it" in stop(trace, "model").reason
    gone = stop(trace, "predictions")
    assert gone.state == "absent"
    assert "`sides.train`" in gone.reason
    assert "`model` was trained on it" in gone.reason


def test_a_dropped_row_and_by_which_condition(flights) -> None:
    trace = flights.trace("AA/4")
    assert trace.dropped_at == "clean"
    assert stop(trace, "clean").state == "dropped"
    assert stop(trace, "clean").reason == "`distance` is below 100, the least of a kept row (here 5)"
    assert states(trace)["joined"] == "absent"
    assert "dropped by `clean`" in stop(trace, "joined").reason
    assert trace.side == ""


def test_a_dropped_row_and_the_partner_that_it_lacks(flights) -> None:
    trace = flights.trace("UA/11")
    assert trace.dropped_at == "joined"
    assert stop(trace, "joined").reason == "no partner in `planes` by tail (here N11)"


def test_a_row_without_a_label_is_dropped_by_the_split(flights) -> None:
    trace = flights.trace("UA/17")
    assert trace.dropped_at == "sides"
    assert states(trace)["sides.train"] == states(trace)["sides.test"] == "dropped"
    assert "are missing" in stop(trace, "sides.train").reason


def test_a_multiplied_row(flights) -> None:
    trace = flights.trace("UA/15")
    joined = stop(trace, "joined")
    assert (joined.state, joined.rows) == ("multiplied", 2)
    assert [one["seats"] for one in joined.all_values] == [99, 103]
    assert joined.reason == "1 row became 2"
    later = stop(trace, "sides.train")
    assert (later.state, later.rows) == ("present", 2)


def test_what_came_after_the_decision(flights) -> None:
    features = {one.column: one for one in flights.trace("UA/45").features}
    assert features["landed"].late
    assert features["landed"].known_at > features["landed"].value.__class__(2013, 7, 2, 21)
    assert features["delay"].label and not features["delay"].late
    assert features["distance"].origin == "distance" and features["distance"].known_at is None
    assert features["gate"].origin == ""  # it was altered on the way
    assert features["seats"].origin == ""


def test_a_lookup_row(flights) -> None:
    trace = flights.trace("N2", source="planes")
    assert stop(trace, "joined").state == "multiplied"
    assert stop(trace, "joined").rows == 5


def test_a_row_that_nobody_looked_up(tmp_path: Path) -> None:
    tracing = tracing_of(tmp_path, FLIGHTS.replace('["N3"]', '["NX"]'))
    assert tracing.trace("NX").dropped_at == "joined"


def test_no_such_key(flights) -> None:
    with pytest.raises(NotFound) as caught:
        flights.trace("UA/1a")
    assert "Did you mean" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        flights.trace("UA/4")
    assert "is a part of" in caught.value.what
    assert "UA/41" in caught.value.hint
    with pytest.raises(UnknownName) as named:
        flights.trace("UA/45", source="flight")
    assert "`flights`" in named.value.hint


def test_a_key_of_two_sources_wants_to_know_which(tmp_path: Path) -> None:
    tracing = tracing_of(tmp_path, BARE.replace("@ps.source", '@ps.source(key="n")') + (
        "\n@ps.source(key='n')\ndef others() -> list[dict]:\n    return [{'n': 16, 'x': 1}]\n"
        "\n@ps.step\ndef few(rows: list, others: list) -> list[dict]:\n    return [one for one in rows if one['n'] % 7 > 2]\n"
    ))  # fmt: skip
    with pytest.raises(NotFound) as caught:
        tracing.trace("16")
    assert "of a row of `rows` and `others`" in caught.value.what
    assert "--source rows" in caught.value.hint
    assert tracing.trace("16", source="others").source == "others"
    assert tracing.trace("25").source == "rows"
    other = tracing.trace("36", source="rows")
    assert (other.dropped_at, other.dropped_by, other.kept_in) == ("", ("few",), ("lengths",))
    assert stop(tracing.trace("36"), "few").reason == "no single column tells why"


def test_a_key_of_a_column_that_is_not_there(tmp_path: Path) -> None:
    tracing = tracing_of(tmp_path, BARE.replace("@ps.source", '@ps.source(key="wrod")'))
    with pytest.raises(ContractError) as caught:
        tracing.trace("w4")
    assert "`wrod`, which is no column" in caught.value.what
    assert "`word`" in caught.value.hint


def test_a_key_that_names_two_rows_is_an_error_that_shows_them(flights) -> None:
    with pytest.raises(ContractError) as caught:
        flights.trace("N3", source="planes")
    assert "2 rows are N3" in caught.value.what
    assert "seats 103" in caught.value.what and "seats 99" in caught.value.what
    assert caught.value.where.startswith("line.py:")


def test_pandas_without_the_key_by_its_index(tmp_path: Path) -> None:
    tracing = tracing_of(tmp_path, PANDAS)
    trace = tracing.trace("101")
    assert states(trace) == {"rows": "present", "kept": "present", "again": "present"}
    assert stop(trace, "again").values == pytest.approx({"x": 1 / 39 * 10 + 1, "y": 11.0})
    assert stop(trace, "kept").how == "the index of pandas"
    assert tracing.trace("102").dropped_at == "kept"
    assert tracing.trace("100").dropped_at == "again"


def test_matrices(tmp_path: Path) -> None:
    result = run_of(tmp_path, MATRICES)
    tracing = result._tracing()
    X, train = result["arrays.X"], result["sides.X_train"]
    for row in range(50):
        trace = tracing.trace(f"r{row}")
        inside = bool((train == X[row]).all(axis=1).any())
        assert trace.side == ("train" if inside else "test")
        assert states(trace)["sides.y_train"] == ("present" if inside else "absent")
        if inside:
            assert stop(trace, "sides.y_train").values == {"value": result["arrays.y"][row]}


def test_without_a_contract_it_still_runs_and_says_what_to_declare(tmp_path: Path) -> None:
    tracing = tracing_of(tmp_path, BARE)
    with pytest.raises(NotFound) as caught:
        tracing.trace("w4")
    assert "@ps.source(key=" in caught.value.hint
    trace = tracing.trace("#4", source="rows")
    assert states(trace) == {"rows": "present", "even": "present", "lengths": "present"}
    assert "probe" in stop(trace, "lengths").how
    assert "@ps.source(key=" in trace.advice[0]
    assert tracing.trace("#3", source="rows").dropped_at == "even"


def test_a_step_that_failed(tmp_path: Path) -> None:
    import penstock as ps

    text = FLIGHTS.replace("return clean.join", "raise ValueError('no')\n    return clean.join")
    (tmp_path / "line.py").write_text(text)
    result = ps.Pipeline.load(tmp_path / "line.py").run(executor="inline")
    found = {one["artifact"]: one for one in result.trace("UA/45")["steps"]}
    assert found["joined"]["state"] == "absent"
    assert found["joined"]["reason"] == "the step has failed"
    assert found["sides.train"]["reason"] == "the step was blocked"


KEYLESS = """
import polars as pl
import penstock as ps


@ps.source(key="id")
def rows() -> pl.DataFrame:
    return pl.DataFrame({"id": ["a", "b", "b", None, "e"], "x": [1, 2, 3, 4, 5]})


@ps.step
def same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@ps.step
def few(rows: pl.DataFrame) -> list[dict]:
    return [{"id": row["id"], "x": row["x"], "twice": 2 * row["x"]} for row in rows.to_dicts() if row["x"] > 4 or row["x"] == 1]
"""


def test_rows_that_a_key_does_not_name(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, KEYLESS)
    (same,) = step_accounts(lineage, lineage.nodes["same"])
    assert (same.kept, same.dropped, same.new) == (5, 0, 0), "a row without a key is not lost and found"
    (few,) = step_accounts(lineage, lineage.nodes["few"])
    assert few.lost == ("b", "b", "#3")
    with pytest.raises(ContractError) as caught:
        locate(lineage, "#3")
    assert caught.value.what == "row 3 of source `rows` has no key: `id` is missing, and nothing else names it"
    with pytest.raises(ContractError) as caught:
        locate(lineage, "#2", "rows")
    assert "2 rows are b" in caught.value.what
    assert locate(lineage, "#4", "rows")[1] == "e"
    with pytest.raises(NotFound):
        locate(lineage, "#7", "rows")


WAYS = """
import polars as pl
import penstock as ps


@ps.source(key="id")
def rows() -> pl.DataFrame:
    return pl.DataFrame({"id": range(20), "x": range(20)})


@ps.step
def high(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") > 4)


@ps.step
def low(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") < 15)


@ps.step
def doubled(high: pl.DataFrame) -> pl.DataFrame:
    return high.with_columns(x=pl.col("x") * 2)


@ps.step
def halved(low: pl.DataFrame) -> pl.DataFrame:
    return low.with_columns(x=pl.col("x") / 2)


@ps.step
def few(high: pl.DataFrame) -> pl.DataFrame:
    return high.filter(pl.col("x") > 99)


@ps.step
def least(low: pl.DataFrame) -> int:
    return low["x"].min()
"""


def test_a_row_dropped_on_one_way_and_kept_on_another(tmp_path: Path) -> None:
    tracing = tracing_of(tmp_path, WAYS)
    trace = tracing.trace("2")
    assert states(trace) == {
        "rows": "present", "high": "dropped", "low": "present", "doubled": "absent", "halved": "present",
        "few": "absent", "least": "present",
    }  # fmt: skip
    assert (trace.dropped_at, trace.dropped_by, trace.kept_in) == ("", ("high",), ("halved",))
    assert stop(trace, "doubled").reason == stop(trace, "few").reason == "dropped by `high`"
    other = tracing.trace("17")
    assert other.dropped_by == ("low", "few") and other.kept_in == ("doubled",)
    assert stop(other, "halved").reason == stop(other, "least").reason == "dropped by `low`"
    assert stop(other, "doubled").state == "present"
    both = tracing.trace("10")
    assert (both.dropped_at, both.dropped_by) == ("", ("few",))
