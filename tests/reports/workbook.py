"""Reading a workbook back with nothing of the code that wrote it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """Every sheet as rows of texts, numbers and None."""
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        names = [sheet.get("name") or "" for sheet in book.iter(f"{_MAIN}sheet")]
        return {
            name: [
                [_value(cell) for cell in row]
                for row in ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{n}.xml")).iter(
                    f"{_MAIN}row"
                )
            ]
            for n, name in enumerate(names, start=1)
        }


def _value(cell: ElementTree.Element) -> Any:
    assert cell.find(f"{_MAIN}f") is None, "a formula"
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{_MAIN}t"))
    number = cell.find(f"{_MAIN}v")
    return None if number is None else float(number.text or "")
