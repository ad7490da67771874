"""Partitions: the partition of a feed is its data release.

What belongs here: Dagster's partition definitions per feed. What does not: how periods are written
(`naome_pipeline/periods.py`).
"""

from __future__ import annotations

import dagster as dg

TIMEZONE = "Europe/London"
QUARTERLY_FEEDS = ("england_quarterly",)

# Keys are first days of quarters, `2025-07-01`, shown to people as 2025 Q3. The first is the first quarter of rapid
# registration data; end_offset 1 lets a delivery of the running quarter be looked at before the quarter has ended.
quarters = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1,4,7,10 *",
    start="2018-01-01",
    fmt="%Y-%m-%d",
    timezone=TIMEZONE,
    end_offset=1,
)


def partitions_of(feed: str) -> dg.TimeWindowPartitionsDefinition:
    """The partitions of a feed; a KeyError names a feed that has none."""
    if feed in QUARTERLY_FEEDS:
        return quarters
    raise KeyError(f"feed '{feed}' has no partitions yet")
