"""The registry as a table, with each indicator's availability in this delivery."""

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.indicators.definitions import definitions_table
from naome_pipeline.indicators.registry import registry
from naome_pipeline.lake import Lake, Scope


def _supplied(delivered: Delivered) -> dict[str, dict[str, list[str]]]:
    """Per feed of the release: data set to the columns delivered."""
    return {
        part.scope.feed: {name: sorted(columns) for name, columns in part.supplied.items()}
        for part in delivered.parts or (delivered,)
    }


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    ends = {name: delivered.followed_to([name]) for name in sorted(registry().followed_in())}
    return {"supplied": _supplied(delivered), "followed_to": ends}


def _make(context: BuildContext) -> None:
    supplied = _supplied(context.delivered)
    sets = {feed: {name: frozenset(c) for name, c in tables.items()} for feed, tables in supplied.items()}
    context.write_frame(definitions_table(sets, context.delivered.followed_to))


node = Node(
    layer="indicators",
    name="indicator_definitions",
    description="Every indicator of the registry: what it counts, and whether this delivery supports it or why not.",
    make=_make,
    uses_delivery=_uses,
)
