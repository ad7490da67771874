"""Why rows are in quarantine: counts per file, reason and column, never the rows themselves."""

from __future__ import annotations

from assets.sources.data_sets import SOURCE_NAMES
from naome_pipeline.build import BuildContext, Node
from naome_pipeline.engine import literal


def _make(context: BuildContext) -> None:
    paths = ", ".join(literal(table.quarantine_path) for table in context.inputs.values())
    context.write_sql(
        'SELECT data_set, file, reason, "column", COUNT(*) AS rows '
        f'FROM read_parquet([{paths}]) GROUP BY data_set, file, reason, "column"'
    )


node = Node(
    layer="sources",
    name="quarantine_summary",
    description="Rows in quarantine by file, reason and column. The rows themselves stay in the lake.",
    make=_make,
    inputs=SOURCE_NAMES,
)
