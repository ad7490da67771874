"""When somebody has to be told: a run has failed, a release is overdue.

What belongs here: the sensors and what they say. What does not: how an alert is sent (`naome_pipeline/alerts.py`), or when
a refresh starts (`automation.py`).
"""

from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

import dagster as dg

from assets.automation import GRACE, due_period, due_since, is_published
from assets.partitions import TIMEZONE
from assets.resources import PipelineResource
from naome_pipeline.alerts import Alert, send_unsent, tell
from naome_pipeline.deliveries.layouts import feeds
from naome_pipeline.deliveries.receiving import accepted_deliveries
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.logs import log
from naome_pipeline.periods import parse_period

RUNBOOK = "docs/runbook.md"
# Overdue is a matter of days.
LOOK_EVERY_SECONDS = 3600
# A mail server that restarts is back in minutes.
TRY_AGAIN_EVERY_SECONDS = 300
MESSAGES_SHOWN = 5


@dg.run_failure_sensor(
    name="run_failures",
    description="Tells the people in NAOME_HOME/alerts.yaml that a run has failed, at which node and why.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def run_failures(context: dg.RunFailureSensorContext, pipeline: PipelineResource) -> None:
    """Send one alert per failed run."""
    home = pipeline.locate()
    alert = failure_alert(context)
    log(home, "run failed", **alert.facts)
    _or_fail(tell(home, alert))


def _or_fail(failed: list[str]) -> None:
    """The tick fails and says so in the UI; the alert waits, and the log has it."""
    if failed:
        raise dg.Failure(
            f"an alert could not be sent and waits: {'; '.join(failed)}. What to do: see {RUNBOOK}, alerts"
        )


@dg.sensor(
    name="unsent_alerts",
    minimum_interval_seconds=TRY_AGAIN_EVERY_SECONDS,
    description="Tries again, for a week, what could not be sent to the people in NAOME_HOME/alerts.yaml.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def unsent_alerts(pipeline: PipelineResource) -> dg.SkipReason:
    """Send the alerts that wait."""
    _or_fail(send_unsent(pipeline.locate()))
    return dg.SkipReason("no alert waits")


def failure_alert(context: dg.RunFailureSensorContext) -> Alert:
    """What is said of a failed run: our own messages of its nodes; of a run that died without one, that it died."""
    run = context.dagster_run
    feed = str(run.tags.get("feed", run.job_name))
    key = run.tags.get("dagster/partition")
    period = parse_period(feed, key).code if key and feed in feeds() else key or "no period"
    said = []
    for event in context.get_step_failure_events():
        data = event.step_failure_data.user_failure_data
        reason = data.description if data is not None and data.description else "ended without a message"
        said.append(f"{event.step_key}: {reason}")
    if not said:
        said = [
            "its process ended or could not be started. What to do: start it again; finished tables are kept"
        ]
    more = [f"and {len(said) - MESSAGES_SHOWN} more"] if len(said) > MESSAGES_SHOWN else []
    facts = {"run": run.run_id, "job": run.job_name, "feed": feed, "period": period}
    text = "\n".join([*said[:MESSAGES_SHOWN], *more])
    return Alert(
        "run failed",
        f"NAoMe pipeline: the refresh of {feed} {period} failed",
        f"Run {run.run_id}.\n\n{text}\n\nReaders still see the release before. {RUNBOOK} says how to go on.",
        facts,
    )


@dg.sensor(
    name="stale_releases",
    minimum_interval_seconds=LOOK_EVERY_SECONDS,
    description="Tells the people in NAOME_HOME/alerts.yaml, once per period, that a release is overdue.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def stale_releases(context: dg.SensorEvaluationContext, pipeline: PipelineResource) -> dg.SkipReason:
    """Send one alert per period that is overdue; the cursor has those of the last look."""
    home = pipeline.locate()
    told: list[str] = json.loads(context.cursor or "[]")
    today = dt.datetime.now(ZoneInfo(TIMEZONE)).date()
    overdue = {alert.subject: alert for alert in overdue_releases(home, today)}
    failed = [
        sentence
        for subject, alert in overdue.items()
        if subject not in told
        for sentence in tell(home, alert)
    ]
    context.update_cursor(json.dumps(sorted(overdue)))
    _or_fail(failed)
    return dg.SkipReason("; ".join(overdue) or "no release is overdue")


def overdue_releases(home: Home, today: dt.date) -> list[Alert]:
    """One alert per feed of this home whose period is due, with its grace over, and not released.

    Feeds that this home has never received or released are not its business.
    """
    lake, found = Lake(home.lake), []
    for feed in filter(is_published, feeds()):
        parts = feeds()[feed].parts or (feed,)
        here = any(accepted_deliveries(home.landing, part) for part in parts)
        period, since = due_period(feed, today), due_since(feed, today)
        if not here or today < since + GRACE or lake.released_versions(feed, period.code):
            continue
        received = [part for part in parts if accepted_deliveries(home.landing, part, period.code)]
        why = (
            "A delivery has been received: see why its refresh did not end."
            if received
            else "No delivery of it has been received: ask the sender, then naome receive DIR."
        )
        found.append(
            Alert(
                "release overdue",
                f"NAoMe pipeline: {feed} {period.code} is overdue",
                f"{feed} {period.code} was due on {since:%d %B %Y} and has not been released. {why}\n\n"
                f"{RUNBOOK} says how to go on.",
                {"feed": feed, "period": period.code},
            )
        )
    return found
