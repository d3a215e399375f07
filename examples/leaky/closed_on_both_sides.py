"""A window of seven days that includes the day it is asked for."""

from tables import sales

FINDS = {"as-of": ["level"], "own-label": ["level"]}


def leaky(sales):
    by_day = sales.set_index("day")
    by_day["level"] = by_day.groupby("shop")["units"].transform(lambda s: s.rolling("7D", closed="both").mean())
    return by_day.reset_index()


def mended(sales):
    by_day = sales.set_index("day")
    by_day["level"] = by_day.groupby("shop")["units"].transform(lambda s: s.rolling("7D", closed="left").mean())
    return by_day.reset_index()


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return sales()
