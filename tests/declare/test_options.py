"""What decorators accept, and what they say of the rest."""

from datetime import timedelta

import pytest

from penstock.declare.options import contract_of, options_of, outputs_of
from penstock.errors import ContractError, DeclarationError, SignatureError
from penstock.model.step import Output, Resources


def test_defaults():
    options = options_of("step", {}, "")
    assert (options.isolation, options.retries, options.cache, options.resources) == ("worker", 0, True, Resources())


def test_everything_is_brought_into_one_form():
    options = options_of(
        "train",
        {
            "timeout": timedelta(minutes=1),
            "resources": {"cpus": 2, "memory": "1.5 GiB"},
            "tags": "one",
            "env": ["a==1"],
        },
        "",
    )
    assert options.timeout == 60.0
    assert options.resources == Resources(2, 1_610_612_736)
    assert (options.tags, options.env) == (("one",), ("a==1",))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"retrys": 3}, "Did you mean `retries`"),
        ({"key": "id"}, "option of `ps.source`"),
        ({"cache": "no"}, "neither True nor False"),
        ({"retries": -1}, "whole number"),
        ({"retries": True}, "whole number"),
        ({"timeout": "soon"}, "neither seconds"),
        ({"isolation": "workers"}, "Did you mean `worker`"),
        ({"resources": {"cpu": 2}}, "Did you mean `cpus`"),
        ({"resources": {"memory": "lots"}}, "not a size"),
        ({"tags": [1]}, "names are wanted"),
        ({"resources": 3}, "resources=3 is no mapping"),
        ({"image": 3}, "image=3 is not text"),
        ({"description": ["x"]}, "is not text"),
        ({"env": ""}, "names are wanted"),
    ],
)
def test_mistakes_are_named_with_the_line(given, words):
    with pytest.raises(DeclarationError, match=words) as error:
        options_of("step", given, "p.py:3")
    assert error.value.where == "p.py:3"


def test_outputs_of_a_split_carry_roles():
    with pytest.raises(DeclarationError, match="splits nothing"):
        outputs_of("split", {}, "")
    assert outputs_of("split", None, "") == (Output("train", "train"), Output("test", "test"))
    assert outputs_of("split", {"fit": "train", "hold": "test"}, "") == (Output("fit", "train"), Output("hold", "test"))
    with pytest.raises(DeclarationError, match="needs a role"):
        outputs_of("split", {"a": "tset"}, "")


def test_outputs_have_names_of_their_own():
    assert outputs_of("step", None, "") == (Output(),)
    assert outputs_of("step", ["a", "b"], "") == (Output("a"), Output("b"))
    for bad in (["a", "a"], [], ["a b"]):
        with pytest.raises(DeclarationError):
            outputs_of("step", bad, "")


def test_a_contract_is_kept_as_it_was_said():
    late = {"arr_delay": "arr_time", "fare": timedelta(hours=1)}
    contract = contract_of({"key": ["a", "b"], "time": "t", "known_at": late, "label": "arr_delay", "name": "x"}, "")
    assert contract is not None
    assert (contract.key, contract.time, contract.known_at, contract.label) == (("a", "b"), "t", late, ("arr_delay",))
    assert contract_of({"name": "x"}, "") is None
    whole = contract_of({"time": "t", "known_at": timedelta(hours=1)}, "")
    assert whole is not None and whole.known_at == {"*": timedelta(hours=1)}


@pytest.mark.parametrize(
    "said",
    [
        {"known_at": {"a": 3}},
        {"known_at": {"a": timedelta(1)}},
        {"key": "a", "time": "t", "known_at": {"a": "b"}},
        {"key": "a", "label": "a"},
        {"known_at": "*"},
    ],
)
def test_contracts_that_contradict_themselves(said):
    with pytest.raises(ContractError):
        contract_of(said, "p.py:1")


@pytest.mark.parametrize("said", [{"key": ""}, {"key": ["a", 3]}, {"time": 3}, {"contract": 3}, {"group": [""]}])
def test_contracts_are_made_of_names(said):
    with pytest.raises(DeclarationError, match=next(iter(said))):
        contract_of(said, "p.py:1")


def test_a_source_knows_the_words_of_contracts():
    options_of("source", {"key": "id", "label": "y"}, "")
    with pytest.raises(SignatureError, match="Did you mean `label`"):
        options_of("source", {"lable": "y"}, "")


def test_limits_are_names_with_counts():
    assert options_of("train", {"limits": {"gpu": 1, "data-base": 2}}, "").limits == {"gpu": 1, "data-base": 2}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("gpu", "no mapping"),
        ({"g p u": 1}, "is no name"),
        ({"gpu": 0}, "gpu=0 is not a whole number from 1"),
        ({"gpu": True}, "not a whole number"),
        ({"gpu": 0.5}, "not a whole number"),
    ],
)
def test_limits_that_mean_nothing(said, words):
    with pytest.raises(DeclarationError, match=words) as error:
        options_of("train", {"limits": said}, "p.py:7")
    assert error.value.where == "p.py:7"


def test_a_contract_says_what_fails_a_run():
    contract = contract_of({"key": "a", "fail_on": "rows"}, "")
    assert contract is not None and contract.fail_on == ("rows",)
    with pytest.raises(ContractError) as caught:
        contract_of({"key": "a", "fail_on": ["row"]}, "p.py:1")
    assert caught.value.where == "p.py:1"
    assert "`rows`" in caught.value.hint
