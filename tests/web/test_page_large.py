"""Graphs of a thousand and of ten thousand steps: taken in at a glance, opened, searched."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.browsers import base, opened, served

from penstock.app.pipeline import Pipeline
from penstock.app.settings import find_settings, open_ledger
from penstock.model.event import Decided, RunEnded, RunStarted
from penstock.model.run import Decision, Execution, Run
from penstock.testing.samples import make_execution

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]


def large(run: str, many: int) -> tuple[Run, list[Execution]]:
    """Layers of ten steps, each of which takes two of the layer before; every hundredth is a source."""
    draw = random.Random(many)
    names = [f"stage_{at // 10}_part_{at % 10}" for at in range(many)]
    graph = {}
    for at, name in enumerate(names):
        layer = at // 10
        above = sorted({f"stage_{layer - 1}_part_{draw.randrange(10)}" for _ in range(2)}) if layer else []
        graph[name] = {
            "kind": "source" if not layer else "step",
            "where": f"p.py:{at}",
            "inputs": {one: one for one in above},
        }
    made = Run(id=run, pipeline=run, started=1_750_000_000.0, steps=tuple(names), graph=graph)
    return made, [make_execution(name, run, key=f"blake3:{at:064x}", inputs={}) for at, name in enumerate(names)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("large")
    (folder / "line.py").write_text("import penstock as ps\n\n@ps.step\ndef one():\n    return 1\n")
    ledger = open_ledger(find_settings(folder / "line.py"), create=True)
    for name, many in (("thousand", 1000), ("ten-thousand", 10_000)):
        run, executions = large(name, many)
        ledger.record(
            name, [RunStarted(run), Decided(tuple([Decision(one.step, "run", (), one.key) for one in executions]))]
        )
        ledger.commit(name, executions, {})
        ledger.record(name, [RunEnded("succeeded", 10.0)])
    ledger.close()
    with served(folder) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    troubles: list[str] = []
    found = opened(browser, address, troubles)
    yield found
    found.context.close()
    assert not troubles


def test_a_thousand_steps_stand_in_groups_that_open(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/thousand/graph")
    group = page.locator("[data-step='group:stage_0_part_*']")
    expect(group).to_contain_text("10 steps", timeout=30_000)
    expect(page.locator(".bar")).to_contain_text("1,000 steps in 100 boxes")
    group.click()
    expect(page.locator("[data-step=stage_0_part_4]")).to_be_visible()
    assert "open=stage_0_part" in page.url
    page.reload()
    expect(page.locator("[data-step=stage_0_part_4]")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Close the groups").click()
    expect(group).to_be_visible()


def test_a_thousand_steps_one_by_one(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/thousand/graph")
    page.get_by_label("What is shown together").select_option("0")
    expect(page.locator(".bar")).to_contain_text("1,000 steps")
    expect(page.locator("[data-step=stage_0_part_4]")).to_be_visible(timeout=60_000)
    expect(page.locator(".graph-box")).to_have_attribute("aria-busy", "false")
    page.locator("[data-step=stage_0_part_4]").click()
    expect(page.get_by_role("complementary", name="Step stage_0_part_4")).to_contain_text("p.py:4")


def test_ten_thousand_steps_are_searched(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/ten-thousand/graph")
    expect(page.locator(".node.group").first).to_be_visible(timeout=30_000)
    expect(page.locator(".bar")).to_contain_text("10,000 steps in")
    page.keyboard.press("/")
    page.keyboard.type("stage_777_part_7")
    expect(page.locator(".bar")).to_contain_text("1 found")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Step stage_777_part_7")).to_be_visible()
    expect(page.locator("[data-step=stage_777_part_7]")).to_be_visible(timeout=30_000)
    page.get_by_label("What is shown together").select_option("0")
    expect(page.locator(".bar")).to_contain_text("120 around stage_777_part_7 drawn")


def test_the_time_line_of_ten_thousand_steps(page: Page, address: str) -> None:
    page.goto(f"{base(address)}/run/ten-thousand")
    expect(page.locator(".gantt-row").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("main")).to_contain_text("longest of 10,000 steps")


WIDE = """
import polars as pl
import penstock as ps

@ps.source(key="id")
def wide(n: int = 10_000_000) -> pl.DataFrame:
    return pl.select(id=pl.int_range(n), part=(pl.int_range(n) % 97).cast(pl.UInt8))
"""


def test_ten_million_rows_are_browsed(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(WIDE)
    Pipeline.load(tmp_path / "line.py", executor="inline", checks="off").run().close()
    troubles: list[str] = []
    with served(tmp_path) as url:
        page = opened(browser, url, troubles)
        page.locator("[data-step=wide]").click()
        page.get_by_role("complementary").get_by_role("link", name="wide", exact=True).click()
        first = page.locator("table.rows tbody tr").first
        expect(first.locator("td").nth(1)).to_have_text("0")
        page.get_by_label("Go to row").fill("9999990")
        page.get_by_role("button", name="Go", exact=True).click()
        expect(page.locator("table.rows tbody tr").last).to_contain_text("9,999,999")
        expect(page.locator(".column").filter(has_text="part").locator("svg")).to_be_visible(timeout=60_000)
        page.context.close()
    assert not troubles
