"""The analysts' DuckDB file, `lake/naome.duckdb`: read-only views of all current tables.

What belongs here: rebuilding it, last in a refresh. What does not: which tables are current (`lake.py`).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import duckdb

from naome_pipeline.engine import literal, quoted, run
from naome_pipeline.lake import Lake
from naome_pipeline.stored import NotPublished

VIEWS_FILE = "naome.duckdb"


def rebuild_views(lake: Lake) -> Path:
    """Rebuild the analysts' DuckDB file: a schema per feed and period, a view per table readers have."""
    path = lake.root / VIEWS_FILE
    with lake.staging() as folder:
        fresh = folder / VIEWS_FILE
        with duckdb.connect(str(fresh)) as connection:
            for feed, period in sorted({(s.feed, s.period) for s in lake.scopes()}):
                schema = quoted(f"{feed}_{period}".lower())
                run(connection, f"CREATE SCHEMA {schema}")
                scope = lake.reading_scope(feed, period)
                for name in lake.readable_names(scope):
                    # A damaged table of another period is no reason to fail this one; `naome doctor` names it.
                    with suppress(NotPublished):
                        source = literal(lake.readable(scope, name).path)
                        run(
                            connection,
                            f"CREATE VIEW {schema}.{quoted(name)} AS SELECT * FROM read_parquet({source})",
                        )
        fresh.replace(path)
    return path
