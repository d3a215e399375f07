import penstock as ps
from penstock.checks.pairs import CHECKS, Sort, judgeable, pairs


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


@ps.source(key="id")
def keyed(): ...


@ps.step
def known(keyed): ...


MAKES = ("step", "split", "train")
SORTS = {
    "again": Sort(("step", "split", "train", "predict", "evaluate"), beyond=True),
    "blind": Sort(MAKES, split=True),
    "clock": Sort(MAKES, ("time",)),
    "tests": Sort((*MAKES, "predict"), ("label",), split=True, beyond=True),
}


def asked(graph, check):
    return [one.step for one in pairs(graph, SORTS) if one.check == check]


def test_which_check_asks_which_step() -> None:
    graph = ps.Pipeline([rows, features, sides, model, predictions, scores, bare, counted]).graph
    assert asked(graph, "again") == ["features", "sides", "model", "predictions", "scores"]
    assert asked(graph, "blind") == asked(graph, "clock") == ["features", "sides", "model"]
    assert asked(graph, "tests") == ["features", "sides", "model", "predictions"]


def test_only_some_checks() -> None:
    graph = ps.Pipeline([rows, features]).graph
    assert {one.check for one in pairs(graph, SORTS, ["clock"])} == {"clock"}


def test_without_a_split_nobody_asks_for_test_rows() -> None:
    graph = ps.Pipeline([rows, features]).graph
    assert {one.check for one in pairs(graph, SORTS)} == {"again", "clock"}


def test_a_check_may_need_what_no_source_declares() -> None:
    graph = ps.Pipeline([keyed, known]).graph
    assert {one.check for one in pairs(graph, SORTS)} == {"again"}


def test_every_check_says_what_it_does() -> None:
    assert all(len(sort.does) > 10 for sort in CHECKS.values())


def test_where_nothing_is_declared_there_is_nothing_to_ask() -> None:
    graph = ps.Pipeline([bare, counted]).graph
    assert not judgeable(graph.steps.values())
    assert pairs(graph, SORTS) == []
