"""How a data set of a delivery becomes a source node. Every file beside this one names one data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node, code_of
from naome_pipeline.deliveries.constancy import unchanged
from naome_pipeline.deliveries.reading import empty_data_set, read_data_set
from naome_pipeline.lake import QUARANTINE_FILE, Lake, Scope


def source_node(data_set: str, description: str, *, priority: int = 0) -> Node:
    """The node of one data set: reads its files of the delivery, types them, quarantines unusable rows.

    `priority`: of the largest, so that they are read first.
    """

    def make(context: BuildContext) -> None:
        quarantine = context.folder / QUARANTINE_FILE
        connection, accepted = context.engine.connection, context.delivered.accepted
        if data_set in context.delivered.supplied:
            with unchanged(accepted, data_set) as scanned:
                counts = read_data_set(
                    connection, accepted, data_set, context.table_path, quarantine, scanned
                )
            rows_in, quarantined = counts.rows_in, sum(counts.quarantined.values())
            unreadable = sum(counts.coerced_to_null.values())
            context.suspects = counts.suspects
        else:
            empty_data_set(connection, data_set, context.table_path, quarantine)
            rows_in, quarantined, unreadable = 0, 0, 0
        context.measures |= {
            "rows_in": float(rows_in),
            "rows_quarantined": float(quarantined),
            "quarantined_share": quarantined / rows_in if rows_in else 0.0,
            "values_unreadable": float(unreadable),
            "delivered": float(data_set in context.delivered.supplied),
        }

    def uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
        manifest = delivered.accepted.manifest
        files = sorted((f.path, f.sha256) for f in manifest.files if data_set in f.data_sets)
        return {"files": files, "layout": manifest.layout, "snapshot_date": delivered.snapshot_date}

    return Node(
        layer="sources",
        name=data_set,
        description=description,
        make=make,
        code=code_of("deliveries"),
        uses_delivery=uses,
        priority=priority,
    )
