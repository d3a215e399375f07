"""A proven leak: opened on the page, its command copied, pasted into a shell, and seen to work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.web.browsers import base, opened, served

from penstock.app.pipeline import Pipeline

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]

LEAKY = """
import polars as pl
import penstock as ps

@ps.source(key="id", label="y")
def rows(n: int = 300) -> pl.DataFrame:
    return pl.DataFrame({"id": list(range(n)), "x": [float(i * 7 % 31) for i in range(n)], "y": [float(i % 5) for i in range(n)]})

@ps.step
def scaled(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(x=(pl.col("x") - pl.col("x").mean()) / pl.col("x").std())

@ps.split
def sides(scaled: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {"train": scaled.filter(pl.col("id") % 4 > 0), "test": scaled.filter(pl.col("id") % 4 == 0)}

@ps.train
def model(train: pl.DataFrame) -> float:
    return train["x"].mean()

@ps.predict
def predictions(model: float, test: pl.DataFrame) -> pl.Series:
    return test["x"] * model

@ps.evaluate
def scores(predictions, test: pl.DataFrame) -> dict[str, float]:
    return {"mae": float((test["y"] - predictions).abs().mean())}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("leaky")
    (made / "line.py").write_text(LEAKY)
    Pipeline.load(made / "line.py", executor="inline").run(checks="full").close()
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(folder) as url:
        yield url


def test_a_leak_is_opened_and_its_command_works(browser: Browser, address: str, folder: Path) -> None:
    troubles: list[str] = []
    page = opened(browser, address, troubles, permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator("[data-step=scaled] .verdict.is-proven")).to_be_visible()
    page.get_by_role("link", name="Leaks", exact=True).click()
    proof = page.get_by_role("article", name="PROVEN test-blind in scaled").first
    expect(proof).to_contain_text("an input cell changed")
    expect(proof).to_contain_text("scaled.x")
    expect(proof).to_contain_text("line.py:")
    proof.get_by_role("button", name="Copy").click()
    expect(proof.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    page.context.close()
    assert not troubles
    assert command.startswith("penstock replay ")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        f"{command} --json", shell=True, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True
    )
    said = json.loads(done.stdout)
    assert "error" not in said, said
    assert said["finding"]["step"] == "scaled" if "finding" in said else said
    people = subprocess.run(
        command, shell=True, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert "scaled" in people.stdout


def test_the_row_of_a_leak_is_followed(browser: Browser, address: str) -> None:
    troubles: list[str] = []
    page = opened(browser, address, troubles)
    page.goto(f"{base(address)}/run/last/leaks")
    page.get_by_role("link", name="Follow the row").first.click()
    expect(page.locator(".station").first).to_be_visible()
    page.context.close()
    assert not troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_of_the_leaks(browser: Browser, address: str, tmp_path: Path, scheme: str) -> None:
    """With PICTURES, into that folder: docs/pictures is made so."""
    made = Path(os.environ.get("PICTURES") or tmp_path)
    page = opened(browser, address, [], color_scheme=scheme, viewport={"width": 1100, "height": 700})
    page.goto(f"{base(address)}/run/last/leaks")
    expect(page.get_by_role("article").first).to_be_visible()
    page.screenshot(path=made / f"leaks-{scheme}.png")
    page.context.close()
    assert (made / f"leaks-{scheme}.png").stat().st_size > 5_000
