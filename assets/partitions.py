"""Partitions: the partition of a feed is its data release.

What belongs here: Dagster's partition definitions per feed. What does not: how periods are written
(`naome_pipeline/periods.py`).
"""

from __future__ import annotations

import dagster as dg

from naome_pipeline.deliveries.layouts import feed as feed_definition

TIMEZONE = "Europe/London"

# Keys are first days of quarters, `2025-07-01`, shown to people as 2025 Q3. The first is the first quarter of rapid
# registration data; end_offset 1 lets a delivery of the running quarter be looked at before the quarter has ended.
quarters = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1,4,7,10 *",
    start="2018-01-01",
    fmt="%Y-%m-%d",
    timezone=TIMEZONE,
    end_offset=1,
)

# Keys are first days of years, `2023-01-01`, shown to people as 2023: the year of diagnosis that full registration ends with.
years = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *",
    start="2013-01-01",
    fmt="%Y-%m-%d",
    timezone=TIMEZONE,
    end_offset=1,
)


def partitions_of(feed: str) -> dg.TimeWindowPartitionsDefinition:
    """The partitions of a feed, by its cadence."""
    return {"quarter": quarters, "year": years}[feed_definition(feed).period]
