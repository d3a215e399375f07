"""The page of two runs: figures side by side, and nothing of users' words can break out of it."""

from tests.report.page_reader import PageReader
from tests.report.test_diff_text import document, everything
from tests.report.test_run_html import EVIL, poisoned

from penstock.report.diff_html import diff_page

PNG = b"\x89PNG\r\n\x1a\n"


def test_everything_differs() -> None:
    pictures = {("a", "curve"): ("image/png", PNG)}
    made = diff_page(everything(), pictures, {})
    seen = PageReader(made)
    assert seen.safe()
    for part in (
        "seed of the run",
        "helper `f` changed",
        "polars",
        "3 rows added, for example",
        "int64 → double",
        "7/1",
        "s.rmse",
    ):
        assert part in seen.text, part
    assert [tag for tag, _ in seen.tags].count("img") == 1
    assert "No picture is stored" in seen.text
    assert "a.curve · before" in seen.text


def test_parts_that_are_not_listed_are_counted() -> None:
    made = everything()
    for one in made["artifacts"]:
        if one["artifact"] == "model":
            one["data"]["changed"] = 200
    assert "and 199 parts more" in PageReader(diff_page(made, {}, {})).text


def test_nothing_differs() -> None:
    assert PageReader(diff_page(document(), {}, {})).safe()


def test_no_word_of_users_can_break_out() -> None:
    kept = everything()
    evil = poisoned(kept)
    for side in ("before", "after"):
        evil[side]["started"] = kept[side]["started"]
    for group in ("steps", "artifacts", "figures"):
        for one, other in zip(evil[group], kept[group], strict=True):
            one["state"] = other["state"]
            if other.get("data"):
                one["data"]["by"] = other["data"]["by"]
    made = diff_page(evil, {(f"a{EVIL}", f"curve{EVIL}"): (f"image/png{EVIL}", PNG)}, {})
    assert PageReader(made).safe()
    assert "<script" not in made
