import penstock as ps
from penstock.checks.pairs import judgeable, pairs


def steps_of(*functions, **said):
    return ps.Pipeline([*functions]).graph


@ps.source(key="id", time="at", label="y")
def rows(): ...


@ps.step
def features(rows): ...


@ps.split
def sides(features): ...


@ps.train
def model(train): ...


@ps.predict
def predictions(model, test): ...


@ps.evaluate
def scores(predictions, test): ...


@ps.source
def bare(): ...


@ps.step
def counted(bare): ...


def asked(graph, check):
    return [one.step for one in pairs(graph) if one.check == check]


def test_which_check_asks_which_step() -> None:
    graph = ps.Pipeline([rows, features, sides, model, predictions, scores, bare, counted]).graph
    assert asked(graph, "rerun") == ["features", "sides", "model", "predictions", "scores"]
    for check in ("test-blind", "as-of", "own-label"):
        assert asked(graph, check) == ["features", "sides", "model"]
    assert asked(graph, "test-label") == ["features", "sides", "model", "predictions"]
    assert asked(graph, "alone") == ["features"]


def test_only_some_checks() -> None:
    graph = ps.Pipeline([rows, features]).graph
    assert {one.check for one in pairs(graph, only=["as-of"])} == {"as-of"}


def test_without_a_split_nobody_asks_for_test_rows() -> None:
    graph = ps.Pipeline([rows, features]).graph
    assert {one.check for one in pairs(graph)} == {"rerun", "as-of", "own-label", "alone"}


def test_where_nothing_is_declared_there_is_nothing_to_ask() -> None:
    graph = ps.Pipeline([bare, counted]).graph
    assert not judgeable(graph.steps.values())
    assert pairs(graph) == []
