"""The best of five models, by their scores on the test."""

from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from tables import customers

FINDS = {"test-label": [""]}


COLUMNS = ["calls", "monthly"]


def leaky(customers):
    test = customers["customer"] % 4 == 0
    x, y = customers[COLUMNS], customers["left"]
    models = [KNeighborsClassifier(k).fit(x[~test], y[~test]) for k in (1, 3, 9, 21, 51)]
    return max(models, key=lambda model: accuracy_score(y[test], model.predict(x[test])))


def mended(customers):
    train = customers[customers["customer"] % 4 != 0]
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3, 9, 21, 51]}, cv=3)
    return search.fit(train[COLUMNS], train["left"]).best_estimator_


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return customers()
