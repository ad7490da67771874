"""`python -m benchmarks.dashboard`: how large the dashboard of a whole nation is, and how soon it can be read from disk.

Made-up released tables of 130 trusts, 20 Alliances, 16 quarters and every indicator. Chromium opens the page from disk,
without network, as it does for a reader who has just started it; time runs from the start of navigation until the heading
of the chosen trust and its table are there.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from naome_pipeline.reports.dashboard import PAGE_FILE, write_dashboard
from tests.browser.opening import VIEWS, chromium
from tests.reports.national import national_frames
from tests.reports.released_tables import released

TRUST, TIMES = "R00B", 7
THERE = """() => new Promise((done) => {
  const look = () => document.querySelector('#view table') ? done(performance.now()) : setTimeout(look, 5);
  look();
})"""
GO = """(hash) => new Promise((done) => {
  const began = performance.now();
  addEventListener('hashchange', () => done(performance.now() - began), { once: true });
  location.hash = hash;
})"""
CHARTS_THERE = """() => new Promise((done) => {
  const began = performance.now();
  const drawn = () => [...document.querySelectorAll('.chart')].every(c => c.drawing);
  const look = () => drawn() ? done(performance.now() - began) : setTimeout(look, 5);
  look();
})"""


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Make the page, open it; the last line is one JSON object."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = released(folder, national_frames())
        write_dashboard(tables, folder)
        began = time.process_time()
        write_dashboard(tables, folder)
        made = time.process_time() - began
        page_file = folder / PAGE_FILE
        first: list[float] = []
        views: dict[str, float] = {}
        with chromium() as browser:
            for _ in range(TIMES):
                context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
                page = context.new_page()
                page.goto(f"{page_file.as_uri()}#t={TRUST}", wait_until="commit")
                first.append(page.evaluate(THERE))
                context.close()
            context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
            page = context.new_page()
            page.goto(page_file.as_uri())
            page.wait_for_function("!document.getElementById('unscripted')")
            for view in VIEWS:
                took = page.evaluate(
                    GO,
                    f"v={view}&t={TRUST}&i=P5&k=audit",
                )
                views[view] = round(took + page.evaluate(CHARTS_THERE))
                say(f"  {view:10s} {views[view]:5d} ms with its charts")
        result = {
            "bytes": page_file.stat().st_size,
            "made_cpu_seconds": round(made, 1),
            "first_view_ms": round(statistics.median(first)),
            "first_view_best_ms": round(min(first)),
            "slowest_view_ms": max(views.values()),
        }
    say(json.dumps(result))


if __name__ == "__main__":
    main()
