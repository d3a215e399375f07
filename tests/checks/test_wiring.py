"""Leaks that the graph alone gives away, and clean graphs that look guilty."""

from typing import Any

import pytest

from penstock.checks.nodes import nodes_of
from penstock.checks.wiring import wiring
from penstock.model.verdict import Finding

SIDES = {"sides": ("split", "table", {"sides.train": "train", "sides.test": "test"})}
THREE = {"sides": ("split", "table", {"sides.train": "train", "sides.valid": "valid", "sides.test": "test"})}
HEAD: dict[str, Any] = {"raw": ("source", ""), "table": ("step", "raw")}


def looked(*parts: dict[str, Any]) -> list[Finding]:
    graph: dict[str, Any] = {}
    for number, (name, said) in enumerate([one for part in parts for one in part.items()]):
        kind, inputs, *outputs = said
        graph[name] = {
            "kind": kind,
            "where": f"p.py:{number + 1}",
            "inputs": {one.rpartition(".")[2]: one for one in inputs.split()},
            **({"outputs": outputs[0]} if outputs else {}),
        }
    findings, result = wiring(nodes_of(graph))
    assert result.verdict == ("SUSPECT" if findings else "CLEAN")
    assert (result.check, result.step) == ("wiring", "")
    for one in findings:
        assert (one.check, one.verdict) == ("wiring", "SUSPECT")
        assert one.where and one.hint and one.world
    return findings


LEAKY = {
    "early stopping on the test side": (
        [SIDES, {"model": ("train", "sides.train sides.test"), "scores": ("evaluate", "model sides.test")}],
        [("model", "sides.test")],
    ),
    "by way of a plain step": (
        [
            SIDES,
            {
                "both": ("step", "sides.train sides.test"),
                "model": ("train", "both"),
                "predictions": ("predict", "model sides.test"),
                "scores": ("evaluate", "predictions sides.test"),
            },
        ],
        [("model", "both")],
    ),
    "the whole table instead of the side": (
        [SIDES, {"model": ("train", "table"), "scores": ("evaluate", "model sides.test")}],
        [("model", "table")],
    ),
    "the raw table as well": (
        [SIDES, {"model": ("train", "sides.train raw"), "scores": ("evaluate", "model sides.test")}],
        [("model", "raw")],
    ),
    "a scaler before the split": (
        [
            HEAD,
            {
                "scaler": ("train", "table"),
                "scaled": ("step", "table scaler"),
                "sides": ("split", "scaled", {"sides.train": "train", "sides.test": "test"}),
                "model": ("train", "sides.train"),
                "scores": ("evaluate", "model sides.test"),
            },
        ],
        [("scaler", "table")],
    ),
    "chosen by test scores": (
        [
            SIDES,
            {
                "one": ("train", "sides.train"),
                "two": ("train", "sides.train"),
                "contest": ("evaluate", "one two sides.test"),
                "chosen": ("step", "contest one two"),
                "predictions": ("predict", "chosen sides.test"),
                "scores": ("evaluate", "predictions sides.test"),
            },
        ],
        [("chosen", "chosen")],
    ),
    "judged on what it was trained on": (
        [SIDES, {"model": ("train", "sides.train"), "scores": ("evaluate", "model sides.train")}],
        [("scores", "sides.train")],
    ),
    "without any split": (
        [
            {
                "model": ("train", "table"),
                "predictions": ("predict", "model table"),
                "scores": ("evaluate", "predictions table"),
            }
        ],
        [("scores", "table")],
    ),
    "judged on the side that stopped it": (
        [THREE, {"model": ("train", "sides.train sides.valid"), "scores": ("evaluate", "model sides.valid")}],
        [("scores", "sides.valid")],
    ),
    "an output named for the training side that took the other": (
        [
            SIDES,
            {
                "train_filled": ("step", "sides.train sides.test"),
                "model": ("train", "train_filled"),
                "scores": ("evaluate", "model sides.test"),
            },
        ],
        [("model", "train_filled")],
    ),
}

CLEAN = {
    "plain": [SIDES, {"model": ("train", "sides.train"), "scores": ("evaluate", "model sides.test")}],
    "final refit on all rows, for deploy": [
        SIDES,
        {
            "model": ("train", "sides.train"),
            "scores": ("evaluate", "model sides.test"),
            "final": ("train", "table"),
            "publish": ("deploy", "final scores"),
        },
    ],
    "final refit on both sides": [
        SIDES,
        {
            "model": ("train", "sides.train"),
            "scores": ("evaluate", "model sides.test"),
            "final": ("train", "sides.train sides.test model"),
            "publish": ("deploy", "final"),
        },
    ],
    "cross-validation inside train": [{"model": ("train", "table"), "publish": ("deploy", "model")}],
    "cross-validation inside train, its scores shown": [{"model": ("train", "table"), "scores": ("evaluate", "model")}],
    "cross-validation inside evaluate": [{"scores": ("evaluate", "table")}],
    "chosen by validation": [
        THREE,
        {
            "one": ("train", "sides.train"),
            "two": ("train", "sides.train sides.valid"),
            "contest": ("evaluate", "one two sides.valid"),
            "chosen": ("step", "contest one two"),
            "predictions": ("predict", "chosen sides.test"),
            "scores": ("evaluate", "predictions sides.test"),
        },
    ],
    "refit on train and valid": [
        THREE,
        {
            "best": ("train", "sides.train sides.valid"),
            "model": ("train", "sides.train sides.valid best"),
            "scores": ("evaluate", "model sides.test"),
        },
    ],
    "a scaler on the training side": [
        SIDES,
        {
            "scaler": ("train", "sides.train"),
            "train_scaled": ("step", "scaler sides.train"),
            "test_scaled": ("step", "scaler sides.test"),
            "model": ("train", "train_scaled"),
            "scores": ("evaluate", "model test_scaled"),
        },
    ],
    "one step that transforms both sides, each by its name": [
        SIDES,
        {
            "ready": ("step", "sides.train sides.test", {"ready.x_train": "", "ready.x_test": ""}),
            "model": ("train", "ready.x_train"),
            "scores": ("evaluate", "model ready.x_test"),
        },
    ],
    "test features made with statistics of train": [
        SIDES,
        {
            "means": ("step", "sides.train"),
            "test_features": ("step", "sides.test means"),
            "model": ("train", "sides.train means"),
            "scores": ("evaluate", "model test_features"),
        },
    ],
    "the training error beside the test error": [
        SIDES,
        {
            "model": ("train", "sides.train"),
            "fit": ("evaluate", "model sides.train"),
            "scores": ("evaluate", "model sides.test"),
        },
    ],
    "an embedding learnt from another source": [
        {"corpus": ("source", ""), "embedding": ("train", "corpus"), "vectors": ("step", "table embedding")},
        {
            "sides": ("split", "vectors", {"sides.train": "train", "sides.test": "test"}),
            "model": ("train", "sides.train"),
            "scores": ("evaluate", "model sides.test"),
        },
    ],
    "an embedding learnt from an earlier split": [
        {
            "ages": ("split", "table", {"ages.past": "train", "ages.recent": "test"}),
            "embedding": ("train", "ages.past"),
            "vectors": ("step", "ages.recent embedding"),
            "sides": ("split", "vectors", {"sides.train": "train", "sides.test": "test"}),
            "model": ("train", "sides.train"),
            "scores": ("evaluate", "model sides.test"),
        },
    ],
    "a report of several scores": [
        SIDES,
        {
            "model": ("train", "sides.train"),
            "scores": ("evaluate", "model sides.test"),
            "report": ("evaluate", "scores"),
            "note": ("step", "scores report"),
            "publish": ("deploy", "model scores"),
        },
    ],
    "stacking on predictions for the training side": [
        SIDES,
        {
            "one": ("train", "sides.train"),
            "guesses": ("predict", "one sides.train"),
            "stack": ("train", "guesses sides.train"),
            "test_guesses": ("predict", "one sides.test"),
            "scores": ("evaluate", "stack test_guesses sides.test"),
        },
    ],
    "nothing but steps": [{"sums": ("step", "table")}],
}


@pytest.mark.parametrize("name", LEAKY)
def test_leaky_graphs(name: str) -> None:
    parts, expected = LEAKY[name]
    head = [] if parts[0] is HEAD else [HEAD]
    assert [(one.step, one.artifact) for one in looked(*head, *parts)] == expected


@pytest.mark.parametrize("name", CLEAN)
def test_clean_graphs_that_may_look_guilty(name: str) -> None:
    assert looked(HEAD, *CLEAN[name]) == []


def test_it_names_the_place_of_the_guilty_step() -> None:
    (one,) = looked(HEAD, *LEAKY["early stopping on the test side"][0])
    assert one.where == "p.py:4"
    assert one.world == "`model` takes `sides.test` (the test side), and `scores` judges its model on the test side"
    assert one.hint.startswith("Train on `sides.train` alone")


def test_an_empty_graph() -> None:
    assert looked() == []
