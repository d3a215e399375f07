"""A scaler that is fitted on all rows."""

from sklearn.preprocessing import StandardScaler
from tables import customers

FINDS = {"test-blind": ["calls", "monthly"]}


COLUMNS = ["calls", "monthly"]


def leaky(customers):
    customers[COLUMNS] = StandardScaler().fit_transform(customers[COLUMNS])
    return customers


def mended(customers):
    train = customers["customer"] % 4 != 0
    customers[COLUMNS] = StandardScaler().fit(customers.loc[train, COLUMNS]).transform(customers[COLUMNS])
    return customers


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return customers()
