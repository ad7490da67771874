"""The only door through which a report reads: tables that passed disclosure control.

What belongs here: the list of released tables and reading them. What does not: laying them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from naome_pipeline.engine import literal

RELEASED = (
    "released_indicators",
    "released_definitions",
    "released_attrition",
    "released_data_sets",
    "revisions",
    "changed_files",
    "provenance",
)


HIDDEN = ("numerator", "proportion", "lower", "upper", "median_days", "lower_quartile_days", "upper_quartile_days")


class NotReleased(LookupError):
    """A report asked for a table that is not released, or a released table shows what it says is hidden."""


class ReleasedTables:
    """The released tables of one release, and nothing else."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        if strange := sorted(set(paths) - set(RELEASED)):
            raise NotReleased(
                f"a report may not read: {', '.join(strange)}. Released are: {', '.join(RELEASED)}"
            )
        self._paths = dict(paths)

    def names(self) -> list[str]:
        """The tables that can be read, in their fixed order."""
        return [name for name in RELEASED if name in self._paths]

    def frame(self, name: str) -> pd.DataFrame:
        """One table as a frame, sorted by all its columns; NotReleased for any other name or a hidden number in it."""
        if name not in RELEASED or name not in self._paths:
            raise NotReleased(f"a report may not read '{name}'. Released are: {', '.join(RELEASED)}")
        with duckdb.connect(":memory:") as connection:
            frame = connection.execute(
                f"SELECT * FROM read_parquet({literal(self._paths[name])}) ORDER BY ALL"
            ).fetchdf()
        if "suppressed" in frame:
            hidden = frame.loc[frame["suppressed"].fillna("") != "", [c for c in HIDDEN if c in frame]]
            if hidden.notna().any(axis=None):
                raise NotReleased(
                    f"'{name}' holds numbers in rows that it marks as hidden. What to do: correct the disclosure "
                    "step that made it, then refresh; nothing was written"
                )
        return frame
