"""Each city's rate, which each customer's own label helped to make."""

from tables import customers

FINDS = {"own-label": ["city_rate"], "test-blind": ["city_rate"]}


def leaky(customers):
    return customers.assign(city_rate=customers.groupby("city")["left"].transform("mean"))


def mended(customers):
    """Out of fold: rates of the training rows in other folds."""
    train, fold = customers["customer"] % 4 != 0, customers["customer"] // 4 % 5
    rate = customers["left"] * float("nan")
    for one in range(5):
        others = customers[train & (fold != one)].groupby("city")["left"].mean()
        rate = rate.where(fold != one, customers["city"].map(others))
    return customers.assign(city_rate=rate)


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return customers()
