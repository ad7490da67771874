"""How a confidential output becomes a node. Every file beside this one names one output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from assets.reports.output import write_files
from naome_pipeline.build import BuildContext, Node
from naome_pipeline.confidential.comparisons import RELEASED_INPUTS, Comparisons
from naome_pipeline.reports.released import ReleasedTables


def confidential_node(
    name: str,
    description: str,
    write: Callable[..., None],
    cadence: Literal["quarter", "year"] | None = None,
    also: tuple[str, ...] = (),
) -> Node:
    """The node of one output: files made from the comparisons before disclosure control; its table lists them.

    `write` is given the comparisons, the folder, and the tables that it reads `also`."""

    def make(context: BuildContext) -> None:
        fetch = context.engine.fetch
        given = Comparisons.of(
            fetch("SELECT * FROM provider_comparison"),
            fetch("SELECT trust_code, trust_name FROM providers ORDER BY ALL"),
            ReleasedTables({table: context.inputs[table].path for table in RELEASED_INPUTS}),
        )
        tables = [fetch(f"SELECT * FROM {table} ORDER BY ALL") for table in also]
        write_files(context, lambda folder: write(given, folder, *tables))

    return Node(
        layer="confidential",
        name=name,
        description=description,
        make=make,
        inputs=("provider_comparison", "providers", *also, *RELEASED_INPUTS),
        cadence=cadence,
    )
