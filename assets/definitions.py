"""The code location: every node of every feed, its jobs, schedules and sensors. What workspace.yaml loads.

What belongs here: composing definitions. What does not: any node (see the layer folders) or trigger
(see `automation.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

import dagster as dg

from assets import cohort, indicators, outcomes, release, reports, sources
from assets.automation import automation_of
from assets.node import asset_of
from assets.reports.publication import publication_node
from assets.resources import PipelineResource
from naome_pipeline.build import Node
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.indicators.listing import LISTED_LAYOUTS

LAYER_PACKAGES = (sources, cohort, indicators, outcomes, release, reports)
FEEDS = tuple(LISTED_LAYOUTS)


@cache
def nodes(feed: str) -> tuple[Node, ...]:
    """The nodes of a feed, those of its cadence: the `node` of each file in the layer folders, in order, publication last."""
    cadence = feed_definition(feed).period
    found: list[Node] = []
    for package in LAYER_PACKAGES:
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            node = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "node", None)
            if node is not None and node.cadence in (None, cadence):
                found.append(node)
    return (*found, publication_node(found))


def build_defs(overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions, with resources replaced where `overrides` names them (tests give their own home)."""
    resources: dict[str, Any] = {"pipeline": PipelineResource()} | dict(overrides or {})
    assets = [asset_of(node, feed) for feed in FEEDS for node in nodes(feed)]
    jobs, schedules, sensors = [], [], []
    for feed in FEEDS:
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
        # A trivial step costs 0.05 s in process and 5 to 7 s in a process of its own on two cores; DuckDB already
        # uses the cores. One run per partition gives the isolation.
        executor=dg.in_process_executor,
    )


defs = build_defs()
