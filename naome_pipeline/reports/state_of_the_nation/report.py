"""The State of the Nation report of a release: its sections in order, written as PDF/UA and as HTML.

What belongs here: the order of the sections, and writing the files. What does not: what each section says (the modules
beside this one), how it looks (`documents/`).
"""

from __future__ import annotations

from pathlib import Path

from naome_pipeline.reports.about import AUDIT_NAME
from naome_pipeline.reports.documents.model import Document
from naome_pipeline.reports.documents.page import html_page
from naome_pipeline.reports.documents.pdf import pdf_bytes
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.recommendations import recommendations
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.state_of_the_nation.care import alliances, early_deaths, survival
from naome_pipeline.reports.state_of_the_nation.cohort import cohort, nations, recurrence
from naome_pipeline.reports.state_of_the_nation.messages import at_a_glance, key_messages, recommended
from naome_pipeline.reports.state_of_the_nation.records import (
    data_quality,
    made_from,
    progress,
    what_comes_next,
)

PDF_FILE, PAGE_FILE = "state-of-the-nation.pdf", "state-of-the-nation.html"


def write_state_of_the_nation(tables: ReleasedTables, folder: Path) -> None:
    """Write the report as PDF and as HTML into a folder; NotAccessible where the PDF would not meet PDF/UA-1."""
    document = state_of_the_nation(tables)
    (folder / PDF_FILE).write_bytes(pdf_bytes(document))
    (folder / PAGE_FILE).write_text(html_page(document, PDF_FILE), encoding="utf-8")


def state_of_the_nation(tables: ReleasedTables) -> Document:
    """The report of a release, ready to be laid out."""
    reading = Reading(tables)
    advised = recommendations(tables)
    period = reading.about.period
    return Document(
        title=AUDIT_NAME,
        subtitle=f"State of the Nation report {period}",
        description=f"What the release of {period} says about the care of people with metastatic breast cancer in "
        f"{reading.whole_name}.",
        notices=reading.about.notices,
        date=reading.facts["snapshot date"],
        facts=reading.about.source,
        sections=(
            key_messages(reading),
            recommended(advised),
            at_a_glance(reading),
            cohort(reading),
            nations(reading),
            alliances(reading, advised),
            survival(reading),
            early_deaths(reading),
            data_quality(reading),
            recurrence(reading),
            progress(reading),
            what_comes_next(reading),
            made_from(reading),
        ),
    )
