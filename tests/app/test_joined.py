"""Functions that take the training rows and the test rows as two tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from penstock.app.joined import joined
from penstock.app.replaying import replay
from penstock.app.scripts import check_script
from penstock.work.calls import Call

SCRIPT = """
import numpy as np
import pandas as pd

draw = np.random.default_rng(0)
trips = pd.DataFrame({"id": range(150), "x": draw.normal(size=150), "z": draw.normal(size=150)})
train, test = trips[:100], trips[100:]
rows, labels = draw.normal(size=(150, 2)), draw.normal(size=150)

def all_of_both(train, test):
    mean = pd.concat([train, test])["x"].mean()
    return train.assign(x=train["x"] - mean), test.assign(x=test["x"] - mean)

def of_training(train, test):
    return train.assign(x=train["x"] - train["x"].mean()), test.assign(x=test["x"] - train["x"].mean())

def of_its_batch(train, test):
    return train.assign(x=train["x"] - train["x"].mean()), test.assign(x=test["x"] - test["x"].mean())

def in_place(train, test):
    mean = pd.concat([train, test])["z"].mean()
    train["z"] -= mean
    test["z"] -= mean

def arrays(X_train, X_test, y_train, y_test):
    mean = np.concatenate([X_train, X_test]).mean(axis=0)
    return X_train - mean, X_test - mean

def arrays_of_training(X_train, X_test, y_train, y_test):
    return X_train - X_train.mean(axis=0), X_test - X_train.mean(axis=0)

for one in (all_of_both, of_training, of_its_batch, in_place):
    one(train.copy(), test.copy())
for one in (arrays, arrays_of_training):
    one(rows[:100], rows[100:], labels[:100], labels[100:])
"""


def test_test_rows_must_not_move_training_rows_nor_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(SCRIPT)
    document = check_script("a.py", only=["test-blind", "alone"])
    said = {(one["step"], one["check"]): one["verdict"] for one in document["checks"]}
    both = {"test-blind": "PROVEN", "alone": "PROVEN"}
    clean = {"test-blind": "CLEAN", "alone": "CLEAN"}
    for step, verdicts in {
        "all_of_both": both,
        "in_place": both,
        "arrays": both,
        "of_its_batch": {**clean, "alone": "PROVEN"},
        "of_training": clean,
        "arrays_of_training": clean,
    }.items():
        assert {check: said[step, check] for check in verdicts} == verdicts, step
    found = {(one["step"], one["check"]): one for one in document["findings"]}
    for one in (("all_of_both", "test-blind"), ("of_its_batch", "alone"), ("arrays", "test-blind")):
        assert replay("a.py", found[one]["id"])["moved"], one
    (tmp_path / "a.py").write_text(SCRIPT.replace('pd.concat([train, test])["x"]', 'train["x"]'))
    assert not replay("a.py", found["all_of_both", "test-blind"]["id"])["moved"]


def call(**given: Any) -> Call:
    return Call("scale", lambda **_: None, given)


def test_what_belongs_together() -> None:
    wide, long = np.zeros((7, 3)), np.zeros((4, 3))
    found = joined(call(X_train=wide, X_test=long, y_train=wide[:, 0], y_test=long[:, 0], depth=3))
    assert found is not None
    assert list(found.pairs.values()) == [("X_train", "X_test"), ("y_train", "y_test")]
    assert (found.sides == "test").sum() == 4
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    assert joined(call(train=frame, test=frame[["a"]])) is None  # other columns
    assert joined(call(train=frame, test=frame.to_numpy())) is None
    assert joined(call(train=frame, other=frame)) is None
    assert joined(call(train=wide, test=long, y_train=wide[:5, 0], y_test=long[:, 0])) is None  # whose rows are they?


def test_rows_go_back_to_where_they_were() -> None:
    frame = pd.DataFrame({"n": range(6)})
    found = joined(call(train=frame[:4], test=frame[4:]))
    assert found is not None
    sides = np.array(["test", "train", "train", "test", "train", "train"])
    again = found.calling(lambda train, test: {"few": test + 1, "many": train + 1, "mean": 2.0}, sides)
    made = again(**{"train and test": frame})
    assert made["many and few"]["n"].tolist() == [1, 2, 3, 4, 5, 6]
    assert made["mean"] == 2.0
    with pytest.raises(ValueError, match="rows are gone"):
        again(**{"train and test": frame[:5]})
    assert found.calling(lambda train, test: 7, sides)(**{"train and test": frame}) == 7
