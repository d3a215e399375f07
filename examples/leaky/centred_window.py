"""A moving average that is centred on the day it is asked for."""

from tables import sales

FINDS = {"as-of": ["level"], "own-label": ["level"]}


def leaky(sales):
    sales["level"] = sales.groupby("shop")["units"].transform(lambda s: s.rolling(7, center=True, min_periods=1).mean())
    return sales


def mended(sales):
    sales["level"] = sales.groupby("shop")["units"].transform(lambda s: s.shift(1).rolling(7, min_periods=1).mean())
    return sales


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return sales()
