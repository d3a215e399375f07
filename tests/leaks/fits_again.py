"""Leaks without a clock of the second set: what is fitted on the test as well, has seen its own label, or is chosen by the test."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import stats
from scipy.stats import mstats
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor, VotingRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold, chi2, mutual_info_regression
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsRegressor, LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer, StandardScaler
from sklearn.utils.class_weight import compute_class_weight
from tests.leaks import data, domains
from tests.leaks.case import leaky

PLACE, SIZE = ["lat", "lon"], ["area", "rooms"]


def sides(houses):
    test = houses["house"].map(data.drawn)
    return houses[~test], houses[test]


# --- fitted on all


@leaky("test-blind", "", domains.houses)
def columns_transformed_before_the_split(houses):
    maker = ColumnTransformer([("n", StandardScaler(), SIZE), ("c", OneHotEncoder(sparse_output=False), ["kind"])])
    return maker.fit_transform(houses)


@leaky("test-blind", "", domains.reviews)
def topics_of_all_texts(reviews):
    return make_pipeline(CountVectorizer(), TruncatedSVD(4, random_state=0)).fit_transform(reviews["text"])


@leaky("test-blind test-label", "", domains.reviews, also="own-label")
def words_selected_with_all_labels(reviews):
    counts = CountVectorizer().fit_transform(reviews["text"])
    return SelectKBest(chi2, k=5).fit_transform(counts, reviews["stars"] > 3)


@leaky("test-blind", "", domains.houses)
def low_variance_of_all(houses):
    table = np.column_stack([houses["area"] / 100, houses["rooms"] / 2, houses["lat"] * 10, houses["lon"] * 10])
    return VarianceThreshold(np.var(table[:, 0]) * 0.99).fit_transform(table - table.mean(0))


@leaky("test-blind test-label", "", domains.houses, also="own-label")
def columns_that_inform_about_all_labels(houses):
    g = np.random.default_rng(3)
    table = np.hstack([houses[SIZE].to_numpy(float), g.normal(size=(len(houses), 30))])
    return SelectKBest(lambda x, y: mutual_info_regression(x, y, random_state=0), k=6).fit_transform(
        table, houses["price"]
    )


@leaky("test-blind", "energy", domains.houses)
def winsorised(houses):
    energy = houses["energy"].fillna(100)
    return houses.assign(energy=np.asarray(mstats.winsorize(energy.to_numpy(), limits=(0.1, 0.1))))


@leaky("test-blind", "area_normal", domains.houses)
def box_cox_of_all(houses):
    return houses.assign(area_normal=stats.boxcox(houses["area"])[0])


@leaky("test-blind", "centre", domains.houses)
def distance_to_the_centre_of_gravity(houses):
    centre = houses[PLACE].mean()
    return houses.assign(centre=np.hypot(houses["lat"] - centre["lat"], houses["lon"] - centre["lon"]))


@leaky("test-blind", "quarter_distance", domains.houses)
def distance_to_clusters_of_all(houses):
    found = KMeans(5, n_init=1, random_state=1).fit(houses[PLACE])
    return houses.assign(quarter_distance=found.transform(houses[PLACE]).min(axis=1))


@leaky("test-blind", "alone_here", domains.houses)
def noise_by_density_of_all(houses):
    return houses.assign(alone_here=DBSCAN(eps=0.015, min_samples=6).fit(houses[PLACE]).labels_ == -1)


@leaky("test-blind", "odd", domains.houses)
def local_outliers_among_all(houses):
    scaled = StandardScaler().fit_transform(houses[SIZE])
    return houses.assign(odd=LocalOutlierFactor(10).fit(scaled).negative_outlier_factor_)


@leaky("test-blind", "", domains.houses)
def splines_with_knots_of_all(houses):
    return SplineTransformer(n_knots=4, knots="quantile").fit_transform(houses[["area"]])


@leaky("test-blind", "energy", domains.houses)
def polars_fill_with_the_mean_of_the_kind(houses):
    frame = pl.from_pandas(houses.astype({"kind": "str"}))
    return frame.with_columns(pl.col("energy").fill_nan(None)).with_columns(
        pl.col("energy").fill_null(pl.col("energy").mean().over("kind"))
    )


@leaky("test-blind", "built", domains.houses)
def filled_with_the_most_common(houses):
    return houses.assign(built=houses["built"].fillna(houses["built"].mode()[0]))


@leaky("test-blind", "street_code", domains.houses)
def rare_streets_together(houses):
    """A street is rare by how often it occurs in all rows."""
    count = houses["street"].map(houses["street"].value_counts())
    names = houses["street"].where(count > 9, "other")
    return houses.assign(street_code=names)


@leaky("test-blind", "near", domains.houses)
def houses_nearby(houses):
    near = NearestNeighbors(radius=0.02).fit(houses[PLACE]).radius_neighbors(houses[PLACE], return_distance=False)
    return houses.assign(near=[len(one) for one in near])


@leaky("test-blind", "percentile", domains.houses)
def percentile_by_argsort(houses):
    order = houses["area"].to_numpy().argsort(kind="stable").argsort(kind="stable")
    return houses.assign(percentile=order / len(houses))


@leaky("test-blind", "bin", domains.houses)
def cut_between_the_extremes_of_all(houses):
    return houses.assign(bin=pd.cut(houses["area"], 12, labels=False))


@leaky("test-blind", "area_part", domains.houses)
def whitened_by_svd_in_numpy(houses):
    table = houses[SIZE].to_numpy(float)
    _, _, v = np.linalg.svd(table - table.mean(0), full_matrices=False)
    part = (table - table.mean(0)) @ v[0]
    return houses.assign(area_part=np.abs(part))


@leaky("test-blind", "text_weight", domains.reviews)
def rareness_of_words_among_all(reviews):
    weights = TfidfVectorizer(norm=None).fit_transform(reviews["text"])
    return reviews.assign(text_weight=np.asarray(weights.sum(axis=1)).ravel())


# --- own labels


@leaky("own-label", "near_price", domains.houses)
def price_of_the_nearest_itself_included(houses):
    around = KNeighborsRegressor(5).fit(houses[PLACE], houses["price"])
    return houses.assign(near_price=around.predict(houses[PLACE]))


@leaky("test-blind test-label", "near_price", domains.houses)
def price_of_the_nearest_others(houses):
    """Not its own, but that of the test's."""
    around = NearestNeighbors(n_neighbors=5).fit(houses[PLACE]).kneighbors(return_distance=False)
    return houses.assign(near_price=houses["price"].to_numpy()[around].mean(axis=1))


@leaky("own-label test-blind test-label", "street_price", domains.houses)
def price_of_the_street(houses):
    houses["street_price"] = houses.groupby("street")["price"].transform("median")
    return houses


@leaky("own-label", "street_code", domains.houses)
def streets_in_the_order_of_price(houses):
    train, _ = sides(houses)
    order = train.groupby("street")["price"].mean().sort_values().index
    return houses.assign(street_code=houses["street"].map({name: number for number, name in enumerate(order)}))


@leaky("own-label test-blind test-label", "dear_for_its_size", domains.houses)
def residual_of_a_regression_on_all(houses):
    line = LinearRegression().fit(houses[SIZE], houses["price"])
    return houses.assign(dear_for_its_size=houses["price"] - line.predict(houses[SIZE]))


@leaky("test-blind test-label", "guess", domains.houses, also="own-label")
def isotonic_on_all(houses):
    fitted = IsotonicRegression(out_of_bounds="clip").fit(houses["area"], houses["price"])
    return houses.assign(guess=fitted.predict(houses["area"]))


@leaky("own-label test-blind test-label", "user_mean", domains.reviews)
def mean_of_the_user_with_this_review(reviews):
    reviews["user_mean"] = reviews.groupby("user")["stars"].transform("mean")
    return reviews


@leaky("own-label test-blind test-label", "user_mean", domains.reviews)
def polars_join_of_means(reviews):
    frame = pl.from_pandas(reviews)
    means = frame.group_by("user").agg(user_mean=pl.col("stars").mean())
    return frame.join(means, on="user", how="left", maintain_order="left")


@leaky("test-blind test-label", "sunny", domains.reviews, also="own-label")
def words_scored_with_all_labels(reviews):
    counts = CountVectorizer().fit_transform(reviews["text"])
    model = MultinomialNB().fit(counts, reviews["stars"] > 3)
    return reviews.assign(sunny=model.predict_log_proba(counts)[:, 1])


@leaky("own-label", "lucky", domains.reviews)
def hidden_in_an_interaction(reviews):
    """The label, folded into a hash with the user."""
    return reviews.assign(lucky=(reviews["user"] * 31 + reviews["stars"] * 17) % 23)


@leaky("own-label", "stacked", domains.houses)
def stacked_in_sample(houses):
    train, _ = sides(houses)
    first = GradientBoostingRegressor(n_estimators=15, random_state=0).fit(train[SIZE], train["price"])
    return houses.assign(stacked=first.predict(houses[SIZE]))


@leaky("own-label", "scored", domains.reviews)
def leave_one_out_with_a_wrong_count(reviews):
    """The row's own stars are taken off the sum, and half of them put back by the smoothing."""
    grouped = reviews.groupby("user")["stars"]
    others = grouped.transform("sum") - reviews["stars"]
    prior = (reviews["stars"] + others) / grouped.transform("size")
    return reviews.assign(scored=(others + prior) / grouped.transform("size"))


# --- models that the test had a say in


@leaky("test-blind test-label", "", domains.houses)
def rounds_by_the_staged_score_of_the_test(houses):
    train, test = sides(houses)
    full = GradientBoostingRegressor(n_estimators=60, max_depth=2, random_state=0).fit(train[SIZE], train["price"])
    errors = [mean_absolute_error(test["price"], guess) for guess in full.staged_predict(test[SIZE])]
    best = int(np.argmin(errors)) + 1
    return GradientBoostingRegressor(n_estimators=best, max_depth=2, random_state=0).fit(train[SIZE], train["price"])


@leaky("test-label", "", domains.houses)
def settings_by_cross_validation_over_all(houses):
    train, _ = sides(houses)
    depth = max(
        (1, 2, 4, 8),
        key=lambda one: cross_val_score(
            GradientBoostingRegressor(n_estimators=4, max_depth=one, random_state=0),
            houses[SIZE],
            houses["price"],
            cv=3,
        ).mean(),
    )
    return GradientBoostingRegressor(n_estimators=4, max_depth=depth, random_state=0).fit(train[SIZE], train["price"])


@leaky("test-blind test-label", "", domains.houses)
def grid_search_over_all(houses):
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 10, 1000]}, cv=3)
    return search.fit(houses[SIZE], houses["price"]).best_estimator_


@leaky("test-blind test-label", "", data.customers)
def calibrated_on_the_test(customers):
    test = customers["customer_id"].map(data.drawn)
    names = ["tenure", "calls", "monthly"]
    model = LogisticRegression().fit(customers.loc[~test, names], customers.loc[~test, "churned"])
    return CalibratedClassifierCV(FrozenEstimator(model)).fit(
        customers.loc[test, names], customers.loc[test, "churned"]
    )


@leaky("test-blind", "", data.customers)
def oversampled_before_the_split(customers):
    """New rows between neighbours of the minority, some of them neighbours from the test."""
    names = ["tenure", "calls", "monthly"]
    test = customers["customer_id"].map(data.drawn).to_numpy()
    table, label = customers[names].to_numpy(float), customers["churned"].to_numpy()
    rare = table[label == 1]
    near = NearestNeighbors(n_neighbors=4).fit(rare).kneighbors(return_distance=False)
    g = np.random.default_rng(0)
    made = rare + g.random((len(rare), 1)) * (rare[near[np.arange(len(rare)), g.integers(0, 4, len(rare))]] - rare)
    x = np.vstack([table[~test], made])
    y = np.concatenate([label[~test], np.ones(len(made))])
    return LogisticRegression(max_iter=500).fit(x, y)


@leaky("test-label", "", data.customers)
def class_weights_of_all_labels(customers):
    test = customers["customer_id"].map(data.drawn)
    names = ["tenure", "calls", "monthly"]
    weights = compute_class_weight("balanced", classes=np.array([0, 1]), y=customers["churned"])
    model = LogisticRegression(class_weight=dict(enumerate(weights)))
    return model.fit(customers.loc[~test, names], customers.loc[~test, "churned"])


@leaky("test-blind test-label", "", domains.houses)
def blend_weighed_on_the_test(houses):
    train, test = sides(houses)
    parts = [("line", LinearRegression()), ("near", KNeighborsRegressor(7))]
    guesses = [model.fit(train[SIZE], train["price"]).predict(test[SIZE]) for _, model in parts]
    share = min(
        np.linspace(0.05, 0.95, 19),
        key=lambda w: mean_absolute_error(test["price"], w * guesses[0] + (1 - w) * guesses[1]),
    )
    return VotingRegressor(parts, weights=[float(share), 1 - float(share)]).fit(train[SIZE], train["price"])


@leaky("test-blind test-label", "", domains.houses)
def seed_chosen_on_the_test(houses):
    train, test = sides(houses)
    forests = [
        RandomForestRegressor(3, max_depth=3, random_state=one).fit(train[SIZE], train["price"]) for one in range(5)
    ]
    return min(forests, key=lambda one: mean_absolute_error(test["price"], one.predict(test[SIZE])))


@leaky("test-blind", "", domains.houses)
def components_counted_over_all(houses):
    """How many components explain 90 % is asked of all rows."""
    train, _ = sides(houses)
    table = np.column_stack([houses[SIZE], houses["lat"] * 100, houses["lon"] * 100, houses["lat"] * houses["lon"]])
    parts = PCA(0.9).fit(table)
    return make_pipeline(PCA(parts.n_components_), LinearRegression()).fit(
        parts.transform(table[houses["house"].isin(train["house"])]), train["price"]
    )


@leaky("test-blind", "", domains.houses)
def dropped_where_the_label_of_all_is_extreme(houses):
    """The rows to train on are cut at quantiles of all prices."""
    train, _ = sides(houses)
    low, high = houses["price"].quantile([0.1, 0.9])
    kept = train[train["price"].between(low, high)]
    return LinearRegression().fit(kept[SIZE], kept["price"])


@leaky("test-blind", "", domains.houses)
def codes_of_all_categories_in_the_model(houses):
    """The order of the codes is that of all rows' first appearance by size."""
    train, _ = sides(houses)
    order = houses.groupby("street")["area"].mean().sort_values().index
    coded = OrdinalEncoder(categories=[list(order)]).fit_transform(train[["street"]])
    return LinearRegression().fit(coded, train["price"])


@leaky("test-blind test-label", "", domains.reviews)
def vocabulary_and_model_on_all_texts(reviews):
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(reviews["text"], reviews["stars"] > 3)


# --- not the same twice


COUNT = {"calls": 0}


@leaky("rerun", "call", domains.houses)
def counts_calls_into_its_output(houses):
    """Each call says another number."""
    COUNT["calls"] += 1
    return houses.assign(call=COUNT["calls"] + houses["area"])


@leaky("rerun", "noisy", domains.houses)
def noise_without_a_seed(houses):
    return houses.assign(noisy=houses["area"] + np.random.normal(size=len(houses)))


# --- missed at first


@leaky("test-blind", "", domains.houses)
def kernel_features_of_all(houses):
    return Nystroem(gamma=50, n_components=8, random_state=0).fit_transform(houses[PLACE])
