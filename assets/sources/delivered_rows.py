"""Rows delivered, used and quarantined, per data set."""

from __future__ import annotations

import pandas as pd

from assets.sources.data_sets import SOURCE_NAMES
from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.deliveries.layouts import ASSUMED
from naome_pipeline.deliveries.matching import layouts_used
from naome_pipeline.uniting import summed_node


def _assumed(delivered: Delivered) -> list[str]:
    """The data sets of which a file follows a layout that is this project's assumption."""
    used = layouts_used(delivered.accepted)
    return [name for name, found in used.items() if any(layout.basis == ASSUMED for layout in found)]


def _make(context: BuildContext) -> None:
    assumed, rows = _assumed(context.delivered), []
    for name, table in context.inputs.items():
        measures = table.record["measures"]
        end = context.delivered.followed_to([name]) if measures["delivered"] else None
        rows.append(
            {
                "data_set": name,
                "delivered": bool(measures["delivered"]),
                "layout_assumed": name in assumed,
                "complete_to": end,
                "rows_in": int(measures["rows_in"]),
                "rows_quarantined": int(measures["rows_quarantined"]),
                "rows_out": int(table.record["rows"]),
            }
        )
    frame = pd.DataFrame(rows)
    context.write_frame(frame.assign(complete_to=pd.to_datetime(frame["complete_to"])))


node = Node(
    layer="sources",
    name="delivered_rows",
    description="Per data set: rows delivered, rows used, rows in quarantine, the day to which it is complete, and whether its "
    "layout is an assumption. Rows in = rows out + quarantined.",
    make=_make,
    inputs=SOURCE_NAMES,
    uses_delivery=lambda delivered, previous, lake: {
        "assumed": _assumed(delivered),
        "complete_to": {name: delivered.followed_to([name]) for name in SOURCE_NAMES},
    },
)

_SUMS = ", ".join(f"CAST(SUM({n}) AS BIGINT) AS {n}" for n in ("rows_in", "rows_quarantined", "rows_out"))
united = summed_node(
    node,
    "SELECT data_set, BOOL_OR(delivered) AS delivered, BOOL_OR(layout_assumed) AS layout_assumed, "
    "MIN(complete_to) AS complete_to, "
    f"{_SUMS} FROM parts GROUP BY data_set",
)
