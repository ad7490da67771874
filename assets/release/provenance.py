"""What the numbers of this release were made from."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naome_pipeline import __version__
from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.disclosure.policy import policy_in_force
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
        "pipeline version": __version__,
        "synthetic data": "yes" if manifest.synthetic else "no",
        "compared with": previous.label if previous else "no earlier release",
        **{
            f"delivery of {part.scope.feed}": f"version {part.scope.version}, SHA-256 {part.accepted.fingerprint}"
            for part in delivered.parts or ()
        },
        **policy_in_force().as_items(),
    }


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
    context.write_frame(pd.DataFrame(rows))


node = Node(
    layer="release",
    name="provenance",
    description="Delivery, versions and every parameter with its basis: what this release was made from.",
    make=_make,
    code="provenance 1",
    parameter_names=tuple(parameters()),
    uses_delivery=_uses,
)
