"""The content model: refused where it is not accessible, and rendered as text, never as code."""

from __future__ import annotations

from typing import Any

import pytest

from naome_pipeline.reports.documents.model import Block, Chart, Document, Paragraph, Section, Table
from naome_pipeline.reports.documents.page import html_page
from naome_pipeline.reports.documents.pdf import NotAccessible, pdf_bytes
from naome_pipeline.reports.documents.pictures import draw
from tests.reports.pdf import read_pdf

POINTS = [{"label": "First & last", "value": 0.4, "lower": 0.3, "upper": 0.5}]
TABLE = Table("Behind it", ("Unit", "Share"), (("First & last", "40.0%"),), numeric=(1,))


def chart(alternative: str = "One point at 40.0%.", **data: Any) -> Chart:
    given = {"points": POINTS, "reference": [{"value": 0.9}]} | data
    return Chart("one", "A chart", alternative, draw("intervals", given, width=680), TABLE)


def document(*blocks: Block, title: str = "Title") -> Document:
    return Document(
        title, "Subtitle", "What it is.", ("A notice.",), "2025-08-30", (), [Section("s", "Heading", blocks)]
    )


def test_a_document_is_written_in_both_forms():
    made = document(Paragraph("A sentence."), chart(), TABLE)
    pdf, page = read_pdf(pdf_bytes(made)), html_page(made, "a.pdf")
    assert pdf.alternatives == ["One point at 40.0%."]
    assert pdf.tags.count("/TH") == 2
    assert 'aria-label="One point at 40.0%."' in page
    assert page.count('<th scope="row">First &amp; last</th>') == 2
    assert 'href="a.pdf"' in page


def test_a_picture_without_an_alternative_is_refused():
    class Silent(Chart):
        pass

    made = document(chart(alternative=""))
    with pytest.raises(NotAccessible, match="ua-1"):
        pdf_bytes(_without_alternative(made))


def _without_alternative(made: Document) -> Document:
    """The document as the template would see it had nobody written an alternative."""
    from dataclasses import replace

    [section] = made.sections
    blocks = [replace(b, alternative=None) if isinstance(b, Chart) else b for b in section.blocks]
    return replace(made, sections=[replace(section, blocks=blocks)])


def test_equal_charts_are_equal_bytes_and_a_missing_value_leaves_a_gap():
    assert chart().svg == chart().svg
    gap = chart(points=[*POINTS, {"label": "Hidden", "value": None, "lower": None, "upper": None}]).svg
    assert "Hidden" in gap
    assert "NaN" not in gap
    assert gap.count('aria-roledescription="point"') == chart().svg.count('aria-roledescription="point"')


def test_markup_in_a_text_stays_text():
    evil = '#panic("no") $x^2$ <b>bold</b> \\ @ref'
    made = document(
        Paragraph(evil, lead=evil, tone="warning"), Table(evil, (evil, "b"), ((evil, evil),)), title=evil
    )
    assert '#panic("no") $x^2$ <b>bold</b>' in read_pdf(pdf_bytes(made)).text
    assert "<b>" not in html_page(made)


def test_the_date_of_a_document_is_the_one_it_is_given():
    assert "2025-08-30T00:00:00" in read_pdf(pdf_bytes(document(Paragraph("A.")))).metadata
