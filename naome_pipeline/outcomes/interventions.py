"""Named interventions: did the indicators change when they began?

What belongs here: reading the configured interventions and cutting the counts for their design. What does not: the
designs (`statistics/evaluation.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.parameters import value_of
from naome_pipeline.periods import Quarter
from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.evaluation import (
    Intervention,
    difference_in_differences,
    interrupted_time_series,
)

INTERVENTIONS_FILE = Path(__file__).parent / "interventions.yaml"
COLUMNS = [
    "intervention", "indicator", "design", "term", "estimate", "standard_error", "lower", "upper", "p", "expected", "note",
]  # fmt: skip


def configured_interventions(path: Path = INTERVENTIONS_FILE) -> list[Intervention]:
    """The interventions of the configuration file; ConfigurationError says what is wrong in it."""
    content = read_configuration(path)
    with understanding(path):
        return [Intervention.model_validate(entry) for entry in content["interventions"]]


def intervention_effects(counts: pd.DataFrame, interventions: Iterable[Intervention]) -> pd.DataFrame:
    """One row per intervention, indicator and term; COLUMNS. An effect that cannot be estimated has its reason in `note`.

    With providers named: difference-in-differences between them and the others by quarter, and the difference in trends
    before (which should be none). Otherwise: interrupted time series of the nation.
    """
    quarters = counts[
        (counts["period_kind"] == "quarter") & (counts["subgroup"] == "all") & counts["numerator"].notna()
    ]
    rows: list[tuple] = []
    for intervention in interventions:
        for indicator in intervention.indicators:
            table = quarters[quarters["indicator"] == indicator]
            place = (intervention.name, indicator, intervention.design)
            try:
                found = (
                    _differences(table, intervention)
                    if intervention.providers
                    else _series(table, intervention)
                )
            except NotEstimable as problem:
                found = [("none", None, None, None, None, None, str(problem))]
            rows += [(*place, *row[:6], intervention.expected, row[6]) for row in found]
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    numbers = ["estimate", "standard_error", "lower", "upper", "p"]
    return table.astype(dict.fromkeys(COLUMNS, "string") | dict.fromkeys(numbers, "float64"))


def _series(table: pd.DataFrame, intervention: Intervention) -> list[tuple]:
    national = (
        table[table["level"] == "nation"]
        .groupby("period_end")[["numerator", "denominator"]]
        .sum()
        .reset_index()
    )
    start = pd.Timestamp(Quarter.parse(intervention.start).start)
    before = int((pd.to_datetime(national["period_end"]) < start).sum())
    found = interrupted_time_series(
        national["numerator"].to_numpy(dtype=float),
        national["denominator"].to_numpy(dtype=float),
        start=before,
        minimum_periods=int(value_of("series_minimum_periods")),
        transition=intervention.transition,
    )
    note = f"autocorrelation of successive quarters {found.autocorrelation:.2f}"
    return [
        (r["term"], r["estimate"], r["standard_error"], r["lower"], r["upper"], r["p"], note)
        for r in found.terms.to_dict("records")
    ]


def _differences(table: pd.DataFrame, intervention: Intervention) -> list[tuple]:
    trusts = table[table["level"] == "trust"]
    ends = sorted(pd.to_datetime(trusts["period_end"]).unique())
    start = pd.Timestamp(Quarter.parse(intervention.start).start)
    first = sum(end < start for end in ends)
    place = pd.to_datetime(trusts["period_end"]).map({end: n for n, end in enumerate(ends)})
    used = (place < first) | (place >= first + intervention.transition)
    found = difference_in_differences(
        trusts.loc[used, "unit_code"],
        place[used].to_numpy(dtype=float),
        trusts.loc[used, "numerator"].to_numpy(dtype=float),
        trusts.loc[used, "denominator"].to_numpy(dtype=float),
        list(intervention.providers),
        start=float(first),
    )
    note = "; ".join(found.notes)
    return [
        ("effect", found.effect, found.standard_error, found.lower, found.upper, found.p, note),
        ("difference in trends before", found.pre_trend, None, None, None, found.pre_trend_p, ""),
    ]
