"""The list of indicators with their availability per feed, as `naome indicators` prints it.

What belongs here: that listing. What does not: what one delivery supports (`definitions.py`): here a feed is judged
by what its published layouts can carry.
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.deliveries.layouts import bundle, feed, table_layout
from naome_pipeline.indicators.registry import Registry, availability, registry

# The delivery layout by which a feed's indicators are listed.
LISTED_LAYOUTS = {
    "england_quarterly": "england_quarterly_2025",
    "england_annual": "england_annual_2025",
    "wales_annual": "wales_annual_2025",
}


def feed_columns(feed_name: str) -> dict[str, frozenset[str]]:
    """Data set to canonical columns that a feed's published layouts carry, for the data sets it always brings."""
    definition = feed(feed_name)
    always = {definition.spine, *definition.expected}
    carried: dict[str, frozenset[str]] = {}
    for table in bundle(LISTED_LAYOUTS[feed_name]).tables:
        if table.data_set in always:
            columns = frozenset(table_layout(table.data_set, table.version).columns)
            carried[table.data_set] = carried.get(table.data_set, frozenset()) | columns
    return carried


def indicator_listing(definitions: Registry | None = None) -> pd.DataFrame:
    """One row per indicator: id, title, kind, goal, direction, and per feed its status or why it is not there."""
    definitions = definitions or registry()
    frame = pd.DataFrame(
        [
            {"indicator": i.id, "title": i.title, "kind": i.kind, "goal": i.goal, "direction": i.direction}
            for i in definitions.indicators.values()
        ]
    )
    for feed_name in LISTED_LAYOUTS:
        entries = availability(feed_name, feed_columns(feed_name), definitions)
        frame[feed_name] = [e.status if e.available else f"not available: {e.reason}" for e in entries]
    return frame
