from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.trace.pipelines import FLIGHTS, MATRICES, lineage_of, run_of

from penstock.errors import NotFound
from penstock.trace.lineage import Pact


def test_the_graph_and_the_contracts_as_the_run_recorded_them(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, FLIGHTS)
    names = [node.name for node in lineage.order]
    assert names.index("clean") < names.index("joined") < names.index("sides") < names.index("predictions")
    assert lineage.sources_of("predictions") == {"flights", "planes"}
    assert lineage.sources_of("clean") == {"flights"}
    pact = lineage.pacts["flights"]
    assert (pact.key, pact.time, pact.label, pact.group) == (("carrier", "number"), "at", ("delay",), ("carrier",))
    assert pact.clock("gate") == timedelta(hours=-1)
    assert pact.clock("delay") == "landed"
    assert pact.clock("distance") is None
    assert lineage.nodes["sides"].outputs == {"sides.train": "train", "sides.test": "test"}


def test_everything_but_the_key_may_become_known_later() -> None:
    pact = Pact("weather", ("hour",), "hour", {"*": timedelta(hours=1)})
    assert pact.clock("temp") == timedelta(hours=1)
    assert pact.clock("hour") is None


def test_artifacts_by_name(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, FLIGHTS)
    assert lineage.artifact("train") == "sides.train"
    assert lineage.artifact("sides.test") == "sides.test"
    with pytest.raises(NotFound) as caught:
        lineage.artifact("claen")
    assert "`clean`" in caught.value.hint


def test_models_and_numbers_have_no_rows(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, FLIGHTS)
    assert lineage.records("scores") is None
    assert lineage.records("model") is None
    assert lineage.records("clean").rows == 59
    assert lineage.column_of("joined", "flights") == ("carrier", "number")
    assert lineage.column_of("joined", "planes") == ("tail",)
    assert lineage.column_of("clean", "planes") is None  # it has a tail, and is not made of planes
    assert lineage.column_of("by_gate", "flights") is None


def test_matrices_and_their_targets(tmp_path: Path) -> None:
    """X_train by its content, y_train in its order, against the arrays themselves."""
    result = run_of(tmp_path, MATRICES)
    lineage = result._tracing().lineage
    sides = lineage.nodes["sides"]
    order = np.random.default_rng(1).permutation(50)
    for output, argument, places in [
        ("sides.X_train", "X", order[:35]), ("sides.y_train", "y", order[:35]), ("sides.y_test", "y", order[35:])
    ]:  # fmt: skip
        relation = lineage.relation(sides, argument, output)
        assert relation.method in ("content", "position"), relation.why
        assert relation.places().tolist() == places.tolist()
    arrays = lineage.nodes["arrays"]
    assert lineage.relation(arrays, "rows", "arrays.X").method == "position"
    assert lineage.relation(arrays, "rows", "arrays.y").method == "position"
    assert lineage.relation(lineage.nodes["scaled"], "X_train", "scaled").method == "unknown"


def test_what_was_removed_is_said(tmp_path: Path) -> None:
    from penstock.app.settings import find_settings, open_ledger, open_store
    from penstock.app.tracing import Tracing

    result = run_of(tmp_path, FLIGHTS.replace("n: int = 60", "n: int = 6000"))
    settings = find_settings(tmp_path / "line.py")
    store = open_store(settings)
    for blob in list(store.digests()):
        store.remove(blob)
    lineage = Tracing(settings, open_ledger(settings), result.run).lineage
    assert lineage.records("joined") is None
    assert "joined" in lineage.missing


TWO_IDS = """
import polars as pl
import penstock as ps


@ps.source(key="id")
def orders(n: int = 40) -> pl.DataFrame:
    return pl.DataFrame({"id": range(n), "customer": [(i * 7) % n for i in range(n)], "sum": [i * 1.5 for i in range(n)]})


@ps.source(key="id")
def customers(n: int = 40) -> pl.DataFrame:
    return pl.DataFrame({"id": range(n), "age": [20.5 + i for i in range(n)], "town": [f"t{i % 9}" for i in range(n)]})


@ps.step
def joined(orders: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    return orders.join(customers, left_on="customer", right_on="id", how="left", maintain_order="left")


@ps.step
def kept(joined: pl.DataFrame) -> pl.DataFrame:
    return joined.filter(pl.col("age") > 30).rename({"id": "order"})


@ps.step
def again(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.sort("sum", descending=True).select("order", z=pl.col("age") * 2)
"""


def test_two_sources_whose_keys_have_one_name(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, TWO_IDS)
    assert lineage.column_of("joined", "orders") == ("id",)
    assert lineage.column_of("joined", "customers") == ("customer",), "where its key is, under another name"
    relation = lineage.relation(lineage.nodes["joined"], "customers", "joined")
    assert relation.method == "unknown" or relation.rows_below([7]).tolist() == [1]


def test_a_key_of_whole_numbers_is_followed_under_its_new_name(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, TWO_IDS)
    assert lineage.column_of("kept", "orders") == ("order",)
    assert lineage.column_of("again", "orders") == ("order",)
    relation = lineage.relation(lineage.nodes["again"], "kept", "again")
    assert (relation.method, relation.by) == ("key", ("order",))


RARE = """
import numpy as np
import penstock as ps


@ps.source(key="id", label="y")
def rows(n: int = 700) -> list[dict]:
    draw = np.random.default_rng(0)
    return [{"id": i, "a": float(a), "b": float(b), "y": int(i % 110 == 3)} for i, (a, b) in enumerate(draw.normal(size=(n, 2)))]


@ps.step(outputs=["X", "y"])
def arrays(rows: list):
    return np.array([[r["a"], r["b"]] for r in rows]), np.array([r["y"] for r in rows])


@ps.split(outputs={"X_train": "train", "X_test": "test", "y_train": "train", "y_test": "test"})
def sides(X, y):
    order = np.random.default_rng(3).permutation(len(X))
    return {"X_train": X[order[:500]], "X_test": X[order[500:]], "y_train": y[order[:500]], "y_test": y[order[500:]]}
"""


def test_targets_of_which_few_are_told_by_the_matrix_beside_them(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, RARE)
    assert lineage.relation(lineage.nodes["arrays"], "rows", "arrays.y").method == "position"
    relation = lineage.relation(lineage.nodes["sides"], "y", "sides.y_train")
    assert relation.places().tolist() == np.random.default_rng(3).permutation(700)[:500].tolist()
