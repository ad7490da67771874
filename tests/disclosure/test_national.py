"""National rows about very few people: hidden, and not to be worked out from the rows that stay."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from naome_pipeline.disclosure.attack import Published, exact_ranges
from naome_pipeline.disclosure.national import NationalRows, hidden_denominators, hidden_numerators
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.relations import Periods
from naome_pipeline.indicators.reporting_periods import reporting_periods
from naome_pipeline.periods import Quarter

PUBLIC = policies()["public"]
PERIODS = Periods.of(reporting_periods(Quarter(2025, 3), dt.date(2025, 12, 31)))
QUARTERS = PERIODS.quarters.shape[1]
ENGLAND, WALES, BOTH = 0, 1, 2
TWO_NATIONS = np.array([[True, False], [False, True], [True, True]])
ONE_NATION = np.array([[True]])


def rows(units: np.ndarray, people: list[list[int]]) -> NationalRows:
    published = np.ones((len(units), len(PERIODS.table)), dtype=bool)
    return NationalRows(units, np.array(people, dtype=float), published, PERIODS)


def known(of: NationalRows, hidden: np.ndarray) -> Published:
    return Published.shown(of.sums, of.over(of.people).ravel(), hidden.ravel())


def test_a_nation_of_few_people_is_hidden_and_both_nations_with_it():
    """Wales has one person in the fourth quarter: England and both nations would leave it by subtraction."""
    wales = [0] * QUARTERS
    wales[3] = 1
    of = rows(TWO_NATIONS, [[40] * QUARTERS, wales])
    hidden = hidden_denominators(of, PUBLIC)
    few = of.few(PUBLIC)
    assert few[WALES].sum() == 6, "its quarter, the four years with it and the audit period"
    assert hidden[WALES][few[WALES]].all()
    assert hidden[BOTH][few[WALES]].all()
    assert not hidden[ENGLAND].any(), "England's own numbers protect nothing that the sum of both does not"
    low, high = exact_ranges(known(of, hidden), np.flatnonzero(few.ravel()))
    assert (high - low >= PUBLIC.needed_range).all()


def test_a_quarter_of_few_people_is_not_given_back_by_the_years():
    people = [30] * QUARTERS
    people[5] = 2
    of = rows(ONE_NATION, [people])
    hidden = hidden_denominators(of, PUBLIC)
    assert hidden[0, 5]
    assert hidden.sum() > 1
    low, high = exact_ranges(known(of, hidden), [5])
    assert (high - low >= PUBLIC.needed_range).all()


@pytest.mark.parametrize("seed", range(8))
def test_random_nations_leave_every_hidden_row_a_second_value_and_every_small_one_four(seed):
    rng = np.random.default_rng(seed)
    of = rows(TWO_NATIONS, [list(rng.poisson(12, QUARTERS)), list(rng.poisson(2.5, QUARTERS))])
    hidden = hidden_denominators(of, PUBLIC)
    people, few = of.over(of.people), of.few(PUBLIC)
    assert few.any()
    assert (hidden >= few).all()
    assert not (hidden & (people == 0)).any(), "nobody has no row, which cannot be hidden"
    cells = np.flatnonzero(hidden.ravel())
    low, high = exact_ranges(known(of, hidden), cells)
    assert (high - low >= 1 - 1e-6).all()
    assert (high - low)[few.ravel()[cells]].min() >= PUBLIC.needed_range - 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_numerators_beside_a_hidden_denominator_cannot_be_worked_out(seed):
    rng = np.random.default_rng(seed)
    people = np.stack([rng.poisson(14, QUARTERS), rng.poisson(5, QUARTERS)]).astype(float)
    inside = rng.binomial(people.astype(int), 0.4).astype(float)
    of = rows(TWO_NATIONS, people.tolist())
    away = hidden_denominators(of, PUBLIC)
    hidden = hidden_numerators(of, inside, away, PUBLIC)
    assert (hidden >= away).all()
    each = of.sums.toarray()
    sums = np.block([[each, np.zeros_like(each)], [each, each]])
    counts = np.concatenate([inside.ravel(), (people - inside).ravel()])
    published = Published.shown(sums, sums @ counts, np.concatenate([hidden.ravel(), away.ravel()]))
    few = np.flatnonzero(of.few(PUBLIC).ravel())
    low, high = exact_ranges(published, few)
    whole = of.over(of.people).ravel()[few]
    assert (high - low >= np.minimum(whole, PUBLIC.needed_range) - 1e-6).all()


def test_the_internal_policy_hides_no_national_row():
    of = rows(TWO_NATIONS, [[1] * QUARTERS, [1] * QUARTERS])
    assert not hidden_denominators(of, policies()["internal"]).any()
