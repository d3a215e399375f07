"""More made-up tables, of other trades: power meters by local time, football, web shops, houses, reviews, trials."""

from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
from tests.leaks.data import Data, drawn

__all__ = ["CUTOFF", "houses", "matches", "meters", "orders", "orders_rates", "reviews", "trials"]


# Where the test begins.
CUTOFF = {
    "meters": pd.Timestamp("2024-04-03 00:00", tz="Europe/Berlin"),
    "matches": pd.Timestamp("2023-02-01"),
    "orders": pd.Timestamp("2024-04-20"),
    "trials": pd.Timestamp("2020-11-01"),
}


def meters(machines: int = 3, hours: int = 168) -> Data:
    """Power: one row per meter and hour of local time, over the change of the clocks; what an hour took is known at its end."""
    g = np.random.default_rng(101)
    at = pd.date_range("2024-03-28", periods=hours, freq="h", tz="Europe/Berlin").as_unit("us")
    parts = []
    for number in range(machines):
        heat = 8 + 4 * np.sin((np.arange(hours) - 9) * np.pi / 12) + g.normal(0, 0.8, hours)
        parts.append(
            pd.DataFrame(
                {
                    "meter": f"P{number}",
                    "at": at,
                    "outside": np.where(g.random(hours) < 0.06, np.nan, heat.round(2)),
                    "price": g.normal(80, 20, hours).round(2),
                    "occupied": g.random(hours) < 0.6,
                    "kwh": (2 + number + 0.3 * np.maximum(15 - heat, 0) + g.gamma(2, 0.4, hours)).round(3),
                }
            )
        )
    frame = pd.concat(parts).sort_values(["at", "meter"]).reset_index(drop=True)
    contract = {"key": ["meter", "at"], "time": "at", "known_at": {"kwh": timedelta(hours=1)}, "label": "kwh"}
    return Data({"readings": frame}, contract, (frame["at"] >= CUTOFF["meters"]).to_numpy())


def matches(rounds: int = 40) -> Data:
    """Football: ten teams, five matches a round, asked at the kick-off; goals are known two hours later."""
    g = np.random.default_rng(102)
    teams = np.array(["Ajax", "Basel", "Celtic", "Derby", "Empoli", "Fulham", "Genk", "Hearts", "Inter", "Jena"])
    strength = dict(zip(teams, g.normal(0, 0.5, len(teams)), strict=True))
    rows = []
    for number in range(rounds):
        order = g.permutation(teams)
        for game in range(5):
            home, away = order[2 * game], order[2 * game + 1]
            kickoff = pd.Timestamp("2022-08-06 13:00") + pd.Timedelta(days=7 * number, hours=3 * game)
            lead = strength[home] - strength[away] + 0.2
            rows.append((kickoff, home, away, g.poisson(np.exp(0.2 + lead / 2)), g.poisson(np.exp(0.2 - lead / 2))))
    frame = pd.DataFrame(rows, columns=["kickoff", "home", "away", "home_goals", "away_goals"])
    frame["kickoff"] = frame["kickoff"].dt.as_unit("us")
    frame.insert(0, "match", g.permutation(len(frame)) + 7000)
    frame["odds"] = (1.5 + g.gamma(2, 0.5, len(frame))).round(2)
    frame["crowd"] = g.integers(8_000, 60_000, len(frame))
    frame["won"] = frame["home_goals"] > frame["away_goals"]
    late = dict.fromkeys(("home_goals", "away_goals", "crowd", "won"), timedelta(hours=2))
    contract = {"key": "match", "time": "kickoff", "known_at": late, "label": "won"}
    return Data({"matches": frame}, contract, (frame["kickoff"] >= CUTOFF["matches"]).to_numpy())


def orders(rows: int = 450) -> Data:
    """A web shop: orders of customers who come again; parcels leave later, and come back or not within thirty days."""
    g = np.random.default_rng(103)
    ordered = pd.Series(
        pd.Timestamp("2024-02-01") + pd.to_timedelta(np.sort(g.choice(140 * 1440, rows, replace=False)), unit="min")
    )
    returned = (g.random(rows) < 0.3).astype(int)
    days = np.where(returned, g.integers(4, 30, rows), 30)
    frame = pl.DataFrame(
        {
            "order": [f"O-{number}" for number in g.permutation(rows) + 1],
            "customer": g.integers(1, 70, rows),
            "ordered_at": pl.Series(ordered.dt.as_unit("us").to_numpy()),
            "shipped_at": pl.Series(
                (ordered + pd.to_timedelta(g.integers(60, 5000, rows), unit="min")).dt.as_unit("us").to_numpy()
            ),
            "decided_at": pl.Series((ordered + pd.to_timedelta(days, unit="D")).dt.as_unit("us").to_numpy()),
            "currency": g.choice(["CHF", "EUR", "GBP"], rows),
            "category": g.choice(["books", "garden", "shoes", "toys"], rows),
            "items": g.integers(1, 6, rows),
            "amount": g.gamma(2, 25, rows).round(2),
            "discount": np.where(g.random(rows) < 0.15, np.nan, g.choice([0, 5, 10, 20], rows).astype(float)),
            "returned": returned,
        }
    ).with_columns(pl.col("discount").fill_nan(None))
    known = {"shipped_at": "shipped_at", "decided_at": "decided_at", "returned": "decided_at"}
    contract = {"key": "order", "time": "ordered_at", "known_at": known, "label": "returned"}
    return Data({"orders": frame}, contract, (ordered >= CUTOFF["orders"]).to_numpy())


def orders_rates(rows: int = 450) -> Data:
    """The same orders in pandas, with rates of exchange by day, which are fixed in the evening."""
    made = orders(rows)
    g = np.random.default_rng(104)
    day = pd.date_range("2024-01-25", periods=160, freq="D").as_unit("us")
    rates = pd.concat(
        pd.DataFrame(
            {"day": day, "currency": name, "rate": (base * np.exp(np.cumsum(g.normal(0, 0.004, 160)))).round(5)}
        )
        for name, base in (("CHF", 1.05), ("EUR", 1.0), ("GBP", 1.17))
    ).reset_index(drop=True)
    lookups = {"rates": {"key": ["day", "currency"], "time": "day", "known_at": {"*": timedelta(hours=18)}}}
    return made._replace(inputs={"orders": made.inputs["orders"].to_pandas(), "rates": rates}, lookups=lookups)


def houses(rows: int = 400) -> Data:
    """Real estate: a cross-section, split by a coin, with a number to be predicted."""
    g = np.random.default_rng(105)
    area = g.gamma(6, 18, rows).round()
    lat, lon = g.normal(52.5, 0.05, rows).round(4), g.normal(13.4, 0.09, rows).round(4)
    frame = pd.DataFrame(
        {
            "house": g.permutation(rows) + 3000,
            "street": g.choice([f"street {number}" for number in range(45)], rows),
            "kind": pd.Categorical(g.choice(["flat", "house", "loft"], rows, p=[0.6, 0.3, 0.1])),
            "lat": lat,
            "lon": lon,
            "area": area,
            "rooms": np.maximum(1, (area / 30 + g.normal(0, 0.7, rows)).round()).astype(int),
            "built": np.where(g.random(rows) < 0.12, np.nan, g.integers(1890, 2023, rows)),
            "energy": np.where(g.random(rows) < 0.2, np.nan, g.gamma(4, 30, rows).round()),
            "price": (area * g.uniform(2500, 6000, rows) * np.exp(-5 * np.abs(lat - 52.5))).round(-2),
        }
    )
    return Data({"houses": frame}, {"key": "house", "label": "price"}, frame["house"].map(drawn).to_numpy())


def reviews(rows: int = 420) -> Data:
    """Texts that say how content somebody was, several of one user and of one product, split by a coin."""
    g = np.random.default_rng(106)
    good, bad = "great love perfect works fast happy".split(), "broken bad slow returned awful refund".split()
    plain = "the a it this box came and was with my one very for".split()
    stars = g.integers(1, 6, rows)
    texts = [
        " ".join([*g.choice(good if star > 3 else bad, 3), *g.choice(plain, 4), g.choice(good + bad)]) for star in stars
    ]
    frame = pd.DataFrame(
        {
            "review": [f"R{number}" for number in g.permutation(rows)],
            "user": g.integers(1, 60, rows),
            "product": g.choice(["kettle", "lamp", "mouse", "radio", "shelf"], rows),
            "text": texts,
            "helpful": g.poisson(2, rows),
            "stars": stars,
        }
    )
    return Data({"reviews": frame}, {"key": "review", "label": "stars"}, frame["review"].map(drawn).to_numpy())


def trials(rows: int = 420) -> Data:
    """Medicine: patients enter over a year, and are followed until something happens or the study ends."""
    g = np.random.default_rng(107)
    entered = pd.Series(
        pd.Timestamp("2020-01-06") + pd.to_timedelta(np.sort(g.choice(365 * 24, rows, replace=False)), unit="h")
    )
    months = g.exponential(9, rows).clip(0.2, 24)
    frame = pd.DataFrame(
        {
            "patient": g.permutation(rows) + 1,
            "entered_at": entered.dt.as_unit("us"),
            "ended_at": (entered + pd.to_timedelta((months * 30 * 24).round(), unit="h")).dt.as_unit("us"),
            "site": g.choice(["Bonn", "Gent", "Lyon", "Porto"], rows),
            "arm": g.choice(["drug", "placebo"], rows),
            "age": g.integers(30, 85, rows),
            "marker": np.where(g.random(rows) < 0.15, np.nan, g.lognormal(1, 0.5, rows).round(3)),
            "visits_made": (months / 2).round().astype(int) + 1,
            "event": (months < 12).astype(int),
        }
    )
    contract = {
        "key": "patient",
        "time": "entered_at",
        "known_at": dict.fromkeys(("ended_at", "visits_made", "event"), "ended_at"),
        "label": "event",
    }
    return Data({"patients": frame}, contract, (entered >= CUTOFF["trials"]).to_numpy())
