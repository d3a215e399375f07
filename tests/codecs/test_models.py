"""Fitted models come back predicting the same, and a model fitted twice is one value."""

import functools
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from penstock.codecs.registry import Codecs
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()
RNG = np.random.default_rng(5)
ROWS = np.column_stack([RNG.normal(size=(300, 3)), RNG.integers(0, 4, 300)])
LABELS = (ROWS[:, 0] + ROWS[:, 3] > 1).astype(int)


def _xgb(rounds: int = 5, **settings: Any) -> Any:
    xgboost = pytest.importorskip("xgboost")
    return xgboost.XGBClassifier(n_estimators=rounds, n_jobs=2, **settings)


def _lgbm(rounds: int = 5, **settings: Any) -> Any:
    lightgbm = pytest.importorskip("lightgbm")
    return lightgbm.LGBMClassifier(n_estimators=rounds, verbose=-1, n_jobs=2, **settings)


def _pipeline() -> Any:
    columns = ColumnTransformer([("scale", StandardScaler(), [0, 1, 2]), ("code", OneHotEncoder(), [3])])
    return make_pipeline(columns, LogisticRegression())


MAKERS: dict[str, Any] = {
    "logistic": LogisticRegression,
    "forest": lambda: RandomForestClassifier(20, random_state=0, n_jobs=2),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "pipeline": _pipeline,
    "xgboost": _xgb,
    "lightgbm": _lgbm,
}


@functools.cache
def fitted(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MAKERS[name]().fit(ROWS, LABELS)


def digest(value: Any) -> str:
    return CODECS.encode(value, MemorySink()).digest


def again(value: Any) -> Any:
    sink = MemorySink()
    return CODECS.decode(CODECS.encode(value, sink), sink.reader())


class _Predicting(CodecContract):
    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        assert left.get_params().keys() == right.get_params().keys()
        if hasattr(left, "classes_"):
            assert np.array_equal(left.predict_proba(ROWS), right.predict_proba(ROWS))

    def spoil(self, value: Any) -> None:
        for held in vars(value).values():
            if isinstance(held, np.ndarray) and held.size:
                held.reshape(-1)[:1] = 7


class TestModelCodec(_Predicting):
    codec = CODECS.named("model")

    def examples(self) -> list[Any]:
        return [LogisticRegression(C=3), *map(fitted, ("logistic", "forest", "boosting", "pipeline"))]


class TestWrapperCodec(_Predicting):
    codec = CODECS.named("boosted")

    def examples(self) -> list[Any]:
        return [_xgb(7), fitted("xgboost"), fitted("lightgbm"), _xgb(6).fit(ROWS, LABELS), _lgbm(6).fit(ROWS, LABELS)]


class TestBoosterCodec(CodecContract):
    codec = CODECS.named("booster")

    def examples(self) -> list[Any]:
        few = _xgb(2).fit(ROWS, LABELS).get_booster()
        return [few, fitted("xgboost").get_booster(), fitted("lightgbm").booster_]

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        if hasattr(left, "save_raw"):
            assert left.save_raw("ubj") == right.save_raw("ubj")
        else:
            assert np.array_equal(left.predict(ROWS), right.predict(ROWS))


@pytest.mark.parametrize("name", MAKERS)
def test_a_model_fitted_twice_is_one_value(name: str) -> None:
    """In this process; the suites above fit the same models in another process, with another hash seed."""
    assert digest(MAKERS[name]().fit(ROWS, LABELS)) == digest(fitted(name))


@pytest.mark.parametrize("name", MAKERS)
def test_a_model_fitted_to_other_labels_is_another(name: str) -> None:
    other = LABELS.copy()
    other[:20] = 1 - other[:20]
    assert digest(MAKERS[name]().fit(ROWS, other)) != digest(fitted(name))


def test_a_parameter_alone_makes_another_model() -> None:
    assert digest(LogisticRegression(C=1.0)) != digest(LogisticRegression(C=2.0))
    assert digest(LogisticRegression(C=1.0)) != digest(LogisticRegression(C=1))


def test_a_model_can_go_on_learning() -> None:
    model = SGDClassifier(random_state=0).partial_fit(np.repeat(ROWS, 100, axis=1), LABELS, classes=[0, 1])
    sink = MemorySink()
    stored = CODECS.encode(model, sink)
    loaded = CODECS.decode(stored, sink.reader())
    loaded.partial_fit(np.repeat(ROWS, 100, axis=1), LABELS)
    assert digest(loaded) != stored.digest
    assert CODECS.encode(CODECS.decode(stored, sink.reader()), MemorySink()).digest == stored.digest


def test_large_arrays_of_a_model_are_parts() -> None:
    class_less = LogisticRegression()
    class_less.coef_ = np.ones((1, 100_000))
    stored = CODECS.encode(class_less, MemorySink())
    assert stored.codec == "model"
    assert len(stored.parts) == 1
    assert stored.about.pickled


def test_native_models_are_not_pickled() -> None:
    assert not CODECS.encode(fitted("xgboost"), MemorySink()).about.pickled
    assert not CODECS.encode(fitted("lightgbm").booster_, MemorySink()).about.pickled


def test_the_description_tells_parameters_features_and_classes() -> None:
    import pandas as pd

    frame = pd.DataFrame(ROWS, columns=["a", "b", "c", "d"])
    about = CODECS.encode(LogisticRegression(C=2.0).fit(frame, LABELS), MemorySink()).about
    assert next(iter(about.details["params"])) == "C"  # what was changed comes first
    assert about.details["features"] == 4
    assert about.details["feature_names"] == ["a", "b", "c", "d"]
    assert about.details["classes"] == [0, 1]
    assert about.text.startswith("LogisticRegression(C=2.0")


@pytest.mark.parametrize("name", [one for one in MAKERS if one != "boosting"])
def test_the_description_tells_what_a_model_makes_of_its_features(name: str) -> None:
    """The most telling first: of these labels, the first and the last column."""
    details = CODECS.encode(fitted(name), MemorySink()).about.details
    told = details["importances"]
    assert len(told) == (7 if name == "pipeline" else 4)
    assert [abs(value) for _, value in told] == sorted([abs(value) for _, value in told], reverse=True)
    if name != "pipeline":  # its columns are codes
        assert {one for one, _ in told[:2]} <= {"0", "3", "f0", "f3", "Column_0", "Column_3"}
    assert details["importances_by"] == ("coef" if name in ("logistic", "pipeline") else "feature_importances")


def test_a_booster_tells_gains_and_a_frame_the_names() -> None:
    import pandas as pd

    assert CODECS.encode(fitted("xgboost").get_booster(), MemorySink()).about.details["importances_by"] == "gain"
    assert CODECS.encode(fitted("lightgbm").booster_, MemorySink()).about.details["importances"][0][0] in (
        "Column_0",
        "Column_3",
    )
    frame = pd.DataFrame(ROWS, columns=["a", "b", "c", "d"])
    model = LogisticRegression().fit(frame, LABELS)
    assert {one for one, _ in CODECS.encode(model, MemorySink()).about.details["importances"][:2]} == {"a", "d"}
    three = LogisticRegression().fit(ROWS, np.arange(300) % 3)  # a row of coefficients for each class
    assert "importances" not in CODECS.encode(three, MemorySink()).about.details
    assert "importances" not in CODECS.encode(LogisticRegression(), MemorySink()).about.details


def test_a_model_of_models_is_shown_as_it_shows_itself() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(with_mean=False), LogisticRegression(C=2.0)).fit(ROWS, LABELS)
    text = CODECS.encode(model, MemorySink()).about.text
    assert text.startswith("Pipeline(steps=[('standardscaler', StandardScaler(with_mean=False)), ('logistic")
    assert '"' not in text and "\n" not in text
    many = make_pipeline(*[StandardScaler(with_mean=False) for _ in range(20)]).fit(ROWS)
    text = CODECS.encode(many, MemorySink()).about.text
    assert len(text) == 200 and text.endswith("…")


def test_early_stopping_is_kept() -> None:
    model = _xgb(50, early_stopping_rounds=2).fit(ROWS, LABELS, eval_set=[(ROWS, LABELS)], verbose=False)
    assert again(model).best_iteration == model.best_iteration
    assert digest(again(model)) == digest(model)


class Mine(BaseEstimator):
    """A transformer of the user's own, which is pickled by reference."""

    def __init__(self, power: int = 2) -> None:
        self.power = power

    def transform(self, rows: Any) -> Any:
        return rows**self.power


def test_an_estimator_of_the_users_own_comes_back() -> None:
    assert again(Mine(3)).power == 3
    assert digest(Mine(3)) == digest(Mine(3)) != digest(Mine(2))


def test_torch_tensors_modules_and_states() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    loaded = again(module)
    assert digest(loaded) == digest(module)
    values = torch.ones(4, 3)
    assert torch.equal(loaded(values), module(values))
    state = again(module.state_dict())
    assert all(torch.equal(state[name], one) for name, one in module.state_dict().items())
    for tensor in (
        torch.arange(200_000),
        torch.ones(2, 3, dtype=torch.bfloat16, requires_grad=True),
        torch.empty(0, 3),
        torch.tensor(1.5),
        torch.nn.Parameter(torch.ones(3)),
        torch.tensor([True, False]),
    ):
        kept = again(tensor)
        assert type(kept) is type(tensor)
        assert kept.dtype == tensor.dtype
        assert kept.requires_grad == tensor.requires_grad
        assert torch.equal(kept, tensor)
