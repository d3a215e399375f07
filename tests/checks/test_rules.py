"""The rules that hold for every probe (docs/decisions), each with a scene that is judged right, and that is judged wrong without the rule.

A scene says whether the verdict on it is right; its plant takes the rule away. That each scene fails with its plant is tested here."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.preprocessing import StandardScaler
from tests.checks.lines import line, rows
from tests.checks.trips import CONTRACT, N, trips

import penstock as ps
from penstock.checks import asking, flow, graphs, judge, tally, worlds
from penstock.checks import cuts as instants
from penstock.checks.bench import Bench
from penstock.checks.circuit import Circuit
from penstock.checks.identities import Identities
from penstock.checks.probes import as_of, test_blind
from penstock.checks.view import Node
from penstock.checks.worlds import World
from penstock.model.bench import BenchAnswer
from penstock.values import compare

OPTIONS: dict[str, Any] = {"key": "trip", "time": "at", "known_at": {"fare": "end"}, "label": "fare"}
TEST = np.arange(N) >= 320


def probe(function: Callable[..., Any], *checks: str, **options: Any) -> Any:
    return ps.probe(function, {"trips": trips()}, **{**OPTIONS, **options}, checks=list(checks))


def verdicts(report: Any) -> dict[str, str]:
    return {one.check: one.verdict for one in report.checks}


CALLS = {"count": 0}


def gate() -> bool:
    """Of what is not the same twice no other check says anything."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        CALLS["count"] += 1
        return trips.assign(call=CALLS["count"], ahead=trips["miles"].shift(-1))

    told = verdicts(probe(function, "rerun", "as-of"))
    return told == {"rerun": "PROVEN", "as-of": "UNKNOWN"}


def floor() -> bool:
    """What trembles by itself, a little, is not taken for moved."""
    CALLS["count"] = 0

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        CALLS["count"] += 1
        return trips.assign(trembling=trips["miles"] * (1 + 3e-9 * np.cos(1.7 * CALLS["count"])))

    return not [one for one in probe(function, "as-of", test=TEST).findings if one.check == "as-of"]


def rounding() -> bool:
    """Sums of everything that cancel out leave rounding errors."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        total = trips["miles"].sum()
        return trips.assign(same=(trips["miles"] + total) - total)

    return probe(function, "as-of").findings == ()


def hair() -> bool:
    """What moves by less than a millionth is suspect, and no proof."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(hair=trips["miles"] + 1e-9 * trips["miles"].max() * trips["miles"].shift(-1).fillna(0))

    return {one.verdict for one in probe(function, "as-of").findings} <= {"SUSPECT"}


def extremes() -> bool:
    """What only values far beyond the data move is suspect, and no proof."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(alarm=trips["miles"].max() > 60)

    return {one.verdict for one in probe(function, "test-blind", test=TEST).findings} == {"SUSPECT"}


class Held:
    """An object of the user's own, with an array inside of another object."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def predict(self, x: Any) -> Any:
        return x


def boosted(package: str) -> Callable[[pd.DataFrame], Any]:
    def function(trips: pd.DataFrame) -> Any:
        made = importlib.import_module(package)
        name = "XGBRegressor" if package == "xgboost" else "LGBMRegressor"
        model = getattr(made, name)(
            n_estimators=3, max_depth=2, n_jobs=1, random_state=0, verbosity=0 if "xgb" in package else -1
        )
        return model.fit(trips[["miles"]], trips["fare"])

    return function


def with_torch(trips: pd.DataFrame) -> Any:
    torch = importlib.import_module("torch")
    layer = torch.nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(float(trips["fare"].mean()))
    return layer


FITTED: dict[str, Callable[[pd.DataFrame], Any]] = {
    "attributes of scikit-learn": lambda trips: StandardScaler().fit(trips[["miles"]]),
    "members of any object": lambda trips: Held({"mean": Held(np.array([trips["miles"].mean()]))}),
    "XGBoost": boosted("xgboost"),
    "LightGBM": boosted("lightgbm"),
}


def fitted(function: Callable[[pd.DataFrame], Any]) -> Callable[[], bool]:
    return lambda: verdicts(probe(function, "test-blind", test=TEST)) == {"test-blind": "PROVEN"}


def retraining() -> bool:
    """A model whose inputs came out equal is not trained again."""
    trained = []

    def train(inputs: Any) -> dict[str, Any]:
        trained.append(1)
        return {"model": StandardScaler().fit(inputs["table"][["miles"]])}

    nodes = {
        "trips": Node("trips", "source", "", {}, {"trips": ""}, CONTRACT),
        "table": Node("table", "step", "", {"trips": "trips"}, {"table": ""}),
        "model": Node("model", "train", "", {"table": "table"}, {"model": ""}),
    }
    calls = {"table": lambda inputs: {"table": inputs["trips"][["trip", "miles"]]}, "model": train}
    bench = Bench(Circuit(nodes, calls, {"trips": trips()}))
    bench.base.value("model")
    altered = trips().assign(fare=0.0)
    made = bench.flow(World("", {"trips": altered}))
    made.value("model")
    return len(trained) == 1


def cuts() -> bool:
    """A look ahead over the widest gap alone, of one row."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        gaps = trips["at"].diff().shift(-1)
        return trips.assign(over=trips["miles"].where(gaps < gaps.max(), trips["miles"].shift(-1)))

    return verdicts(probe(function, "as-of")) == {"as-of": "PROVEN"}


def ends_of_groups() -> bool:
    """The last trip of each driver looks at the next driver's first."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        last = trips["driver"] != trips["driver"].shift(-1)
        return trips.assign(next=trips["miles"].where(~last, trips["miles"].shift(-1)))

    table = trips().assign(driver=np.repeat(list("abcde"), [60, 50, 80, 100, 110]))
    report = ps.probe(function, {"trips": table}, **OPTIONS, group="driver", checks=["as-of"])
    return verdicts(report) == {"as-of": "PROVEN"}


def ends_of_months() -> bool:
    """The last trip of each month looks at the next month's first."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        last = trips["at"].dt.month != trips["at"].dt.month.shift(-1)
        return trips.assign(next=trips["miles"].where(~last, trips["miles"].shift(-1)))

    table = trips()
    later = (table["at"] - table["at"].min()) * 9  # 90 days
    table = table.assign(at=table["at"] + later, end=table["end"] + later)
    report = ps.probe(function, {"trips": table}, **OPTIONS, checks=["as-of"])
    return verdicts(report) == {"as-of": "PROVEN"}


def oldest() -> bool:
    """Only the first rows stand on what comes later."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(first=trips["miles"].where(np.arange(len(trips)) > 5, trips["miles"].mean()))

    return verdicts(probe(function, "as-of")) == {"as-of": "PROVEN"}


def kinds() -> bool:
    """A function that minds the types of its columns sees those that it knows."""

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        if trips["seats"].dtype != "int64" or trips["zone"].dtype != "category":
            raise TypeError("other types")
        return trips.assign(ahead=trips["seats"].shift(-1))

    table = trips().assign(
        seats=lambda t: (t["miles"] * 3).astype("int64"), zone=lambda t: t["zone"].astype("category")
    )
    report = ps.probe(function, {"trips": table}, **OPTIONS, checks=["as-of"])
    return verdicts(report) == {"as-of": "PROVEN"} and "failed" not in report.checks[0].reason


# --- what takes the rules away


def few_of_many(function: Callable[..., Any], contract: dict[str, Any], check: str, count: int = 6_000) -> BenchAnswer:
    """A step and a split of more rows than a world may take, asked by one check."""

    def sides(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
        test = pl.col("id") % 4 == 0 if "time" not in contract else pl.col("id") >= features.height * 3 // 4
        return {"train": features.filter(~test), "test": features.filter(test)}

    table = rows(count).with_columns(household=(pl.col("id") * 2_654_435_761 % count) // 8)
    return line([("step", function), ("split", sides)], table, contract=contract, checks=[check])


def pinned() -> bool:
    """Who goes to the test hangs on labels of all: other labels there send other rows to it, and no row of the training has seen any of them."""

    def sides(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
        large = rows["y"] > rows["y"].median()
        test = np.random.default_rng(0).random(rows.height) < np.where(large, 0.5, 0.2)
        return {"train": rows.filter(~pl.Series(test)), "test": rows.filter(pl.Series(test))}

    def model(sides_train: pl.DataFrame) -> Any:
        return StandardScaler().fit(sides_train.select("x"))

    told = line([("split", sides), ("train", model)], checks=["test-blind"])
    return {(one.step, one.verdict) for one in told.results} == {("sides", "CLEAN"), ("model", "CLEAN")}


def groups() -> bool:
    """What only households show of which all eight are there."""

    def features(rows: pl.DataFrame) -> pl.DataFrame:
        whole = pl.len().over("household") == 8
        return rows.with_columns(usual=pl.when(whole).then(pl.col("x").mean().over("household")))

    told = few_of_many(features, {"key": ["id"], "label": ["y"], "group": ["household"]}, "test-blind")
    return [(one.step, one.column) for one in told.findings if one.verdict == "PROVEN"] == [("features", "usual")]


def blocks() -> bool:
    """What only twelve instants show that follow each other."""

    def features(rows: pl.DataFrame) -> pl.DataFrame:
        whole = pl.col("at").shift(-12) - pl.col("at") == pl.duration(minutes=120)
        return rows.with_columns(soon=pl.when(whole).then(pl.col("x").rolling_mean(12).shift(-12)))

    told = few_of_many(features, {"key": ["id"], "time": "at"}, "as-of")
    return [(one.step, one.column) for one in told.findings if one.verdict == "PROVEN"] == [("features", "soon")]


def power() -> bool:
    """Whoever reads that nothing was found reads in how many of the rows."""

    def features(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(twice=pl.col("x") * 2)

    told = few_of_many(features, {"key": ["id"], "time": "at"}, "as-of")
    said = [one.reason for one in told.results if one.step == "features"]
    return len(said) == 1 and said[0].endswith("2000 of 6000 rows of rows")


def no_gate(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(asking, "_below", lambda *_: set())


def no_floor(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Bench, "_floor", lambda *_: {})


def no_tolerance(patch: pytest.MonkeyPatch) -> None:
    for function in (judge.moved_rows, compare.compare):
        patch.setattr(function, "__kwdefaults__", {**(function.__kwdefaults__ or {}), "tolerance": 0.0})


def no_hair(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tally, "HAIR", 0.0)


def extremes_prove(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(test_blind, "World", lambda words, altered, **_: World(words, altered))


def no_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judge, "members", lambda value, depth=0: type(value).__name__)


def train_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(flow, "_equal", lambda *_: False)


def one_cut(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(as_of, "places", lambda times, *_, **__: [float(np.nanmedian(times))])
    patch.setattr(as_of, "_sharper", lambda *_, **__: [])


def no_cut_at_ends(patch: pytest.MonkeyPatch) -> None:
    for name in ("_period", "_group"):
        patch.setattr(instants, name, lambda *_: [])
    patch.setattr(as_of, "_sharper", lambda *_, **__: [])


def only_rows_near_the_cut(patch: pytest.MonkeyPatch) -> None:
    plain = as_of._until

    def near(bench: Bench, cut: float, **more: Any) -> Any:
        hold = plain(bench, cut, **more)

        def rows(artifact: str) -> Any:
            found, times = hold(artifact), bench.times(artifact)
            return None if found is None else found & (times > cut - 3_600_000_000)

        return rows

    patch.setattr(as_of, "_until", near)
    patch.setattr(as_of, "_sharper", lambda *_, **__: [])


def other_types(patch: pytest.MonkeyPatch) -> None:
    plain = worlds.exchange

    def loose(value: Any, column: str, rows: Any, whose: Any) -> Any:
        made = plain(value, column, rows, whose)
        return made.assign(**{column: made[column].astype(object)}) if isinstance(made, pd.DataFrame) else made

    patch.setattr(worlds, "exchange", loose)


def no_pins(patch: pytest.MonkeyPatch) -> None:
    plain = Identities.pin

    def as_drawn(self: Identities, flow: Any, step: str, found: dict[str, Any]) -> dict[str, Any]:
        made = plain(self, flow, step, found)
        return made if flow.base is None else found

    patch.setattr(Identities, "pin", as_drawn)


def rows_anyhow(patch: pytest.MonkeyPatch) -> None:
    def anyhow(main: Any, sides: Any, most: int, count: int) -> Any:
        return np.sort(np.random.default_rng(0).choice(main.rows, count, replace=False))

    patch.setattr(graphs, "chosen", anyhow)


def in_no_words(patch: pytest.MonkeyPatch) -> None:
    plain = graphs.sampled
    patch.setattr(graphs, "sampled", lambda *given: plain(*given)._replace(words=""))  # type: ignore[union-attr]


class Rule(NamedTuple):
    """A scene that is judged right, and what takes its rule away."""

    right: Callable[[], bool]
    plant: Callable[[pytest.MonkeyPatch], None]


RULES = {
    "determinism goes first": Rule(gate, no_gate),
    "a null world gives the floor of noise": Rule(floor, no_floor),
    "a thousand-millionth of the deviation is rounding": Rule(rounding, no_tolerance),
    "a hair is no proof": Rule(hair, no_hair),
    "extreme values are no proof": Rule(extremes, extremes_prove),
    **{f"fitted state is compared: {name}": Rule(fitted(made), no_state) for name, made in FITTED.items()},
    "what comes out equal trains nothing again": Rule(retraining, train_again),
    "cuts stand at gaps": Rule(cuts, one_cut),
    "cuts stand where groups end": Rule(ends_of_groups, no_cut_at_ends),
    "cuts stand where months end": Rule(ends_of_months, no_cut_at_ends),
    "the oldest rows are compared": Rule(oldest, only_rows_near_the_cut),
    "types are kept": Rule(kinds, other_types),
    "sides are pinned by row": Rule(pinned, no_pins),
    "groups are taken whole": Rule(groups, rows_anyhow),
    "blocks of time are taken whole": Rule(blocks, rows_anyhow),
    "how many rows were taken is said": Rule(power, in_no_words),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_rule_holds(rule: Rule) -> None:
    assert rule.right()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_scene_fails_without_the_rule(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    rule.plant(monkeypatch)
    assert not rule.right()


@pytest.mark.needs("torch")
def test_state_of_torch_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    right = fitted(with_torch)
    assert right()
    no_state(monkeypatch)
    assert not right()
