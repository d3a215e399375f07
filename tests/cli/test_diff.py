"""`penstock diff`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid
from tests.report.page_reader import PageReader

Call = Callable[..., Done]


def test_two_runs(project: Path, call: Call, edit: Callable[[str, str], None]) -> None:
    call("run", "--name", "first")
    edit("return 2 * x", "return 3 * x")
    (project / "rows.txt").write_text("1 2 5 4")
    call("run", "--set", "model.rate=2")
    document = valid(call("diff", "first", "last", "--json"), "diff")
    assert [(one["parameter"], one["before"], one["after"], one["content"]) for one in document["parameters"]] == [
        ("path", "rows.txt", "rows.txt", True),
        ("rate", "0.5", "2.0", False),
    ]
    states = {one["artifact"]: one["state"] for one in document["artifacts"]}
    assert states == {
        "rows": "changed", "doubled": "changed", "model": "changed", "scores": "changed", "aside": "equal",
    }  # fmt: skip
    (rows,) = [one for one in document["artifacts"] if one["artifact"] == "rows"]
    assert rows["data"]["parts"] == [{"part": "[2]", "before": 3, "after": 5}]
    text = call("diff", "first").out  # `last` need not be said
    assert "helper `twice` changed" in text
    assert "+    return 3 * x" in text
    assert "scores.mae" in text


def test_equal_runs(call: Call) -> None:
    call("run")
    call("run")
    done = call("diff", "last~1")
    assert done.code == 0
    assert "Nothing differs" in done.out


def test_a_page(project: Path, call: Call) -> None:
    call("run")
    call("run", "--set", "model.rate=2")
    document = valid(call("diff", "last~1", "last", "--html", "d.html", "--json"), "report")
    text = (project / document["file"]).read_text(encoding="utf-8")
    assert document["bytes"] == len(text.encode())
    assert len(document["runs"]) == 2
    seen = PageReader(text)
    assert seen.safe()
    assert "model.rate" in seen.text


def test_data_need_not_be_looked_into(call: Call) -> None:
    call("run")
    call("run", "--set", "model.rate=2")
    document = valid(call("diff", "last~1", "--no-data", "--json"), "diff")
    assert {one["why"] for one in document["artifacts"] if one["state"] == "changed"} == {"not looked at"}
    document = valid(call("diff", "last~1", "--artifact", "model", "--json"), "diff")
    assert [one["artifact"] for one in document["artifacts"] if one["data"]] == ["model"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [(("bset",), "`best`"), (("best", "bset"), "`best`"), (("best", "--artifact", "modle"), "`model`")],
)
def test_what_is_wrong_is_said(call: Call, words: tuple[str, ...], hint: str) -> None:
    call("run", "--name", "best")
    done = call("diff", *words, "--json")
    assert done.code == 2
    assert hint in valid(done, "error")["error"]["hint"]
