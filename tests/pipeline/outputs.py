"""Reading whatever a release writes for people, packed or not: its texts, and its tables.

What belongs here: getting at what is inside a file, by its kind. What does not: what may stand there
(`test_released_outputs.py`). A kind of file nobody taught this module fails the test that meets it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from naome_pipeline.reports.dashboard import unpacked
from tests.reports.workbook import sheets_of

PLAIN = {".csv", ".json", ".txt", ".md", ".sha256", ".html", ".svg", ".xml", ".yaml"}
ZIPPED = {".xlsx", ".docx", ".zip", ".odt"}
PICTURES = {".png", ".jpg"}
Row = dict[str, Any]


def texts(path: Path) -> Iterator[str]:
    """Everything that can be read in a file, also what is compressed in it."""
    if path.suffix in PLAIN:
        text = path.read_text(encoding="utf-8-sig")
        yield text
        for packed in packed_parts(text).values():
            yield str(packed)
    elif path.suffix in ZIPPED:
        yield from _texts_in_archive(path.read_bytes())
    elif path.suffix == ".pdf":
        yield _text_of_pdf(path)
    elif path.suffix not in PICTURES:
        pytest.fail(f"nobody has said how to read a {path.suffix or 'file without ending'}: {path.name}")


def _texts_in_archive(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            inside = archive.read(name)
            if Path(name).suffix in ZIPPED:
                yield from _texts_in_archive(inside)
            elif Path(name).suffix not in PICTURES:
                yield inside.decode("utf-8", errors="replace")


def _text_of_pdf(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def packed_parts(page: str) -> dict[str, Any]:
    """What a dashboard holds compressed, by the name of its element; nothing for another page."""
    found = re.findall(r'<script type="text/plain" id="([a-z]+)">([A-Za-z0-9+/=]+)</script>', page)
    return {name: unpacked(text) for name, text in found}


class _Words(HTMLParser):
    """The words of a page, without its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._skipping += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._skipping -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.words.append(data)


def prose(path: Path) -> str:
    """What a reader reads in a document; nothing of data files."""
    if path.suffix == ".html":
        words = _Words()
        words.feed(path.read_text(encoding="utf-8"))
        return " ".join(words.words)
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            content = archive.read("word/document.xml").decode("utf-8")
        return re.sub(r"<[^>]+>", "", re.sub(r"</w:p>", " ", content))
    return _text_of_pdf(path) if path.suffix == ".pdf" else ""


def tables(path: Path) -> Iterator[tuple[str, list[Row]]]:
    """The tables of a data file with a line of column names: where, and the rows."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield path.name, list(csv.DictReader(stream))
    elif path.suffix == ".xlsx":
        for name, rows in sheets_of(path).items():
            heads = _line_of_names(rows)
            if heads is not None:
                names = [str(cell) for cell in rows[heads]]
                yield (
                    f"{path.name} {name}",
                    [dict(zip(names, row, strict=False)) for row in rows[heads + 1 :]],
                )


def _line_of_names(rows: list[list[Any]]) -> int | None:
    """Titles and notes may stand above a table: its names are the first line of several different texts."""
    for place, row in enumerate(rows[:40]):
        filled = [cell for cell in row if cell not in (None, "")]
        if len(filled) > 1 and all(isinstance(c, str) for c in filled) and len(set(filled)) == len(filled):
            return place
    return None


def number(cell: Any) -> float | None:
    """A cell as a number, or nothing."""
    try:
        return float(str(cell).replace(",", ""))
    except ValueError:
        return None
