"""The funnel of the audit: planted outliers are found, chance gives few others, small trusts are not assessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.comparison import (
    ADJUSTED,
    BY_TREATING,
    UNADJUSTED,
    alarm_account,
    provider_comparison,
)
from naome_pipeline.outcomes.risk import risk_models
from naome_pipeline.outcomes.submissions import submissions
from tests.outcomes.made_up import definitions, people

NOBODY = pd.DataFrame({"person_id": [], "treating_trust_code": []}, dtype=object)


def compared(
    direction: str = "higher", outlier: float = 0.0, seed: int = 1, trusts: int = 30
) -> pd.DataFrame:
    assessed, case_mix = people(trusts=trusts, seed=seed, outlier=outlier)
    models = risk_models(assessed, case_mix, ["P5"])
    return provider_comparison(
        assessed, definitions(direction=direction), models, NOBODY, submissions(assessed)
    )


def test_a_planted_outlier_is_found_with_its_direction():
    worse = compared(outlier=-2.0).set_index(["comparison", "trust_code"])
    for comparison in (UNADJUSTED, ADJUSTED):
        row: Any = worse.loc[(comparison, "T00")]
        assert (row["state"], row["direction"], row["domain"]) == (
            "potential outlier",
            "worse",
            "negative tail",
        )
    better = compared(direction="lower", outlier=-2.0).set_index(["comparison", "trust_code"])
    assert better.loc[(UNADJUSTED, "T00"), "direction"] == "better"
    neutral = compared(direction="neutral", outlier=-2.0).set_index(["comparison", "trust_code"])
    assert neutral.loc[(UNADJUSTED, "T00"), "direction"] == "lower"


def test_without_true_differences_there_are_no_more_alarms_than_chance_gives():
    tables = [compared(seed=seed) for seed in range(6)]
    states = pd.concat(tables).query("comparison == 'risk adjusted'")["state"]
    # 180 trusts: 9 alerts expected at 2.5% a side, 0.4 potential outliers at 0.1% a side; discreteness gives fewer.
    assert (states == "alert").sum() <= 18
    assert (states == "potential outlier").sum() <= 2


def test_limits_are_nested_and_the_wider_ones_are_wider():
    table = compared()
    assert (table["lower_998"] <= table["lower_95"]).all()
    assert (table["lower_95"] <= table["upper_95"]).all()
    assert (table["upper_95"] <= table["upper_998"]).all()


def test_small_trusts_are_not_assessed_and_told_why():
    assessed, _ = people(trusts=10, size=60)
    few = assessed[(assessed["trust_code"] != "T03") | (assessed["person_id"].str[-1] == "5")]
    no_models = pd.DataFrame(columns=["indicator", "part", "unit", "measure", "value", "note"])
    table: Any = provider_comparison(few, definitions(), no_models, NOBODY, submissions(few)).set_index(
        "trust_code"
    )
    assert table.loc["T03", "state"] == "not assessed"
    assert table.loc["T03", "reason"] != ""
    assert (table.drop("T03")["state"] != "not assessed").all()


def test_a_trust_that_keeps_few_records_is_not_assessed_by_them():
    assessed, _ = people(trusts=10, size=60)
    meetings = assessed.assign(indicator="P1")
    dates = assessed.assign(indicator="D5", outcome=1)
    # T00: fewer than half have a date, which is why so few have one in time. T01: half have. T02: a nation without D5.
    dates.loc[dates.index[:31], "outcome"] = 0
    dates.loc[dates.index[60:90], "outcome"] = 0
    meetings.loc[(dates["outcome"] == 0).to_numpy(), "outcome"] = 0
    dates = dates[dates["trust_code"] != "T02"]
    no_models = pd.DataFrame(columns=["indicator", "part", "unit", "measure", "value", "note"])
    both = pd.concat([meetings, dates])
    table: Any = provider_comparison(
        both, definitions("P1", "higher", "D5"), no_models, NOBODY, submissions(both)
    )
    table = table.set_index("trust_code")
    assert (table.loc["T00", "state"], table.loc["T00", "reason"]) == ("not assessed", "data too incomplete")
    assert table.loc["T00", "completeness"] == pytest.approx(29 / 60)
    assert (table.drop("T00")["state"] != "not assessed").all()
    assert table.loc["T01", "completeness"] == 0.5
    assert np.isnan(table.loc["T02", "completeness"])
    # Without the minimum it would have been named.
    unasked: Any = provider_comparison(
        both, definitions("P1", "higher"), no_models, NOBODY, submissions(both)
    )
    assert unasked.set_index("trust_code").loc["T00", "direction"] == "worse"


def test_a_trust_that_sent_no_drugs_for_a_year_is_not_assessed_by_them():
    assessed, _ = people(trusts=10, size=60)
    silent = (assessed["trust_code"] == "T00") & (assessed["quarter_start"] >= "2024-01-01")
    assessed.loc[silent, ["outcome", "in_sact"]] = [0, False]
    no_models = pd.DataFrame(columns=["indicator", "part", "unit", "measure", "value", "note"])

    def of(indicator: str) -> Any:
        named = assessed.assign(indicator=indicator)
        return provider_comparison(
            named, definitions(indicator, "higher"), no_models, NOBODY, submissions(named)
        ).set_index("trust_code")

    drugs, radiotherapy = of("P5"), of("P7")
    assert (drugs.loc["T00", "state"], drugs.loc["T00", "reason"]) == ("not assessed", "data too incomplete")
    assert drugs.loc["T00", "completeness"] == pytest.approx(2 / 3)
    assert (drugs.drop("T00")["state"] != "not assessed").all()
    assert (radiotherapy["state"] != "not assessed").all()


def test_deaths_after_chemotherapy_have_exact_limits_only():
    assessed, _ = people(trusts=20, size=60)
    deaths = assessed.assign(indicator="P9")
    # Everybody of T01 was treated by T02; two people of T03 nowhere known.
    given = assessed["trust_code"].replace({"T01": "T02"}).astype(object)
    given[assessed.index[assessed["trust_code"] == "T03"][:2]] = None
    treating = pd.DataFrame({"person_id": assessed["person_id"], "treating_trust_code": given})
    no_models = pd.DataFrame(columns=["indicator", "part", "unit", "measure", "value", "note"])
    table: Any = provider_comparison(
        deaths, definitions("P9", "lower"), no_models, treating, submissions(deaths)
    )
    assert table["overdispersed_lower_998"].isna().all()
    assert (table["overdispersed_state"] == "").all()
    assert table["tau_squared"].isna().all()
    by = table[table["comparison"] == BY_TREATING].set_index("trust_code")["denominator"]
    assert "T01" not in by.index
    assert (by["T02"], by["T03"], by["T04"]) == (120, 58, 60)


def test_doubling_everybody_narrows_the_limits_and_keeps_the_values():
    assessed, _ = people(trusts=10)
    twice = pd.concat([assessed, assessed.assign(person_id=assessed["person_id"] + "x")])
    no_models = pd.DataFrame(columns=["indicator", "part", "unit", "measure", "value", "note"])
    once, double = (
        provider_comparison(a, definitions(), no_models, NOBODY, submissions(a)) for a in (assessed, twice)
    )
    assert np.allclose(once["value"], double["value"])
    assert (double["upper_998"] - double["lower_998"] < once["upper_998"] - once["lower_998"]).all()


def test_the_account_of_alarms_counts_every_comparison():
    account = alarm_account(compared())
    assert set(account["comparison"]) == {UNADJUSTED, ADJUSTED, BY_TREATING}
    made = account[account["comparison"] != BY_TREATING]
    assert (made["comparisons"] == 30).all()
    assert (account["expected_by_chance"] <= account["nominal"] + 1e-9).all()
    assert account["p_as_many"].between(0, 1).all()


@pytest.mark.parametrize("column", ["p_low", "p_high", "method"])
def test_every_row_has_both_tail_probabilities_and_its_method(column):
    assert compared()[column].notna().all()
