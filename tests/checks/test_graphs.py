"""Pipelines on the bench: what leaks before the split is found in the step that leaks, and clean steps stay clean."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from penstock.checks.answering import nodes_of_steps
from penstock.checks.graphs import probed, sampled
from penstock.model.bench import BenchRequest, BenchStep, Pair
from penstock.model.step import Entry, Output

START = datetime(2024, 1, 1)
CONTRACT = {"key": ["id"], "time": "at", "known_at": {"y": "done", "done": "done"}, "label": ["y"]}
CHECKS = ("rerun", "own-label", "as-of", "test-blind")


def table(rows: int) -> pl.DataFrame:
    draw = np.random.default_rng(3)
    at = [START + timedelta(minutes=10 * i) for i in range(rows)]
    return pl.DataFrame(
        {
            "id": range(rows), "at": at, "done": [one + timedelta(minutes=45) for one in at],
            "x": draw.normal(size=rows), "y": draw.normal(size=rows),
        }
    )  # fmt: skip


def steps() -> tuple[BenchStep, ...]:
    return (
        BenchStep("rows", "source", Entry("file"), contract=CONTRACT),
        BenchStep("features", "step", Entry("file"), {"rows": "rows"}, where="line.py:3"),
        BenchStep("tidy", "step", Entry("file"), {"features": "features"}),
        BenchStep(
            "sides", "split", Entry("file"), {"tidy": "tidy"}, (Output("train", "train"), Output("test", "test"))
        ),
        BenchStep("model", "train", Entry("file"), {"train": "sides.train"}),
    )


def asked(expression: Mapping[str, Any], rows: int = 400, fails: bool = False) -> Any:
    values = {"rows": table(rows)}

    def call(step: BenchStep, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if step.name == "features":
            return {"features": inputs["rows"].with_columns(**expression)}
        if fails:
            raise ValueError("it fails")
        return {"tidy": inputs["features"].with_columns(twice=pl.col("x") * 2)}

    values["features"] = values["rows"].with_columns(**expression)
    values["sides.train"], values["sides.test"] = values["features"][: rows // 2], values["features"][rows // 2 :]
    pairs = tuple([Pair(check, step) for check in CHECKS for step in ("features", "tidy")])
    return probed(steps(), nodes_of_steps(steps()), call, values.__getitem__, BenchRequest(pairs))


X, Y = pl.col("x"), pl.col("y")


@pytest.mark.parametrize(
    ("check", "expression"),
    [
        ("test-blind", (X - X.mean()) / X.std()),
        ("as-of", X.shift(-1)),
        ("as-of", X.rolling_mean(5, center=True)),
        ("own-label", X + Y * 2),
    ],
)
def test_a_leak_is_proven_in_the_step_that_leaks(check: str, expression: pl.Expr) -> None:
    told = asked({"leak": expression})
    mine = [one for one in told.findings if one.check == check]
    assert {(one.verdict, one.step, one.column) for one in mine} == {("PROVEN", "features", "leak")}
    assert all(one.id and one.where == "line.py:3" for one in mine)
    assert {one.verdict for one in told.results if one.step == "tidy"} == {"CLEAN"}


def test_what_looks_back_is_clean() -> None:
    told = asked({"past": X.shift(1), "mean": X.shift(1).rolling_mean(5), "hour": pl.col("at").dt.hour()})
    assert told.findings == ()
    assert {one.verdict for one in told.results} == {"CLEAN"}


def test_a_step_that_fails_is_unknown() -> None:
    told = asked({"past": X.shift(1)}, fails=True)
    assert told.findings == ()
    assert {one.verdict for one in told.results if one.step == "tidy"} == {"UNKNOWN"}


def test_the_sample_lies_around_the_border_of_the_split() -> None:
    rows = table(9_000)
    values = {"rows": rows, "sides.train": rows[:5_500], "sides.test": rows[6_000:]}
    taken = sampled(nodes_of_steps(steps()), values.__getitem__, "full")
    assert taken is not None
    assert taken.values["rows"]["id"].to_list() == [*range(4_500, 5_500), *range(6_000, 7_000)]
    assert (taken.sides[:1_000] == "train").all()
    assert (taken.sides[1_000:] == "test").all()
    assert taken.words == "2000 of 9000 rows of rows"


def test_whole_groups_are_taken() -> None:
    rows = pl.DataFrame({"id": range(9_000), "who": [i % 30 for i in range(9_000)], "y": range(9_000)})
    nodes = nodes_of_steps((BenchStep("rows", "source", Entry("file"), contract={"key": ["id"], "group": ["who"]}),))
    taken = sampled(nodes, {"rows": rows}.__getitem__, "full")
    assert taken is not None
    assert set(taken.values["rows"].group_by("who").len()["len"]) == {300}
    assert taken.sides is None


def test_without_rows_there_is_nothing_to_alter() -> None:
    nodes = nodes_of_steps((BenchStep("rows", "source", Entry("file")),))
    assert sampled(nodes, {"rows": 3}.__getitem__, "full") is None


# two splits of one table


def two_splits(leak: str = "") -> tuple[BenchStep, ...]:
    def step(
        name: str, kind: Any, inputs: dict[str, str], outputs: tuple[Output, ...] = (Output(),), **said: Any
    ) -> BenchStep:
        return BenchStep(
            name=name, kind=kind, entry=Entry("file"), inputs=inputs, outputs=outputs, where="p.py:1", **said
        )

    sides = (Output("train", "train"), Output("test", "test"))
    return (
        step("raw", "source", {}, contract={"key": ["id"], "label": ["y"]}),
        step("first", "split", {"raw": "raw"}, sides),
        step("second", "split", {"raw": "raw"}, sides),
        step("centred", "step", {"train": "first.train"}),
        step("scaled", "step", {"train": "second.train", "test": "second.test"}),
    )


@pytest.mark.parametrize("leaks", [True, False])
def test_of_two_splits_of_one_table_each_has_its_own_sides(leaks: bool) -> None:
    draw = np.random.default_rng(0)
    raw = pl.DataFrame({"id": range(400), "x": draw.normal(size=400), "y": draw.normal(size=400)})
    cut = {"first": (raw["id"] < 300, raw["id"] >= 300), "second": (raw["id"] >= 100, raw["id"] < 100)}
    stored: dict[str, Any] = {"raw": raw}
    for name, (train, test) in cut.items():
        stored |= {f"{name}.train": raw.filter(train), f"{name}.test": raw.filter(test)}
    listed = two_splits()
    called: list[str] = []

    def call(step: BenchStep, inputs: Mapping[str, Any]) -> dict[str, Any]:
        called.append(step.name)
        if step.kind == "split":
            table = inputs["raw"]
            train = table["id"] < 300 if step.name == "first" else table["id"] >= 100
            return {f"{step.name}.train": table.filter(train), f"{step.name}.test": table.filter(~train)}
        train = inputs["train"]
        told = inputs["test"] if step.name == "scaled" and leaks else train
        return {step.name: train.with_columns(pl.col("x") - told["x"].mean())}

    for name in ("centred", "scaled"):
        stored |= call(
            next(one for one in listed if one.name == name),
            {role: stored[f"{'first' if name == 'centred' else 'second'}.{role}"] for role in ("train", "test")},
        )
    pairs = tuple(
        [
            Pair(check, step)
            for check in ("test-blind", "test-label", "alone")
            for step in ("first", "second", "centred", "scaled")
        ]
    )
    answer = probed(listed, nodes_of_steps(listed), call, stored.__getitem__, BenchRequest(pairs))
    proven = {(one.check, one.step, one.column) for one in answer.findings if one.verdict == "PROVEN"}
    assert proven == ({("test-blind", "scaled", "x")} if leaks else set())
    assert {Pair(one.check, one.step) for one in answer.results} == set(pairs)
    clean = {(one.check, one.step) for one in answer.results if one.verdict == "CLEAN"}
    assert clean >= {(check, step) for check in ("test-blind", "test-label") for step in ("first", "second", "centred")}
    assert (("test-blind", "scaled") in clean) is not leaks
    for finding in answer.findings:
        assert finding.id in answer.evidence
