"""What looks guilty and is not, without a clock: what is fitted on train alone, what is of the row alone, and what
behaves oddly when its inputs are altered."""

import hashlib
import random
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from tests.leaks import data
from tests.leaks.case import clean

NUMBERS = ["tenure", "calls", "monthly"]


def is_test(customers):
    return customers["customer_id"].map(data.drawn)


# --- fitted on the training side alone


@clean(data.customers)
def scaler_of_the_training_side(customers):
    scaler = StandardScaler().fit(customers.loc[~is_test(customers), NUMBERS])
    customers[NUMBERS] = scaler.transform(customers[NUMBERS])
    return customers


@clean(data.customers)
def imputer_of_the_training_side(customers):
    columns = ["total", "nps"]
    imputer = SimpleImputer(strategy="median").fit(customers.loc[~is_test(customers), columns])
    return customers.assign(**dict(zip(columns, imputer.transform(customers[columns]).T, strict=True)))


@clean(data.customers)
def neighbours_of_the_training_side(customers):
    columns = ["tenure", "monthly", "total"]
    fill = make_pipeline(StandardScaler(), KNNImputer(n_neighbors=4)).fit(customers.loc[~is_test(customers), columns])
    return customers.assign(total_z=fill.transform(customers[columns])[:, 2])


@clean(data.customers)
def components_of_the_training_side(customers):
    parts = make_pipeline(StandardScaler(), PCA(2)).fit(customers.loc[~is_test(customers), NUMBERS])
    return customers.assign(pc1=parts.transform(customers[NUMBERS])[:, 0])


@clean(data.customers)
def group_means_of_the_training_side(customers):
    means = customers[~is_test(customers)].groupby("plan")["monthly"].mean()
    return customers.assign(
        plan_monthly=customers["plan"].map(means), above=customers["monthly"] > customers["plan"].map(means)
    )


@clean(data.customers)
def frequencies_of_the_training_side(customers):
    common = customers.loc[~is_test(customers), "city"].value_counts(normalize=True)
    return customers.assign(city_share=customers["city"].map(common).fillna(0))


@clean(data.loans, after_train=True)
def scaler_of_the_past(loans):
    """Fitted on what was issued before the test begins. The clock alone might call that a look ahead."""
    scaler = StandardScaler().fit(loans.loc[loans["issued_at"] < data.CUTOFF["loans"], ["age", "amount"]])
    loans[["age", "amount"]] = scaler.transform(loans[["age", "amount"]])
    return loans


@clean(data.rides_polars, after_train=True)
def polars_means_of_the_past(trips):
    past = trips.filter(pl.col("pickup_at") < data.CUTOFF["rides"])
    return trips.join(past.group_by("zone").agg(zone_km=pl.col("distance_km").mean()), on="zone", how="left")


@clean(data.customers, verdict="SUSPECT CLEAN", naive="own-label")
def selected_on_the_training_labels(customers):
    train = ~is_test(customers)
    noise = np.random.default_rng(0).normal(size=(len(customers), 30))
    table = np.hstack([customers[NUMBERS].to_numpy(float), noise])
    return SelectKBest(f_classif, k=5).fit(table[train], customers.loc[train, "churned"]).transform(table)


@clean(data.tickets)
def vocabulary_of_the_training_side(tickets):
    train = ~tickets["ticket"].map(data.drawn)
    return TfidfVectorizer(max_features=40).fit(tickets.loc[train, "text"]).transform(tickets["text"])


# --- labels used rightly


@clean(data.customers)
def cross_fitted_target_encoding(customers):
    """Each training row's rate comes from the folds that it is not in; the test's from the whole training side."""
    train = ~is_test(customers)
    fold = customers["customer_id"].map(lambda name: int(hashlib.md5(name.encode()).hexdigest(), 16) % 5)
    rate = pd.Series(np.nan, index=customers.index)
    for one in range(5):
        others = customers[train & (fold != one)].groupby("city")["churned"].mean()
        rate[train & (fold == one)] = customers.loc[train & (fold == one), "city"].map(others)
    rate[~train] = customers.loc[~train, "city"].map(customers[train].groupby("city")["churned"].mean())
    return customers.assign(city_rate=rate)


@clean(data.customers, verdict="SUSPECT CLEAN", naive="own-label")
def cross_fitted_by_scikit_learn(customers):
    train = ~is_test(customers)
    encoder = TargetEncoder(cv=5, random_state=3)
    rate = np.empty(len(customers))
    rate[train] = encoder.fit_transform(customers.loc[train, ["city"]], customers.loc[train, "churned"])[:, 0]
    rate[~train] = encoder.transform(customers.loc[~train, ["city"]])[:, 0]
    return customers.assign(city_rate=rate)


@clean(data.customers, verdict="SUSPECT CLEAN", naive="own-label")
def out_of_fold_predictions(customers):
    train = ~is_test(customers)
    model = LogisticRegression()
    x, y = customers.loc[train, NUMBERS], customers.loc[train, "churned"]
    stacked = pd.Series(np.nan, index=customers.index)
    stacked[train] = cross_val_predict(model, x, y, cv=5, method="predict_proba")[:, 1]
    stacked[~train] = model.fit(x, y).predict_proba(customers.loc[~train, NUMBERS])[:, 1]
    return customers.assign(stacked=stacked)


@clean(data.customers, verdict="SUSPECT CLEAN", naive="own-label")
def stratified_by_hand(customers):
    """Rates of the other folds, where each class is dealt to the folds for itself."""
    train = (~is_test(customers)).to_numpy()
    rate = np.full(len(customers), np.nan)
    rows = np.flatnonzero(train)
    for others, held in StratifiedKFold(5).split(rows, customers["churned"].to_numpy()[rows]):
        rates = customers.iloc[rows[others]].groupby("plan")["churned"].mean()
        rate[rows[held]] = customers.iloc[rows[held]]["plan"].map(rates)
    return customers.assign(plan_rate=rate)


@clean(data.customers)
def tuned_by_cross_validation(customers):
    train = customers[~is_test(customers)]
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1]}, cv=3
    )
    return search.fit(train[NUMBERS], train["churned"]).best_estimator_


@clean(data.customers)
def model_of_the_training_side(customers):
    train = customers[~is_test(customers)]
    return RandomForestClassifier(10, random_state=0).fit(train[NUMBERS], train["churned"])


@clean(data.customers, target=["at_risk"])
def declared_target(customers):
    customers["at_risk"] = (customers["churned"] == 1).map({True: "yes", False: "no"})
    return customers


@clean(data.rides, verdict="SUSPECT", naive="as-of own-label")
def undeclared_target(trips):
    """The logarithm of the label, as something to be trained for: a word of warning, no proof."""
    trips["log_fare"] = np.log1p(trips["fare"])
    return trips


@clean(data.rides, verdict="SUSPECT", naive="as-of own-label")
def undeclared_binned_target(trips):
    trips["expensive"] = (trips["fare"] > 25).astype(int)
    return trips


# --- of the row alone


@clean(data.tickets)
def words_and_letters(tickets):
    text = tickets["text"]
    return tickets.assign(letters=text.str.len(), digits=text.str.count(r"\d"), refund=text.str.contains("refund"))


@clean(data.tickets)
def hashed_words(tickets):
    return HashingVectorizer(n_features=32).transform(tickets["text"])


@clean(data.customers)
def one_hot_of_fixed_categories(customers):
    encoder = OneHotEncoder(
        categories=[["basic", "family", "plus", "pro"]], handle_unknown="ignore", sparse_output=False
    )
    table = encoder.fit_transform(customers[["plan"]])
    return pd.concat(
        [customers, pd.DataFrame(table, columns=encoder.get_feature_names_out(), index=customers.index)], axis=1
    )


@clean(data.customers)
def stable_hash_bucket(customers):
    return customers.assign(
        bucket=customers["customer_id"].map(lambda name: int(hashlib.sha1(name.encode()).hexdigest(), 16) % 100)
    )


@clean(data.rides)
def calendar_and_cycles(trips):
    hour = trips["pickup_at"].dt.hour + trips["pickup_at"].dt.minute / 60
    trips["sin"], trips["cos"] = np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12)
    trips["log_km"] = np.log1p(trips["distance_km"])
    trips["first"] = trips["zone"].str[0]
    return trips


@clean(data.customers)
def rank_within_the_row(customers):
    customers[["r1", "r2", "r3"]] = customers[NUMBERS].rank(axis=1)
    customers["widest"] = customers[NUMBERS].max(axis=1) - customers[NUMBERS].min(axis=1)
    return customers


@clean(data.rides)
def nullable_integers(trips):
    trips["pairs"] = trips["passengers"] // 2
    trips["alone"] = (trips["passengers"] == 1).astype("boolean")
    trips["crowd"] = trips["passengers"].where(trips["passengers"] > 2)
    return trips


@clean(data.visits)
def categorical_codes(visits):
    visits["ward_code"] = visits["ward"].cat.codes
    visits["senior"] = visits["age"] >= 65
    return visits


@clean(data.visits)
def dummies_of_a_categorical(visits):
    return pd.concat([visits, pd.get_dummies(visits["ward"], prefix="ward")], axis=1)


@clean(data.loans)
def lookup_in_a_fixed_table(loans):
    base = {"A": 0.02, "B": 0.04, "C": 0.07, "D": 0.11, "E": 0.16}
    loans["base_rate"] = loans["grade"].map(base)
    loans["instalment"] = loans["amount"] * (1 + loans["base_rate"]) / 36
    return loans


@clean(data.clicks)
def polars_lazy(shown):
    return (
        shown.lazy()
        .with_columns(words=pl.col("query").str.split(" ").list.len(), log_bid=pl.col("bid").log1p())
        .collect()
    )


# --- behaves oddly


@clean(data.customers, verdict="SUSPECT CLEAN")
def seeded_random_features(customers):
    g = np.random.default_rng(5)
    return customers.assign(
        noise=g.normal(size=len(customers)), jitter=customers["monthly"] + g.normal(0, 0.01, len(customers))
    )


@clean(data.customers)
def raises_on_odd_values(customers):
    known = {"basic": 0, "family": 1, "plus": 2, "pro": 3}
    if customers["monthly"].max() > 1000 or (customers["tenure"] < 0).any():
        raise ValueError("nobody pays that much, or was a customer for less than no time")
    return customers.assign(plan_code=[known[plan] for plan in customers["plan"]])


@clean(data.customers)
def mutates_its_input(customers):
    customers.drop(columns=["nps"], inplace=True)
    customers["monthly"] *= 12
    customers.sort_values("tenure", inplace=True)
    return customers


@clean(data.customers)
def writes_files(customers):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache.csv"
        customers.to_csv(path, index=False)
        return pd.read_csv(path)


@clean(data.customers)
def writes_beside_itself_and_reads_again(customers):
    """A file in the working folder that a second call would find."""
    path = Path("cached-means.csv")
    customers[["customer_id", "monthly"]].to_csv(path, index=False)
    return customers.assign(again=pd.read_csv(path)["monthly"].to_numpy())


@clean(data.customers)
def reorders_its_rows(customers):
    order = customers["customer_id"].map(lambda name: hashlib.md5(name.encode()).hexdigest()).argsort()
    return customers.iloc[order].reset_index(drop=True).assign(rate=lambda df: df["calls"] / df["tenure"])


@clean(data.rides)
def sorted_by_what_is_not_known_yet(trips):
    """The order of the rows says nothing of each."""
    return trips.sort_values(["fare", "tip"], kind="stable").assign(km=lambda df: df["distance_km"].fillna(0))


@clean(data.customers)
def drops_rows_by_their_values(customers):
    kept = customers[(customers["monthly"] > 30) & customers["total"].notna()]
    return kept.assign(per_month=kept["total"] / kept["tenure"])


@clean(data.loans)
def drops_duplicates(loans):
    loans = loans.drop_duplicates(["loan_id"]).dropna(subset=["income"])
    loans["burden"] = loans["amount"] / loans["income"]
    return loans


@clean(data.customers, verdict="SUSPECT CLEAN")
def position_as_a_column(customers):
    """The number of the row, and the share of rows before it: of the table's length, not of its values."""
    return customers.reset_index(drop=True).reset_index(names="number")


@clean(data.customers, verdict="SUSPECT CLEAN")
def stratified_folds(customers):
    """The fold that a row is in depends on other rows' labels; it is no feature but a split."""
    train = (~is_test(customers)).to_numpy()
    fold = np.full(len(customers), -1)
    rows = np.flatnonzero(train)
    for number, (_, held) in enumerate(StratifiedKFold(3).split(rows, customers["plan"].to_numpy()[rows])):
        fold[rows[held]] = number
    return customers.assign(fold=fold)


@clean(data.customers)
def counts_its_calls(customers):
    """Keeps state between calls, which nothing in its output tells."""
    CALLS.append(len(customers))
    return customers.assign(calls_per_year=customers["calls"] / customers["tenure"] * 12)


CALLS: list[int] = []


@clean(data.customers)
def shuffles_with_its_own_generator(customers):
    rows = list(range(len(customers)))
    random.Random(3).shuffle(rows)
    return customers.iloc[rows].assign(high=lambda df: df["monthly"] > 60)


@clean(data.rides)
def integer_overflow_and_infinities(trips):
    trips["ratio"] = trips["passengers"].astype("float64") / (trips["surge"] - 1)
    trips["log"] = np.log(trips["surge"] - 1)
    return trips
