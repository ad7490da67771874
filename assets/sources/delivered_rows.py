"""Rows delivered, used and quarantined, per data set."""

from __future__ import annotations

import pandas as pd

from assets.sources.data_sets import SOURCE_NAMES
from naome_pipeline.build import BuildContext, Node
from naome_pipeline.uniting import summed_node


def _make(context: BuildContext) -> None:
    rows = []
    for name, table in context.inputs.items():
        measures = table.record["measures"]
        rows.append(
            {
                "data_set": name,
                "delivered": bool(measures["delivered"]),
                "rows_in": int(measures["rows_in"]),
                "rows_quarantined": int(measures["rows_quarantined"]),
                "rows_out": int(table.record["rows"]),
            }
        )
    context.write_frame(pd.DataFrame(rows))


node = Node(
    layer="sources",
    name="delivered_rows",
    description="Per data set: rows delivered, rows used, rows in quarantine. Rows in = rows out + quarantined.",
    make=_make,
    code="delivered_rows 1",
    inputs=SOURCE_NAMES,
)

united = summed_node(
    node,
    "SELECT data_set, BOOL_OR(delivered) AS delivered, CAST(SUM(rows_in) AS BIGINT) AS rows_in, "
    "CAST(SUM(rows_quarantined) AS BIGINT) AS rows_quarantined, CAST(SUM(rows_out) AS BIGINT) AS rows_out "
    "FROM parts GROUP BY data_set",
)
