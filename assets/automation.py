"""When things run: the refresh job of a feed, its schedule and its arrival sensor.

What belongs here: triggers. What does not: what a refresh does (the nodes do it).
"""

from __future__ import annotations

import datetime as dt
import json

import dagster as dg

from assets.partitions import TIMEZONE, partitions_of
from assets.resources import PipelineResource
from naome_pipeline.deliveries.receiving import accepted_deliveries
from naome_pipeline.periods import Quarter, parse_period

# On the 15th of the first month of a quarter the delivery of the quarter before last is due: data arrive three to
# five months behind diagnosis.
QUARTERLY_CRON = "0 6 15 1,4,7,10 *"
QUARTERS_BEHIND = 2
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
        partitions_def=partitions_of(feed),
        description=f"From an accepted delivery of {feed} to published tables and page, for one period.",
        tags={"feed": feed},
    )

    @dg.schedule(
        name=f"{feed}_schedule",
        job=job,
        cron_schedule=QUARTERLY_CRON,
        execution_timezone=TIMEZONE,
        description="15 January, April, July and October, 06:00: the delivery due by then.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, pipeline: PipelineResource
    ) -> dg.RunRequest | dg.SkipReason:
        due = due_quarter(context.scheduled_execution_time.date())
        if not accepted_deliveries(pipeline.locate().landing, feed, due.code):
            return dg.SkipReason(
                f"no delivery of {feed} {due.code} has been received; run: naome receive DIR"
            )
        return dg.RunRequest(run_key=f"{feed} {due.code} scheduled", partition_key=due.key)

    @dg.sensor(
        name=f"{feed}_arrivals",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Refreshes a period as soon as a new delivery of it has been received.",
    )
    def arrivals(
        context: dg.SensorEvaluationContext, pipeline: PipelineResource
    ) -> dg.SensorResult | dg.SkipReason:
        seen = set(json.loads(context.cursor or "[]"))
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


def due_quarter(day: dt.date) -> Quarter:
    """The quarter of diagnosis whose delivery is due on a day."""
    return Quarter.containing(day).shift(-QUARTERS_BEHIND)
