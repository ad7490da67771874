"""Deaths against expectation: a deadly trust is found, and old people's deaths are not held against their trust."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.survival import survival_comparison
from tests.outcomes.made_up import people

SNAPSHOT = dt.date(2025, 12, 31)


def made(hazard_of_first: float = 1.0, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    assessed, case_mix = people(trusts=20, size=80, seed=seed)
    rng = np.random.default_rng(seed)
    risk = np.exp(0.03 * (case_mix["age"].to_numpy() - 68)) * np.where(
        assessed["trust_code"] == "T00", hazard_of_first, 1
    )
    days = rng.exponential(900, len(case_mix)) / risk
    facts = pd.DataFrame(
        {
            "person_id": assessed["person_id"],
            "mbc_date": pd.Timestamp(SNAPSHOT)
            - pd.to_timedelta(rng.integers(200, 1400, len(case_mix)), unit="D"),
            "days_to_death": pd.Series(np.ceil(days)).astype("Float64"),
            "nation": "England",
            "alliance_code": "E1",
            "trust_code": assessed["trust_code"],
        }
    )
    return facts, case_mix


def test_expected_deaths_add_up_and_chance_names_nobody_twice():
    table = survival_comparison(*made(), SNAPSHOT)
    assert table["expected"].sum() == pytest.approx(table["numerator"].sum(), rel=1e-3)
    assert (table["state"] == "potential outlier").sum() <= 1


def test_a_trust_with_more_deaths_than_its_people_explain_is_found():
    table: Any = survival_comparison(*made(hazard_of_first=2.2), SNAPSHOT).set_index("trust_code")
    assert table.loc["T00", "state"] == "potential outlier"
    assert table.loc["T00", "direction"] == "worse"


def test_too_few_deaths_give_an_empty_table_of_the_same_columns():
    facts, case_mix = made()
    few = facts.head(40)
    table = survival_comparison(few, case_mix.head(40), SNAPSHOT)
    assert table.empty
    assert list(table.columns) == list(survival_comparison(facts, case_mix, SNAPSHOT).columns)


def test_a_trust_of_few_people_is_not_assessed():
    facts, case_mix = made()
    few = facts[(facts["trust_code"] != "T03") | (facts.groupby("trust_code").cumcount() < 9)]
    table: Any = survival_comparison(few, case_mix[case_mix["person_id"].isin(few["person_id"])], SNAPSHOT)
    table = table.set_index("trust_code")
    assert table.loc["T03", ["denominator", "state", "reason"]].tolist() == [
        9,
        "not assessed",
        "too few people",
    ]
    assert (table.drop("T03")["state"] != "not assessed").all()
