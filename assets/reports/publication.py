"""Publication, last of all: the tables of a completed refresh become the release that readers see."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.publishing import publish_release
from naome_pipeline.stored import PublishedTable


def _make(context: BuildContext) -> None:
    rows = [
        {
            "layer": table.record["layer"],
            "table": name,
            "fingerprint": table.fingerprint,
            "sha256": table.record["sha256"],
            "rows": int(table.record["rows"]),
        }
        for name, table in context.inputs.items()
    ]
    context.write_frame(pd.DataFrame(rows))


def publication_node(others: Sequence[Node]) -> Node:
    """The node that depends on every other one of its feed, so that a release is whole or not there; outputs for people
    are those of the report layer, and the confidential ones."""
    outputs = [node.name for node in others if node.layer == "reports"]
    confidential = [node.name for node in others if node.layer == "confidential"]

    def after(table: PublishedTable, delivered: Delivered, lake: Lake) -> None:
        publish_release(table, delivered, lake, Home(lake.root.parent), outputs, confidential)

    return Node(
        layer="reports",
        name="publication",
        description="The release: every table of a completed refresh with its hash. Readers switch to it at once; "
        "reports are copied out and the analysts' DuckDB file is rebuilt.",
        make=_make,
        inputs=tuple(node.name for node in others),
        after=after,
    )
