"""A rank among all days, those to come included."""

from tables import sales

FINDS = {"as-of": ["rank"], "test-blind": ["rank"]}


def leaky(sales):
    return sales.assign(rank=sales["visitors"].rank(pct=True))


def mended(sales):
    rank = sales.groupby("shop")["visitors"].transform(lambda s: s.expanding().rank(pct=True))
    return sales.assign(rank=rank)


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return sales()
