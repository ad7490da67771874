"""The code location: every node of every feed, its jobs, schedules and sensors. What workspace.yaml loads.

What belongs here: composing definitions. What does not: any node (see the layer folders) or trigger
(see `automation.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import dagster as dg

from assets import cohort, confidential, indicators, outcomes, release, reports, sources
from assets.alerts import run_failures, stale_releases, unsent_alerts
from assets.automation import automation_of, refresh_job_name
from assets.executor import thread_executor
from assets.node import asset_of
from assets.reports.publication import publication_node
from assets.resources import PipelineResource
from naome_pipeline.build import Node
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.deliveries.layouts import feeds, joint_feed_of
from naome_pipeline.indicators.listing import LISTED_LAYOUTS

LAYER_PACKAGES = (sources, cohort, indicators, outcomes, release, confidential, reports)
FEEDS = (*LISTED_LAYOUTS, *(name for name, definition in feeds().items() if definition.parts))
# What a nation of a joint feed makes by itself; comparing and publishing wait for the joint feed.
LAYERS_OF_PARTS = ("sources", "cohort", "indicators")
OUTPUT_LAYERS = ("outcomes", "release", "confidential", "reports")


@cache
def nodes(feed: str) -> tuple[Node, ...]:
    """The nodes of a feed: those of its cadence, in the order of layers and files, publication last.

    A part of a joint feed has what concerns its own people; the joint feed unites those tables and has all that
    compares, counts or publishes people of several nations.
    """
    if feed_definition(feed).parts:
        found = _joint_nodes(feed)
    elif joint_feed_of(feed):
        found = _part_nodes(feed)
    else:
        found = list(_own_nodes(feed).values())
    return (*found, publication_node(found))


@cache
def _modules() -> tuple[ModuleType, ...]:
    return tuple(
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in LAYER_PACKAGES
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name)
    )


def _own_nodes(feed: str) -> dict[str, Node]:
    """Name to the `node` of every file whose cadence the feed has."""
    found = [module.node for module in _modules() if hasattr(module, "node")]
    return {node.name: node for node in found if node.cadence in (None, feed_definition(feed).period)}


def _united_nodes() -> dict[str, Node]:
    """Name to the `united` node of every file that has one."""
    return {module.united.name: module.united for module in _modules() if hasattr(module, "united")}


def _part_nodes(feed: str) -> list[Node]:
    own = _own_nodes(feed)
    wanted = {name for name, node in own.items() if node.layer in LAYERS_OF_PARTS}
    wanted |= _closure(own, [name for name in _united_nodes() if name in own])
    return [node for name, node in own.items() if name in wanted]


def _joint_nodes(feed: str) -> list[Node]:
    united = _united_nodes()
    available = _own_nodes(feed) | united
    outputs = [name for name, node in available.items() if node.layer in OUTPUT_LAYERS]
    wanted = _closure(available, [*united, *outputs])
    layers = [package.__name__.rpartition(".")[2] for package in LAYER_PACKAGES]
    return sorted(
        (available[name] for name in wanted), key=lambda node: (layers.index(node.layer), node.name)
    )


def _closure(available: Mapping[str, Node], names: Iterable[str]) -> set[str]:
    """These nodes and everything they are made of."""
    wanted, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += available[name].inputs
    return wanted


def build_defs(overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions, with resources replaced where `overrides` names them (tests give their own home)."""
    resources: dict[str, Any] = {"pipeline": PipelineResource()} | dict(overrides or {})
    assets = [asset_of(node, feed) for feed in FEEDS for node in nodes(feed)]
    jobs, schedules, sensors = [], [], [run_failures, stale_releases, unsent_alerts]
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
        executor=thread_executor,
    )


defs = build_defs()


def refresh_job(feed: str) -> dg.JobDefinition:
    """The job that refreshes a feed, for those who run it outside Dagster's own processes."""
    return defs.resolve_job_def(refresh_job_name(feed))
