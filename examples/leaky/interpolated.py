"""Missing counts of visitors are drawn as a line to the next count."""

from tables import sales

FINDS = {"as-of": ["visitors"]}


def leaky(sales):
    sales["visitors"] = sales.groupby("shop")["visitors"].transform(lambda s: s.interpolate(limit_direction="both"))
    return sales


def mended(sales):
    sales["visitors"] = sales.groupby("shop")["visitors"].ffill()
    return sales


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return sales()
