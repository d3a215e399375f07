"""How late will this flight arrive? Asked at its scheduled departure, for every flight that left New York in 2013."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import penstock as ps

# --- sources: the raw tables, and when their cells are known


@ps.source(
    key="flight_id",
    time="sched_dep",
    known_at={  # what is not named here is known from the start
        "dep_time": "dep_time",
        "dep_delay": "dep_time",
        "arr_time": "arr_time",
        "arr_delay": "arr_time",
        "air_time": "arr_time",
    },
    label="arr_delay",
)
def flights(path: Path = Path("data/flights.parquet")) -> pl.DataFrame:
    return pl.read_parquet(path)


@ps.source(key=["origin", "hour"], time="hour", known_at={"*": timedelta(hours=1)})  # known when the hour has ended
def weather(path: Path = Path("data/weather.parquet")) -> pl.DataFrame:
    return pl.read_parquet(path)


@ps.source(key="tailnum")
def planes(path: Path = Path("data/planes.parquet")) -> pl.DataFrame:
    return pl.read_parquet(path)


# --- cleaning


def impossible_to_null(column: str, highest: float) -> pl.Expr:
    """Values above `highest` are errors of the instrument: nothing is known there."""
    return pl.when(pl.col(column) <= highest).then(column).alias(column)


@ps.step
def clean(flights: pl.DataFrame) -> pl.DataFrame:
    """Drop what is no passenger flight. Flights that never left or landed stay: others' histories need them."""
    return flights.filter(pl.col("distance") >= 50)  # one row: Newark to LaGuardia, 17 miles


@ps.step
def hourly(weather: pl.DataFrame) -> pl.DataFrame:
    """The weather, from the instant at which each hour's record is complete."""
    return weather.with_columns(impossible_to_null("wind_speed", 150), known=pl.col("hour").dt.offset_by("1h"))


# --- features: only what was known at the scheduled departure

CATEGORIES = ["carrier", "origin", "dest"]
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
HISTORY = ["origin_delay", "carrier_delay", "dest_delay", "plane_delay"]
NUMBERS = ["distance", "minutes", "hour", "weekday", "age", "seats", *HISTORY, *WEATHER]


def recent_mean(asked: pl.DataFrame, seen: pl.DataFrame, by: str, within: str) -> pl.Series:
    """For each row of `asked`, the mean `delay` of the rows of `seen` that bear the same `by` and became known in the
    time `within` before `sched_dep`: the running total then, less the running total at the start of that time."""
    running = {"n": pl.int_range(1, pl.len() + 1), "total": pl.col("delay").cum_sum()}
    seen = seen.sort("known").select(by, "known", *(one.over(by).alias(name) for name, one in running.items()))
    asked = asked.with_row_index().with_columns(start=pl.col("sched_dep").dt.offset_by(f"-{within}")).sort("sched_dep")
    for clock in ("sched_dep", "start"):  # both tables are sorted: an as-of join takes that on trust
        asked = asked.join_asof(
            seen,
            left_on=clock,
            right_on="known",
            by=by,
            suffix="_at_start",
            allow_exact_matches=False,
            check_sortedness=False,
        )
    n, total = (pl.col(name) - pl.col(f"{name}_at_start").fill_null(0) for name in running)
    return asked.sort("index").select(pl.when(n > 0).then(total / n)).to_series()


@ps.step
def features(clean: pl.DataFrame, hourly: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    """What was known of each flight at its scheduled departure, and, apart from it, how late it came."""
    left = clean.drop_nulls("dep_delay").with_columns(
        delay="dep_delay",
        known=pl.max_horizontal("dep_time", "sched_dep"),  # an early start counts from its hour on
    )
    landed = clean.drop_nulls("arr_delay").with_columns(delay="arr_delay", known="arr_time")
    local = pl.col("sched_dep").dt.convert_time_zone("America/New_York")
    return (
        clean.with_columns(
            minutes=(pl.col("sched_arr") - pl.col("sched_dep")).dt.total_minutes(),
            hour=local.dt.hour(),
            weekday=local.dt.weekday(),
            origin_delay=recent_mean(clean, left, by="origin", within="2h"),
            carrier_delay=recent_mean(clean, landed, by="carrier", within="1d"),
            dest_delay=recent_mean(clean, landed, by="dest", within="7d"),
            plane_delay=recent_mean(clean, landed, by="tailnum", within="1d"),
        )
        .sort("sched_dep", "flight_id")
        .join_asof(
            hourly.drop("hour").sort("known"),
            left_on="sched_dep",
            right_on="known",
            by="origin",
            tolerance="6h",
            check_sortedness=False,
        )
        .join(planes, on="tailnum", how="left", maintain_order="left")
        .with_columns(age=pl.col("sched_dep").dt.year() - pl.col("built"))
        .select("flight_id", "sched_dep", "arr_time", *CATEGORIES, *NUMBERS, "arr_delay")
    )


# --- training, on the past alone


@ps.split(outputs=["train", "valid", "test"])
def sides(features: pl.DataFrame, valid_days: int = 30, test_days: int = 60) -> dict[str, pl.DataFrame]:
    """By time. A flight that was still in the air when the next side begins is in neither: its delay was not known."""
    landed = features.drop_nulls("arr_delay")
    test_from = features["sched_dep"].max() - timedelta(days=test_days)
    valid_from = test_from - timedelta(days=valid_days)
    return {
        "train": landed.filter(pl.col("arr_time") < valid_from),
        "valid": landed.filter(pl.col("sched_dep") >= valid_from, pl.col("arr_time") < test_from),
        "test": landed.filter(pl.col("sched_dep") >= test_from),
    }


@ps.train
def boosted(train: pl.DataFrame, seed: ps.Seed, learning_rate: float = 0.1, trees: int = 100) -> Pipeline:
    categories = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = ColumnTransformer([("categories", categories, CATEGORIES), ("numbers", "passthrough", NUMBERS)])
    forest = HistGradientBoostingRegressor(
        learning_rate=learning_rate,
        max_iter=trees,
        categorical_features=range(len(CATEGORIES)),
        early_stopping=False,
        random_state=seed,
    )
    return make_pipeline(columns, forest).fit(train, train["arr_delay"])


@ps.train
def linear(train: pl.DataFrame, alpha: float = 1.0) -> Pipeline:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("categories", categories, CATEGORIES), ("numbers", numbers, NUMBERS)])
    return make_pipeline(columns, Ridge(alpha=alpha)).fit(train, train["arr_delay"])


# --- choosing and judging


@ps.evaluate
def contest(boosted: Pipeline, linear: Pipeline, valid: pl.DataFrame) -> dict[str, float]:
    """How far each model is off (root mean square, in minutes) on days that neither has seen."""
    rmse = {}
    for name, model in {"boosted": boosted, "linear": linear}.items():
        guessed = model.predict(valid)
        rmse[name] = float(root_mean_squared_error(valid["arr_delay"], guessed))
        print(f"{name}: off by {rmse[name]:.1f} minutes")
        ps.metric(f"{name}_mae", float(mean_absolute_error(valid["arr_delay"], guessed)))
    return rmse


@ps.step
def chosen(contest: dict[str, float], boosted: Pipeline, linear: Pipeline) -> Pipeline:
    """The better model; the test days have no say in it."""
    winner = min(contest, key=contest.__getitem__)
    ps.note(f"**{winner}** is the better one: {contest[winner]:.1f} minutes.")
    return {"boosted": boosted, "linear": linear}[winner]


@ps.predict
def predictions(chosen: Pipeline, test: pl.DataFrame) -> pl.Series:
    return pl.Series("arr_delay", chosen.predict(test))


@ps.evaluate
def scores(predictions: pl.Series, test: pl.DataFrame) -> dict[str, float]:
    actual = test["arr_delay"]
    return {
        "rmse": float(root_mean_squared_error(actual, predictions)),
        "mae": float(mean_absolute_error(actual, predictions)),
        "rmse_of_the_mean": float(actual.std(ddof=0)),  # what always guessing the mean would be off by
    }


@ps.evaluate
def honesty(predictions: pl.Series, test: pl.DataFrame, groups: int = 20) -> pl.DataFrame:
    """Predicted against actual delay, from the flights that looked best to those that looked worst."""
    ranks = predictions.rank("ordinal") * groups // (len(predictions) + 1)
    table = test.select("arr_delay", predicted=predictions, group=ranks).group_by("group").mean().sort("group")
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.plot(table["predicted"], table["arr_delay"], "o", label=f"{groups} equal groups of flights")
    axes.axline((0, 0), slope=1, color="grey", linewidth=1, label="as predicted")
    axes.set(xlabel="predicted delay (minutes)", ylabel="actual delay (minutes)")
    axes.legend()
    ps.figure(figure, "predicted-and-actual")
    return table
