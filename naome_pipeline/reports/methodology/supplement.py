"""The methodology supplement of a release, as PDF/UA and as HTML: its chapters in order.

What belongs here: the order of the chapters, and writing the files. What does not: what each says (the modules beside this
one). Nothing in it is typed twice: definitions come from the registry, numbers from the parameters, codes from the code
lists, diagnostics from the released tables.
"""

from __future__ import annotations

from pathlib import Path

from naome_pipeline.reports.about import AUDIT_NAME
from naome_pipeline.reports.documents.model import Document
from naome_pipeline.reports.documents.page import html_page
from naome_pipeline.reports.documents.pdf import pdf_bytes
from naome_pipeline.reports.methodology.codes import code_lists
from naome_pipeline.reports.methodology.definitions import (
    cohort_rules,
    indicators,
    records_to_facts,
    subgroups,
)
from naome_pipeline.reports.methodology.models import methods, risk_models
from naome_pipeline.reports.methodology.rules import (
    assumptions,
    disclosure,
    inputs,
    parameter_list,
    recommendation_rules,
)
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.state_of_the_nation.records import made_from

PDF_FILE, PAGE_FILE = "methodology-supplement.pdf", "methodology-supplement.html"


def write_methodology(tables: ReleasedTables, folder: Path) -> None:
    """Write the supplement as PDF and as HTML into a folder."""
    document = methodology(tables)
    (folder / PDF_FILE).write_bytes(pdf_bytes(document))
    (folder / PAGE_FILE).write_text(html_page(document, PDF_FILE), encoding="utf-8")


def methodology(tables: ReleasedTables) -> Document:
    """The supplement of a release, ready to be laid out."""
    reading = Reading(tables)
    return Document(
        title=AUDIT_NAME,
        subtitle=f"Methodology supplement {reading.about.period}",
        description="Definitions, parameters, code lists, models and disclosure control of the release.",
        notices=reading.about.notices,
        date=reading.facts["snapshot date"],
        facts=reading.about.source,
        contents=True,
        sections=(
            inputs(reading),
            cohort_rules(reading),
            records_to_facts(),
            indicators(reading),
            subgroups(),
            parameter_list(reading),
            assumptions(reading),
            methods(),
            risk_models(reading),
            recommendation_rules(),
            disclosure(reading),
            code_lists(),
            made_from(reading),
        ),
    )
