"""The index of releases in a real browser: from disk, without a request, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from naome_pipeline.reports.release_index import INDEX_FILE, write_release_index
from tests.browser.opening import Reader, chromium
from tests.reports.test_release_index import manifest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_it_opens_from_disk_and_axe_finds_no_violation(browser, tmp_path, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    for version in (1, 2):
        manifest(tmp_path, "england_quarterly", "2025Q3", version)
    write_release_index(tmp_path)
    reader = Reader(browser)
    page = reader.open((tmp_path / INDEX_FILE).as_uri(), width, color_scheme=scheme)
    assert page.get_by_text("superseded by version 2").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in violations] == []
    reader.close()
    assert reader.trouble == []
