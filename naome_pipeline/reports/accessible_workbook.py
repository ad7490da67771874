"""Workbooks as government statistics ask for them: cover, contents, notes, one marked-up table per sheet, nothing merged.

What belongs here: handing tables to gptables so that no text runs and no byte depends on the clock. What does not: choosing
the rows (`data_workbook.py`, `outlier_register.py`), plain data files for machines (`spreadsheet.py`).
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.reports import numbers
from naome_pipeline.reports.about import NOT_NHS, About
from naome_pipeline.reports.safety import clean_text

NOT_GIVEN = "not given"
PERCENT = "0.0%"
_WIDE, _NARROW = 34, 15
_READABLE = re.compile("[A-Za-z0-9]")


@dataclass(frozen=True)
class Sheet:
    """One table: its title (with `$$note$$` references), what to know when reading it, and rows of text and numbers.

    `formats`: column to number format. `fill_in`: columns left blank for the reader to fill in.
    """

    title: str
    instructions: str
    frame: pd.DataFrame
    formats: Mapping[str, str]
    fill_in: Sequence[str] = ()


def write_accessible_workbook(
    path: Path,
    title: str,
    introduction: Sequence[str],
    sheets: Mapping[str, Sheet],
    notes: Mapping[str, str],
    about: About,
) -> None:
    """Write a workbook: cover, contents, notes, then the sheets by label. Only notes that a sheet refers to are written."""
    import gptables

    used = "".join(sheet.title + sheet.instructions for sheet in sheets.values())
    cited = {name: text for name, text in notes.items() if f"$${name}$$" in used}
    with warnings.catch_warnings():
        # gptables warns of blank cells; those here are the ones a reader fills in, and the sheet says so.
        warnings.simplefilter("ignore")
        book = gptables.produce_workbook(
            str(path),
            {label: _table(label, sheet) for label, sheet in sheets.items()},
            cover=gptables.Cover(
                title=title,
                intro=[*map(clean_text, introduction), *about.warnings],
                about=[clean_text(f"{name}: {value}") for name, value in about.provenance],
                contact=[NOT_NHS],
            ),
            notes_table=pd.DataFrame({"order": list(cited), "Note": list(cited.values())}),
            auto_width=False,
            # A text is a text: never a formula, never a link.
            workbook_options={"strings_to_formulas": False, "strings_to_urls": False},
        )
        for label, sheet in sheets.items():
            _set_widths(book.get_worksheet_by_name(label), sheet.frame)
        _set_widths(
            book.get_worksheet_by_name("Contents"),
            pd.DataFrame({"Sheet name": ["text"], "Table description": ["x" * 60]}),
        )
        _set_widths(
            book.get_worksheet_by_name("Notes"), pd.DataFrame({"Note number": [1], "Note": ["x" * 80]})
        )
        day = dt.datetime.combine(about.snapshot, dt.time())
        book.set_properties({"title": title, "subject": about.release, "author": "", "created": day})
        book.close()


def _table(label: str, sheet: Sheet) -> Any:
    import gptables

    frame = sheet.frame if len(sheet.frame) else _nothing(sheet.frame)
    data = pd.DataFrame(
        {
            str(name): [None if name in sheet.fill_in else _cell(value) for value in column]
            for name, column in frame.items()
        },
        dtype=object,
    )
    columns = [*sheet.formats]
    formatting = [
        {"column": {"columns": [name], "format": {"num_format": code}}}
        for name, code in sheet.formats.items()
        if name in data.columns
    ]
    if places := [name for name in columns if name in data.columns]:
        formatting.append({"column": {"columns": places, "format": {"align": "right"}}})
    return gptables.GPTable(
        table=data,
        table_name="table_" + re.sub("[^a-z]+", "_", label.lower()).strip("_"),
        title=sheet.title,
        instructions=sheet.instructions,
        index_columns={2: 0},
        additional_formatting=formatting,
    )


def _nothing(frame: pd.DataFrame) -> pd.DataFrame:
    """A table without rows says so in its first cell."""
    said = ["This release has nothing here.", *["nothing"] * (len(frame.columns) - 1)]
    return pd.DataFrame([said], columns=frame.columns)


def _cell(value: Any) -> Any:
    if numbers.missing(value):
        return NOT_GIVEN
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp | dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return _harmless(value)
    return value.item() if hasattr(value, "item") else value


def _harmless(text: str) -> str:
    """Text in which gptables finds neither a link nor a note, and which it does not refuse."""
    text = clean_text(text).replace("](", "] (").replace("$$", "$ $")
    return text if _READABLE.search(text) else NOT_GIVEN


def _set_widths(sheet: Any, frame: pd.DataFrame) -> None:
    for place, name in enumerate(frame.columns):
        longest = max((len(v) for v in frame[name].head(200) if isinstance(v, str)), default=0)
        width = min(max(longest, 8), 70) if longest > _NARROW else _NARROW
        sheet.set_column(place, place, max(width, min(len(str(name)), 18)))
