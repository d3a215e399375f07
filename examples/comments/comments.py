"""How many comments will this get? Asked of dated notes: how many uploads of a package follow this one within 90 days?

What is written in a changelog at an upload says something about how soon the next one is needed. The model is trained
now and then; predictions for the newest entries are wanted more often.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
from scipy.sparse import csr_matrix
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import mean_absolute_error, r2_score

import penstock as ps

HORIZON = timedelta(days=90)  # followers are counted for so long; then their number is known
ENTRIES = Path("data/entries.parquet")


def documents(entries: pl.DataFrame) -> pl.Series:
    """What the model reads of each entry: the package's name, and what is written."""
    return entries.select(pl.format("{} {}", "package", "text")).to_series()


# --- what training reads


@ps.source(key="entry", time="uploaded", known_at={"followed": HORIZON}, label="followed")
def entries(path: Path = ENTRIES, until: date = date(2022, 9, 30)) -> pl.DataFrame:
    """The entries of which the number was known on the day `until`; those that came later are left alone."""
    end = datetime.combine(until + timedelta(days=1), time(), UTC)
    return pl.read_parquet(path).filter(pl.col("uploaded") + HORIZON <= end)


@ps.split
def sides(entries: pl.DataFrame, test_days: int = 365) -> dict[str, pl.DataFrame]:
    """By time. What is learnt from had its number before the first entry of the test was written."""
    test_from = entries["uploaded"].max() - timedelta(days=test_days)
    return {
        "train": entries.filter(pl.col("uploaded") + HORIZON <= test_from),
        "test": entries.filter(pl.col("uploaded") > test_from),
    }


# --- training


@ps.train(outputs=["vectorizer", "train_matrix"])
def tfidf(train: pl.DataFrame, words: int = 1000) -> tuple[TfidfVectorizer, csr_matrix]:
    """Weights of words, learnt from the training side alone, and that side in these weights."""
    vectorizer = TfidfVectorizer(max_features=words, token_pattern=r"[a-z][a-z-]{2,}", sublinear_tf=True)
    matrix = vectorizer.fit_transform(documents(train))
    return vectorizer, matrix


@ps.step
def test_matrix(vectorizer: TfidfVectorizer, test: pl.DataFrame) -> csr_matrix:
    return vectorizer.transform(documents(test))


@ps.train
def model(train_matrix: csr_matrix, train: pl.DataFrame, seed: ps.Seed, trees: int = 100) -> GradientBoostingRegressor:
    boosted = GradientBoostingRegressor(
        n_estimators=trees, max_depth=5, max_features=0.1, subsample=0.5, random_state=seed
    )
    return boosted.fit(train_matrix, train["followed"])


@ps.evaluate
def score(model: GradientBoostingRegressor, test_matrix: csr_matrix, test: pl.DataFrame) -> dict[str, float]:
    guessed = model.predict(test_matrix)
    return {
        "r2": float(r2_score(test["followed"], guessed)),  # 0: no better than always guessing the mean
        "mae": float(mean_absolute_error(test["followed"], guessed)),
    }


# --- predictions, whenever there is something new


@ps.predict
def predictions(
    vectorizer: TfidfVectorizer, model: GradientBoostingRegressor, path: Path = ENTRIES, newest: int = 50
) -> pl.DataFrame:
    """What to expect of the newest entries in the file, whatever the model was trained on."""
    latest = pl.read_parquet(path).tail(newest)
    expected = pl.Series("expected", model.predict(vectorizer.transform(documents(latest)))).round(2)
    return latest.select("entry", "uploaded", expected, "text")
