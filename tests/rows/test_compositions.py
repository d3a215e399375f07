"""Operations on tables, one after another, against an oracle that carries the rows' numbers along beside the tables.

Each operation is written twice: for a frame of pandas or polars, which bears no number of a row, and for a list of the rows that it
stands for, in plain Python. What `relate` states of the first and the last table must be what the numbers say, always. And of what everybody
does to tables, it must state something.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from penstock.rows.relation import Key, Relation, relate
from penstock.values.records import records

Rows = list[dict[str, Any]]


class State(NamedTuple):
    """A table as `rows` in plain Python, the first table's rows that each of them is (`of`; several: it stands for them all), and whether
    it is one of those rows (`own`) or an aggregate."""

    rows: Rows
    of: list[tuple[int, ...]]
    own: bool = True

    def take(self, at: list[int]) -> "State":
        return State([dict(self.rows[n]) for n in at], [self.of[n] for n in at], self.own)

    def each(self, change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> "State":
        return State([change(n, row) for n, row in enumerate(self.rows)], self.of, self.own)

    def has(self, *names: str) -> bool:
        """Whether there are these columns; `delay` alone may be missing in some rows."""
        return all(
            row.get(name) is not None or (name == "delay" and name in row) for row in self.rows for name in names
        )


class Op(NamedTuple):
    """An operation: what it needs, the oracle's side, and the frame's in polars and in pandas."""

    name: str
    needs: tuple[str, ...]
    state: Callable[[State, random.Random], State]
    polars: Callable[[Any, random.Random], Any] | None
    pandas: Callable[[Any, random.Random], Any] | None
    common: bool = True


def table(draw: random.Random, count: int, keys: str) -> Rows:
    numbers = draw.sample(range(10_000), count)
    ids: list[Any] = {"text": [f"k{n}" for n in numbers], "number": numbers, "counted": list(range(count))}[keys]
    return [
        {
            "id": ids[n],
            "store": draw.randint(1, 4),
            "hour": n % 6,
            "x": draw.gauss(0, 1),
            "y": draw.gauss(5, 2),
            "label": int(draw.random() < 0.3),
            "boss": ids[(n + draw.randrange(1, count)) % count],
            "word": draw.choice(["a", "b", "c"]),
            "delay": draw.choice([None, 1.5, 2.5, 4.0]),
        }
        for n in range(count)
    ]


# --- the oracle's side


def median(state: State, name: str) -> float:
    return sorted(row[name] for row in state.rows)[len(state.rows) // 2]


def ordered(*names: str, down: bool = False) -> Callable[[State, random.Random], State]:
    return lambda state, _: state.take(
        sorted(range(len(state.rows)), key=lambda n: tuple(state.rows[n][name] for name in names), reverse=down)
    )


def filtered(state: State, _: random.Random) -> State:
    limit = median(state, "x")
    return state.take([n for n, row in enumerate(state.rows) if row["x"] <= limit])


def sampled(size: int, draw: random.Random) -> list[int]:
    return draw.sample(range(size), max(1, size * 2 // 3))


def first_of(state: State, name: str) -> list[int]:
    seen: dict[Any, int] = {}
    for n, row in enumerate(state.rows):
        seen.setdefault(row[name], n)
    return list(seen.values())


def without(*names: str) -> Callable[[State, random.Random], State]:
    return lambda state, _: state.each(lambda n, row: {k: v for k, v in row.items() if k not in names})


def changed(**columns: Callable[[dict[str, Any]], Any]) -> Callable[[State, random.Random], State]:
    return lambda state, _: state.each(lambda n, row: {**row, **{name: make(row) for name, make in columns.items()}})


def lagged(state: State, name: str) -> State:
    before = [None, *[row[name] for row in state.rows[:-1]]]
    return state.each(lambda n, row: {**row, name: before[n]})


def grouped(name: str, make: Callable[[Rows], dict[str, Any]]) -> Callable[[State, random.Random], State]:
    def apply(state: State, _: random.Random) -> State:
        parts: dict[Any, list[int]] = {}
        for n, row in enumerate(state.rows):
            parts.setdefault(row[name], []).append(n)
        values = sorted(parts)
        rows = [{name: one, **make([state.rows[n] for n in parts[one]])} for one in values]
        return State(rows, [tuple(sorted({m for n in parts[one] for m in state.of[n]})) for one in values], False)

    return apply


def fanned(state: State, _: random.Random) -> State:
    found = [(n, part) for n, row in enumerate(state.rows) for part in ((1, 2) if row["store"] == 2 else (1,))]
    return State([{**state.rows[n], "part": part} for n, part in found], [state.of[n] for n, _ in found], state.own)


def mean(rows: Rows, name: str) -> float:
    return sum(row[name] for row in rows) / len(rows)


LOOKUP = {1: 10.0, 2: 20.0, 3: 30.0}
PARTS = {"store": [1, 2, 2, 3, 4], "part": [1, 1, 2, 1, 1]}
MORE = [
    {"id": None, "store": 9, "hour": 99, "x": -100.5, "y": -200.5, "label": 7, "boss": None, "word": "z", "delay": 9.5},
    {"id": None, "store": 8, "hour": 98, "x": -101.5, "y": -201.5, "label": 7, "boss": None, "word": "z", "delay": 9.5},
]


def more_of(state: State) -> Rows:
    rows = []
    for n, one in enumerate(MORE):
        key = state.rows[0].get("id")
        fresh = f"new{n}" if isinstance(key, str) else 70_000 + n
        rows.append({name: {"id": fresh, "boss": fresh}.get(name, one.get(name, 0.25 + n)) for name in state.rows[0]})
    return rows


def put_below(state: State, _: random.Random) -> State:
    return State([*state.rows, *more_of(state)], [*state.of, (), ()], state.own)


def pl_more(frame: Any) -> Any:
    rows = more_of(State(frame.head(1).to_dicts(), [(0,)]))
    return pl.concat([frame, pl.DataFrame(rows, schema=frame.schema)])


def pd_more(frame: Any) -> Any:
    rows = more_of(State(frame.head(1).to_dict("records"), [(0,)]))
    return pd.concat([frame, pd.DataFrame(rows, columns=frame.columns)])


def melted(state: State, _: random.Random) -> State:
    found = [(n, name) for name in ("x", "y") for n in range(len(state.rows))]
    rows = [
        {
            **{k: v for k, v in state.rows[n].items() if k not in ("x", "y")},
            "variable": name,
            "value": state.rows[n][name],
        }
        for n, name in found
    ]
    return State(rows, [state.of[n] for n, _ in found], state.own)


def pd_melt(frame: Any, _: random.Random) -> Any:
    return frame.melt(id_vars=[one for one in frame.columns if one not in ("x", "y")], value_vars=["x", "y"])


def pl_melt(frame: Any, _: random.Random) -> Any:
    return frame.unpivot(on=["x", "y"], index=[one for one in frame.columns if one not in ("x", "y")])


def pivoted(state: State, draw: random.Random) -> State:
    words = sorted({row["word"] for row in state.rows})

    def make(rows: Rows) -> dict[str, Any]:
        return {one: sum(row["x"] for row in rows if row["word"] == one) or None for one in words}

    return grouped("store", make)(state, draw)


def key_like(row: dict[str, Any], number: int) -> Any:
    """A key that only counts, of the kind of the one that is there."""
    return f"k{number}" if isinstance(row["id"], str) else number


def floored(ids: list[Any]) -> list[Any]:
    """Each key made the first of five that follow one another."""
    return [ids[n // 5 * 5] for n in range(len(ids))]


def moved_key(change: Callable[[list[Any]], list[Any]]) -> Callable[[State, random.Random], State]:
    def apply(state: State, _: random.Random) -> State:
        ids = change([row["id"] for row in state.rows])
        return state.each(lambda n, row: {**row, "id": ids[n]})

    return apply


def pl_id(frame: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    return frame.with_columns(pl.Series("id", change(frame["id"].to_list()), frame["id"].dtype))


def pd_id(frame: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    return frame.assign(id=change(frame["id"].tolist()))


def with_bosses(state: State, _: random.Random) -> State:
    """Below the rows, those of another table, of which each has one of these for its boss."""
    more = [{name: row["boss"] if name == "id" else row["x"] + 300 for name in ("id", "x")} for row in state.rows]
    rows = [{"id": row["id"], "x": row["x"]} for row in state.rows]
    return State([*rows, *more], [*state.of, *[() for _ in more]], state.own)


def pl_bosses(frame: Any, _: random.Random) -> Any:
    return pl.concat([frame.select("id", "x"), frame.select(id="boss", x=pl.col("x") + 300)])


def pd_bosses(frame: Any, _: random.Random) -> Any:
    return pd.concat([frame[["id", "x"]], pd.DataFrame({"id": frame["boss"], "x": frame["x"] + 300})])


OPS = [
    Op("filter", ("x",), filtered, lambda f, _: f.filter(pl.col("x") <= f["x"].sort()[f.height // 2]),
       lambda f, _: f[f["x"] <= f["x"].sort_values().iloc[len(f) // 2]]),
    Op("sort", ("x",), ordered("x"), lambda f, _: f.sort("x"), lambda f, _: f.sort_values("x")),
    Op("sort in stores", ("store", "x"), ordered("store", "x"), lambda f, _: f.sort("store", "x"),
       lambda f, _: f.sort_values(["store", "x"])),
    Op("sort and count", ("x",), lambda s, d: ordered("x")(s, d).each(lambda n, row: {**row, "hour": n}),
       lambda f, _: f.sort("x").with_columns(hour=pl.int_range(pl.len(), dtype=pl.Int64)),
       lambda f, _: f.sort_values("x").assign(hour=np.arange(len(f))), common=False),
    Op("reverse", (), lambda s, _: s.take(list(range(len(s.rows)))[::-1]), lambda f, _: f.reverse(), lambda f, _: f.iloc[::-1]),
    Op("sample", (), lambda s, d: s.take(sampled(len(s.rows), d)), lambda f, d: f[sampled(f.height, d)],
       lambda f, d: f.iloc[sampled(len(f), d)]),
    Op("head", (), lambda s, _: s.take(list(range(max(1, len(s.rows) * 3 // 4)))), lambda f, _: f.head(max(1, f.height * 3 // 4)),
       lambda f, _: f.head(max(1, len(f) * 3 // 4)), common=False),
    Op("tail", (), lambda s, _: s.take(list(range(len(s.rows) // 4, len(s.rows)))), lambda f, _: f.slice(f.height // 4),
       lambda f, _: f.iloc[len(f) // 4 :], common=False),
    Op("drop the key", ("id",), without("id", "boss"), lambda f, _: f.drop("id", "boss", strict=False),
       lambda f, _: f.drop(columns=["id", "boss"], errors="ignore")),
    Op("drop x and y", ("x", "y"), without("x", "y"), lambda f, _: f.drop("x", "y"), lambda f, _: f.drop(columns=["x", "y"]), common=False),
    Op("rename the key", ("id",), lambda s, d: without("id", "boss")(changed(flight=lambda r: r["id"])(s, d), d),
       lambda f, _: f.with_columns(flight=pl.col("id")).drop("id", "boss", strict=False),
       lambda f, _: f.assign(flight=f["id"]).drop(columns=["id", "boss"], errors="ignore")),
    Op("new column", ("x",), changed(z=lambda r: r["x"] * 3), lambda f, _: f.with_columns(z=pl.col("x") * 3),
       lambda f, _: f.assign(z=f["x"] * 3)),
    Op("scale x", ("x",), changed(x=lambda r: r["x"] * 3 - 1), lambda f, _: f.with_columns(x=pl.col("x") * 3 - 1),
       lambda f, _: f.assign(x=f["x"] * 3 - 1)),
    Op("turn labels", ("label",), changed(label=lambda r: 1 - r["label"]), lambda f, _: f.with_columns(label=1 - pl.col("label")),
       lambda f, _: f.assign(label=1 - f["label"]), common=False),
    Op("fill", ("delay",), changed(delay=lambda r: 2.5 if r["delay"] is None or r["delay"] != r["delay"] else r["delay"]),
       lambda f, _: f.with_columns(pl.col("delay").fill_null(2.5)), lambda f, _: f.assign(delay=f["delay"].fillna(2.5)), common=False),
    Op("lag x", ("x",), lambda s, _: lagged(s, "x"), lambda f, _: f.with_columns(pl.col("x").shift(1)),
       lambda f, _: f.assign(x=f["x"].shift(1)), common=False),
    Op("only the lag", ("x",), lambda s, _: lagged(s, "x").each(lambda n, r: {"x": r["x"]}).take(list(range(1, len(s.rows)))),
       lambda f, _: f.select(pl.col("x").shift(1)).slice(1), lambda f, _: f[["x"]].shift(1).iloc[1:], common=False),
    Op("left join", ("store",), changed(price=lambda r: LOOKUP.get(r["store"])),
       lambda f, _: f.join(pl.DataFrame({"store": list(LOOKUP), "price": list(LOOKUP.values())}), on="store", how="left", maintain_order="left"),
       lambda f, _: f.merge(pd.DataFrame({"store": list(LOOKUP), "price": list(LOOKUP.values())}), on="store", how="left")),
    Op("inner join", ("store",), lambda s, _: s.take([n for n, r in enumerate(s.rows) if r["store"] in LOOKUP]).each(
        lambda n, r: {**r, "price": LOOKUP[r["store"]]}),
       lambda f, _: f.join(pl.DataFrame({"store": list(LOOKUP), "price": list(LOOKUP.values())}), on="store", maintain_order="left"),
       lambda f, _: f.merge(pd.DataFrame({"store": list(LOOKUP), "price": list(LOOKUP.values())}), on="store")),
    Op("fan out", ("store",), fanned, lambda f, _: f.join(pl.DataFrame(PARTS), on="store", how="left", maintain_order="left_right"),
       lambda f, _: f.merge(pd.DataFrame(PARTS), on="store", how="left")),
    Op("explode", ("store",), fanned,
       lambda f, _: f.with_columns(part=pl.when(pl.col("store") == 2).then(pl.lit([1, 2])).otherwise(pl.lit([1]))).explode("part"),
       lambda f, _: f.assign(part=[[1, 2] if one == 2 else [1] for one in f["store"]]).explode("part").astype({"part": "int64"})),
    Op("dedupe", ("store",), lambda s, _: s.take(first_of(s, "store")),
       lambda f, _: f.unique("store", keep="first", maintain_order=True), lambda f, _: f.drop_duplicates("store")),
    Op("dedupe and new", ("store", "x"), lambda s, d: changed(w=lambda r: r["x"] + 0.5)(s.take(first_of(s, "store")), d),
       lambda f, _: f.unique("store", keep="first", maintain_order=True).with_columns(w=pl.col("x") + 0.5),
       lambda f, _: f.drop_duplicates("store").assign(w=lambda g: g["x"] + 0.5)),
    Op("groups", ("store", "x"), grouped("store", lambda rows: {"x": mean(rows, "x"), "n": len(rows)}),
       lambda f, _: f.group_by("store").agg(pl.col("x").mean(), n=pl.len()).sort("store"),
       lambda f, _: f.groupby("store").agg(x=("x", "mean"), n=("x", "size"))),
    Op("sums", ("word", "y"), grouped("word", lambda rows: {"total": sum(row["y"] for row in rows)}),
       lambda f, _: f.group_by("word").agg(total=pl.col("y").sum()).sort("word"),
       lambda f, _: f.groupby("word", as_index=False).agg(total=("y", "sum"))),
    Op("groups with a key", ("id", "store", "x"),
       grouped("store", lambda rows: {"id": rows[0]["id"], "x": mean(rows, "x")}),
       lambda f, _: f.group_by("store", maintain_order=True).agg(pl.col("id").first(), pl.col("x").mean()).sort("store"),
       lambda f, _: f.groupby("store", as_index=False).agg(id=("id", "first"), x=("x", "mean")), common=False),
    Op("bosses", ("boss", "x"), grouped("boss", lambda rows: {"n": len(rows), "x": mean(rows, "x")}),
       lambda f, _: f.group_by("boss").agg(n=pl.len(), x=pl.col("x").mean()).sort("boss"),
       lambda f, _: f.groupby("boss", as_index=False).agg(n=("x", "size"), x=("x", "mean")), common=False),
    Op("count the filtered", ("id", "x"), lambda s, d: filtered(s, d).each(lambda n, r: {**r, "id": key_like(r, n)}),
       lambda f, _: pl_id(f.filter(pl.col("x") <= f["x"].sort()[f.height // 2]), lambda ids: [key_like({"id": one}, n) for n, one in enumerate(ids)]),
       lambda f, _: pd_id(f[f["x"] <= f["x"].sort_values().iloc[len(f) // 2]], lambda ids: [key_like({"id": one}, n) for n, one in enumerate(ids)]),
       common=False),
    Op("only a count", ("id", "x", "y"), lambda s, d: filtered(s, d).each(lambda n, r: {"id": key_like(r, n), "w": r["x"] * 2 + r["y"]}),
       lambda f, _: pl_id(f.filter(pl.col("x") <= f["x"].sort()[f.height // 2]).select("id", w=pl.col("x") * 2 + pl.col("y")),
                          lambda ids: [key_like({"id": one}, n) for n, one in enumerate(ids)]),
       lambda f, _: pd_id(f[f["x"] <= f["x"].sort_values().iloc[len(f) // 2]].assign(w=lambda g: g["x"] * 2 + g["y"])[["id", "w"]],
                          lambda ids: [key_like({"id": one}, n) for n, one in enumerate(ids)]), common=False),
    Op("floor the key", ("id",), moved_key(floored), lambda f, _: pl_id(f, floored), lambda f, _: pd_id(f, floored), common=False),
    Op("reverse the key", ("id",), moved_key(lambda ids: ids[::-1]), lambda f, _: pl_id(f, lambda ids: ids[::-1]),
       lambda f, _: pd_id(f, lambda ids: ids[::-1]), common=False),
    Op("shift the key", ("id",), moved_key(lambda ids: [*ids[1:], ids[0]]), lambda f, _: pl_id(f, lambda ids: [*ids[1:], ids[0]]),
       lambda f, _: pd_id(f, lambda ids: [*ids[1:], ids[0]]), common=False),
    Op("the boss for the key", ("id", "boss"), changed(id=lambda r: r["boss"]), lambda f, _: f.with_columns(id=pl.col("boss")),
       lambda f, _: f.assign(id=f["boss"]), common=False),
    Op("the greatest key", ("id", "store", "x"),
       grouped("store", lambda rows: {"id": max(row["id"] for row in rows), "x": mean(rows, "x")}),
       lambda f, _: f.group_by("store").agg(pl.col("id").max(), pl.col("x").mean()).sort("store"),
       lambda f, _: f.groupby("store", as_index=False).agg(id=("id", "max"), x=("x", "mean")), common=False),
    Op("rows of bosses below", ("id", "boss", "x"), with_bosses, pl_bosses, pd_bosses, common=False),
    Op("concat", (), put_below, lambda f, _: pl_more(f), lambda f, _: pd_more(f)),
    Op("oversample", (), lambda s, _: s.take([*range(len(s.rows)), *range(len(s.rows) // 2)]),
       lambda f, _: pl.concat([f, f.head(f.height // 2)]), lambda f, _: pd.concat([f, f.head(len(f) // 2)])),
    Op("melt", ("x", "y"), melted, pl_melt, pd_melt, common=False),
    Op("pivot", ("store", "word", "x"), pivoted,
       lambda f, _: f.pivot("word", index="store", values="x", aggregate_function="sum").sort("store"),
       lambda f, _: f.pivot_table(index="store", columns="word", values="x", aggfunc="sum")),
    Op("other index", (), lambda s, _: s, None, lambda f, d: f.set_index(pd.Index(d.sample(range(len(f)), len(f))))),
    Op("reset", (), lambda s, _: s, None, lambda f, _: f.reset_index(drop=True) if f.index.names == [None] else f.reset_index()),
    Op("one hot", ("word",), lambda s, _: s.each(
        lambda n, r: {**{k: v for k, v in r.items() if k != "word"}, **{f"word_{w}": r["word"] == w for w in sorted({q["word"] for q in s.rows})}}),
       lambda f, _: f.to_dummies("word"), lambda f, _: pd.get_dummies(f, columns=["word"])),
]  # fmt: skip

MATRICES = [
    ("numpy", lambda f: np.column_stack([np.asarray(f["x"]), np.asarray(f["y"])])),
    ("sparse", lambda f: sp.csr_matrix(np.column_stack([np.asarray(f["x"]), np.asarray(f["y"])]))),
    ("scaled", lambda f: np.column_stack([np.asarray(f["x"]) * 2 - 1, np.asarray(f["y"])])),
]


def held(value: Any) -> Any:
    found = records(value)
    assert found is not None
    return found


def right(relation: Relation, state: State, size: int, columns: Any) -> None:
    """What the relation says of each row above is what the oracle's numbers say."""
    if relation.method == "group" and state.own:
        # A table that holds nothing but the columns of a group says of each row that it stands for those with its values.
        assert set(columns) == set(relation.by), "a group that is none"
        return
    for above in range(size):
        wanted = [below for below, of in enumerate(state.of) if above in of]
        assert relation.rows_below([above]).tolist() == wanted, (relation.method, relation.why, above)


def composed(
    engine: str, names: list[str], seed: int, count: int, keys: str, matrix: str | None, declared: bool
) -> tuple[Relation, State, int, bool, Any]:
    first = table(random.Random(seed), count, keys)
    state = State(first, [(n,) for n in range(count)])
    frame: Any = pl.DataFrame(first) if engine == "polars" else pd.DataFrame(first)
    above = held(frame)
    common = True
    for number, name in enumerate(names):
        op = next(one for one in OPS if one.name == name)
        make = op.polars if engine == "polars" else op.pandas
        if (
            make is None
            or not state.rows
            or not state.has(*op.needs)
            or not all(need in held(frame) for need in op.needs)
        ):
            continue
        if {name, *names[:number]} >= {"only the lag"} and {"concat", "reset", "rows of bosses below"} & {
            name,
            *names[:number],
        }:
            continue  # where one row is gone and another came, or all were numbered anew, nothing of a single column tells that it was moved
        if name in ("left join", "inner join", "fan out", "explode") and {"price", "part"} & set(held(frame).columns):
            continue
        if engine == "pandas" and not all(need in frame.columns for need in op.needs):
            continue
        if name in ("groups with a key", "the greatest key") and (len(names) > 1 or count < 20):
            continue  # what is in the column of the key is the identity: of a part of the groups, that is all that can be said
        after = op.state(state, random.Random(seed + number))
        frame = make(frame, random.Random(seed + number))
        assert len(after.rows) == len(frame), name
        state = after
        common = common and op.common
    if matrix is not None and state.rows and state.has("x", "y") and "x" in held(frame) and "y" in held(frame):
        frame = dict(MATRICES)[matrix](frame)
    below = held(frame)
    relation = relate(above, below, [Key("s", ("id",))] if declared else [])
    return relation, state, count, common, below.columns


@pytest.mark.parametrize("engine", ["polars", "pandas"])
@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from([one.name for one in OPS]), min_size=1, max_size=4),
    st.integers(0, 10**6),
    st.integers(6, 40),  # of a handful of rows, chance brings anything about
    st.sampled_from(["text", "number", "counted"]),
    st.sampled_from([None, None, None, "numpy", "sparse", "scaled"]),
    st.booleans(),
)
def test_what_is_stated_is_right(
    engine: str, names: list[str], seed: int, count: int, keys: str, matrix: str | None, declared: bool
) -> None:
    relation, state, size, _, columns = composed(engine, names, seed, count, keys, matrix, declared)
    note(f"{relation.method}: {relation.why}")
    if relation.method != "unknown":
        right(relation, state, size, columns)


@pytest.mark.parametrize("engine", ["polars", "pandas"])
@pytest.mark.parametrize("name", [one.name for one in OPS if one.common])
@pytest.mark.parametrize("keys", ["text", "number", "counted"])
@pytest.mark.parametrize("declared", [True, False])
def test_what_everybody_does_is_known(engine: str, name: str, keys: str, declared: bool) -> None:
    for seed in range(3):
        relation, state, size, _, columns = composed(engine, [name], seed, 40, keys, None, declared)
        assert relation.method != "unknown", relation.why
        right(relation, state, size, columns)


@pytest.mark.parametrize("engine", ["polars", "pandas"])
@pytest.mark.parametrize("matrix", ["numpy", "sparse", "scaled"])
@pytest.mark.parametrize("names", [[], ["filter"], ["sort"], ["sample"], ["dedupe"], ["left join"]])
def test_matrices_of_columns_that_were_kept_are_known(engine: str, matrix: str, names: list[str]) -> None:
    relation, state, size, _, columns = composed(engine, names, 1, 40, "text", matrix, False)
    if not names:
        assert relation.method == "position"
    if relation.method != "unknown":  # a matrix has no names: its rows are known in the order of the input's
        right(relation, state, size, columns)
