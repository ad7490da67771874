"""Reading a dashboard back: its numbers as `dashboard_data.py` packed them."""

from __future__ import annotations

import json
import re
from typing import Any


def embedded(page: str, identifier: str) -> Any:
    """The JSON of one script element of a page."""
    found = re.search(rf'<script type="application/json" id="{identifier}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])
