"""The page that may run things, used as a person would."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.browsers import base, opened, served

from penstock.app.pipeline import Pipeline

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]

HELD = """
import time

import penstock as ps

@ps.step
def one(times: int = 2):
    return "a" * times

@ps.step
def two(one):
    time.sleep(0.05 if len(one) < 9 else 600)
    return one

@ps.step
def held(two):
    if len(two) == 5:
        ps.hold("May this go on?")
    return two
"""
FIRST = Path(__file__).parents[2] / "examples" / "first" / "first.py"


def page_of(browser: Browser, folder: Path) -> Iterator[Page]:
    with served(folder, "--allow-run") as address:
        troubles: list[str] = []
        page = opened(browser, address, troubles)
        yield page
        page.context.close()
        assert not [one for one in troubles if "404" not in one and "409" not in one]


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "held.py").write_text(HELD)
    yield from page_of(browser, tmp_path)


@pytest.fixture
def first(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    shutil.copy(FIRST, tmp_path)
    yield from page_of(browser, tmp_path)


def start(page: Page, **parameters: str) -> None:
    page.get_by_role("button", name="Run …").click()
    dialog = page.get_by_role("dialog", name="Run the pipeline")
    expect(dialog.get_by_role("button", name="Run", exact=True)).to_be_enabled(timeout=60_000)
    for name, value in parameters.items():
        dialog.get_by_label(name.replace("__", ".")).fill(value)
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog).to_be_hidden(timeout=60_000)


def test_the_first_run_of_a_new_folder_is_started_and_watched(first: Page) -> None:
    expect(first.get_by_role("heading", name="Nothing has run here yet")).to_be_visible()
    start(first)
    expect(first.locator("[data-step=scores]")).to_be_visible(timeout=60_000)
    expect(first.locator(".top .badge")).to_contain_text("✓", timeout=60_000)
    expect(first.locator(".node.is-succeeded")).to_have_count(5)
    first.get_by_role("link", name="Run", exact=True).click()
    expect(first.locator(".metric")).to_contain_text("scores.mae")


def test_parameters_targets_and_the_plan(page: Page) -> None:
    start(page, one__times="3")
    expect(page.locator(".top .badge")).to_contain_text("✓", timeout=60_000)
    page.get_by_role("button", name="Run …").click()
    dialog = page.get_by_role("dialog", name="Run the pipeline")
    expect(dialog.get_by_label("one.times")).to_have_value("2")
    dialog.get_by_label("one.times").fill("x")
    dialog.get_by_role("button", name="Plan again").click()
    expect(dialog.get_by_role("alert")).to_contain_text("times", timeout=60_000)
    dialog.get_by_label("one.times").fill("3")
    dialog.get_by_label("Only one", exact=True).check()
    dialog.get_by_role("button", name="Plan again").click()
    expect(dialog).to_contain_text("Nothing would run", timeout=60_000)
    expect(dialog.locator("tr", has_text="held")).to_contain_text("not asked for")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_run_is_cancelled_and_resumed(page: Page) -> None:
    start(page, one__times="9")
    expect(page.locator(".node.is-running")).to_have_count(1, timeout=60_000)
    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled", timeout=60_000)
    page.get_by_role("button", name="Resume the run").click()
    expect(page.locator(".node.is-running")).to_have_count(1, timeout=60_000)
    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled", timeout=60_000)


def test_a_step_is_approved(page: Page) -> None:
    start(page, one__times="5")
    expect(page.locator(".top .badge")).to_contain_text("?", timeout=60_000)
    page.locator("[data-step=held]").click()
    page.get_by_role("complementary").get_by_role("button", name="Approve").click()
    expect(page.locator(".top .badge")).to_contain_text("✓", timeout=60_000)


def test_a_step_is_declined_and_asked_again(page: Page) -> None:
    start(page, one__times="5")
    expect(page.locator(".top .badge")).to_contain_text("?", timeout=60_000)
    page.get_by_role("link", name="Run", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("May this go on?")
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("failed", timeout=60_000)
    expect(page.locator(".trouble")).to_contain_text("said no to: May this go on?")
    page.get_by_role("button", name="Resume the run").click()
    expect(page.locator(".top .badge")).to_contain_text("?", timeout=60_000)


def test_a_pipeline_that_does_not_load(page: Page, tmp_path: Path) -> None:
    (tmp_path / "held.py").write_text("import penstock as ps\n@ps.step\ndef one(nothing):\n    return 1\n")
    page.get_by_role("button", name="Run …").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("nothing", timeout=60_000)


def test_without_being_allowed_there_is_no_button(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "held.py").write_text(HELD)
    with served(tmp_path) as address:
        page = opened(browser, address, [])
        page.goto(base(address))
        expect(page.get_by_role("heading", name="Nothing has run here yet")).to_be_visible()
        expect(page.get_by_role("button", name="Run …")).to_have_count(0)
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_of_the_form(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """With PICTURES, into that folder: docs/pictures is made so."""
    shutil.copy(FIRST, tmp_path)
    made = Path(os.environ.get("PICTURES") or tmp_path)
    with served(tmp_path, "--allow-run") as address:
        page = opened(browser, address, [], color_scheme=scheme, viewport={"width": 1100, "height": 700})
        page.get_by_role("button", name="Run …").click()
        expect(page.get_by_role("dialog").get_by_role("button", name="Run", exact=True)).to_be_enabled(timeout=60_000)
        page.wait_for_timeout(300)
        page.screenshot(path=made / f"start-{scheme}.png")
        page.context.close()
    assert (made / f"start-{scheme}.png").stat().st_size > 5_000


@pytest.mark.parametrize("path", ["", "/run/last", "/run/last/data"])
def test_a_page_over_nothing_fills_by_itself(browser: Browser, tmp_path: Path, path: str) -> None:
    shutil.copy(FIRST, tmp_path)
    with served(tmp_path) as address:
        page = opened(browser, address, [])
        page.goto(base(address) + path)
        expect(page.get_by_role("heading", name="Nothing has run here yet")).to_be_visible()
        Pipeline.load(tmp_path / "first.py", executor="inline", checks="off").run().close()
        expect(page.get_by_role("heading", name="Nothing has run here yet")).to_be_hidden(timeout=60_000)
        expect(page.locator(".top .badge")).to_contain_text("✓")
        page.context.close()
