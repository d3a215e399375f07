"""A server of the page in a process, and a browser that is looked over the shoulder."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

__all__ = ["base", "chromium", "opened", "served"]

EXPECTED = "the document's frame is sandboxed"  # what Chromium says of a script in a figure, which it did not run


@contextmanager
def served(folder: Path, *words: str) -> Iterator[str]:
    """The address that `penstock ui` prints in a folder, with its token."""
    command = [sys.executable, "-m", "penstock", "ui", "--no-browser", "--json", "--port", "0", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        )
        yield found
        found.close()


def opened(browser: Browser, address: str, troubles: list[str], **about: Any) -> Page:
    """A page at an address; what goes wrong in it lands in `troubles`."""
    page = browser.new_context(viewport=about.pop("viewport", {"width": 1280, "height": 800}), **about).new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def said(message: ConsoleMessage) -> None:
        # What stands in a figure is refused by the policy of its own frame, and Chromium says so.
        if message.type == "error" and EXPECTED not in message.text and "/figure/" not in message.location["url"]:
            troubles.append(message.text)

    page.on("console", said)
    page.goto(address)
    return page


def base(address: str) -> str:
    """An address without its token."""
    return address.partition("/?")[0]
