"""A document as one page of HTML that opens from disk: no script, no request, readable in print and on a phone.

What belongs here: handing the content to the template. What does not: the look (`document.html.jinja`).
"""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from naome_pipeline.reports.documents.model import Document
from naome_pipeline.reports.documents.pdf import FONTS

HERE = Path(__file__).parent
WEIGHTS = {"SourceSansPro-Regular.otf": 400, "SourceSansPro-Semibold.otf": 600}


def html_page(document: Document, other: str = "") -> str:
    """The page; `other`: the file name of the same document as a PDF, to link to."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    environment.filters["picture"] = _inline
    return environment.get_template("document.html.jinja").render(
        document=document, fonts=_fonts(), other=other
    )


def _inline(svg: str, name: str) -> Markup:
    """A chart drawn by us, for the page: its identifiers made its own, so that two charts do not share clip paths.

    Its text is hidden from screen readers: they get the alternative, and the table.
    """
    unique = re.sub(r'(id="|url\(#|href="#)', lambda m: f"{m[1]}{name}-", svg)
    return Markup(unique.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))


@cache
def _fonts() -> list[tuple[int, str]]:
    """The fonts the charts were measured with, so that no label moves: weight and base64."""
    return [
        (weight, base64.b64encode((FONTS / name).read_bytes()).decode("ascii"))
        for name, weight in WEIGHTS.items()
    ]
