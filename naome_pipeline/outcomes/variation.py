"""How much of the variation in care lies between providers.

What belongs here: which indicators are divided. What does not: the model (`statistics/variation.py`).
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.variation import between_provider_variation

COLUMNS = ["indicator", "measure", "value", "lower", "upper", "p", "trusts", "people", "note"]
MEASURES = ("sigma", "median_odds_ratio", "intraclass_correlation")


def variation_by_indicator(assessed: pd.DataFrame) -> pd.DataFrame:
    """Standard deviation between trusts (log odds), median odds ratio and intraclass correlation per indicator.

    Without covariates: the mix of patients of a trust is not allowed for. One row per indicator and measure with a
    profile-likelihood interval; an indicator that cannot be divided (one trust, or everybody alike) has one row with the
    reason in `note`.
    """
    rows = []
    for name, people in assessed.groupby("indicator"):
        try:
            found = between_provider_variation(people["trust_code"].to_numpy(), people["outcome"].to_numpy())
        except NotEstimable as problem:
            rows.append(
                (
                    name,
                    "none",
                    None,
                    None,
                    None,
                    None,
                    people["trust_code"].nunique(),
                    len(people),
                    str(problem),
                )
            )
            continue
        for measure in MEASURES:
            estimate = getattr(found, measure)
            rows.append((name, measure, *estimate, found.p, found.groups, found.people, ""))
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    kinds = dict.fromkeys(["indicator", "measure", "note"], "string")
    kinds |= dict.fromkeys(["value", "lower", "upper", "p"], "float64") | dict.fromkeys(
        ["trusts", "people"], "int64"
    )
    return table.astype(kinds)
