"""Quarters that a trust did not submit, told from quarters in which nobody happened to be treated."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.submissions import nobody_of, submitted_shares

QUARTERS = pd.date_range("2022-01-01", periods=12, freq="QS")


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
        found = submitted_shares(cohort(size=size, share=share, seed=seed))
        assert (found["sact"] == 1).all()
        assert (found["rtds"] == 1).all()


def test_three_quarters_that_were_not_sent_are_seen_and_no_others():
    found = submitted_shares(unsent(cohort(), "E007", 9, 11))
    assert found["sact"]["E007"] == pytest.approx(9 / 12)
    assert (found["sact"].drop("E007") == 1).all()
    assert (found["rtds"] == 1).all()


def test_a_run_between_quarters_with_records_is_one_run():
    frame = unsent(unsent(cohort(seed=2), "E007", 2, 4), "E008", 0, 11)
    found = submitted_shares(frame)["sact"]
    assert (found["E007"], found["E008"]) == (pytest.approx(9 / 12), 0)


def test_too_few_people_to_tell_are_left_alone():
    # Two quarters of three people: half of the people have no record, so chance does that once in 64 times.
    assert (submitted_shares(unsent(cohort(size=3), "E007", 0, 1))["sact"] == 1).all()


def test_a_trust_that_treats_few_is_not_excused():
    """One person in twelve has a record, everywhere and always: the trust is compared with itself."""
    frame = cohort(share=0.5)
    few = frame["trust_code"] == "E003"
    frame.loc[few, "in_sact"] = frame.loc[few, "person_id"].str[1:].astype(int) % 12 == 0
    quiet = frame[few].groupby("quarter_start")["in_sact"].sum()
    assert (quiet == 0).sum() >= 3
    assert submitted_shares(frame)["sact"]["E003"] == 1


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
        assert submitted_shares(changed)["sact"]["E003"] == pytest.approx(seen)


def test_a_nation_that_sends_nothing_is_not_asked():
    welsh = cohort(trusts=7, nation="Wales").assign(in_sact=False)
    found = submitted_shares(pd.concat([cohort(trusts=20), welsh]))
    assert not found["sact"].index.str.startswith("W").any()
    assert found["rtds"].index.str.startswith("W").sum() == 7
