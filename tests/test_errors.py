"""Errors say what, where and what to do next, and survive the way from a worker."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import errors
from penstock.errors import PenstockError, StepFailed, did_you_mean, distribution

KINDS = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]


@pytest.mark.parametrize("kind", KINDS)
@given(what=st.text(), where=st.text(), hint=st.text())
def test_an_error_survives_pickling(kind: type[PenstockError], what: str, where: str, hint: str) -> None:
    error = kind(what, where=where, hint=hint)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.what, again.where, again.hint) == (what, where, hint or kind.hint_default)
    assert str(again) == str(error)
    assert again.kind == kind.__name__


def test_the_text_of_an_error() -> None:
    error = errors.UnknownName("no step makes `claen`", where="flights.py:7", hint="Did you mean `clean`?")
    assert str(error) == "flights.py:7: no step makes `claen`\n  Did you mean `clean`?"
    assert str(errors.CycleError("a needs itself")) == f"a needs itself\n  {errors.CycleError.hint_default}"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_ends_a_command_with_one_or_two(kind: type[PenstockError]) -> None:
    assert kind.exit_code in {1, 2}


def test_only_wrong_commands_and_pipelines_end_with_two() -> None:
    assert errors.GraphError.exit_code == errors.ParameterError.exit_code == errors.SettingsError.exit_code == 2
    assert errors.StepFailed.exit_code == errors.StoreError.exit_code == errors.WorkerDied.exit_code == 1


def test_a_failed_step_keeps_its_traceback() -> None:
    assert StepFailed("it raised", traceback="line 1").traceback == "line 1"
    assert StepFailed("it raised", traceback="line 1\n").__notes__ == ["line 1"]
    assert not hasattr(StepFailed("it raised"), "__notes__")


@given(st.text(), st.sets(st.text(min_size=1)))
def test_suggestions_are_names_that_are_there(name: str, known: set[str]) -> None:
    hint = did_you_mean(name, known)
    if hint.startswith("Did you mean"):
        assert any(f"`{one}`" in hint for one in known)
    elif hint:
        assert all(f"`{one}`" in hint for one in known)
    else:
        assert not known or len(known) > 12


def test_a_near_miss_is_suggested() -> None:
    assert did_you_mean("claen", ["clean", "features"]) == "Did you mean `clean`?"
    assert did_you_mean("xyz", ["clean", "features"]) == "Known: `clean`, `features`."
    assert did_you_mean("xyz", []) == ""
    assert did_you_mean("qqqqqq", [f"step{i}" for i in range(40)]) == ""


def test_what_to_install_for_a_module():
    assert [distribution(one) for one in ("sklearn", "PIL.Image", "numpy.linalg")] == [
        "scikit-learn",
        "pillow",
        "numpy",
    ]
