"""Weights of words that are learnt from the test's texts as well."""

from sklearn.feature_extraction.text import TfidfVectorizer
from tables import customers

FINDS = {"test-blind": [""]}


def leaky(customers):
    return TfidfVectorizer(analyzer="char").fit_transform(customers["note"])


def mended(customers):
    train = customers["customer"] % 4 != 0
    return TfidfVectorizer(analyzer="char").fit(customers.loc[train, "note"]).transform(customers["note"])


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return customers()
