"""Dagster definitions: the assets, jobs, schedules and sensors of some feeds, or of all.

What belongs here: composing definitions. What does not: which nodes a feed has (`feeds.py`), an asset (`node.py`) or a trigger
(`automation.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from assets.alerts import run_failures, stale_releases, unsent_alerts
from assets.automation import automation_of, refresh_job_name
from assets.executor import thread_executor
from assets.feeds import FEEDS, nodes
from assets.node import asset_of
from assets.resources import PipelineResource


def build_defs(overrides: Mapping[str, Any] | None = None, feeds: Iterable[str] = FEEDS) -> dg.Definitions:
    """The definitions, with resources replaced where `overrides` names them (tests give their own home)."""
    resources: dict[str, Any] = {"pipeline": PipelineResource()} | dict(overrides or {})
    assets, jobs, schedules, sensors = [], [], [], [run_failures, stale_releases, unsent_alerts]
    for feed in feeds:
        assets += [asset_of(node, feed) for node in nodes(feed)]
        job, schedule, sensor = automation_of(feed)
        jobs.append(job)
        schedules.append(schedule)
        sensors.append(sensor)
    return dg.Definitions(
        assets=assets,
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        resources=resources,
        executor=thread_executor,
    )


def refresh_job(feed: str) -> dg.JobDefinition:
    """The job that refreshes a feed, for those who run it outside Dagster's own processes.

    Of its feed alone: the assets of all feeds take a second longer to define, before the first node can begin.
    """
    return build_defs(feeds=[feed]).resolve_job_def(refresh_job_name(feed))
