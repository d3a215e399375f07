"""What looks guilty and is not, without a clock, of the second set: the twins of `fits_again`, and steps that behave oddly."""

import hashlib
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from scipy import stats
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor, StackingRegressor
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_regression
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler, TargetEncoder
from tests.leaks import data, domains
from tests.leaks.case import clean
from tests.leaks.fits_again import PLACE, SIZE, sides

# --- fitted on the training side alone


@clean(domains.houses)
def columns_fitted_on_the_training_side(houses):
    train, _ = sides(houses)
    maker = ColumnTransformer(
        [("n", StandardScaler(), SIZE), ("c", OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["kind"])]
    )
    return maker.fit(train).transform(houses)


@clean(domains.reviews)
def topics_of_the_training_texts(reviews):
    train = reviews[~reviews["review"].map(data.drawn)]
    return (
        make_pipeline(CountVectorizer(), TruncatedSVD(4, random_state=0)).fit(train["text"]).transform(reviews["text"])
    )


@clean(domains.reviews)
def words_by_their_hash(reviews):
    return HashingVectorizer(n_features=64, alternate_sign=False).transform(reviews["text"])


@clean(domains.houses)
def hashed_streets(houses):
    return FeatureHasher(16, input_type="string").transform([[one] for one in houses["street"]])


@clean(domains.houses)
def informative_columns_of_the_training_side(houses):
    """Where a row has a part in what is selected, its own label moves nothing but the choice, and by chance alone."""
    g = np.random.default_rng(3)
    table = np.hstack([houses[SIZE].to_numpy(float), g.normal(size=(len(houses), 6))])
    train = (~houses["house"].map(data.drawn)).to_numpy()
    chosen = SelectKBest(lambda x, y: mutual_info_regression(x, y, random_state=0), k=2)
    return chosen.fit(table[train], houses["price"][train]).transform(table)


@clean(domains.houses)
def box_cox_of_the_training_side(houses):
    train, _ = sides(houses)
    return houses.assign(area_normal=stats.boxcox(houses["area"], stats.boxcox_normmax(train["area"])))


@clean(domains.houses)
def clipped_at_quantiles_of_the_training_side(houses):
    train, _ = sides(houses)
    return houses.assign(energy=houses["energy"].clip(*train["energy"].quantile([0.05, 0.95])))


@clean(domains.houses)
def splines_with_knots_of_the_training_side(houses):
    train, _ = sides(houses)
    return SplineTransformer(n_knots=4, knots="quantile").fit(train[["area"]]).transform(houses[["area"]])


@clean(domains.houses)
def filled_with_what_the_training_side_has_most(houses):
    train, _ = sides(houses)
    return houses.assign(built=houses["built"].fillna(train["built"].mode()[0]), no_year=houses["built"].isna())


@clean(domains.houses)
def rare_streets_of_the_training_side(houses):
    train, _ = sides(houses)
    count = houses["street"].map(train["street"].value_counts()).fillna(0)
    return houses.assign(street_code=houses["street"].where(count > 6, "other"))


@clean(domains.houses)
def polars_means_of_the_training_side(houses):
    frame = pl.from_pandas(houses.astype({"kind": "str"}))
    train = ~frame["house"].map_elements(data.drawn, return_dtype=pl.Boolean)
    means = frame.filter(train).group_by("kind").agg(kind_area=pl.col("area").mean())
    return frame.join(means, on="kind", how="left", maintain_order="left")


@clean(domains.houses)
def training_houses_nearby(houses):
    train, _ = sides(houses)
    near = NearestNeighbors(radius=0.02).fit(train[PLACE]).radius_neighbors(houses[PLACE], return_distance=False)
    return houses.assign(near=[len(one) for one in near])


@clean(domains.houses)
def cut_at_fixed_borders(houses):
    return houses.assign(
        bin=pd.cut(houses["area"], [0, 40, 60, 90, 140, 1000]),
        decade=houses["built"] // 10 * 10,
        log=np.log(houses["area"]),
    )


@clean(domains.houses)
def distance_to_a_landmark(houses):
    return houses.assign(gate=np.hypot(houses["lat"] - 52.5163, houses["lon"] - 13.3777), grid=houses["lat"].round(2))


# --- labels, out of fold


@clean(domains.houses)
def street_price_out_of_fold(houses):
    train, _ = sides(houses)
    out = pd.Series(train["price"].mean(), index=houses.index)
    folds = KFold(5, shuffle=True, random_state=0)
    out = pd.Series(np.nan, index=houses.index)
    for fitted, held in folds.split(train):
        means = train.iloc[fitted].groupby("street")["price"].mean()
        out.loc[train.index[held]] = train.iloc[held]["street"].map(means)
    rest = out.index.difference(train.index)
    out.loc[rest] = houses.loc[rest, "street"].map(train.groupby("street")["price"].mean())
    return houses.assign(street_price=out)


@clean(domains.houses)
def target_encoder_cross_fitted(houses):
    train, test = sides(houses)
    encoder = TargetEncoder(target_type="continuous", cv=4, random_state=0)
    out = pd.Series(index=houses.index, dtype=float)
    out[train.index] = encoder.fit_transform(train[["street"]], train["price"])[:, 0]
    out[test.index] = encoder.transform(test[["street"]])[:, 0]
    return houses.assign(street_code=out)


@clean(domains.houses)
def stacked_out_of_fold(houses):
    train, test = sides(houses)
    model = GradientBoostingRegressor(n_estimators=10, random_state=0)
    out = pd.Series(index=houses.index, dtype=float)
    out[train.index] = cross_val_predict(model, train[SIZE], train["price"], cv=KFold(3))
    out[test.index] = model.fit(train[SIZE], train["price"]).predict(test[SIZE])
    return houses.assign(stacked=out)


@clean(domains.houses)
def price_of_the_nearest_other_training_houses(houses):
    train, test = sides(houses)
    near = NearestNeighbors(n_neighbors=5).fit(train[PLACE])
    prices = train["price"].to_numpy()
    out = pd.Series(index=houses.index, dtype=float)
    out[train.index] = prices[near.kneighbors(return_distance=False)].mean(axis=1)  # none is its own neighbour
    out[test.index] = prices[near.kneighbors(test[PLACE], return_distance=False)].mean(axis=1)
    return houses.assign(near_price=out)


@clean(domains.reviews)
def mean_of_the_users_other_training_reviews(reviews):
    train = ~reviews["review"].map(data.drawn)
    seen = reviews["stars"].where(train)
    total, count = seen.groupby(reviews["user"]).transform("sum"), seen.groupby(reviews["user"]).transform("count")
    others = (total - seen.fillna(0)) / (count - train).where(lambda n: n > 0)
    return reviews.assign(user_mean=others)


@clean(domains.reviews)
def words_scored_by_folds_of_users(reviews):
    train = reviews[~reviews["review"].map(data.drawn)]
    counts = CountVectorizer(vocabulary="great love perfect broken bad slow".split())
    out = pd.Series(np.nan, index=reviews.index)
    for fitted, held in GroupKFold(4).split(train, groups=train["user"]):
        part = train.iloc[fitted]
        model = MultinomialNB().fit(counts.transform(part["text"]), part["stars"] > 3)
        out.loc[train.index[held]] = model.predict_log_proba(counts.transform(train["text"].iloc[held]))[:, 1]
    return reviews.assign(sunny=out)


NUMBERS = ["tenure", "calls", "monthly"]


def unsplit():
    """Customers of whom none goes to a test."""
    return data.customers()._replace(test=None)


@clean(unsplit, verdict="SUSPECT CLEAN", naive="own-label")
def chances_out_of_folds_drawn_by_labels(customers):
    """What scikit-learn does where nobody says otherwise. Whose label is another sends others to other folds."""
    model = LogisticRegression()
    chance = cross_val_predict(model, customers[NUMBERS], customers["churned"], cv=5, method="predict_proba")
    return customers.assign(chance=chance[:, 1])


@clean(unsplit, verdict="SUSPECT CLEAN", naive="own-label")
def neighbours_out_of_folds_drawn_by_labels(customers):
    model, folds = KNeighborsClassifier(5), StratifiedKFold(3)
    chance = cross_val_predict(model, customers[NUMBERS], customers["churned"], cv=folds, method="predict_proba")
    return customers.assign(chance=chance[:, 1])


@clean(unsplit, verdict="SUSPECT CLEAN", naive="own-label")
def rates_out_of_folds_of_sorted_labels(customers):
    """Each class is dealt out by itself, and its beginning has nothing to do with the other's."""
    customers = customers.sort_values(["churned", "tenure"], kind="stable").reset_index(drop=True)
    rate = np.zeros(len(customers))
    for fitted, held in StratifiedKFold(5).split(customers, customers["churned"]):
        means = customers.iloc[fitted].groupby("city")["churned"].mean()
        rate[held] = customers.iloc[held]["city"].map(means).fillna(0.3)
    return customers.assign(rate=rate)


@clean(unsplit, verdict="SUSPECT CLEAN", naive="own-label")
def rates_of_plans_out_of_shuffled_folds(customers):
    rates = TargetEncoder(cv=10, random_state=1).fit_transform(customers[["plan", "region"]], customers["churned"])
    return customers.assign(plan_rate=rates[:, 0], region_rate=rates[:, 1])


@clean(domains.houses, target=["log_price", "dear"])
def targets_of_another_scale(houses):
    return houses.assign(log_price=np.log(houses["price"]), dear=houses["price"] > 400_000)


@clean(domains.houses, verdict="SUSPECT", naive="own-label")
def label_in_thousands(houses):
    """It follows from the label alone: what is predicted, on another scale, or a leak; nobody said."""
    return houses.assign(thousands=houses["price"] / 1000)


@clean(domains.reviews)
def label_carried_along_as_it_is(reviews):
    return reviews.sort_values("helpful", kind="stable")[["review", "stars", "text"]]


# --- models that the test had no say in


@clean(domains.houses)
def rounds_by_a_part_of_the_training_side(houses):
    train, _ = sides(houses)
    model = GradientBoostingRegressor(
        n_estimators=80, max_depth=2, n_iter_no_change=3, validation_fraction=0.2, random_state=0
    )
    return model.fit(train[SIZE], train["price"])


@clean(domains.houses)
def settings_by_cross_validation_in_training(houses):
    train, _ = sides(houses)
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 10, 1000]}, cv=3)
    return search.fit(train[SIZE], train["price"])


@clean(data.customers)
def threshold_tuned_in_training(customers):
    train = customers[~customers["customer_id"].map(data.drawn)]
    model = TunedThresholdClassifierCV(LogisticRegression(), cv=3, random_state=0)
    return model.fit(train[["tenure", "calls", "monthly"]], train["churned"])


@clean(data.customers)
def calibrated_in_training(customers):
    train = customers[~customers["customer_id"].map(data.drawn)]
    return CalibratedClassifierCV(LogisticRegression(), cv=3).fit(
        train[["tenure", "calls", "monthly"]], train["churned"]
    )


@clean(data.customers)
def oversampled_in_training(customers):
    names = ["tenure", "calls", "monthly"]
    train = customers[~customers["customer_id"].map(data.drawn)]
    table, label = train[names].to_numpy(float), train["churned"].to_numpy()
    rare = table[label == 1]
    near = NearestNeighbors(n_neighbors=4).fit(rare).kneighbors(return_distance=False)
    g = np.random.default_rng(0)
    made = rare + g.random((len(rare), 1)) * (rare[near[np.arange(len(rare)), g.integers(0, 4, len(rare))]] - rare)
    return LogisticRegression(max_iter=500).fit(np.vstack([table, made]), np.concatenate([label, np.ones(len(made))]))


@clean(domains.houses)
def stacking_by_folds(houses):
    train, _ = sides(houses)
    parts = [("line", LinearRegression()), ("near", KNeighborsRegressor(7))]
    return StackingRegressor(parts, RidgeCV(), cv=3).fit(train[SIZE], train["price"])


@clean(domains.houses)
def scored_on_the_test_but_not_chosen(houses):
    """The error on the test is worked out and written down; the model is what it was."""
    train, test = sides(houses)
    model = RandomForestRegressor(5, max_depth=4, random_state=0).fit(train[SIZE], train["price"])
    Path("score.txt").write_text(str(mean_absolute_error(test["price"], model.predict(test[SIZE]))))
    return model


@clean(domains.houses)
def isotonic_of_the_training_side(houses):
    train, _ = sides(houses)
    return IsotonicRegression(out_of_bounds="clip").fit(train["area"], train["price"])


@clean(domains.reviews)
def a_model_of_texts_of_the_training_side(reviews):
    train = reviews[~reviews["review"].map(data.drawn)]
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(train["text"], train["stars"] > 3)


@clean(domains.houses)
def a_model_and_its_columns_in_a_dict(houses):
    train, _ = sides(houses)
    scaler = StandardScaler().fit(train[SIZE])
    return {
        "scaler": scaler,
        "model": LinearRegression().fit(scaler.transform(train[SIZE]), train["price"]),
        "columns": SIZE,
    }


# --- behaves oddly


@clean(domains.houses, verdict="SUSPECT CLEAN UNKNOWN")
def remembers_what_it_saw(houses):
    """A cache in a global, by the street: the first call's answer stays."""
    for street, one in houses.groupby("street"):
        SEEN.setdefault(street, float(one["rooms"].iloc[0]))
    return houses.assign(first=houses["street"].map(SEEN))


SEEN: dict[str, float] = {}


@clean(domains.houses)
def alters_its_input(houses):
    houses["area"] = houses["area"] * 0.3048
    houses.drop(columns="energy", inplace=True)
    houses.sort_values("area", inplace=True, kind="stable")
    return houses


@clean(domains.houses)
def drops_and_multiplies_rows(houses):
    """One row per room, but for lofts."""
    kept = houses[houses["kind"] != "loft"]
    return kept.loc[kept.index.repeat(kept["rooms"])].assign(per_room=lambda df: df["area"] / df["rooms"])


@clean(domains.houses)
def refuses_what_it_does_not_expect(houses):
    if houses["area"].max() > 400 or houses["rooms"].max() > 12 or houses["kind"].isna().any():
        raise ValueError("this is no house")
    return houses.assign(large=houses["area"] > 120)


@clean(domains.houses)
def shuffled_by_a_hash_of_its_name(houses):
    order = houses["house"].map(lambda one: hashlib.sha1(str(one).encode()).hexdigest())
    return houses.assign(order=order).sort_values("order").drop(columns="order")


@clean(domains.houses)
def warns_and_prints_and_sets_options(houses):
    warnings.warn("houses are dear", stacklevel=1)
    print("houses:", len(houses))
    os.environ["HOUSES"] = str(len(houses))
    np.seterr(all="ignore")
    return houses.assign(inverse=1 / (houses["rooms"] - 1))


@clean(domains.houses)
def noise_by_a_seed_of_its_own(houses):
    noise = np.random.default_rng(5).normal(0, 0.001, len(houses))
    return houses.assign(lat=houses["lat"] + noise)


@clean(domains.houses)
def noise_by_a_seed_of_each_row(houses):
    return houses.assign(u=[np.random.default_rng(one).random() for one in houses["house"]])


@clean(domains.houses, verdict="SUSPECT CLEAN")
def dummies_of_whatever_is_there(houses):
    """New streets bring new columns: the old ones hold."""
    return pd.get_dummies(houses[["house", "street", "rooms"]], columns=["street"])


@clean(domains.houses, naive="own-label")
def with_an_index_and_tuples_as_names(houses):
    houses = houses.set_index("house", drop=False)
    houses.columns = [("raw", name) if name != "house" else name for name in houses.columns]
    houses[("made", "density")] = houses[("raw", "area")] / houses[("raw", "rooms")]
    return houses


@clean(domains.houses)
def parts_of_words_and_lists(houses):
    return houses.assign(
        number=houses["street"].str.extract(r"(\d+)")[0].astype(int),
        parts=houses["street"].str.split(" "),
        both=list(zip(houses["lat"], houses["lon"], strict=True)),
    )
