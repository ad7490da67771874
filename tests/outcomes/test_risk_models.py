"""Risk models: they balance, adjust for what they should, and do not depend on names or the order of rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from naome_pipeline.outcomes.risk import COLUMNS, provider_figures, risk_models
from tests.outcomes.made_up import people


@pytest.fixture(scope="module")
def fitted() -> pd.DataFrame:
    return risk_models(*people(), ["P5", "P7"])


def figures(table: pd.DataFrame) -> Any:
    return provider_figures(table)["P5"]


def test_expected_events_add_up_to_the_observed_ones(fitted):
    assert list(fitted.columns) == COLUMNS
    assert set(fitted["indicator"]) == {"P5"}
    assert figures(fitted)["expected"].sum() == pytest.approx(figures(fitted)["observed"].sum(), abs=1e-4)


def test_adjusted_rates_are_proportions_around_the_nation(fitted):
    found = figures(fitted)
    assert found[["adjusted", "adjusted_lower", "adjusted_upper"]].stack().between(0, 1).all()
    assert (found["adjusted_lower"] <= found["adjusted"]).all()
    assert (found["adjusted"] <= found["adjusted_upper"]).all()


def test_the_model_finds_what_drives_the_outcome(fitted):
    rows = fitted.query("part == 'figure'").set_index("measure")["value"]
    assert rows["auc"] > 0.7
    assert rows["calibration_slope"] == pytest.approx(1, abs=0.02)
    assert rows["imputations"] == 10
    missing = fitted.query("part == 'missing'").set_index("unit")["value"]
    assert 0.15 < missing["performance_status"] < 0.3


def test_a_trust_with_older_people_is_not_blamed_for_them():
    assessed, case_mix = people(seed=4)
    in_first = assessed["trust_code"].eq("T00").to_numpy()
    older = case_mix.assign(age=case_mix["age"].where(~in_first, case_mix["age"].quantile(0.95)))
    # Their outcomes are those of old people: fewer events, as the model of everybody else predicts.
    old_people = case_mix["age"] >= case_mix["age"].quantile(0.9)
    rate = assessed.loc[old_people.to_numpy(), "outcome"].mean()
    first = assessed.index[in_first]
    assessed.loc[first, "outcome"] = 0
    assessed.loc[first[: round(rate * len(first))], "outcome"] = 1
    found = figures(risk_models(assessed, older, ["P5"])).loc["T00"]
    national = assessed["outcome"].mean()
    assert found["observed"] / found["people"] < national - 0.1
    assert found["adjusted"] > found["observed"] / found["people"] + 0.05


def test_names_and_order_of_rows_change_nothing_but_names(fitted):
    assessed, case_mix = people()
    shuffled = assessed.sample(frac=1, random_state=3).replace({"trust_code": {"T00": "ZZZ"}})
    table = risk_models(shuffled, case_mix.sample(frac=1, random_state=5), ["P5"])
    before, after = figures(fitted), figures(table).rename(index={"ZZZ": "T00"}).sort_index()
    pd.testing.assert_frame_equal(before, after, check_exact=False, rtol=1e-9, check_index_type=False)


def test_too_few_events_give_a_reason_and_no_figure():
    assessed, case_mix = people(trusts=5, size=10)
    table = risk_models(assessed, case_mix, ["P5"])
    assert list(table["measure"]) == ["not modelled"]
    assert "fewer than 50" in table["note"].iloc[0]
