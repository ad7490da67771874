"""Pages of one HTML file each: no server, no network, no script.

What belongs here: turning a template and the facts of a release into a page. What does not: what a page says, and the
dashboard, which has scripts (`dashboard.py`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS, About

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> jinja2.Environment:
    """Templates that escape every value and fail on a missing one."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(template: str, about: About, title: str, **content: Any) -> str:
    """A page with the frame every page has: title, warnings, what it was made from."""
    return (
        environment()
        .get_template(template)
        .render(audit=AUDIT_NAME, not_nhs=NOT_NHS, about=about, title=title, **content)
    )
