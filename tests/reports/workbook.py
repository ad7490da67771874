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
        shared = _shared(archive)
        return {
            name: [
                [_value(cell, shared) for cell in row]
                for row in ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{n}.xml")).iter(
                    f"{_MAIN}row"
                )
            ]
            for n, name in enumerate(names, start=1)
        }


def _shared(archive: zipfile.ZipFile) -> list[str]:
    """The texts that cells refer to by number."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    content = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return ["".join(part.text or "" for part in item.iter(f"{_MAIN}t")) for item in content]


def _value(cell: ElementTree.Element, shared: list[str]) -> Any:
    assert cell.find(f"{_MAIN}f") is None, "a formula"
    if cell.get("t") == "s":
        return shared[int(cell.findtext(f"{_MAIN}v") or "")]
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{_MAIN}t"))
    number = cell.find(f"{_MAIN}v")
    return None if number is None else float(number.text or "")
