"""The published interval of a proportion against printed values: what readers see."""

from __future__ import annotations

import pandas as pd
import pytest

from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.release import CountedTables, control_of, released_frame
from naome_pipeline.indicators.registry import registry

QUARTER = pd.Timestamp("2025-01-01")
PERIOD = {"period_kind": "quarter", "period": "2025 Q1", "period_end": pd.Timestamp("2025-03-31")}
UNITS = {"nation": "England", "alliance": "E56000001", "trust": "RAJ"}


def counted(numerator: int, denominator: int) -> CountedTables:
    """One quarter of one trust, and the indicator P7."""
    people = pd.DataFrame(
        {
            "person_id": [f"P{n}" for n in range(denominator)],
            "nation": "England",
            "alliance_code": "E56000001",
            "trust_code": "RAJ",
            "quarter_start": QUARTER,
        }
    )
    who = people[["person_id"]]
    count = {
        "indicator": "P7",
        **PERIOD,
        "subgroup": "all",
        "denominator": denominator,
        "numerator": numerator,
    }
    days = dict.fromkeys(("median_days", "lower_quartile_days", "upper_quartile_days"), float("nan"))
    provider = {"provider_code": "RAJ", "trust_code": "RAJ", "trust_name": "A trust", "nation": "England"}
    return CountedTables(
        pd.DataFrame([{**count, **days, "level": level, "unit_code": unit} for level, unit in UNITS.items()]),
        people,
        who.assign(indicator="P7", value=[1.0] * numerator + [0.0] * (denominator - numerator)),
        who.assign(subgroup="all"),
        pd.DataFrame([{**PERIOD, "quarter_start": QUARTER}]),
        pd.DataFrame([{**provider, "alliance_code": "E56000001", "alliance_name": "An Alliance"}]),
    )


# Newcombe, Statistics in Medicine 1998; 17: 857-872, table I, method 3 (Wilson score without continuity correction).
@pytest.mark.parametrize(
    ("numerator", "denominator", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_published_interval_is_that_newcombe_prints(numerator, denominator, lower, upper):
    tables = counted(numerator, denominator)
    released = released_frame(tables, control_of(tables, registry(), policies()["internal"]))
    assert set(released["level"]) == {"nation", "alliance"}  # quarters of a trust are not published
    assert released["proportion"].to_numpy() == pytest.approx(numerator / denominator)
    assert released["lower"].to_numpy() == pytest.approx(lower, abs=5e-5)
    assert released["upper"].to_numpy() == pytest.approx(upper, abs=5e-5)
