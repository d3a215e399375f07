"""Models whose making the test had a say in: early stopping, thresholds, settings and columns chosen by the test score."""

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.leaks import data
from tests.leaks.case import leaky

NUMBERS = ["tenure", "calls", "monthly"]


def sides(customers):
    test = customers["customer_id"].map(data.drawn)
    return customers[~test], customers[test]


@leaky("test-blind test-label", "", data.customers)
def neighbours_by_the_test_score(customers):
    train, test = sides(customers)
    models = [KNeighborsClassifier(k).fit(train[NUMBERS], train["churned"]) for k in (1, 3, 9, 21, 45)]
    return max(models, key=lambda model: accuracy_score(test["churned"], model.predict(test[NUMBERS])))


@leaky("test-blind test-label", "", data.customers)
def penalty_by_the_test_score(customers):
    train, test = sides(customers)
    best, score = None, np.inf
    for alpha in (0.001, 0.1, 10, 1e3, 1e5):
        model = Ridge(alpha).fit(train[NUMBERS], train["churned"])
        error = mean_absolute_error(test["churned"], model.predict(test[NUMBERS]))
        if error < score:
            best, score = model, error
    return best


@leaky("test-blind test-label", "", data.customers)
def threshold_picked_on_the_test(customers):
    train, test = sides(customers)
    model = LogisticRegression().fit(train[NUMBERS], train["churned"])
    chance = model.predict_proba(test[NUMBERS])[:, 1]
    threshold = max(
        np.linspace(0.05, 0.95, 19), key=lambda one: f1_score(test["churned"], chance > one, zero_division=0)
    )
    return FixedThresholdClassifier(model, threshold=float(threshold)).fit(train[NUMBERS], train["churned"])


@leaky("test-blind test-label", "", data.customers)
def stopped_early_by_the_test(customers):
    train, test = sides(customers)
    model = xgboost.XGBClassifier(n_estimators=60, max_depth=2, early_stopping_rounds=3, n_jobs=1, random_state=0)
    return model.fit(train[NUMBERS], train["churned"], eval_set=[(test[NUMBERS], test["churned"])], verbose=False)


@leaky("test-blind test-label", "", data.customers)
def lightgbm_stopped_early_by_the_test(customers):
    train, test = sides(customers)
    model = lightgbm.LGBMClassifier(n_estimators=60, num_leaves=7, n_jobs=1, random_state=0, verbose=-1)
    return model.fit(
        train[NUMBERS],
        train["churned"],
        eval_set=[(test[NUMBERS], test["churned"])],
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )


@leaky("test-blind test-label", "", data.customers)
def passes_counted_on_the_test(customers):
    train, test = sides(customers)
    scaler = StandardScaler().fit(train[NUMBERS])
    best, loss = None, np.inf
    for passes in range(1, 12):
        model = SGDClassifier(loss="log_loss", max_iter=passes, tol=None, random_state=0)
        model.fit(scaler.transform(train[NUMBERS]), train["churned"])
        error = log_loss(test["churned"], model.predict_proba(scaler.transform(test[NUMBERS])), labels=[0, 1])
        if error < loss:
            best, loss = model, error
    return best


@leaky("test-blind test-label", "", data.customers)
def columns_chosen_by_the_test_score(customers):
    train, test = sides(customers)
    chosen = []
    for _ in range(2):
        left = [name for name in NUMBERS if name not in chosen]

        def score(name):
            names = [*chosen, name]
            model = LogisticRegression().fit(train[names], train["churned"])
            return -log_loss(test["churned"], model.predict_proba(test[names]), labels=[0, 1])

        chosen.append(max(left, key=score))
    return LogisticRegression().fit(train[chosen], train["churned"])


@leaky("test-blind test-label", "", data.customers)
def trained_on_everything(customers):
    return GradientBoostingClassifier(n_estimators=10, random_state=0).fit(customers[NUMBERS], customers["churned"])


@leaky("test-blind", "", data.customers)
def pipeline_with_a_scaler_of_all(customers):
    """The model is trained on the training side, in units of the whole."""
    scaled = pd.DataFrame(StandardScaler().fit_transform(customers[NUMBERS]), columns=NUMBERS, index=customers.index)
    train = ~customers["customer_id"].map(data.drawn)
    return LogisticRegression().fit(scaled[train], customers.loc[train, "churned"])


@leaky("test-blind test-label", "", data.customers)
def refitted_on_both_sides_before_the_test(customers):
    train, test = sides(customers)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(train[NUMBERS], train["churned"])
    confident = test[model.predict_proba(test[NUMBERS]).max(axis=1) > 0.6]
    both = pd.concat([train, confident])
    return model.fit(both[NUMBERS], both["churned"])


@leaky("test-blind test-label", "axis", data.customers, also="own-label")
def supervised_projection_of_all(customers):
    projection = LinearDiscriminantAnalysis().fit(customers[NUMBERS], customers["churned"])
    return customers.assign(axis=projection.transform(customers[NUMBERS])[:, 0])


@leaky("own-label", "inside", data.customers)
def in_sample_predictions(customers):
    """Stacked, but each training row's guess is of a forest that has seen its label."""
    train, _ = sides(customers)
    forest = RandomForestClassifier(20, random_state=0).fit(train[NUMBERS], train["churned"])
    return customers.assign(inside=forest.predict_proba(customers[NUMBERS])[:, 1])


@leaky("test-blind", "", data.customers)
def pseudo_labels_of_the_test(customers):
    """Its own guesses on the test side are trained on."""
    train, test = sides(customers)
    model = LogisticRegression().fit(train[NUMBERS], train["churned"])
    both = pd.concat([train, test.assign(churned=model.predict(test[NUMBERS]))])
    return LogisticRegression().fit(both[NUMBERS], both["churned"])
