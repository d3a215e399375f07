"""The page in a real browser, used as a person would."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.browsers import base, opened, served

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]

PAGES = ("/", "/run/last", "/run/last/graph?step=talk", "/run/last/row?key=UA/45", "/run/last/leaks", "/run/last/data", "/runs",
         "/run/last/artifact/flights", "/metric/talk.one", "/compare/first/second")  # fmt: skip

PICTURES = {
    "pipeline": "/run/last/graph?step=joined",
    "run": "/run/last",
    "artifact": "/run/last/artifact/joined",
    "row": "/run/last/row?key=UA/45",
    "runs": "/runs",
    "compare": "/compare/first/second",
    "data": "/run/last/data",
}


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The address that `penstock ui` prints, with its token."""
    with served(folder, "-f", "line.py") as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened by its address; it must not have complained when the test is over."""
    troubles: list[str] = []
    found = opened(browser, address, troubles)
    yield found
    found.context.close()
    assert not [one for one in troubles if "404" not in one]


def test_the_graph_and_a_step(page: Page) -> None:
    expect(page.locator("[data-step=clean]")).to_be_visible()
    assert "token" not in page.url
    page.locator("[data-step=joined]").click()
    side = page.get_by_role("complementary", name="Step joined")
    expect(side).to_contain_text("line.py:")
    expect(side.get_by_role("link", name="clean", exact=True)).to_be_visible()
    assert "step=joined" in page.url
    page.locator(".graph-box").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("complementary")).to_have_attribute("aria-label", re.compile("Step (clean|planes)"))
    page.go_back()
    page.keyboard.press("/")
    page.keyboard.type("predic")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Step predictions")).to_be_visible()


def test_what_a_step_says_runs_nothing(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/first/graph?step=talk")
    side = page.get_by_role("complementary", name="Step talk")
    expect(side.locator(".note strong")).to_have_text("bold")
    expect(side).to_contain_text("<script>alert(1)</script>")
    expect(side.locator("iframe[sandbox='']")).to_have_count(1)
    side.get_by_role("link", name="log").click()
    expect(side.locator(".ansi-red")).to_have_text("red")
    expect(side.get_by_role("log")).to_contain_text("<b>")


def test_a_dropped_row_and_why(page: Page) -> None:
    page.get_by_role("link", name="Row", exact=True).click()
    page.get_by_label("Key of a row").fill("AA/4")
    page.get_by_role("button", name="Follow").click()
    expect(page.locator(".lead")).to_contain_text("dropped by clean")
    expect(page.locator(".station.is-dropped")).to_contain_text("distance")
    page.get_by_label("Key of a row").fill("UA/4")
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("alert").get_by_role("button").first.click()
    expect(page.locator(".station").first).to_be_visible()


def test_two_runs(page: Page) -> None:
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(2)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("link", name="Compare the two").click()
    expect(page.get_by_role("heading", name="Two runs")).to_be_visible()
    expect(page.get_by_label("Baseline").locator("option:checked")).to_have_text("first")
    expect(page.locator("table").first).to_contain_text("talk.one")


def test_a_table(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/last/artifact/flights")
    expect(page.locator("table.rows tbody tr").first).to_contain_text("AA")
    page.get_by_label("Go to row").fill("50")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator("table.rows tbody tr").first).to_contain_text("50")
    expect(page.locator(".column").filter(has_text="distance").locator("svg")).to_be_visible()


def test_the_palette(page: Page) -> None:
    expect(page.locator("[data-step=clean]")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("sides.test artifact")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="sides.test")).to_be_visible()


def test_where_the_rows_went(page: Page) -> None:
    page.get_by_role("link", name="Data", exact=True).click()
    expect(page.locator("svg.flow")).to_contain_text("sides.train")
    expect(page.locator(".flow-loss").first).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 3840])
def test_every_page_fits(browser: Browser, address: str, path: str, width: int) -> None:
    troubles: list[str] = []
    page = opened(browser, address, troubles, viewport={"width": width, "height": 900})
    page.goto(base(address) + path)
    expect(page.get_by_role("main")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.context.close()
    assert not troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_read_by_all(browser: Browser, address: str, path: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(browser, address, [], color_scheme=scheme)
    page.goto(base(address) + path)
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    page.context.close()
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not serious, json.dumps([(one["id"], one["nodes"][0]["html"][:200]) for one in serious], indent=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_the_pages(browser: Browser, address: str, tmp_path: Path, scheme: str) -> None:
    """Each page as a picture; with PICTURES, into that folder: docs/pictures is made so."""
    made = Path(os.environ.get("PICTURES") or tmp_path)
    troubles: list[str] = []
    page = opened(browser, address, troubles, color_scheme=scheme, viewport={"width": 1100, "height": 700})
    for name, path in PICTURES.items():
        page.goto(base(address) + path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)  # the drawing comes to rest
        page.screenshot(path=made / f"{name}-{scheme}.png")
        assert (made / f"{name}-{scheme}.png").stat().st_size > 5_000
    page.context.close()
    assert not troubles


def test_without_the_token_there_is_nothing(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    answer = page.goto(base(address))
    assert answer is not None and answer.status == 401
    assert "penstock ui" in page.content()
    page.context.close()
