"""Reading a dashboard back: its numbers as `dashboard_data.py` packed them."""

from __future__ import annotations

import re
from typing import Any

from naome_pipeline.reports.dashboard import unpacked


def embedded(page: str, identifier: str) -> Any:
    """What one packed element of a page holds."""
    found = re.search(rf'<script type="text/plain" id="{identifier}">([^<]*)</script>', page)
    assert found is not None
    return unpacked(found[1])
