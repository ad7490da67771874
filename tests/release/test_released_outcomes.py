"""Outcomes as published: equal to the lake's where nothing is hidden, and silent about what is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.disclosure.attack import Published, exact_ranges
from naome_pipeline.disclosure.outcomes import OVERLAPPING, released_comparison, released_series
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.outcomes.comparison import ADJUSTED, BY_TREATING, UNADJUSTED, provider_comparison
from naome_pipeline.outcomes.submissions import submissions

TRUSTS = 14
CODES = [f"R{i:02d}" for i in range(TRUSTS)]
DEFINITIONS = pd.DataFrame(
    {"indicator": ["P5", "P9"], "kind": "performance", "available": True, "direction": ["higher", "lower"]}
).assign(measure="proportion", records_indicator=None)
PROVIDERS = pd.DataFrame({"trust_code": CODES, "trust_name": "Trust", "alliance_code": "A1"})
RECORDED = {
    "nation": "England",
    "quarter_start": pd.Timestamp("2022-01-01"),
    "in_sact": True,
    "in_rtds": True,
}
LAKE = ["denominator", "numerator", "value", "lower_998", "upper_95", "overdispersed_upper_998", "p_low"]


def audit(indicator: str, top: list[int | None], bottom: list[int]) -> pd.DataFrame:
    """Released rows of the audit period: the trusts, hidden where `top` is missing, and their nation."""
    rows = [
        {"level": "trust", "unit_code": c, "numerator": t, "denominator": None if t is None else b}
        for c, t, b in zip(CODES, top, bottom, strict=True)
    ]
    whole = sum(50 if t is None else t for t in top)
    rows.append({"level": "nation", "unit_code": "England", "numerator": whole, "denominator": sum(bottom)})
    frame = pd.DataFrame(rows).assign(
        indicator=indicator,
        period_kind="audit period",
        period="2022 to 2024",
        subgroup="all",
        policy="public",
    )
    frame["unit_name"], frame["alliance_code"] = "Trust " + frame["unit_code"], "A1"
    frame["period_end"] = pd.Timestamp("2024-12-31")
    frame[["numerator", "denominator"]] = frame[["numerator", "denominator"]].astype("Int64")
    frame["suppressed"] = np.where(frame["numerator"].isna(), "hidden to protect people", "")
    return frame


def people(indicator: str, top: list[int], bottom: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "person_id": f"{c}-{k}",
                "indicator": indicator,
                "outcome": int(k < t),
                "trust_code": c,
                **RECORDED,
            }
            for c, t, b in zip(CODES, top, bottom, strict=True)
            for k in range(b)
        ]
    )


@pytest.fixture(scope="module")
def counts() -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(11)
    bottom = rng.integers(40, 160, TRUSTS)
    top = rng.binomial(bottom, rng.uniform(0.3, 0.7, TRUSTS))
    return [int(t) for t in top], [int(b) for b in bottom]


def in_the_lake(top: list[int], bottom: list[int]) -> pd.DataFrame:
    none = pd.DataFrame(columns=pd.Index(["indicator", "part", "unit", "measure", "value", "note"]))
    treating = pd.DataFrame({"person_id": pd.Series(dtype=str), "treating_trust_code": pd.Series(dtype=str)})
    assessed = people("P5", top, bottom)
    plain = provider_comparison(assessed, DEFINITIONS, none, treating, submissions(assessed))
    fair = plain.assign(comparison=ADJUSTED, expected=[b * 0.48 for b in bottom])
    return pd.concat([plain, fair], ignore_index=True)


def test_without_hiding_the_lakes_funnel_is_published(counts):
    top, bottom = counts
    lake = in_the_lake(top, bottom)
    found = released_comparison(
        audit("P5", list(top), bottom), lake, DEFINITIONS, PROVIDERS, policies()["internal"]
    )
    plain = found[found["comparison"] == UNADJUSTED].set_index("trust_code")
    wanted = lake[lake["comparison"] == UNADJUSTED].set_index("trust_code").loc[plain.index]
    for column in LAKE:
        np.testing.assert_allclose(plain[column], wanted[column], rtol=1e-12)
    assert list(plain["state"]) == list(wanted["state"])
    assert (found[found["comparison"] == ADJUSTED]["value"].to_numpy() > 0).all()


def test_hidden_trusts_have_no_number_and_change_nobody_elses(counts):
    top, bottom = counts
    shown: list[int | None] = list(top)
    shown[3], shown[8] = None, None
    released = audit("P5", shown, bottom)
    found = released_comparison(
        released, in_the_lake(top, bottom), DEFINITIONS, PROVIDERS, policies()["public"]
    )
    hidden = found[found["suppressed"] != ""]
    assert set(hidden["trust_code"]) == {CODES[3], CODES[8]}
    assert set(hidden["comparison"]) == {UNADJUSTED, ADJUSTED}
    assert hidden.select_dtypes("number").isna().all(axis=None)
    other = list(top)
    other[3], other[8] = top[3] + 9, top[8] - 7
    again = released_comparison(
        released, in_the_lake(other, bottom), DEFINITIONS, PROVIDERS, policies()["public"]
    )
    pd.testing.assert_frame_equal(found, again)


def test_expected_numbers_are_published_to_one_decimal(counts):
    top, bottom = counts
    found = released_comparison(
        audit("P5", list(top), bottom), in_the_lake(top, bottom), DEFINITIONS, PROVIDERS, policies()["public"]
    )
    fair = found[found["comparison"] == ADJUSTED]
    np.testing.assert_array_equal(fair["expected"], fair["expected"].round(1))
    np.testing.assert_array_equal(fair["value"], fair["value"].round(2))
    np.testing.assert_allclose(fair["value"], fair["numerator"] / fair["expected"], atol=0.01)


def test_rounding_for_print_changes_no_state():
    # 34 of 59 people against 21.835 expected: the upper tail is 0.00102, an alert; against 21.8 it is 0.00099.
    top, bottom = [34] + [22] * (TRUSTS - 1), [59] * TRUSTS
    lake = in_the_lake(top, bottom)
    lake.loc[lake["comparison"] == ADJUSTED, "expected"] = 21.835
    found = released_comparison(
        audit("P5", list(top), bottom), lake, DEFINITIONS, PROVIDERS, policies()["public"]
    )
    fair: Any = found[found["comparison"] == ADJUSTED].set_index("trust_code")
    row = fair.loc[CODES[0]]
    assert (row["state"], row["expected"], row["value"]) == ("alert", 21.8, 1.56)
    assert row["p_high"] == 0.0010


@pytest.mark.parametrize("expected", np.linspace(18, 24, 61))
def test_no_printed_tail_contradicts_its_state(expected):
    top, bottom = list(range(20, 20 + TRUSTS)), [59] * TRUSTS
    lake = in_the_lake(top, bottom)
    lake.loc[lake["comparison"] == ADJUSTED, "expected"] = expected
    found = released_comparison(
        audit("P5", list(top), bottom), lake, DEFINITIONS, PROVIDERS, policies()["public"]
    )
    fair = found[found["comparison"] == ADJUSTED]
    smaller = fair[["p_low", "p_high"]].min(axis=1)
    assert ((fair["state"] == "potential outlier") == (smaller < 0.001)).all()
    assert ((fair["state"] == "within") == (smaller >= 0.025)).all()


def test_a_policy_can_keep_adjusted_rates_back(counts):
    top, bottom = counts
    policy = policies()["public"].model_copy(update={"adjusted_rates": "not released"})
    found = released_comparison(
        audit("P5", list(top), bottom), in_the_lake(top, bottom), DEFINITIONS, PROVIDERS, policy
    )
    assert set(found["comparison"]) == {UNADJUSTED}


def test_deaths_by_treating_trust_cannot_be_worked_out_from_their_sum():
    rng = np.random.default_rng(5)
    for _ in range(20):
        bottom = [int(b) for b in rng.integers(30, 200, TRUSTS)]
        top = [int(t) for t in rng.binomial(bottom, 0.06)]
        assessed = people("P9", top, bottom)
        lake = provider_comparison(
            assessed,
            DEFINITIONS,
            pd.DataFrame(columns=pd.Index(["indicator", "part", "unit", "measure", "value", "note"])),
            assessed[["person_id", "trust_code"]].rename(columns={"trust_code": "treating_trust_code"}),
            submissions(assessed),
        )
        lake = lake[lake["comparison"] == BY_TREATING]
        found = released_comparison(
            audit("P9", list(top), bottom), lake, DEFINITIONS, PROVIDERS, policies()["public"]
        )
        small = np.array([0 < t < 5 for t in top])
        hidden = (found.set_index("trust_code").loc[CODES, "suppressed"] != "").to_numpy()
        assert hidden[small].all()
        sums = np.concatenate([np.eye(TRUSTS), np.ones((1, TRUSTS))])
        low, high = exact_ranges(
            Published.shown(sums, sums @ np.array(top), np.append(hidden, False), np.array(bottom)),
            np.flatnonzero(small),
        )
        assert (high - low > 2.5).all()


def series_of(level: str, kind: str, top: list[int | None], bottom: list[int]) -> pd.DataFrame:
    frame = pd.DataFrame({"numerator": top, "denominator": bottom}).astype("Int64")
    frame.loc[frame["numerator"].isna(), "denominator"] = pd.NA
    return frame.assign(
        indicator="P5", level=level, unit_code="X", period_kind=kind, subgroup="all", policy="public",
        period=[f"p{i:02d}" for i in range(len(top))],
        period_end=pd.date_range("2022-03-31", periods=len(top), freq="QE"),
        suppressed=np.where(frame["numerator"].isna(), "hidden to protect people", ""),
    )  # fmt: skip


def test_a_shift_is_marked_for_an_alliance_and_not_for_overlapping_years_of_a_trust():
    top, bottom = [30] * 8 + [60] * 8, [100] * 16
    alliance = released_series(series_of("alliance", "quarter", list(top), bottom), DEFINITIONS)
    assert alliance["special_cause"].all()
    assert set(alliance["variation"].iloc[8:]) == {"improvement"}
    trust = released_series(series_of("trust", "rolling four quarters", list(top), bottom), DEFINITIONS)
    assert not trust["special_cause"].any()
    assert set(trust["variation"]) == {OVERLAPPING}
    assert trust["moving_average"].isna().all()


def test_hidden_points_take_no_part():
    top: list[int | None] = [30, 40, None, 35, 45, 50]
    found = released_series(series_of("alliance", "quarter", top, [100] * 6), DEFINITIONS)
    assert np.isnan(found["value"].iloc[2])
    assert np.isnan(found["moving_average"].iloc[2])
    assert found["centre"].iloc[0] == pytest.approx(200 / 500)
    assert found["moving_average"].iloc[1] == pytest.approx(70 / 200)


def test_each_series_says_which_limits_it_has_and_overlapping_years_are_never_widened():
    top, bottom = [300, 450] * 8, [900] * 16
    alliance = released_series(series_of("alliance", "quarter", list(top), bottom), DEFINITIONS)
    assert set(alliance["limits"]) == {"Laney p′"}
    assert (alliance["sigma_z"] > 2).all()
    assert not alliance["special_cause"].any()
    trust = released_series(series_of("trust", "rolling four quarters", list(top), bottom), DEFINITIONS)
    assert set(trust["limits"]) == {"binomial"}
    assert trust["sigma_z"].isna().all()


def with_nations(indicator: str, rows: dict[str, tuple[int | None, int | None]]) -> pd.DataFrame:
    """Released rows of the audit period: trusts of 50 people, and nations with these numerators and denominators."""
    trusts = audit(indicator, [20] * TRUSTS, [50] * TRUSTS)
    nations = trusts.iloc[[0] * len(rows)].assign(
        unit_code=list(rows),
        level=["both_nations" if code == "England and Wales" else "nation" for code in rows],
    )
    nations[["numerator", "denominator"]] = pd.DataFrame(rows.values(), index=nations.index).astype("Int64")
    return pd.concat([trusts[trusts["level"] == "trust"], nations], ignore_index=True)


@pytest.mark.parametrize(
    ("rows", "target"),
    [
        ({"England and Wales": (300, 760), "England": (290, 700), "Wales": (10, 60)}, 300 / 760),
        # What one nation hides in its numerator is not to stand in the denominator.
        ({"England and Wales": (None, 760), "England": (290, 700), "Wales": (None, 60)}, 290 / 700),
        ({"England and Wales": (300, 760), "England": (None, 700), "Wales": (None, 60)}, 300 / 760),
        ({"England": (290, 700)}, 290 / 700),
        ({"England and Wales": (None, 760), "England": (None, 700), "Wales": (None, 60)}, None),
    ],
)
def test_the_target_is_of_people_whose_outcomes_are_in_it(counts, rows, target):
    found = released_comparison(
        with_nations("P5", rows), in_the_lake(*counts), DEFINITIONS, PROVIDERS, policies()["public"]
    )
    of = found[found["comparison"] == UNADJUSTED]["target"].dropna().unique()
    assert of.tolist() == ([] if target is None else [pytest.approx(target)])


def test_every_comparison_names_the_period_of_its_indicator(counts):
    top, bottom = counts
    treating = pd.DataFrame({"person_id": pd.Series(dtype=str), "treating_trust_code": pd.Series(dtype=str)})
    none = pd.DataFrame(columns=pd.Index(["indicator", "part", "unit", "measure", "value", "note"]))
    assessed = pd.concat([people("P5", top, bottom), people("P9", top, bottom)])
    lake = provider_comparison(assessed, DEFINITIONS, none, treating, submissions(assessed))
    earlier = audit("P9", list(top), bottom).assign(period="2021 Q4 to 2024 Q3")
    released = pd.concat([audit("P5", list(top), bottom), earlier], ignore_index=True)
    found = released_comparison(released, lake, DEFINITIONS, PROVIDERS, policies()["public"])
    assert found.groupby("indicator")["period"].unique().map(list).to_dict() == {
        "P5": ["2022 to 2024"],
        "P9": ["2021 Q4 to 2024 Q3"],
    }
