"""Spreadsheet files (Office Open XML) whose bytes depend on their content alone.

What belongs here: turning rows into an .xlsx file. What does not: choosing the rows. Every text is written as text, never
as a formula, so a name cannot run. No clock: the times inside the archive are fixed.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pandas as pd

# The earliest time a zip archive can hold: nothing is said by it.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Day 0 of a spreadsheet's dates, as every program counts them after February 1900.
_DAY_ZERO = dt.date(1899, 12, 30)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_PLAIN, _BOLD, _DATE = 0, 1, 2


def write_workbook(path: Path, sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[Any]]]]) -> None:
    """Write sheets, by name, each from its column titles and rows, with a frozen heading.

    Cells are text, numbers, dates or nothing (None, NaN, NA). ValueError for a name that a spreadsheet cannot have.
    """
    for name in sheets:
        if not name or len(name) > 31 or re.search(r"[\[\]:*?/\\]", name):
            raise ValueError(f"'{name}' cannot name a sheet: 1 to 31 characters, none of []:*?/\\")
    numbered = list(enumerate(sheets.items(), start=1))
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, "[Content_Types].xml", _content_types(len(numbered)))
        office = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        _add(
            archive,
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{office}</Relationships>',
        )
        listed = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered
        )
        _add(
            archive, "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
        )  # fmt: skip
        related = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        related += f'<Relationship Id="rId{len(numbered) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        _add(
            archive, "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>'
        )  # fmt: skip
        _add(archive, "xl/styles.xml", _styles())
        for n, (_, (columns, rows)) in numbered:
            _add(archive, f"xl/worksheets/sheet{n}.xml", _sheet(columns, rows))


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, _HEAD + text, compresslevel=6)


def _content_types(sheets: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("/xl/workbook.xml", "sheet.main"), ("/xl/styles.xml", "styles")]
    parts += [(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in range(1, sheets + 1)]
    overrides = "".join(
        f'<Override PartName="{part}" ContentType="{kind}.{what}+xml"/>' for part, what in parts
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="{relations}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _styles() -> str:
    """Three styles: plain, bold headings, dates as year-month-day."""
    font = '<font>{}<sz val="11"/><name val="Arial"/></font>'
    empty = '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    form = (
        '<xf numFmtId="{}" fontId="{}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    )
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
        f'<fonts count="2">{font.format("")}{font.format("<b/>")}</fonts><fills count="2">{empty}</fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="3">{form.format(0, 0)}{form.format(0, 1)}{form.format(164, 0)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _sheet(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    widths = "".join(
        f'<col min="{i}" max="{i}" width="18" customWidth="1"/>' for i in range(1, len(columns) + 1)
    )
    parts = [
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{widths}</cols><sheetData>',
        "<row>",
        *(_cell(title, _BOLD) for title in columns),
        "</row>",
    ]
    for row in rows:
        parts.append("<row>")
        parts.extend(_cell(value, _PLAIN) for value in row)
        parts.append("</row>")
    return "".join([*parts, "</sheetData></worksheet>"])


def _cell(value: Any, style: int) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return "<c/>"
    if isinstance(value, float) or hasattr(value, "dtype"):
        number = float(value)
        return f"<c><v>{number!r}</v></c>" if math.isfinite(number) else "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, dt.date):
        day = value.date() if isinstance(value, dt.datetime) else value
        return f'<c s="{_DATE}"><v>{(day - _DAY_ZERO).days}</v></c>'
    text = escape(_UNWRITABLE.sub("", str(value)))
    if not text:
        return "<c/>"
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{text}</t></is></c>'
