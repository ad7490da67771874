"""Rapid registration against full registration, item by item."""

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import PACKAGE, BuildContext, Delivered, Node
from naome_pipeline.counterpart import TABLES, counterpart_of
from naome_pipeline.deliveries.layouts import feed
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.outcomes.registry_agreement import (
    common_quarters,
    nothing_to_compare,
    registry_agreement,
)
from naome_pipeline.periods import Quarter


def _make(context: BuildContext) -> None:
    engine, found = context.engine, counterpart_of(context.delivered, context.lake)
    if found is None:
        context.write_frame(nothing_to_compare(full=bool(context.delivered.parts)))
        return
    engine.attach(found.paths)
    periods, rapid_periods = (engine.fetch(f"SELECT * FROM {name}_periods") for name in ("full", "rapid"))
    common = common_quarters(periods, rapid_periods)
    span = {
        "first_common_day": common[0].date(),
        "last_common_day": Quarter.containing(common[-1].date()).end,
    }
    statement = (PACKAGE / "outcomes" / "registry_pairs.sql").read_text(encoding="utf-8")
    pairs = engine.fetch(engine.prepare(statement, span))
    # Only these nations have both registries; a few of their people were diagnosed in the other one.
    pairs = pairs[pairs["nation"].isin(feed(found.full.feed).nations)]
    context.write_frame(registry_agreement(pairs, periods, rapid_periods))


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    found = counterpart_of(delivered, lake)
    return {"counterpart": None if found is None else found.taken, "joint": bool(delivered.parts)}


node = Node(
    layer="outcomes",
    name="registry_agreement",
    description="Rapid registration against full registration for the same quarters of diagnosis: who is found, and whether "
    "both say the same, by nation and trust. Reads the newest fitting release of the quarterly feed.",
    make=_make,
    inputs=("people", "providers"),
    uses_delivery=_uses,
    of_parts=tuple(TABLES),
)
