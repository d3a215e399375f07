from datetime import date, datetime
from typing import Any

import pytest

from penstock.declare.waivers import waive, waivers_in
from penstock.errors import DeclarationError
from penstock.model.waiver import Waiver


def said(text: str, file: str = "/project/pipeline.py") -> dict[str, Any]:
    namespace: dict[str, Any] = {"waive": waive}
    exec(compile(text, file, "exec"), namespace)
    return namespace


def test_waivers_of_a_file() -> None:
    found = said("\n".join([
        'waive("overlap", "sides", " two in one plane ", until="2027-03-31")',
        'waive("as-of", "features", "the feed is late")',
    ]))  # fmt: skip
    assert waivers_in([found], "/project") == (
        Waiver("overlap", "sides", "two in one plane", date(2027, 3, 31), "pipeline.py:1"),
        Waiver("as-of", "features", "the feed is late", None, "pipeline.py:2"),
    )
    assert waivers_in([{}]) == ()


def test_a_cell_that_runs_again_says_it_anew() -> None:
    found = said('waive("overlap", "sides", "old")\nwaive("overlap", "sides", "new")')
    assert [one.reason for one in waivers_in([found, found])] == ["new"]


def test_days() -> None:
    assert waive("a", "b", "c", until=datetime(2027, 1, 2, 3)).until == date(2027, 1, 2)
    assert waive("a", "b", "c", until=date(2027, 1, 2)).until == date(2027, 1, 2)
    with pytest.raises(DeclarationError, match="until='soon' is no day"):
        waive("a", "b", "c", until="soon")


@pytest.mark.parametrize("given", [("", "b", "c"), ("a", "b", " "), ("a", len, "c")])
def test_a_waiver_says_what_and_why(given: Any) -> None:
    with pytest.raises(DeclarationError, match="a waiver needs a") as error:
        waive(*given)
    assert error.value.where.startswith(__file__)
