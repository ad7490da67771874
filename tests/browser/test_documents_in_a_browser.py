"""The yearly documents in Chromium: from disk, without a request, accessible, and nothing wider than a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from naome_pipeline.reports.drivers.diagrams import write_driver_diagrams
from naome_pipeline.reports.methodology.supplement import write_methodology
from naome_pipeline.reports.outliers import write_outlier_pack
from naome_pipeline.reports.outputs import write_outputs_page
from naome_pipeline.reports.patient_summary import write_patient_summary
from naome_pipeline.reports.state_of_the_nation.report import write_state_of_the_nation
from tests.reports.annual import annual_frames
from tests.reports.released_tables import released

pytestmark = pytest.mark.browser

PAGES = (
    "state-of-the-nation",
    "methodology-supplement",
    "driver-diagrams",
    "patient_summary",
    "outliers/outlier_pack",
    "outputs",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    tables = released(tmp_path_factory.mktemp("tables"), annual_frames(trusts=20, alliances=5))
    folder = tmp_path_factory.mktemp("documents")
    writers = (
        write_state_of_the_nation,
        write_methodology,
        write_driver_diagrams,
        write_patient_summary,
        write_outlier_pack,
        write_outputs_page,
    )
    for write in writers:
        write(tables, folder)
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_a_document_opens_from_disk_fits_a_phone_and_has_no_violation_of_axe(reader, folder, name):
    from axe_playwright_python.sync_playwright import Axe

    for width in (320, 1280):
        page = reader.open((folder / f"{name}.html").as_uri(), width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("h1").count() == 1
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_table_behind_a_chart_opens_with_the_keyboard(reader, folder):
    page = reader.open((folder / "state-of-the-nation.html").as_uri())
    summary = page.locator("#alliances ~ figure summary")
    table = page.locator("#alliances ~ figure details table")
    assert not table.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == 5
