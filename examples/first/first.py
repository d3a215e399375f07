"""The smallest pipeline: made-up rows, a line through them, and how far it is off."""

import random

import penstock as ps


@ps.source(key="id")
def rows(seed: ps.Seed, n: int = 1000) -> list[dict[str, float]]:
    draw = random.Random(seed)
    return [{"id": i, "x": (x := draw.uniform(0, 10)), "y": 3 * x + draw.gauss(0, 1)} for i in range(n)]


@ps.split
def sides(rows: list, test_share: float = 0.2) -> dict[str, list]:
    cut = round(len(rows) * (1 - test_share))
    return {"train": rows[:cut], "test": rows[cut:]}


@ps.train
def slope(train: list) -> float:
    return sum(row["x"] * row["y"] for row in train) / sum(row["x"] ** 2 for row in train)


@ps.predict
def predictions(slope: float, test: list) -> list[float]:
    return [slope * row["x"] for row in test]


@ps.evaluate
def scores(predictions: list[float], test: list) -> dict[str, float]:
    return {"mae": sum(abs(guess - row["y"]) for guess, row in zip(predictions, test, strict=True)) / len(test)}
