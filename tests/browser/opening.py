"""Opening a page in Chromium as a reader does: from disk, without network, watched for trouble."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIEWS = (
    "glance", "indicator", "quality", "subgroups", "survival", "variation", "models", "cohort", "changes", "made",
)  # fmt: skip
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; the test is skipped where there is none, and fails in CI."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed, and in CI a skipped browser test is a failure")
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Reader:
    """Opens pages; `trouble` collects every message of the console, error, and request but the page itself."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.trouble: list[str] = []

    def open(self, address: str, width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, offline=True, **options
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.trouble.append(message.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("request", lambda request: self._request(request.url, address.split("#")[0]))
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.wait_for_function("!document.getElementById('unscripted')")
        return page

    def _request(self, url: str, own: str) -> None:
        if url.split("#")[0] != own and not url.startswith(("data:", "blob:")):
            self.trouble.append(url)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def charts_are_drawn(page: Page) -> None:
    """Wait until every chart of the view is drawn."""
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.drawing)")


def points_of(page: Page, title: str) -> list[dict[str, Any]]:
    """The rows a chart was drawn from, those without a value left out."""
    drawn = page.locator(f".chart[aria-label^='Chart: {title}']").evaluate("c => c.drawing.data('points')")
    return [p for p in drawn if p["value"] is not None]


def tab_to(page: Page, identifier: str) -> None:
    """Press the tab key until an element has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == identifier:
            return
    pytest.fail(f"#{identifier} cannot be reached with the tab key")


def rows_of(page: Page, caption: str) -> list[list[str]]:
    """The cells of a table as text, by a part of its caption."""
    table = page.locator("table", has=page.locator("caption", has_text=caption)).first
    return table.evaluate("t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText))")


def unfold(page: Page) -> None:
    """Show what is folded away: a browser gives no text of what is not shown."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")


def download(page: Page, caption: str, folder: Path) -> list[list[str]]:
    """Press the download button of a table by keyboard; the rows of the file."""
    button = page.get_by_role("button", name=f"Download this table (CSV): {caption}").first
    button.focus()
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    with target.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))
