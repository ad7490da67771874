"""Word documents that assistive technology can read and whose bytes depend on their content alone.

What belongs here: title, language, headings, tables with heading rows, fixed dates and archive. What does not: what a document
says (`action_plan.py`, `outlier_letters.py`).
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from naome_pipeline.reports.safety import clean_text, write_archive

LANGUAGE = "en-GB"
_INK = RGBColor(0x21, 0x2B, 0x32)
_HEADINGS = {"Title": 20, "Heading 1": 15, "Heading 2": 12}
_STYLES = {
    *_HEADINGS, "Normal", "Default Paragraph Font", "Normal Table", "No List", "Table Grid", "List Bullet", "List Number",
}  # fmt: skip


def new_document(title: str, subject: str, day: dt.date, *, landscape: bool = False) -> Document:
    """An empty A4 document with title, language and date set; the title is its first heading."""
    document = docx.Document(io.BytesIO(_template()))
    said = document.core_properties
    said.title, said.subject = clean_text(title), clean_text(subject)
    said.created = said.modified = dt.datetime.combine(day, dt.time())
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    if landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
    document.add_heading(clean_text(title), 0)
    return document


@cache
def _template() -> bytes:
    """The library's template with our styles and no others: its 800 kB of styles would be read and written every time."""
    document = docx.Document()
    said = document.core_properties
    said.language, said.revision = LANGUAGE, 1
    said.author = said.comments = said.keywords = said.last_modified_by = ""
    section = document.sections[0]
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(1.8)
    _set_styles(document)
    styles = document.styles.element
    kept = {style.style_id for style in document.styles if style.name in _STYLES}
    for style in list(styles):
        linked = style.get(qn("w:styleId"))
        if style.tag == qn("w:latentStyles") or (style.tag == qn("w:style") and linked not in kept):
            styles.remove(style)
        else:
            for link in style.findall(qn("w:link")):
                style.remove(link)
    part: Any = document.part
    for package in (part, part.package):
        for name, relation in list(package.rels.items()):
            if relation.reltype.endswith(("/stylesWithEffects", "/thumbnail", "/customXml")):
                del package.rels[name]
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _set_styles(document: Document) -> None:
    styles: Any = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size, normal.font.color.rgb = "Arial", Pt(11), _INK
    normal.paragraph_format.space_after = Pt(6)
    for name, size in _HEADINGS.items():
        style = styles[name]
        font = style.font
        font.name, font.size, font.bold, font.color.rgb = "Arial", Pt(size), True, _INK
        fonts = style.element.rPr.rFonts
        for kind in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{kind}"), None)
        style.paragraph_format.space_before = Pt(0 if name == "Title" else 10)
        style.paragraph_format.space_after = Pt(4)
    for border in styles["Title"].element.xpath(".//w:pBdr"):
        border.getparent().remove(border)
    language = styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}")
    language.set(qn("w:val"), LANGUAGE)


def add_heading(document: Document, text: str, level: int) -> None:
    """A real heading, which assistive technology lists."""
    document.add_heading(clean_text(text), level)


def add_paragraphs(document: Document, texts: Sequence[str], style: str = "Normal") -> None:
    """Paragraphs of text, or the points of a list (`style="List Bullet"`)."""
    for text in texts:
        document.add_paragraph(clean_text(text), style=style)


def add_warnings(document: Document, texts: Sequence[str]) -> None:
    """Paragraphs that must not be overlooked: bold, on a shaded ground."""
    for text in texts:
        paragraph: Any = document.add_paragraph()
        paragraph.add_run(clean_text(text)).bold = True
        paragraph._p.get_or_add_pPr().append(_shade("FFF4C2"))


def add_table(
    document: Document,
    description: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    size: float = 10,
) -> None:
    """A table with a heading row that is repeated on every page, and a description for those who cannot see it.

    `widths`: of the columns, in centimetres; `size`: of its text, in points.
    """
    table: Any = document.add_table(rows=1 + len(rows), cols=len(headings), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    properties = table._tbl.tblPr
    for tag in ("w:tblCaption", "w:tblDescription"):
        element = OxmlElement(tag)
        element.set(qn("w:val"), clean_text(description))
        properties.append(element)
    for place, (row, texts) in enumerate(zip(table.rows, [headings, *rows], strict=True)):
        settings = row._tr.get_or_add_trPr()
        settings.append(OxmlElement("w:cantSplit"))
        if place == 0:
            settings.append(OxmlElement("w:tblHeader"))
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = Cm(width)
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            run = paragraph.add_run(clean_text(text))
            run.font.size, run.bold = Pt(size), place == 0
            if place == 0:
                cell._tc.get_or_add_tcPr().append(_shade("E8EDEE"))
    # A paragraph after it keeps two tables apart.
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _shade(colour: str) -> Any:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    return shade


def save_document(document: Document, path: Path) -> None:
    """Write the document as an archive without times."""
    buffer = io.BytesIO()
    document.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    write_archive(path, members)
