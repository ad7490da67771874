"""The audit team's list: every comparison as it was computed, and what the release shows of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.confidential.comparisons import ALARMS_FILE, COLUMNS, SURVIVAL_FILE
from tests.confidential.made_up import ALARMS, HIDDEN, full_comparison, states, unsubmitted, written
from tests.reports.annual import annual_frames


@pytest.fixture(scope="module")
def tables():
    return annual_frames(alliances=2, trusts=12, seed=3)


def test_every_comparison_is_listed_with_its_figures_shown_or_not(tables, tmp_path):
    shown = tables["released_comparison"]
    hidden = shown["direction"] == "worse"
    assert hidden.sum() > 3
    found = states(written(tables, hidden, tmp_path))
    assert list(found.columns) == COLUMNS
    keys = ["indicator", "comparison", "trust_code"]
    full = full_comparison(tables).sort_values(keys, ignore_index=True)
    assert found[keys].equals(full[keys].astype(object))
    for column in ("numerator", "denominator", "value", "target", "p_low", "p_high", "upper_998"):
        np.testing.assert_allclose(found[column], full[column])
    assert list(found["state"]) == list(full["state"])
    assert (found["in_the_release"] == HIDDEN).sum() == hidden.sum()
    assert set(found.loc[found["direction"] == "worse", "in_the_release"]) == {HIDDEN}


def test_it_says_by_which_comparison_trusts_are_judged(tables, tmp_path):
    found = states(written(tables, tables["released_comparison"]["state"] == "", tmp_path))
    judged = found[found["judged_by"] == "yes"]
    assert set(judged.loc[judged["indicator"].isin(["P5", "P6", "P9"]), "comparison"]) == {"risk adjusted"}
    assert set(judged.loc[judged["indicator"].isin(["P1", "P8"]), "comparison"]) == {"unadjusted"}
    assert not judged.duplicated(["indicator", "trust_code"]).any()


def test_a_comparison_the_policy_keeps_back_is_marked_so(tables, tmp_path):
    nothing = tables["released_comparison"]["state"] == ""
    found = states(written(tables, nothing, tmp_path, kept_back="risk adjusted"))
    said = found.groupby("comparison")["in_the_release"].agg(set).to_dict()
    assert said == {"unadjusted": {"shown"}, "risk adjusted": {"not released"}}


def test_it_names_the_trusts_to_ask_for_what_they_did_not_send(tables, tmp_path):
    found = unsubmitted(written(tables, tables["released_comparison"]["state"] == "", tmp_path))
    trust = tables["released_indicators"].query("level == 'trust'").iloc[0]
    assert found.to_dict("records") == [
        {
            "data_set": "sact",
            "trust_code": trust["unit_code"],
            "trust_name": trust["unit_name"],
            "diagnosed_in": "2022 Q2",
            "people": 9,
            "with_a_record": 0,
            "probability_of_chance": 2e-6,
        }
    ]


def test_deaths_against_expectation_and_the_flags_of_chance_are_beside_the_states(tables, tmp_path):
    folder = written(tables, tables["released_comparison"]["state"] == "", tmp_path)
    deaths = pd.read_csv(folder / SURVIVAL_FILE)
    names = (
        tables["released_indicators"].query("level == 'trust'").set_index("unit_code")["unit_name"].to_dict()
    )
    assert len(deaths) == deaths["trust_code"].nunique() > 5
    assert list(deaths["trust_name"]) == [names[code] for code in deaths["trust_code"]]
    assert deaths["expected"].notna().all()
    alarms = pd.read_csv(folder / ALARMS_FILE, dtype={"level": str})
    pd.testing.assert_frame_equal(alarms, ALARMS)
