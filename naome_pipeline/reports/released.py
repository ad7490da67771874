"""The only door through which a report reads: tables that passed disclosure control.

What belongs here: the list of released tables and reading them. What does not: laying them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from naome_pipeline.engine import literal, look_into_files

RELEASED = (
    "released_indicators",
    "released_comparison",
    "released_series",
    "released_survival",
    "released_treatment_incidence",
    "released_variation",
    "released_factors",
    "released_risk_models",
    "released_yearly_change",
    "released_intervention_effects",
    "released_recurrence_rates",
    "released_recurrence_evidence",
    "released_registry_agreement",
    "released_definitions",
    "released_not_known",
    "released_attrition",
    "released_data_sets",
    "revisions",
    "table_revisions",
    "changed_files",
    "provenance",
)


class NotReleased(LookupError):
    """A report asked for a table that is not released."""


class ReleasedTables:
    """The released tables of one release, and nothing else."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        if strange := sorted(set(paths) - set(RELEASED)):
            raise NotReleased(
                f"a report may not read: {', '.join(strange)}. Released are: {', '.join(RELEASED)}"
            )
        self._paths = dict(paths)
        self._read: dict[str, pd.DataFrame] = {}

    def names(self) -> list[str]:
        """The tables that can be read, in their fixed order."""
        return [name for name in RELEASED if name in self._paths]

    def frame(self, name: str) -> pd.DataFrame:
        """One table as a frame of the caller's own, sorted by all its columns; NotReleased for any other name."""
        if name not in RELEASED or name not in self._paths:
            raise NotReleased(f"a report may not read '{name}'. Released are: {', '.join(RELEASED)}")
        if name not in self._read:
            with look_into_files() as connection:
                self._read[name] = connection.execute(
                    f"SELECT * FROM read_parquet({literal(self._paths[name])}) ORDER BY ALL"
                ).fetchdf()
        return self._read[name].copy()

    def facts(self) -> dict[str, str]:
        """Name and value of every fact about the release."""
        table = self.frame("provenance")
        return dict(table.loc[table["kind"] == "release", ["item", "value"]].itertuples(index=False))
