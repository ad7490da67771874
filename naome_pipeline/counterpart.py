"""The counterpart: which release of rapid registration a release of full registration is compared with.

What belongs here: choosing it and finding its tables. What does not: the comparison (`outcomes/registry_agreement.py`).

The choice depends on what has been released, as a comparison with an earlier release does: the release of the same last
quarter, else the first later one, else the newest earlier one that still shares quarters of diagnosis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naome_pipeline.build import Delivered
from naome_pipeline.deliveries.layouts import feed
from naome_pipeline.indicators.reporting_periods import last_reported_quarter
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.parameters import value_of
from naome_pipeline.periods import Quarter, parse_period
from naome_pipeline.stored import NotPublished, PublishedTable

# Tables of both releases, and what `registry_pairs.sql` calls them after `full_` and `rapid_`.
TABLES = {
    "cohort_assessment": "assessment",
    "index_tumours": "tumours",
    "case_mix": "case_mix",
    "evidence_ledger": "ledger",
    "reporting_periods": "periods",
}


@dataclass(frozen=True)
class Counterpart:
    """Two releases of the same people by two registries, table by table."""

    full: Scope
    rapid: Scope
    tables: Mapping[str, PublishedTable]

    @property
    def paths(self) -> dict[str, Path]:
        """Name in the statement to file."""
        return {name: table.path for name, table in self.tables.items()}

    @property
    def taken(self) -> dict[str, Any]:
        """What the comparison depends on, for a fingerprint."""
        return {name: table.fingerprint for name, table in self.tables.items()} | {"rapid": self.rapid.label}


def counterpart_of(delivered: Delivered, lake: Lake) -> Counterpart | None:
    """The two releases to compare, or None when the feed has no counterpart or none of its releases shares quarters."""
    for part in delivered.parts or (delivered,):
        if rapid := feed(part.scope.feed).rapid:
            full = {f"full_{said}": lake.published(part.scope, name) for name, said in TABLES.items()}
            last = last_reported_quarter(parse_period(part.scope.feed, part.scope.period))
            for scope in _candidates(lake, rapid, last):
                try:
                    tables = {f"rapid_{said}": lake.released(scope, name) for name, said in TABLES.items()}
                except NotPublished:
                    continue  # a forgotten delivery has a release without its people
                return Counterpart(part.scope, scope, full | tables)
    return None


def _candidates(lake: Lake, rapid: str, last: Quarter) -> list[Scope]:
    """Current releases that share quarters with the one that ends with `last`, the best to compare with first."""
    reported = int(value_of("quarters_reported"))
    periods = {scope.period for scope in lake.all_releases() if scope.feed == rapid}
    distance = {period: _number(Quarter.parse(period)) - _number(last) for period in periods}
    near = [period for period in periods if abs(distance[period]) < reported]
    near.sort(key=lambda period: (distance[period] < 0, abs(distance[period])))
    found = [lake.current_release(rapid, period) for period in near]
    return [scope for scope in found if scope is not None]


def _number(quarter: Quarter) -> int:
    return quarter.year * 4 + quarter.number
