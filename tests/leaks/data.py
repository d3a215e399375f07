"""Made-up but realistic tables, each from a seed: what the cases are asked about. Every call makes a fresh copy."""

from datetime import timedelta
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
import polars as pl

__all__ = [
    "CUTOFF",
    "Data",
    "clicks",
    "customers",
    "demand",
    "drawn",
    "loans",
    "prices",
    "rides",
    "rides_polars",
    "rides_weather",
    "sensors",
    "tickets",
    "visits",
]


# Where the test begins.
CUTOFF = {
    "rides": pd.Timestamp("2024-03-03 22:00"),
    "loans": pd.Timestamp("2021-12-20"),
    "demand": pd.Timestamp("2023-03-03"),
    "visits": pd.Timestamp("2022-06-20"),
    "clicks": pd.Timestamp("2024-06-06"),
    "sensors": pd.Timestamp("2024-01-08 22:00"),
    "prices": pd.Timestamp("2022-06-21"),
}


def drawn(name: object, share: float = 0.3) -> bool:
    """Whether a row of this name goes to test: by a stable hash, whatever else is in the table."""
    return crc32(str(name).encode()) % 1000 < share * 1000


class Data(NamedTuple):
    """The inputs of a function, what is declared of the first of them, which of its rows go to test, and what is
    declared of the others."""

    inputs: dict[str, Any]
    contract: dict[str, Any]
    test: np.ndarray | None = None
    lookups: dict[str, dict[str, Any]] = {}


def _stamps(generator: np.random.Generator, rows: int, days: float, start: str) -> pd.Series:
    """Sorted instants, by the minute, no two of them alike, busier by day than by night."""
    minutes = np.sort(generator.choice(int(days * 1440), size=rows * 2, replace=False))
    awake = 0.25 + 0.75 * np.sin(np.pi * (minutes % 1440) / 1440)
    kept = np.sort(generator.choice(minutes, size=rows, replace=False, p=awake / awake.sum()))
    return pd.Series(pd.Timestamp(start) + pd.to_timedelta(kept, unit="min")).dt.as_unit("us")


def _holes(generator: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    values = values.astype(float).copy()
    values[generator.random(len(values)) < share] = np.nan
    return values


def rides(rows: int = 500) -> Data:
    """Ride-hailing: one row per trip, asked at the pick-up; fare, tip and rating are known at the drop-off."""
    g = np.random.default_rng(11)
    pickup = _stamps(g, rows, 4, "2024-03-01")
    distance = g.gamma(2.0, 3.0, rows).round(2) + 0.4
    minutes = (distance * g.uniform(1.8, 4.5, rows) + 3).round()
    zone = g.choice(
        ["airport", "centre", "harbour", "north", "park", "station"], rows, p=[0.1, 0.3, 0.15, 0.15, 0.1, 0.2]
    )
    fare = (3.5 + 1.7 * distance + 0.35 * minutes + g.normal(0, 1.5, rows)).round(2)
    frame = pd.DataFrame(
        {
            "trip_id": [f"T{number:05d}" for number in g.permutation(rows)],
            "pickup_at": pickup,
            "dropoff_at": pickup + pd.to_timedelta(minutes, unit="min"),
            "zone": zone,
            "driver": g.integers(100, 125, rows),
            "rider": g.integers(1, 80, rows),
            "distance_km": _holes(g, distance, 0.06),
            "passengers": pd.array(g.integers(1, 5, rows), dtype="Int64"),
            "surge": g.choice([1.0, 1.2, 1.5, 2.0], rows, p=[0.7, 0.15, 0.1, 0.05]),
            "fare": fare,
            "tip": (fare * g.choice([0, 0.1, 0.15, 0.2], rows)).round(2),
            "rating": _holes(g, g.integers(1, 6, rows), 0.3),
        }
    )
    contract = {
        "key": "trip_id",
        "time": "pickup_at",
        "known_at": dict.fromkeys(("dropoff_at", "fare", "tip", "rating"), "dropoff_at"),
        "label": "fare",
    }
    return Data({"trips": frame}, contract, (pickup >= CUTOFF["rides"]).to_numpy())


def rides_polars(rows: int = 500) -> Data:
    """The same trips as a polars frame."""
    made = rides(rows)
    return made._replace(inputs={"trips": pl.from_pandas(made.inputs["trips"])})


def rides_weather(rows: int = 400) -> Data:
    """Trips with the weather by the hour, which is known when the hour has ended."""
    made = rides(rows)
    g = np.random.default_rng(12)
    hours = pd.date_range("2024-02-29 20:00", periods=6 * 24, freq="h").as_unit("us")
    weather = pd.DataFrame(
        {
            "hour": hours,
            "temperature": (6 + 5 * np.sin(np.arange(len(hours)) * np.pi / 12) + g.normal(0, 1, len(hours))).round(1),
            "rain_mm": (g.gamma(0.4, 2.0, len(hours)) * (g.random(len(hours)) < 0.3)).round(1),
            "wind": g.gamma(3, 2, len(hours)).round(1),
        }
    )
    lookups = {"weather": {"key": "hour", "time": "hour", "known_at": {"*": timedelta(hours=1)}}}
    return made._replace(inputs={**made.inputs, "weather": weather}, lookups=lookups)


def loans(rows: int = 480) -> Data:
    """Credit: one row per loan, asked when it is issued; whether it defaults is known when it is closed."""
    g = np.random.default_rng(21)
    issued = _stamps(g, rows, 500, "2021-01-04").dt.normalize() + pd.to_timedelta(np.arange(rows), unit="s")
    income = g.lognormal(10.4, 0.5, rows).round(-2)
    amount = (income * g.uniform(0.1, 0.8, rows)).round(-2)
    grade = g.choice(list("ABCDE"), rows, p=[0.2, 0.3, 0.25, 0.15, 0.1])
    risk = -2.2 + 2.5 * amount / income + 0.35 * (grade > "B")
    defaulted = (g.random(rows) < 1 / (1 + np.exp(-risk))).astype(int)
    frame = pd.DataFrame(
        {
            "loan_id": g.permutation(rows) + 10_000,
            "issued_at": issued,
            "closed_at": issued + pd.to_timedelta(g.integers(40, 400, rows), unit="D"),
            "grade": grade,
            "purpose": g.choice(["car", "debt", "education", "home", "medical"], rows),
            "state": g.choice(["BB", "BE", "BW", "BY", "HE", "HH", "NI", "NW", "SN"], rows),
            "income": _holes(g, income, 0.08),
            "amount": amount,
            "age": g.integers(20, 75, rows),
            "accounts": g.poisson(3, rows),
            "recovered": (defaulted * amount * g.uniform(0, 0.6, rows)).round(2),
            "defaulted": defaulted,
        }
    )
    contract = {
        "key": "loan_id",
        "time": "issued_at",
        "known_at": dict.fromkeys(("closed_at", "recovered", "defaulted"), "closed_at"),
        "label": "defaulted",
    }
    return Data({"loans": frame}, contract, (issued >= CUTOFF["loans"]).to_numpy())


def demand(stores: int = 6, days: int = 80) -> Data:
    """Retail: units sold by store and day, asked in the morning; the day's units are known the next morning."""
    g = np.random.default_rng(31)
    day = pd.date_range("2023-01-02", periods=days, freq="D").as_unit("us")
    frame = pd.DataFrame(
        [(f"S{store}", at) for at in day for store in range(stores) if g.random() > 0.03], columns=["store", "day"]
    )
    rows = len(frame)
    weekday = frame["day"].dt.dayofweek
    promo = (g.random(rows) < 0.2).astype(int)
    price = np.round(g.choice([1.9, 2.1, 2.4], rows) * np.where(promo, 0.8, 1.0), 2)
    level = 30 + 6 * frame["store"].str[1:].astype(int) + 12 * (weekday >= 5) + 15 * promo
    frame["price"], frame["promo"] = price, promo
    frame["temperature"] = _holes(g, (4 + 0.1 * np.arange(rows) / stores + g.normal(0, 3, rows)).round(1), 0.08)
    frame["stock"] = g.integers(40, 200, rows)
    frame["units"] = g.poisson(level).astype(float)
    contract = {"key": ["store", "day"], "time": "day", "known_at": {"units": timedelta(days=1)}, "label": "units"}
    return Data({"sales": frame}, contract, (frame["day"] >= CUTOFF["demand"]).to_numpy())


def customers(rows: int = 420) -> Data:
    """Churn: a cross-section of customers without a clock, split by a coin."""
    g = np.random.default_rng(41)
    tenure = g.integers(1, 72, rows)
    calls = g.poisson(1.5, rows)
    monthly = g.normal(60, 18, rows).clip(15).round(2)
    churned = (g.random(rows) < 1 / (1 + np.exp(-(-1.2 + 0.5 * calls - 0.02 * tenure)))).astype(int)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in g.permutation(rows) + 1000],
            "plan": g.choice(["basic", "family", "plus", "pro"], rows),
            "region": g.choice(["east", "north", "south", "west"], rows),
            "city": g.choice([f"city{number}" for number in range(30)], rows),
            "tenure": tenure,
            "calls": calls,
            "monthly": monthly,
            "total": _holes(g, (tenure * monthly * g.uniform(0.9, 1.1, rows)).round(2), 0.1),
            "nps": _holes(g, g.integers(-100, 100, rows), 0.25),
            "churned": churned,
        }
    )
    return Data(
        {"customers": frame}, {"key": "customer_id", "label": "churned"}, frame["customer_id"].map(drawn).to_numpy()
    )


def visits(rows: int = 420) -> Data:
    """Medicine: stays in hospital, asked at admission; laboratory values of the stay and readmission come later."""
    g = np.random.default_rng(51)
    admitted = _stamps(g, rows, 240, "2022-01-01")
    stay = g.gamma(2, 2, rows).clip(0.3)
    frame = pd.DataFrame(
        {
            "visit_id": g.permutation(rows) + 1,
            "patient": g.integers(1, 130, rows),
            "admitted_at": admitted,
            "discharged_at": admitted + pd.to_timedelta((stay * 1440).round(), unit="min"),
            "ward": pd.Categorical(g.choice(["cardio", "general", "neuro", "ortho"], rows)),
            "age": g.integers(18, 95, rows),
            "sex": g.choice(["f", "m"], rows),
            "pressure": _holes(g, g.normal(128, 17, rows).round(), 0.1),
            "creatinine": _holes(g, g.lognormal(0, 0.35, rows).round(2), 0.15),
            "lactate_peak": g.lognormal(0.4, 0.5, rows).round(2),
            "charges": (stay * g.uniform(800, 1500, rows)).round(2),
            "readmitted": (g.random(rows) < 0.25).astype(int),
        }
    )
    frame["known"] = frame["discharged_at"] + pd.Timedelta(days=30)
    late = dict.fromkeys(("discharged_at", "lactate_peak", "charges"), "discharged_at")
    contract = {
        "key": "visit_id",
        "time": "admitted_at",
        "known_at": {**late, "readmitted": "known", "known": "known"},
        "label": "readmitted",
    }
    return Data({"visits": frame}, contract, (admitted >= CUTOFF["visits"]).to_numpy())


def clicks(rows: int = 600) -> Data:
    """Advertising: impressions, asked when shown; a click is known half an hour later, a purchase a day later."""
    g = np.random.default_rng(61)
    shown = _stamps(g, rows, 4, "2024-06-03")
    campaign = g.choice(["autumn", "brand", "outlet", "retarget"], rows)
    clicked = (g.random(rows) < np.where(campaign == "retarget", 0.3, 0.12)).astype(int)
    words = np.array(["cheap", "shoes", "running", "red", "boots", "winter", "sale", "men", "women", "trail", "city"])
    frame = pl.DataFrame(
        {
            "impression": g.permutation(rows) + 500_000,
            "shown_at": pl.Series(shown.to_numpy()).dt.replace_time_zone("UTC"),
            "user": g.integers(1, 90, rows),
            "campaign": campaign,
            "site": g.choice([f"site{number}" for number in range(12)], rows),
            "query": [" ".join(g.choice(words, g.integers(1, 4), replace=False)) for _ in range(rows)],
            "bid": g.gamma(2, 0.3, rows).round(3),
            "position": g.integers(1, 6, rows),
            "spent": np.where(clicked & (g.random(rows) < 0.3), g.gamma(2, 20, rows), 0).round(2),
            "clicked": clicked,
        }
    )
    contract = {
        "key": "impression",
        "time": "shown_at",
        "known_at": {"clicked": timedelta(minutes=30), "spent": timedelta(days=1)},
        "label": "clicked",
    }
    return Data({"shown": frame}, contract, (shown >= CUTOFF["clicks"]).to_numpy())


def sensors(machines: int = 3, steps: int = 180) -> Data:
    """Machines: a reading every ten minutes; whether it fails within the next six hours is known six hours later."""
    g = np.random.default_rng(71)
    at = pd.date_range("2024-01-08", periods=steps, freq="10min").as_unit("us")
    parts = []
    for machine in range(machines):
        drift = np.cumsum(g.normal(0, 0.15, steps))
        heat = 60 + 3 * np.sin(np.arange(steps) / 20 + machine) + drift + g.normal(0, 0.3, steps)
        shake = np.abs(g.normal(1, 0.2, steps)) + 0.02 * np.maximum(heat - 62, 0)
        parts.append(
            pd.DataFrame(
                {
                    "machine": f"M{machine}",
                    "at": at,
                    "temperature": _holes(g, heat.round(3), 0.03),
                    "vibration": shake.round(4),
                    "rpm": g.normal(1500, 40, steps).round(1),
                    "fails": (g.random(steps) < 0.05 + 0.2 * (heat > 62)).astype(int),
                }
            )
        )
    frame = pd.concat(parts).sort_values(["at", "machine"]).reset_index(drop=True)
    contract = {"key": ["machine", "at"], "time": "at", "known_at": {"fails": timedelta(hours=6)}, "label": "fails"}
    return Data({"readings": frame}, contract, (frame["at"] >= CUTOFF["sensors"]).to_numpy())


def prices(tickers: int = 3, days: int = 160) -> Data:
    """Finance: daily bars, asked at the close; the next day's return is known a day later."""
    g = np.random.default_rng(81)
    day = pd.bdate_range("2022-01-03", periods=days).as_unit("us")
    parts = []
    for number in range(tickers):
        close = 50 * (1 + number) * np.exp(np.cumsum(g.normal(0.0003, 0.015, days + 1)))
        low, high = close[:days] * g.uniform(0.98, 1.0, days), close[:days] * g.uniform(1.0, 1.02, days)
        parts.append(
            pd.DataFrame(
                {
                    "ticker": ["AAA", "BBB", "CCC", "DDD"][number],
                    "day": day,
                    "high": high.round(3),
                    "low": low.round(3),
                    "close": close[:days].round(3),
                    "volume": g.lognormal(12, 0.4, days).round(),
                    "next_return": (close[1:] / close[:-1] - 1).round(6),
                }
            )
        )
    frame = pd.concat(parts).sort_values(["day", "ticker"]).reset_index(drop=True)
    contract = {
        "key": ["ticker", "day"],
        "time": "day",
        "known_at": {"next_return": timedelta(days=1)},
        "label": "next_return",
    }
    return Data({"bars": frame}, contract, (frame["day"] >= CUTOFF["prices"]).to_numpy())


def tickets(rows: int = 400) -> Data:
    """Support: short texts to be routed, split by a coin."""
    g = np.random.default_rng(91)
    topics = {
        "billing": "invoice charged twice refund card payment overdue receipt tax",
        "login": "password reset locked account code email sign token expired",
        "shipping": "parcel late lost courier address delivery tracking damaged box",
    }
    queue = g.choice(list(topics), rows)
    filler = "please help my order the is not I have a problem with since yesterday thank you".split()
    texts = [
        " ".join([*g.choice(filler, 5), *g.choice(topics[one].split(), 4, replace=False), f"#{g.integers(1e5)}"])
        for one in queue
    ]
    frame = pd.DataFrame({"ticket": g.permutation(rows), "text": texts, "words": [len(t.split()) for t in texts]})
    frame["queue"] = queue
    return Data({"tickets": frame}, {"key": "ticket", "label": "queue"}, frame["ticket"].map(drawn).to_numpy())
