"""What the numbers of this release were made from."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naome_pipeline import __version__
from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.deliveries.matching import layouts_used
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.indicators.reporting_periods import EVIDENCE
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.parameters import parameters


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    manifest = delivered.accepted.manifest
    return {
        "feed": delivered.scope.feed,
        "period": delivered.scope.period,
        "delivery version": delivered.scope.version,
        "delivery fingerprint": delivered.accepted.fingerprint,
        "layout": manifest.layout,
        "snapshot date": delivered.snapshot_date.isoformat(),
        **_ends(delivered),
        "pipeline version": __version__,
        "synthetic data": "yes" if manifest.synthetic else "no",
        "compared with": previous.label if previous else "no earlier release",
        **{
            f"delivery of {part.scope.feed}": f"version {part.scope.version}, SHA-256 {part.accepted.fingerprint}"
            for part in delivered.parts or ()
        },
        **policy_in_force().as_items(),
    }


def _ends(delivered: Delivered) -> dict[str, str]:
    """Which data sets end before the snapshot, and with them the evidence of spread; nothing when none does."""
    ends = {
        name: day
        for part in delivered.parts or (delivered,)
        for name in part.accepted.manifest.complete_to
        if (day := delivered.followed_to([name])) < delivered.snapshot_date
    }
    seen_to = delivered.followed_to(EVIDENCE)
    said = {"data sets that end before": ", ".join(f"{name} on {day}" for name, day in sorted(ends.items()))}
    if seen_to < delivered.snapshot_date:
        said["evidence ends on"] = seen_to.isoformat()
    return said if ends else {}


def _layouts(delivered: Delivered) -> list[dict[str, str]]:
    """One row per layout that a file of the release follows: its title, whether it is an assumption, and what is assumed."""
    rows = []
    for part in delivered.parts or (delivered,):
        nation = " and ".join(feed_definition(part.scope.feed).nations)
        for layout in (found for used in layouts_used(part.accepted).values() for found in used):
            note = "; ".join([f"source: {layout.source}", *layout.assumptions])
            rows.append(
                {
                    "kind": "layout",
                    "item": f"{nation}: {layout.data_set} {layout.version}",
                    "value": layout.title,
                    "unit": "",
                    "basis": layout.basis,
                    "note": note,
                }
            )
    return rows


def _uses_with_layouts(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    return {**_uses(delivered, previous, lake), "layouts": _layouts(delivered)}


def _make(context: BuildContext) -> None:
    items = _uses(context.delivered, context.previous, context.lake)
    rows = [
        {"kind": "release", "item": k, "value": str(v), "unit": "", "basis": "", "note": ""}
        for k, v in items.items()
    ]
    rows += [
        {
            "kind": "parameter",
            "item": name,
            "value": str(parameter.value),
            "unit": parameter.unit,
            "basis": parameter.basis,
            "note": parameter.note,
        }
        for name, parameter in parameters().items()
    ]
    rows += _layouts(context.delivered)
    context.write_frame(pd.DataFrame(rows))


node = Node(
    layer="release",
    name="provenance",
    description="Delivery, versions, layouts and every parameter with its basis: what this release was made from.",
    make=_make,
    parameter_names=tuple(parameters()),
    uses_delivery=_uses_with_layouts,
)
