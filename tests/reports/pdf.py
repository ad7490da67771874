"""Reading a PDF back as a screen reader does: its tags in order, alternative texts, language, title and metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from pypdf import PdfReader


@dataclass
class Tagged:
    """What a PDF says of itself."""

    pages: int
    title: str
    language: str
    marked: bool
    shows_title: bool
    metadata: str
    text: str
    tags: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    unlabelled_figures: int = 0
    untagged_pages: int = 0
    fonts_not_embedded: list[str] = field(default_factory=list)


def read_pdf(content: bytes) -> Tagged:
    reader = PdfReader(io.BytesIO(content))
    root: Any = reader.trailer["/Root"]
    information: Any = reader.metadata or {}
    found = Tagged(
        pages=len(reader.pages),
        title=str(information.get("/Title", "")),
        language=str(root.get("/Lang", "")),
        marked=bool(root.get("/MarkInfo", {}).get("/Marked", False)),
        shows_title=bool(root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False)),
        metadata=root["/Metadata"].get_object().get_data().decode("utf-8"),
        text="\n".join(page.extract_text() for page in reader.pages),
    )
    found.untagged_pages = sum("/StructParents" not in page for page in reader.pages)
    _walk(root["/StructTreeRoot"].get_object(), found)
    for page in reader.pages:
        resources: Any = page["/Resources"].get_object()
        for font in resources.get("/Font", {}).values():
            of: Any = font.get_object()
            inner = of["/DescendantFonts"][0].get_object() if "/DescendantFonts" in of else of
            descriptor = inner["/FontDescriptor"].get_object()
            if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor):
                found.fonts_not_embedded.append(str(of["/BaseFont"]))
    return found


def _walk(element: Any, found: Tagged) -> None:
    kind = element.get("/S")
    if kind is not None:
        found.tags.append(str(kind))
        if kind == "/Figure":
            if element.get("/Alt"):
                found.alternatives.append(str(element["/Alt"]))
            else:
                found.unlabelled_figures += 1
    inside = element.get("/K", [])
    inside = inside.get_object() if hasattr(inside, "get_object") else inside
    for child in inside if isinstance(inside, list) else [inside]:
        child = child.get_object() if hasattr(child, "get_object") else child
        if isinstance(child, dict):
            _walk(child, found)
