"""The index of releases in a real browser: from disk, without a request, in light and dark."""

from __future__ import annotations

import pytest

from naome_pipeline.reports.release_index import INDEX_FILE, write_release_index
from tests.reports.test_release_index import manifest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_it_opens_from_disk_and_axe_finds_no_violation(reader, tmp_path, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    for version in (1, 2):
        manifest(tmp_path, "england_quarterly", "2025Q3", version)
    write_release_index(tmp_path)
    page = reader.open((tmp_path / INDEX_FILE).as_uri(), width, color_scheme=scheme)
    assert page.get_by_text("superseded by version 2").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in violations] == []
