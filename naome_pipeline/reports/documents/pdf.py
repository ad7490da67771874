"""A document as a PDF that meets PDF/UA-1: Typst refuses to write one that does not.

What belongs here: handing the content to the template. What does not: the look (`document.typ`). The content goes in as
data and is never read as markup, so no name in it can become code. Fonts are the ones beside this file: the same bytes on
every machine.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import typst

from naome_pipeline.reports.documents.model import Document

TEMPLATE = Path(__file__).with_name("document.typ")
FONTS = Path(__file__).with_name("fonts")
STANDARD = "ua-1"


class NotAccessible(ValueError):
    """A document that fails the check for PDF/UA, with what Typst says about it."""


def pdf_bytes(document: Document) -> bytes:
    """The PDF; NotAccessible where it would not meet PDF/UA-1. Equal documents give equal bytes: no clock."""
    made = dt.datetime.fromisoformat(document.date).replace(tzinfo=dt.UTC)
    fonts: list[Any] = [str(FONTS)]
    try:
        return typst.compile(
            TEMPLATE.read_bytes(),
            font_paths=fonts,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": json.dumps(_plain(document), ensure_ascii=False)},
            pdf_standards=STANDARD,
            timestamp=made,
        )
    except typst.TypstError as found:
        raise NotAccessible(
            f"'{document.title}' cannot be written as an accessible PDF ({STANDARD}): {found.message} "
            f"{' '.join(found.hints)}".rstrip()
        ) from None


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries that say their kind, for the template to choose by."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
