"""The first page in a real browser: from disk, without network, by keyboard, at every width."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from naome_pipeline.reports.first_page import PAGE_FILE, write_first_page
from tests.reports.released_tables import released

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed, and in CI a skipped browser test is a failure")
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("page")
    write_first_page(released(tmp_path_factory.mktemp("tables")), folder)
    return (folder / PAGE_FILE).as_uri()


@pytest.fixture
def opened(browser, address):
    """Opens the page at a size; fails the test on any message of the console or any request but the page."""
    contexts, trouble = [], []

    def _open(width: int = 1280, height: int = 900, **options: object):
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.append(request.url) if request.url != address else None)
        page.goto(address)
        return page

    yield _open
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_nothing_runs_out_of_the_side(opened, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for details in page.locator("details").all():
        details.evaluate("node => { node.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened, scheme):
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 for text, computed for every element that has text of its own."""
    page = opened(color_scheme=scheme)
    worst = page.evaluate(
        """() => {
          const rgb = c => c.match(/[\\d.]+/g).map(Number);
          const linear = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
          const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
          const ground = node => {
            for (let n = node; n; n = n.parentElement) {
              const c = rgb(getComputedStyle(n).backgroundColor);
              if (c.length < 4 || c[3] > 0) return c;
            }
            return [255, 255, 255];
          };
          let worst = 21;
          for (const node of document.querySelectorAll("body *:not(script):not(svg *)")) {
            if (![...node.childNodes].some(c => c.nodeType === 3 && c.textContent.trim())) continue;
            const a = luminance(rgb(getComputedStyle(node).color)), b = luminance(ground(node));
            worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
          }
          return worst; }"""
    )
    assert worst >= 4.5


def test_the_filter_works_by_keyboard_alone(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "filter":
            break
    assert page.evaluate("document.activeElement.id") == "filter"
    page.keyboard.type("somewhere")
    assert page.locator("#found").inner_text() == "1 trust or Alliance found"
    shown = page.locator("table.units tbody tr:visible")
    assert shown.count() == 1
    assert "Somewhere Trust" in shown.first.inner_text()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    assert page.locator("#found").inner_text() == ""


def test_everything_is_there_without_scripts(opened):
    page = opened(java_script_enabled=False)
    page.locator("summary", has_text="P1 by trust").click()
    assert page.locator("table.units tr:visible", has_text="Somewhere Trust").count() == 1


def test_links_within_the_page_lead_somewhere(opened):
    page = opened()
    targets = page.eval_on_selector_all(
        "a[href^='#']", "nodes => nodes.map(n => n.getAttribute('href').slice(1))"
    )
    missing = [t for t in targets if page.locator(f"[id='{t}']").count() != 1]
    assert len(targets) > 20
    assert missing == []


def test_charts_have_names_and_a_table_each(opened):
    page = opened()
    charts = page.locator("svg[role=img]")
    assert charts.count() >= 2
    for chart in charts.all():
        for identifier in (chart.get_attribute("aria-labelledby") or "").split():
            assert page.locator(f"[id='{identifier}']").count() == 1
        assert chart.locator("xpath=ancestor::article//table").count() >= 1


def test_it_prints(opened, tmp_path: Path):
    page = opened()
    target = tmp_path / "page.pdf"
    page.pdf(path=str(target))
    assert target.read_bytes().startswith(b"%PDF")
