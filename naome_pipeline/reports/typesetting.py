"""PDF documents that meet PDF/UA, set by typst: it refuses to write one without title, language and alternative texts.

What belongs here: from a template and plain values to the bytes of a PDF. What does not: what a document says. Text reaches a
template as data, never as markup, so a name cannot run. Fonts are those of all our documents, never the machine's.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from naome_pipeline.reports.documents.pdf import FONTS

TEMPLATES = Path(__file__).parent / "templates"
STANDARD = "ua-1"


def pdf(template: str, content: Mapping[str, Any], day: dt.date) -> bytes:
    """A template filled with plain values (numbers, texts, lists, mappings) as PDF/UA; `day` is the document's date."""
    moment = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    made = _compiler().compile(
        input=(TEMPLATES / template).read_bytes(),
        format="pdf",
        sys_inputs={"content": json.dumps(content, sort_keys=True, allow_nan=False)},
        pdf_standards=[STANDARD],
        timestamp=moment,
    )
    assert isinstance(made, bytes)
    return made


@cache
def _compiler() -> Any:
    import typst

    return typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=True)
