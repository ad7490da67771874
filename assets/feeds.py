"""The nodes of every feed, gathered from the files of the layer folders.

What belongs here: which nodes a feed has, and in which order. What does not: any node, or what Dagster makes of it
(`assembly.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType

from assets import cohort, confidential, indicators, outcomes, release, reports, sources
from assets.reports.publication import publication_node
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
