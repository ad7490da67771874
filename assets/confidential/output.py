"""How a confidential output becomes a node. Every file beside this one names one output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from assets.reports.output import write_files
from naome_pipeline.build import BuildContext, Node
from naome_pipeline.confidential.comparisons import RELEASED_INPUTS, Comparisons
from naome_pipeline.reports.released import ReleasedTables


def confidential_node(
    name: str,
    description: str,
    write: Callable[[Comparisons, Path], None],
    cadence: Literal["quarter", "year"] | None = None,
) -> Node:
    """The node of one output: files made from the comparisons before disclosure control; its table lists them."""

    def make(context: BuildContext) -> None:
        fetch = context.engine.fetch
        given = Comparisons.of(
            fetch("SELECT * FROM provider_comparison"),
            fetch("SELECT * FROM submissions"),
            fetch("SELECT trust_code, trust_name FROM providers ORDER BY ALL"),
            ReleasedTables({table: context.inputs[table].path for table in RELEASED_INPUTS}),
        )
        write_files(context, lambda folder: write(given, folder))

    return Node(
        layer="confidential",
        name=name,
        description=description,
        make=make,
        inputs=("provider_comparison", "submissions", "providers", *RELEASED_INPUTS),
        cadence=cadence,
    )
