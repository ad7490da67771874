"""Releases for the tests of the yearly outputs, and reading those outputs back with nothing of the code that wrote them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pandas as pd
from pypdf import PdfReader

from naome_pipeline.reports.action_plan import write_action_plans
from naome_pipeline.reports.benchmark import write_benchmarks
from naome_pipeline.reports.data_workbook import write_data_workbook
from naome_pipeline.reports.newsletter import write_newsletter
from naome_pipeline.reports.open_data import write_open_data
from naome_pipeline.reports.outliers import write_outlier_pack
from naome_pipeline.reports.outputs import write_outputs_page
from naome_pipeline.reports.patient_summary import write_patient_summary
from naome_pipeline.reports.released import ReleasedTables
from tests.reports.annual import annual_frames, suppressed, without
from tests.reports.released_tables import frames, released

Frames = Mapping[str, pd.DataFrame]
WRITERS: dict[str, Callable[[ReleasedTables, Path], None]] = {
    "action_plans": write_action_plans,
    "benchmarks": write_benchmarks,
    "data_workbook": write_data_workbook,
    "newsletter": write_newsletter,
    "open_data": write_open_data,
    "outlier_pack": write_outlier_pack,
    "patient_summary": write_patient_summary,
    "outputs page": write_outputs_page,
}
# A value with its counts: 38.7% (12 of 31).
VALUE = re.compile(r"(\d+\.\d)% \(([\d,]+) of ([\d,]+)\)")


def small_nation() -> dict[str, pd.DataFrame]:
    """Two nations with few places: 4 trusts in 2 Alliances, 7 health boards."""
    return annual_frames(alliances=2, trusts=4)


def no_outliers() -> dict[str, pd.DataFrame]:
    """A release where every trust lies within the limits."""
    tables = small_nation()
    compared = tables["released_comparison"].copy()
    flagged = compared["state"].isin(["alert", "potential outlier"])
    compared.loc[flagged, ["state", "overdispersed_state", "direction"]] = ["within", "within", ""]
    return tables | {"released_comparison": compared}


def empty() -> dict[str, pd.DataFrame]:
    """A release without any value: its tables have columns only."""
    tables = small_nation()
    kept = {"released_definitions", "provenance", "changed_files"}
    return {name: table if name in kept else table.head(0) for name, table in tables.items()}


SITUATIONS: dict[str, Callable[[], dict[str, pd.DataFrame]]] = {
    "small nation": small_nation,
    "no outliers": no_outliers,
    "no Welsh delivery": lambda: annual_frames(("England",), alliances=2, trusts=4),
    "a missing indicator": lambda: without(small_nation(), "P1"),
    "everything below the nation suppressed": lambda: suppressed(small_nation()),
    "everything suppressed": lambda: suppressed(
        small_nation(), ("both_nations", "nation", "alliance", "trust")
    ),
    "nothing": empty,
    "a quarter's tables": frames,
}


def write_all(tables: Frames, folder: Path, *names: str) -> Path:
    """Write every output (or those named) of a release; returns their folder."""
    (folder / "tables").mkdir(parents=True)
    (folder / "out").mkdir()
    given = released(folder / "tables", tables)
    for name in names or WRITERS:
        WRITERS[name](given, folder / "out")
    return folder / "out"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.found.append(data)


def text_of(path: Path) -> str:
    """What a reader of a page, PDF, Word document or text file reads, blanks made one."""
    if path.suffix == ".docx":
        document = docx.Document(str(path))
        parts = [p.text for p in document.paragraphs]
        parts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    elif path.suffix == ".pdf":
        parts = [page.extract_text() for page in PdfReader(path).pages]
    elif path.suffix == ".html":
        parser = _Text()
        parser.feed(path.read_text(encoding="utf-8"))
        parts = parser.found
    else:
        parts = [path.read_text(encoding="utf-8")]
    return re.sub(r"\s+", " ", " ".join(parts))


def values_in(text: str) -> list[tuple[str, int, int]]:
    """Every value with its counts in a text: percentage as written, numerator, denominator."""
    return [
        (share, int(top.replace(",", "")), int(bottom.replace(",", "")))
        for share, top, bottom in VALUE.findall(text)
    ]


def counts_of(tables: Frames, codes: set[str], period: str = "2021 to 2023") -> set[tuple[int, int]]:
    """Numerator and denominator of every shown value of these places in the main period."""
    values: Any = tables["released_indicators"]
    of = values[
        values["unit_code"].isin(list(codes)) & (values["period"] == period) & (values["subgroup"] == "all")
    ]
    of = of[of["numerator"].notna()]
    return {(int(r.numerator), int(r.denominator)) for r in of.itertuples(index=False)}


def is_well_made(path: Path) -> None:
    """A Word document that assistive technology can read: title, language, headings in order, heading rows of tables."""
    document = docx.Document(str(path))
    said = document.core_properties
    assert said.title
    assert said.language == "en-GB"
    assert said.created == said.modified == dt.datetime(2025, 8, 30, tzinfo=dt.UTC)
    styles = [str(p.style.name) for p in document.paragraphs if p.style]
    assert styles[0] == "Title"
    assert styles.count("Title") == 1
    assert styles.count("Heading 1") >= 3
    levels = [int(s[-1]) for s in styles if s.startswith("Heading")]
    assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
    assert document.tables
    for table in document.tables:
        xml = table._tbl.xml
        assert xml.count("<w:tblHeader/>") == 1
        assert "<w:tblDescription" in xml
        assert "w:gridSpan" not in xml
        assert "w:vMerge" not in xml
        assert all(cell.text for cell in table.rows[0].cells)
    assert 'w:lang w:val="en-GB"' in document.styles.element.xml
