"""Quarters that a trust did not submit, told from quarters in which nobody happened to be treated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.submissions import nobody_of, submissions, submitted_shares

QUARTERS = pd.date_range("2022-01-01", periods=12, freq="QS")


def shares_of(assessed: pd.DataFrame) -> dict[str, pd.Series]:
    return submitted_shares(submissions(assessed))


def cohort(
    trusts: int = 120, size: int = 8, share: float = 0.5, seed: int = 1, nation: str = "England"
) -> pd.DataFrame:
    """As many people of each trust in each quarter; each has a record with a probability of `share`."""
    rng = np.random.default_rng(seed)
    rows = [
        {"trust_code": f"{nation[0]}{trust:03d}", "quarter_start": quarter, "nation": nation}
        for trust in range(trusts)
        for quarter in QUARTERS
        for _ in range(size)
    ]
    frame = pd.DataFrame(rows)
    frame["person_id"] = [f"{nation[0]}{n}" for n in range(len(frame))]
    return frame.assign(in_sact=rng.random(len(frame)) < share, in_rtds=rng.random(len(frame)) < share)


def unsent(frame: pd.DataFrame, trust: str, first: int, last: int) -> pd.DataFrame:
    """Without the drugs of a trust's quarters from `first` to `last`."""
    gone = (frame["trust_code"] == trust) & frame["quarter_start"].between(QUARTERS[first], QUARTERS[last])
    return frame.assign(in_sact=frame["in_sact"] & ~gone)


@pytest.mark.parametrize("size", [1, 3, 8, 30])
@pytest.mark.parametrize("seed", range(5))
def test_chance_alone_leaves_no_trust_out(size, seed):
    for share in (0.2, 0.5, 0.8):
        found = shares_of(cohort(size=size, share=share, seed=seed))
        assert (found["sact"] == 1).all()
        assert (found["rtds"] == 1).all()


def test_three_quarters_that_were_not_sent_are_seen_and_no_others():
    found = shares_of(unsent(cohort(), "E007", 9, 11))
    assert found["sact"]["E007"] == pytest.approx(9 / 12)
    assert (found["sact"].drop("E007") == 1).all()
    assert (found["rtds"] == 1).all()


def test_a_run_between_quarters_with_records_is_one_run():
    frame = unsent(unsent(cohort(seed=2), "E007", 2, 4), "E008", 0, 11)
    found = shares_of(frame)["sact"]
    assert (found["E007"], found["E008"]) == (pytest.approx(9 / 12), 0)


def test_too_few_people_to_tell_are_left_alone():
    # Two quarters of three people: half of the people have no record, so chance does that once in 64 times.
    assert (shares_of(unsent(cohort(size=3), "E007", 0, 1))["sact"] == 1).all()


def test_a_trust_that_treats_few_is_not_excused():
    """One person in twelve has a record, everywhere and always: the trust is compared with itself."""
    frame = cohort(share=0.5)
    few = frame["trust_code"] == "E003"
    frame.loc[few, "in_sact"] = frame.loc[few, "person_id"].str[1:].astype(int) % 12 == 0
    quiet = frame[few].groupby("quarter_start")["in_sact"].sum()
    assert (quiet == 0).sum() >= 3
    assert shares_of(frame)["sact"]["E003"] == 1


def test_nobody_of_is_the_product_of_its_steps():
    """One after the other none has a record: each time one more of those known has none."""
    for people, recorded, others in ((1, 40, 80), (16, 40, 80), (24, 3, 72), (8, 0, 40)):
        steps = [(others - recorded + 0.5 + k) / (others + 1 + k) for k in range(people)]
        found = nobody_of(*(pd.Series([float(n)]) for n in (people, recorded, others)))
        assert found[0] == pytest.approx(math.prod(steps))


def test_the_threshold_is_where_the_arithmetic_puts_it():
    frame = cohort(trusts=10, size=8)
    frame = frame.assign(in_sact=frame["person_id"].str[1:].astype(int) % 2 == 0)
    for quarters, seen in ((1, 1.0), (2, 10 / 12)):
        people, others = 8 * quarters, 8 * (12 - quarters)
        steps = [(others / 2 + 0.5 + k) / (others + 1 + k) for k in range(people)]
        assert (120 * math.prod(steps) < 0.01) == (seen < 1)
        changed = unsent(frame, "E003", 12 - quarters, 11)
        assert shares_of(changed)["sact"]["E003"] == pytest.approx(seen)


def test_a_nation_that_sends_nothing_is_not_asked():
    welsh = cohort(trusts=7, nation="Wales").assign(in_sact=False)
    found = shares_of(pd.concat([cohort(trusts=20), welsh]))
    assert not found["sact"].index.str.startswith("W").any()
    assert found["rtds"].index.str.startswith("W").sum() == 7


def test_the_table_says_of_every_quarter_what_it_was_judged_by():
    frame = unsent(cohort(trusts=10), "E003", 9, 11)
    table: Any = submissions(frame).set_index(["data_set", "trust_code", "quarter_start"])
    assert len(table) == 2 * 10 * 12
    assert (table["people"] == 8).all()
    drugs = table.loc["sact"]
    assert drugs["recorded"].sum() == frame["in_sact"].sum()
    silent = drugs.loc["E003"].iloc[9:]
    # The three quarters are one run of 24 people, compared with the 72 others.
    of_others = drugs.loc["E003", "recorded"].sum()
    expected = nobody_of(pd.Series([24.0]), pd.Series([float(of_others)]), pd.Series([72.0]))
    assert silent["chance"].to_list() == pytest.approx([expected[0]] * 3)
    assert not silent["submitted"].any()
    assert table.drop(index=[("sact", "E003", quarter) for quarter in QUARTERS[9:]])["submitted"].all()
    assert table["chance"].notna().equals(table["recorded"] == 0)


def test_nobody_to_judge_is_a_table_of_the_same_columns():
    nobody = submissions(cohort(trusts=3).iloc[:0])
    assert list(nobody.columns) == list(submissions(cohort(trusts=3)).columns)
    assert submitted_shares(nobody)["sact"].empty
