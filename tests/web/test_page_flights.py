"""The flights of `make demo`, with one flight in twelve: run from the page, watched to the end, looked into, run again and compared."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.browsers import base, opened, served

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(400)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
LONG = 240_000  # ms that a run may take on a machine that is busy


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo") / "flights"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    subprocess.run([sys.executable, "prepare.py"], cwd=folder, check=True, capture_output=True)
    path = folder / "data" / "flights.parquet"
    table = pl.read_parquet(path).with_row_index("at")
    table.filter((pl.col("at") % 12 == 0) | (pl.col("distance") < 50)).drop("at").write_parquet(path)
    with served(folder, "--allow-run") as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, after the first run was started on it by who came first, and watched to its end."""
    troubles: list[str] = []
    found = opened(browser, address, troubles)
    expect(
        found.locator("[data-step=scores]").or_(found.get_by_role("heading", name="Nothing has run here yet"))
    ).to_be_visible()
    if found.get_by_role("heading", name="Nothing has run here yet").is_visible():
        start(found, "before")
        expect(found.locator(".node.is-running").first).to_be_visible(timeout=LONG)
        expect(found.locator(".top .badge")).to_contain_text("✓", timeout=LONG)
    yield found
    found.context.close()
    assert not [one for one in troubles if "404" not in one]


def start(page: Page, name: str, **parameters: str) -> None:
    page.get_by_role("button", name="Run …").click()
    dialog = page.get_by_role("dialog", name="Run the pipeline")
    expect(dialog.get_by_role("button", name="Run", exact=True)).to_be_enabled(timeout=LONG)
    dialog.get_by_label("Name", exact=True).fill(name)
    for parameter, value in parameters.items():
        dialog.get_by_label(parameter.replace("__", ".")).fill(value)
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog).to_be_hidden(timeout=LONG)


def test_the_demo_is_watched_to_its_end(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/before/graph")
    expect(page.locator(".node.is-succeeded")).to_have_count(14)
    page.get_by_role("link", name="Run", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator(".metric", has_text="scores.rmse").first).to_be_visible()
    expect(page.locator(".gantt-row")).to_have_count(14)
    page.locator(".gantt-row", has_text="contest").click()
    expect(page.get_by_role("log")).to_contain_text("off by")
    page.goto(f"{base(address)}/run/before/graph?step=honesty")
    expect(page.get_by_role("complementary").get_by_alt_text("predicted-and-actual")).to_be_visible()


def test_a_dropped_flight_and_why(page: Page, address: str) -> None:
    """The one flight that is too short to be one: 17 miles from Newark to LaGuardia."""
    page.goto(f"{base(address)}/run/before/graph")
    page.get_by_role("link", name="Data", exact=True).click()
    lost = (
        page.get_by_role("row")
        .filter(has=page.get_by_role("link", name="clean", exact=True))
        .filter(has_text="distance")
    )
    expect(lost).to_contain_text("distance", timeout=LONG)
    lost.get_by_role("link", name="2013-07-27/US1632/EWR").click()
    expect(page.locator(".lead")).to_contain_text("dropped by clean", timeout=LONG)
    expect(page.locator(".station.is-dropped")).to_contain_text("distance")
    expect(page.locator(".station.is-dropped")).to_contain_text("flights.py:")


def test_a_flight_to_its_prediction(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/before/artifact/sides.test")
    page.get_by_role("link", name="2013-").first.click()
    expect(page.locator(".lead")).to_contain_text("on the side test", timeout=LONG)
    expect(page.locator(".lead")).to_contain_text("predicted")
    expect(page.get_by_role("img", name="When each value became known")).to_be_visible()


def test_another_run_is_compared(page: Page) -> None:
    start(page, "after", boosted__trees="20")
    expect(page.locator("[data-step=flights].is-reused")).to_be_visible(timeout=LONG)
    expect(page.locator(".top .badge")).to_contain_text("✓", timeout=LONG)
    page.get_by_role("link", name="Runs", exact=True).click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("link", name="Compare the two").click()
    expect(page.get_by_label("Baseline").locator("option:checked")).to_have_text("before")
    main = page.get_by_role("main")
    expect(main.get_by_role("row").filter(has_text="boosted.trees")).to_contain_text("20")
    expect(main.get_by_role("row").filter(has_text="contest.boosted").first).to_be_visible()
