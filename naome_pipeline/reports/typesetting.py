"""PDF documents that meet PDF/UA, set by typst: it refuses to write one without title, language and alternative texts.

What belongs here: from a template and plain values to the bytes of a PDF. What does not: what a document says. Text reaches a
template as data, never as markup, so a name cannot run. Fonts are those of an installed package, never the machine's.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

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

    return typst.Compiler(font_paths=[str(_fonts())], ignore_system_fonts=True)


def _fonts() -> Path:
    """The folder of DejaVu Sans, a plain typeface without serifs, in matplotlib, which lifelines needs."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("matplotlib holds the typeface of the PDFs. What to do: make setup")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
