"""Statistics that are fitted on all rows before the split: scalers, imputers, projections, encodings, vocabularies."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from tests.leaks import data
from tests.leaks.case import leaky

NUMBERS = ["tenure", "calls", "monthly"]


@leaky("test-blind", NUMBERS, data.customers)
def standard_scaler_on_all(customers):
    customers[NUMBERS] = StandardScaler().fit_transform(customers[NUMBERS])
    return customers


@leaky("test-blind", "monthly", data.customers)
def min_max_by_hand(customers):
    low, high = customers["monthly"].min(), customers["monthly"].max()
    customers["monthly"] = (customers["monthly"] - low) / (high - low)
    return customers


@leaky("test-blind", "scaled", data.customers)
def min_max_scaler(customers):
    return customers.assign(scaled=MinMaxScaler().fit_transform(customers[["total"]]).ravel())


@leaky("test-blind", "total nps", data.customers)
def mean_imputer_on_all(customers):
    columns = ["total", "nps"]
    customers[columns] = SimpleImputer(strategy="mean").fit_transform(customers[columns])
    return customers


@leaky("test-blind", "nps", data.customers)
def median_by_plan(customers):
    customers["nps"] = customers["nps"].fillna(customers.groupby("plan")["nps"].transform("median"))
    return customers


@leaky("test-blind", "total", data.customers)
def nearest_neighbours_fill(customers):
    columns = ["tenure", "monthly", "total"]
    customers[columns] = KNNImputer(n_neighbors=4).fit_transform(customers[columns])
    return customers


@leaky("test-blind", "total nps", data.customers)
def iterative_imputer(customers):
    columns = ["tenure", "monthly", "total", "nps"]
    customers[columns] = IterativeImputer(max_iter=5, random_state=0).fit_transform(customers[columns])
    return customers


@leaky("test-blind", "pc1 pc2", data.customers)
def principal_components_of_all(customers):
    parts = PCA(2).fit_transform(StandardScaler().fit_transform(customers[NUMBERS]))
    return customers.assign(pc1=parts[:, 0], pc2=parts[:, 1])


@leaky("test-blind", "normal", data.customers)
def power_transform(customers):
    customers["normal"] = PowerTransformer().fit_transform(customers[["monthly"]])[:, 0]
    return customers


@leaky("test-blind", "uniform", data.loans, time=None, known_at=None)
def quantile_transform(loans):
    loans["uniform"] = QuantileTransformer(n_quantiles=50).fit_transform(loans[["amount"]])[:, 0]
    return loans


@leaky("test-blind", "robust", data.rides_polars, time=None, known_at=None)
def robust_scaler_from_polars(trips):
    scaled = RobustScaler().fit_transform(trips.select("distance_km").to_numpy())
    return trips.with_columns(robust=pl.Series(scaled[:, 0]))


@leaky("test-blind", "tenure_bin", data.customers)
def discretizer_on_all(customers):
    bins = KBinsDiscretizer(6, encode="ordinal", strategy="quantile", quantile_method="averaged_inverted_cdf")
    customers["tenure_bin"] = bins.fit_transform(customers[["tenure"]])[:, 0].astype(int)
    return customers


@leaky("test-blind", "monthly", data.customers)
def clipped_at_quantiles(customers):
    customers["monthly"] = customers["monthly"].clip(*customers["monthly"].quantile([0.05, 0.95]))
    return customers


@leaky("test-blind", "monthly_z", data.customers)
def zscore_with_scipy(customers):
    return customers.assign(monthly_z=stats.zscore(customers["monthly"]))


@leaky("test-blind", "total", data.customers)
def regression_fill(customers):
    known = customers.dropna(subset="total")
    slope, intercept, *_ = stats.linregress(known["tenure"], known["total"])
    customers["total"] = customers["total"].fillna(customers["tenure"] * slope + intercept)
    return customers


@leaky("test-blind", "region_share", data.customers)
def frequency_encoding(customers):
    customers["region_share"] = customers["region"].map(customers["region"].value_counts(normalize=True))
    return customers


@leaky("test-blind own-label", "city_rate", data.customers)
def target_encoding_of_all(customers):
    customers["city_rate"] = customers["city"].map(customers.groupby("city")["churned"].mean())
    return customers


@leaky("test-blind own-label", "plan_rate", data.customers)
def smoothed_target_encoding_polars(customers):
    frame = pl.from_pandas(customers)
    prior = frame["churned"].mean()
    return frame.with_columns(plan_rate=((pl.col("churned").sum() + 10 * prior) / (pl.len() + 10)).over("plan"))


@leaky("test-blind own-label", "woe", data.customers)
def weight_of_evidence(customers):
    table = pd.crosstab(customers["city"], customers["churned"]) + 0.5
    customers["woe"] = customers["city"].map(np.log(table[1] / table[1].sum()) - np.log(table[0] / table[0].sum()))
    return customers


@leaky("test-blind", "city_rate", data.customers)
def leave_one_out_over_all_rows(customers):
    """Without the row's own label, but with those of the test."""
    grouped = customers.groupby("city")["churned"]
    others = grouped.transform("sum") - customers["churned"]
    customers["city_rate"] = others / (grouped.transform("size") - 1).clip(lower=1)
    return customers


@leaky("own-label", "city_rate", data.customers)
def in_fold_target_encoding(customers):
    """Rates of the training side alone, which each training row helped to make."""
    train = ~customers["customer_id"].map(data.drawn)
    customers["city_rate"] = customers["city"].map(customers[train].groupby("city")["churned"].mean())
    return customers


@leaky("test-blind", "segment", data.customers)
def clusters_of_all(customers):
    scaled = StandardScaler().fit_transform(customers[NUMBERS])
    customers["segment"] = KMeans(4, n_init=2, random_state=0).fit(scaled).transform(scaled)[:, 0]
    return customers


@leaky("test-blind", "oddness", data.customers)
def outlier_score_of_all(customers):
    forest = IsolationForest(n_estimators=20, random_state=0).fit(customers[NUMBERS])
    return customers.assign(oddness=forest.score_samples(customers[NUMBERS]))


@leaky("test-blind", "", data.tickets, label=None)
def vocabulary_of_all_texts(tickets):
    """A sparse matrix, one row per ticket."""
    return TfidfVectorizer(max_features=40).fit_transform(tickets["text"])


@leaky("test-blind", "", data.customers, also="own-label")
def selected_on_all_labels(customers):
    """An array of the three best of eight columns, chosen with every label."""
    g = np.random.default_rng(0)
    noise = g.normal(size=(len(customers), 40))
    table = np.hstack([customers[NUMBERS].to_numpy(float), noise])
    return SelectKBest(f_classif, k=5).fit_transform(table, customers["churned"])


@leaky("test-blind", "plan_code", data.customers)
def codes_by_how_common_they_are(customers):
    order = customers["city"].value_counts().index
    customers["plan_code"] = pd.Categorical(customers["city"], categories=order).codes
    return customers


@leaky("test-blind", "", data.tickets, label=None)
def numpy_whitening(tickets):
    letters = np.array([[text.count(letter) for letter in "aeiou"] for text in tickets["text"]], dtype=float)
    letters -= letters.mean(axis=0)
    return letters @ np.linalg.cholesky(np.linalg.inv(np.cov(letters.T)))


@leaky("test-blind", "age amount", data.loans, time=None, known_at=None)
def scaled_in_one_line_of_numpy(loans):
    table = loans[["age", "amount"]].to_numpy(float)
    loans[["age", "amount"]] = (table - table.mean(0)) / table.std(0)
    return loans
