"""Factors of known size are found, and what they account for is no longer between trusts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.associations import VOLUME, associated_factors
from tests.outcomes.made_up import people


def made(seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """60 trusts in two Alliances; the odds in Alliance N are e times higher, and people with performance status 3 or 4
    have odds e⁻² of those with 0; nothing else matters."""
    assessed, case_mix = people(trusts=60, size=100, seed=seed)
    rng = np.random.default_rng(seed + 100)
    number = assessed["trust_code"].str[1:].astype(int)
    assessed["alliance_code"] = np.where(number < 30, "N", "S")
    status = rng.integers(0, 5, len(case_mix))
    case_mix["performance_status"] = pd.Series(status.astype(str), dtype=object).where(
        rng.random(len(case_mix)) > 0.2
    )
    odds = np.where(assessed["alliance_code"] == "N", 1.0, 0.0) - 2.0 * (status >= 3)
    assessed["outcome"] = (rng.random(len(assessed)) < 1 / (1 + np.exp(-odds))).astype(int)
    return assessed, case_mix


def test_a_patient_factor_of_known_size_is_in_its_interval():
    found: Any = associated_factors(*made(), ["P5"]).set_index(["block", "factor", "measure"])
    row = found.loc[("patient", "performance_status: 3", "odds_ratio")]
    assert row["lower"] < np.exp(-2) < row["upper"]
    assert row["p"] < 1e-6
    none = found.loc[("patient", "performance_status: 1", "odds_ratio")]
    assert none["lower"] < 1 < none["upper"]
    # Not recorded is no guess at a value: a level of its own.
    assert found.loc[
        ("patient", "performance_status: not recorded", "odds_ratio"), "people"
    ] == pytest.approx(1200, rel=0.1)
    assert found.loc[("patient", "", "likelihood_ratio"), "p"] < 1e-6


def test_regional_variation_is_no_longer_between_trusts_when_the_region_is_in_the_model():
    found: Any = associated_factors(*made(), ["P5"]).set_index(["block", "factor", "measure"])
    left = [
        found.loc[(block, "", "median_odds_ratio"), "value"]
        for block in ("none", "patient", "hospital", "regional")
    ]
    # Two Alliances e apart: sigma = 1/2 between trusts, a median odds ratio of 1.61 (Larsen and Merlo 2005).
    assert left[2] == pytest.approx(1.61, abs=0.15)
    assert left[3] < 1.2
    assert found.loc[("regional", "", "median_odds_ratio"), "lower"] < 1.01
    assert found.loc[("regional", "", "likelihood_ratio"), "p"] < 1e-6


def test_the_size_of_a_trust_is_a_hospital_factor():
    assessed, case_mix = made()
    kept = np.random.default_rng(3).random(len(assessed)) < np.where(
        assessed["trust_code"] < "T30", 1.0, 0.25
    )
    assessed = assessed[kept]
    # The trusts of Alliance N are four times as large, with odds e times higher: e^(1/2) per doubling.
    found: Any = associated_factors(assessed, case_mix, ["P5"]).set_index(["block", "factor", "measure"])
    row = found.loc[("hospital", VOLUME, "odds_ratio")]
    assert row["lower"] < np.exp(0.5) < row["upper"]


def test_too_few_people_say_so():
    assessed, case_mix = made()
    few = assessed[assessed["trust_code"] < "T01"]
    found = associated_factors(few, case_mix, ["P5"])
    assert list(found["note"]) == ["fewer than 50 people in or outside the numerator"]


def test_a_mistake_of_ours_is_no_reason_to_publish():
    assessed, case_mix = made()
    with pytest.raises(ValueError, match="numerator must not exceed"):
        associated_factors(assessed.assign(outcome=assessed["outcome"] * 2), case_mix, ["P5"])
