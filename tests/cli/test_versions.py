"""`penstock versions`, and `penstock runs --metric`."""

from collections.abc import Callable

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


def test_versions(call: Call) -> None:
    for rate in ("1", "2", "1"):  # the third reuses the first
        call("run", "--set", f"model.rate={rate}", "--tag", f"model@rate{rate}")
    document = valid(call("versions", "model", "--json"), "versions")
    newest, oldest = document["versions"]
    assert (newest["tags"], oldest["tags"]) == (["rate2"], ["rate1"])
    assert oldest["parameters"] == {"rate": "1.0", "seed": "0"}
    digest = oldest["inputs"]["doubled"]["digest"]
    for words in (("model", "--tag", "rate1"), ("model@rate1",), ("model", "--input", f"doubled={digest[:14]}")):
        found = valid(call("versions", *words, "--json"), "versions")["versions"]
        assert oldest in found
    assert "@rate2" in call("versions", "model").out
    assert "No version" in call("versions", "model", "--input", "doubled=ffff").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("modle",), "`model`"),
        (("model", "--tag", "x"), "penstock tag"),
        (("model", "--input", "duobled=ab"), "`doubled`"),
        (("model", "--input", "ab"), "INPUT=DIGEST"),
    ],
)
def test_what_is_wrong_is_said(call: Call, words: tuple[str, ...], hint: str) -> None:
    call("run")
    done = call("versions", *words, "--json")
    assert done.code == 2
    assert hint in valid(done, "error")["error"]["hint"]


def test_a_metric_over_runs(call: Call) -> None:
    for rate in ("1", "3", "2"):
        call("run", "--set", f"model.rate={rate}", "--tag", "odd" if rate != "2" else "even")
    document = valid(call("runs", "--metric", "mae", "--json"), "metric")
    assert document["metric"] == "scores.mae"
    assert [one["value"] for one in document["points"]] == [12.0, 36.0, 24.0]
    assert len(call("runs", "--metric", "mae", "-n", "2", "--json").json["points"]) == 2
    assert len(call("runs", "--metric", "mae", "--tag", "odd", "--json").json["points"]) == 2
    text = call("runs", "--metric", "scores.mae").out
    assert text.count("●") >= 3
    assert "▼ 12" in text
    done = call("runs", "--metric", "scores.mea", "--json")
    assert done.code == 2
    assert "`scores.mae`" in valid(done, "error")["error"]["hint"]
