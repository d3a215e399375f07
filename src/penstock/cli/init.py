"""`penstock init`."""

import shlex
from pathlib import Path

import click

from penstock.cli.options import json_option
from penstock.cli.output import show
from penstock.report.documents import InitDocument
from penstock.report.paint import Line

__all__ = ["EXAMPLE", "init"]

EXAMPLE = '''"""How many bicycles will be hired today? A small pipeline to begin with: run it, edit it, run it again."""

import random
from datetime import date, timedelta

import penstock as ps

# An argument without a default is an input: the artifact of that name. One with a default is a parameter.


@ps.source(key="day", time="day", known_at={"hired": timedelta(days=1)}, label="hired")
def days(seed: ps.Seed, n: int = 730) -> list[dict]:
    """Two made-up years. Put your own table here: pandas, polars, pyarrow, or a list as this one."""
    draw = random.Random(seed)
    first = date(2024, 1, 1)
    rows = []
    for i in range(n):
        day = first + timedelta(days=i)
        usual = 900 if day.weekday() < 5 else 600
        rows.append({"day": day.isoformat(), "hired": round(usual * draw.uniform(0.8, 1.2))})
    return rows


@ps.step
def features(days: list) -> list[dict]:
    """What is known when a day begins: how many were hired the day before, and a week before."""
    hired = [row["hired"] for row in days]
    return [
        {"day": row["day"], "yesterday": hired[i - 1], "last_week": hired[i - 7], "hired": row["hired"]}
        for i, row in enumerate(days)
        if i >= 7
    ]


@ps.split
def sides(features: list, test_days: int = 90) -> dict[str, list]:
    """The last days are for the test."""
    return {"train": features[:-test_days], "test": features[-test_days:]}


def mix(row: dict, share: float) -> float:
    """A guess between yesterday and the same day of last week."""
    return share * row["yesterday"] + (1 - share) * row["last_week"]


def mean_error(guesses: list, rows: list) -> float:
    return sum(abs(guess - row["hired"]) for guess, row in zip(guesses, rows, strict=True)) / len(rows)


@ps.train
def model(train: list, tries: int = 21) -> float:
    """The share of yesterday that would have done best."""
    shares = [i / (tries - 1) for i in range(tries)]
    return min(ps.progress(shares), key=lambda share: mean_error([mix(row, share) for row in train], train))


@ps.predict
def predictions(model: float, test: list) -> list[float]:
    return [mix(row, model) for row in test]


@ps.evaluate
def scores(predictions: list, test: list) -> dict[str, float]:
    return {
        "mean_error": mean_error(predictions, test),
        "error_of_last_week": mean_error([row["last_week"] for row in test], test),
    }
'''
_NEXT = {
    "penstock run": "run it; a second time, nothing runs",
    "penstock plan --set sides.test_days=60": "what would run, and why, before anything does",
    "penstock show": "the last run, step by step",
}


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@json_option
def init(folder: Path, as_json: bool) -> None:
    """Write a small pipeline to begin with.

    DIR is made if it is not there; without one, it is the current folder. Nothing that is there is overwritten.
    """
    path = folder / "pipeline.py"
    if path.exists() or path.is_symlink():
        error = click.UsageError(f"{path} is there already")
        error.hint = "Name another folder: `penstock init DIR`."  # type: ignore[attr-defined]
        raise error
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(EXAMPLE)
    enter = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    document: InitDocument = {"folder": str(folder), "files": [str(path)], "next": [*enter, *_NEXT]}
    wide = max(len(one) for one in document["next"])
    lines: list[Line] = [[("✓ ", "good"), (str(path), "name"), (" is a pipeline of six steps. Now:", "")], []]
    lines += [
        [("    ", ""), (f"{one:<{wide}}", "code"), (f"   {_NEXT[one]}" if one in _NEXT else "", "dim")]
        for one in document["next"]
    ]
    show(
        document,
        [*lines, [], [("  Then edit it, and ask ", ""), ("penstock plan", "code"), (" again.", "")]],
        as_json=as_json,
    )
