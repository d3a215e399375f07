"""Whatever people and steps write, nothing of it runs: on no page, and in nothing that is written to be opened elsewhere."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page
from tests.web.browsers import base, opened, served
from tests.web.payloads import PAYLOADS, hostile

from penstock.app.pipeline import Pipeline

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(400)]

# What no text may have made of a page: scripts beside its own, handlers, addresses that run.
LOOK = """() => {
  const found = [];
  for (const one of document.querySelectorAll('script')) if (!one.src.startsWith(location.origin + '/assets/')) found.push(one.outerHTML);
  for (const one of document.querySelectorAll('*')) for (const held of one.attributes) {
    if (/^on/i.test(held.name) || held.name === 'srcdoc') found.push(one.outerHTML.slice(0, 200));
    if (['href', 'src', 'data', 'action', 'xlink:href'].includes(held.name) && /^\\s*(javascript|data:text)/i.test(held.value)) found.push(one.outerHTML.slice(0, 200));
  }
  for (const one of document.querySelectorAll('object, embed, base, meta[http-equiv=refresh], form[action], marquee, audio, video')) found.push(one.outerHTML.slice(0, 200));
  return found;
}"""


@pytest.fixture(scope="module")
def dangerous(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("hostile")
    return folder, hostile(folder)


@pytest.fixture(scope="module")
def address(dangerous: tuple[Path, str]) -> Iterator[str]:
    with served(dangerous[0]) as url:
        yield url


def check(page: Page, troubles: list[str]) -> None:
    assert page.evaluate(LOOK) == []
    wrong = [one for one in troubles if "Failed to load resource" not in one and "Blocked script execution" not in one]
    assert not wrong


def test_there_are_fifty() -> None:
    assert len(set(PAYLOADS)) >= 50


def test_the_tripwire_trips(browser: Browser, tmp_path: Path) -> None:
    """What is looked for is found where a page is as careless as can be."""
    tripped = 0
    for at, one in enumerate(PAYLOADS):
        (tmp_path / f"{at}.html").write_text(f"<!doctype html><title>x</title>{one}", encoding="utf-8")
        troubles: list[str] = []
        page = opened(browser, f"file://{tmp_path}/{at}.html", troubles)
        page.wait_for_timeout(30)
        tripped += any("tripped" in said for said in troubles) or bool(page.evaluate(LOOK))
        page.context.close()
    assert tripped >= 35


PATHS = (
    "/", "/run/last", "/run/last?log=talk", "/run/last/graph?step=talk", "/run/last/graph?step=talk&tab=log", "/run/last/graph?step=talk&tab=checks", "/run/last/graph?step=kept",
    "/run/last/graph?step=fails", "/run/last/graph?step=skipped", "/run/last/graph?step=waits", "/run/last/leaks", "/run/last/data", "/runs", "/run/last/artifact/rows",
    "/run/last/artifact/talk", "/compare/last/last", f"/run/last/row?key={quote(PAYLOADS[0])}", f"/run/last/row?key={quote(PAYLOADS[6])}&source={quote(PAYLOADS[6])}",
    f"/run/{quote(PAYLOADS[6], safe='')}", f"/run/last/artifact/{quote(PAYLOADS[6], safe='')}", f"/metric/{quote('talk.' + PAYLOADS[6], safe='')}", f"/runs?find={quote(PAYLOADS[6])}",
    f"/run/last/graph?find={quote(PAYLOADS[6])}&open={quote(PAYLOADS[6])}&step={quote(PAYLOADS[6])}&tab={quote(PAYLOADS[6])}&collapse=2", f"/{quote(PAYLOADS[6], safe='')}",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_page_runs_what_it_shows(browser: Browser, address: str, path: str) -> None:
    troubles: list[str] = []
    page = opened(browser, address, troubles)
    page.goto(base(address) + path)
    page.wait_for_load_state("networkidle")
    for one in page.locator("details > summary").all()[:5]:
        one.click()
    page.wait_for_timeout(200)
    check(page, troubles)
    page.context.close()


def test_what_is_shown_is_the_text(browser: Browser, address: str) -> None:
    """They are there to be read: nothing was swallowed either."""
    page = opened(browser, address, [])
    page.goto(f"{base(address)}/run/last/leaks")
    page.wait_for_load_state("networkidle")
    text = page.get_by_role("main").inner_text()
    assert all(one in text for one in PAYLOADS if one.isprintable() and "`" not in one)
    page.context.close()


@pytest.mark.parametrize(
    "words", [["report", "last"], ["diff", "last", "last"], ["trace", PAYLOADS[6]]], ids=lambda one: one[0]
)
def test_no_file_runs_what_it_shows(
    browser: Browser, dangerous: tuple[Path, str], tmp_path: Path, words: list[str]
) -> None:
    page_file = tmp_path / "page.html"
    command = [sys.executable, "-m", "penstock", words[0], f"--html={page_file}", "--", *words[1:]]
    done = subprocess.run(command, cwd=dangerous[0], capture_output=True, text=True)
    assert page_file.is_file(), done.stderr
    trip(browser, page_file)


def test_no_notebook_runs_what_it_shows(browser: Browser, dangerous: tuple[Path, str], tmp_path: Path) -> None:
    """Nor the page of `penstock check`, which is made of the same."""
    from penstock.app.leaks import LeakReport, checked_of
    from penstock.app.result import RunResult
    from penstock.app.settings import open_ledger, open_store
    from penstock.app.tracing import Tracing
    from penstock.report.check_html import check_page
    from penstock.report.row_html import trace_fragment
    from penstock.report.row_views import trace_view

    folder, run = dangerous
    file = next(folder.glob("*.py"))
    pipeline = Pipeline.load(file)
    settings = pipeline.settings
    ledger = open_ledger(settings)
    checked = checked_of(ledger, run)
    report = LeakReport(run, settings.pipeline, checked)
    store = open_store(settings)
    result = RunResult(run, "failed", ledger, store, settings)
    tracing = Tracing(settings, ledger, run, store)
    shown = {
        "pipeline": pipeline._repr_html_(),
        "run": result._repr_html_(),
        "findings": report._repr_html_(),
        "row": trace_fragment(trace_view(tracing.trace(PAYLOADS[6], "", probe=False))),
        "check": check_page(report.document()),  # type: ignore[arg-type]
    }
    ledger.close()
    for name, text in shown.items():
        (tmp_path / f"{name}.html").write_text(f"<!doctype html><meta charset=utf-8>{text}", encoding="utf-8")
        trip(browser, tmp_path / f"{name}.html")


def trip(browser: Browser, file: Path) -> None:
    troubles: list[str] = []
    page = opened(browser, f"file://{file}", troubles)
    for one in page.locator("details > summary").all()[:50]:
        one.evaluate("one => one.parentElement.open = true")
    page.wait_for_timeout(300)
    assert page.evaluate(LOOK) == [], json.dumps(page.evaluate(LOOK))[:500]
    assert not [one for one in troubles if "tripped" in one or "Refused" in one], troubles
    page.context.close()
