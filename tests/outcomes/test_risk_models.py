"""Risk models: they balance, adjust for what they should, and do not depend on names or the order of rows."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.risk import COLUMNS, audit_case_mix, provider_figures, risk_models
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


def test_a_model_needs_ten_people_for_each_of_its_terms():
    """Enough for the least number of events, and too few for the terms of the case mix."""
    assessed, case_mix = people(trusts=10, size=30)
    fewer = min(assessed["outcome"].sum(), 300 - assessed["outcome"].sum())
    assert fewer > 50
    table = risk_models(assessed, case_mix, ["P5"])
    assert list(table["measure"]) == ["not modelled"]
    said = re.fullmatch(
        r"fewer than 10 people in or outside the numerator for each of the (\d+) terms of the model",
        table["note"].iloc[0],
    )
    assert said is not None
    assert int(said[1]) > fewer / 10


def test_receptor_subtype_is_adjusted_for_where_it_is_known_and_its_gaps_imputed(fitted):
    rows = fitted.query("part == 'coefficient' and measure == 'ratio'")["unit"]
    assert {"subtype: her2_positive", "subtype: triple_negative"} <= set(rows)
    missing = fitted.query("part == 'missing'").set_index("unit")["value"]
    assert missing["subtype"] == pytest.approx(0.25, abs=0.03)


def test_a_trust_with_more_of_a_deadly_subtype_is_not_blamed_for_them():
    assessed, case_mix = people(seed=4)
    rng = np.random.default_rng(4)
    in_first = assessed["trust_code"].eq("T00").to_numpy()
    deadly = np.where(in_first, rng.random(len(assessed)) < 0.8, rng.random(len(assessed)) < 0.15)
    assessed["outcome"] = (rng.random(len(assessed)) < np.where(deadly, 0.3, 0.7)).astype(int)
    subtype = np.where(deadly, "triple_negative", "hormone_positive_her2_negative").astype(object)
    subtype[rng.random(len(assessed)) < 0.25] = None
    found = figures(risk_models(assessed, case_mix.assign(subtype=subtype), ["P5"])).loc["T00"]
    crude = found["observed"] / found["people"]
    assert crude < assessed["outcome"].mean() - 0.15
    assert found["adjusted"] > crude + 0.15


def test_a_feed_without_receptors_adjusts_for_the_rest():
    assessed, case_mix = people()
    for known in (0.0, 0.3):
        kept = np.random.default_rng(2).random(len(case_mix)) < known
        sparse = case_mix.assign(subtype=case_mix["subtype"].where(kept))
        table = risk_models(assessed, sparse, ["P5"])
        assert not table["unit"].str.startswith("subtype").any()
        assert "expected" in figures(table).columns


def test_an_indicator_defined_by_receptors_is_not_adjusted_for_them():
    case_mix = people()[1].rename(columns={"mbc_year": "year"})
    assert "subtype" in audit_case_mix(case_mix, "P5").categorical
    for name in ("P3", "P3_her2_negative", "P4", "C7"):
        assert "subtype" not in audit_case_mix(case_mix, name).categorical


def test_a_model_that_does_not_predict_other_hospitals_says_so():
    assessed, case_mix = people(trusts=12, size=80)
    said = []
    for seed in range(3):  # of outcomes made by chance about every second model goes the wrong way elsewhere
        by_chance = assessed.assign(outcome=np.random.default_rng(seed).integers(0, 2, len(assessed)))
        table = risk_models(by_chance, case_mix, ["P5"])
        slope = table.query("measure == 'other providers: calibration_slope'")["value"].iloc[0]
        said.append(table["note"].str.contains("predicts no better than chance").any())
        assert said[-1] or slope > 0
    assert any(said)
    real = risk_models(*people(), ["P5"]).query("part == 'note'")["note"]
    assert not real.str.contains("predicts no better than chance").any()
