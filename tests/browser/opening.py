"""Opening a page in Chromium as a reader does: from disk, without network, watched for trouble."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
        return page

    def _request(self, url: str, own: str) -> None:
        if url.split("#")[0] != own and not url.startswith(("data:", "blob:")):
            self.trouble.append(url)

    def close(self) -> None:
        for context in self._contexts:
            context.close()
