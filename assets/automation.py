"""When things run: the refresh job of a feed, its schedule and its arrival sensor.

What belongs here: triggers, and by when something is due. What does not: what a refresh does (the nodes do it), or who is
told when it is not there (`alerts.py`).
"""

from __future__ import annotations

import datetime as dt
import json

import dagster as dg

from assets.partitions import TIMEZONE
from assets.resources import PipelineResource
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.deliveries.layouts import joint_feed_of
from naome_pipeline.deliveries.receiving import accepted_deliveries
from naome_pipeline.lake import Scope
from naome_pipeline.periods import Quarter, Year, parse_period

# On the 15th of the first month of a quarter the delivery of the quarter before last is due: data arrive three to
# five months behind diagnosis.
QUARTERLY_CRON = "0 6 15 1,4,7,10 *"
QUARTERS_BEHIND = 2
# Full registration follows 18 to 24 months behind: on 15 September the year before last is due.
YEARLY_CRON = "0 6 15 9 *"
YEARS_BEHIND = 2
# A delivery needs a few days to be received and looked at: two weeks later a release is overdue.
GRACE = dt.timedelta(days=14)
# The same two weeks after, by Dagster's own account. It sees when something was published, not for which period: a
# correction of an old one makes an asset fresh, which is why `alerts.py` looks at the period.
QUARTERLY_DEADLINE = "0 6 29 1,4,7,10 *"
YEARLY_DEADLINE = "0 6 29 9 *"
PUBLISHED_WITHIN = dt.timedelta(days=60)
SENSOR_SECONDS = 60


def refresh_job_name(feed: str) -> str:
    """The job that refreshes a feed."""
    return f"{feed}_refresh"


def automation_of(
    feed: str,
) -> tuple[dg.UnresolvedAssetJobDefinition, dg.ScheduleDefinition, dg.SensorDefinition]:
    """The refresh job of a feed with its schedule and arrival sensor."""
    job = dg.define_asset_job(
        refresh_job_name(feed),
        selection=dg.AssetSelection.key_prefixes([feed]),
        description=f"From an accepted delivery of {feed} to published tables and page, for one period.",
        tags={"feed": feed},
    )

    quarterly, parts = is_quarterly(feed), feed_definition(feed).parts

    @dg.schedule(
        name=f"{feed}_schedule",
        job=job,
        cron_schedule=QUARTERLY_CRON if quarterly else YEARLY_CRON,
        execution_timezone=TIMEZONE,
        description="15 January, April, July and October, 06:00: the delivery due by then."
        if quarterly
        else "15 September, 06:00: the delivery due by then.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, pipeline: PipelineResource
    ) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.date()
        due = due_quarter(day) if quarterly else due_year(day)
        if parts and not any(release.period == due.code for release in _part_releases(pipeline, parts)):
            return dg.SkipReason(f"none of {' and '.join(parts)} has a release of {due.code} to unite")
        if not parts and not accepted_deliveries(pipeline.locate().landing, feed, due.code):
            return dg.SkipReason(
                f"no delivery of {feed} {due.code} has been received; run: naome receive DIR"
            )
        return dg.RunRequest(run_key=f"{feed} {due.code} scheduled", partition_key=due.key)

    @dg.sensor(
        name=f"{feed}_arrivals",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Refreshes a period as soon as a part of it has been released."
        if parts
        else "Refreshes a period as soon as a new delivery of it has been received.",
    )
    def arrivals(
        context: dg.SensorEvaluationContext, pipeline: PipelineResource
    ) -> dg.SensorResult | dg.SkipReason:
        seen = set(json.loads(context.cursor or "[]"))
        if parts:
            return _released_parts(pipeline, feed, parts, seen)
        deliveries = accepted_deliveries(pipeline.locate().landing, feed)
        new = [d for d in deliveries if d.id not in seen]
        if not new:
            return dg.SkipReason("no new delivery")
        newest = {d.period: d for d in sorted(deliveries, key=lambda d: d.version)}
        requests = [
            dg.RunRequest(
                run_key=f"{newest[period].id} {newest[period].fingerprint}",
                partition_key=parse_period(feed, period).key,
                tags={"delivery": newest[period].id},
            )
            for period in sorted({d.period for d in new})
        ]
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(sorted(d.id for d in deliveries)))

    return job, schedule, arrivals


def _part_releases(pipeline: PipelineResource, parts: tuple[str, ...]) -> list[Scope]:
    return [release for release in pipeline.lake().all_releases() if release.feed in parts]


def _released_parts(
    pipeline: PipelineResource, feed: str, parts: tuple[str, ...], seen: set[str]
) -> dg.SensorResult | dg.SkipReason:
    """One run per period in which a part was released since the last look; the parts released so far make its key."""
    releases = _part_releases(pipeline, parts)
    new = {release.period for release in releases if release.label not in seen}
    if not new:
        return dg.SkipReason("no new release of a part")
    requests = [
        dg.RunRequest(
            run_key=" + ".join(sorted(r.label for r in releases if r.period == period)),
            partition_key=parse_period(feed, period).key,
        )
        for period in sorted(new)
    ]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(sorted(r.label for r in releases)))


def is_published(feed: str) -> bool:
    """Whether a feed has releases that people outside see: all but the parts of a joint one."""
    return joint_feed_of(feed) is None


def is_quarterly(feed: str) -> bool:
    """Whether a feed is of quarters, not of years."""
    return feed_definition(feed).period == "quarter"


def freshness_of(feed: str) -> dg.FreshnessPolicy:
    """By when the publication of a feed has to have run, for Dagster's pages."""
    deadline = QUARTERLY_DEADLINE if is_quarterly(feed) else YEARLY_DEADLINE
    return dg.FreshnessPolicy.cron(deadline, PUBLISHED_WITHIN, TIMEZONE)


def due_since(feed: str, day: dt.date) -> dt.date:
    """The last day, up to this one, on which a delivery of a feed was due."""
    months = (1, 4, 7, 10) if is_quarterly(feed) else (9,)
    days = [dt.date(year, month, 15) for year in (day.year - 1, day.year) for month in months]
    return max(due for due in days if due <= day)


def due_period(feed: str, day: dt.date) -> Quarter | Year:
    """The period whose delivery was due on the last such day."""
    since = due_since(feed, day)
    return due_quarter(since) if is_quarterly(feed) else due_year(since)


def due_quarter(day: dt.date) -> Quarter:
    """The quarter of diagnosis whose delivery is due on a day."""
    return Quarter.containing(day).shift(-QUARTERS_BEHIND)


def due_year(day: dt.date) -> Year:
    """The year of diagnosis whose full registration is due on a day."""
    return Year(day.year - YEARS_BEHIND)
