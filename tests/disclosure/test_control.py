"""Disclosure control of a release: the rules, the attack on the whole, earlier releases, other policies."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest

from assets.feeds import FEEDS, nodes
from benchmarks.disclosure import national_population
from naome_pipeline.disclosure import views
from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.disclosure.counts import ALLIANCE, NATIONAL, TRUST, Marks, rounded
from naome_pipeline.disclosure.policy import ENVIRONMENT_VARIABLE, policies, policy_in_force
from naome_pipeline.disclosure.relations import Periods, Population
from naome_pipeline.disclosure.release import know
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import reporting_periods
from naome_pipeline.reports.released import RELEASED
from tests.disclosure.drawn import PERIOD, SNAPSHOT, first_year


def one_trust(numerator: int, denominator: int) -> DisclosureControl:
    """Six trusts in each of five Alliances with 20 people a quarter, half of them in the numerator of P5; but the first
    trust has seen so many people only, all in the first quarter."""
    periods = Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    quarters = periods.quarters.shape[1]
    rows = [
        (trust, quarter, n % 2 == 0)
        for trust in range(1, 30)
        for quarter in range(quarters)
        for n in range(20)
    ] + [(0, 0, n < numerator) for n in range(denominator)]
    trust, quarter, yes = (np.array(column) for column in zip(*rows, strict=True))
    population = Population(
        ("P5",), ("all",), tuple(f"T{n:02d}" for n in range(30)), tuple(f"A{n}" for n in range(5)), trust, quarter,
        np.arange(30) // 6, tuple(["England"] * 5), np.ones((len(rows), 1), dtype=bool), yes[:, None].astype(bool),
        np.ones((len(rows), 1), dtype=bool),
    )  # fmt: skip
    return DisclosureControl(
        population, periods, np.ones((1, len(periods.table)), dtype=bool), registry(), policies()["public"]
    )


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown_numerator", "shown_denominator"),
    [
        (5, 10, True, True),
        (4, 10, False, True),
        (1, 10, False, True),
        (0, 10, True, True),
        (10, 10, True, True),
        (9, 10, False, True),  # one person outside the numerator
        (6, 10, False, True),  # four
        (0, 4, False, False),
        (4, 4, False, False),
        (1, 1, False, False),
        (0, 5, True, True),
    ],
)
def test_small_counts_are_hidden_and_others_shown(numerator, denominator, shown_numerator, shown_denominator):
    control = one_trust(numerator, denominator)
    assert control.decide() == []
    year = first_year(control)
    assert control.marks.numerator[TRUST][0, 0, 0, year] != shown_numerator
    assert control.marks.denominator[TRUST][0, 0, 0, year] != shown_denominator
    hidden_elsewhere = control.marks.numerator[TRUST][0, 0, 1:, year].any()
    assert hidden_elsewhere != shown_numerator  # a companion for a hidden one, nobody for a shown one
    assert control.attack().narrow == 0


def test_the_attack_recovers_nothing(small):
    found = small.attack()
    assert found.sensitive > 3_000
    assert (found.narrow, found.exact, found.places) == (0, 0, [])


def with_marks(control: DisclosureControl, marks: Marks) -> DisclosureControl:
    """The same counts with other decisions."""
    other = copy.copy(control)
    other.marks = marks
    return other


def test_small_numbers_alone_hidden_are_recovered(small):
    policy = policies()["public"].model_copy(update={"secondary": False})
    naive = DisclosureControl(small.population, small.periods, small._complete, registry(), policy)
    naive.decide()
    assert naive.attack().exact > 200


def test_one_cell_shown_too_many_is_found(small):
    """Bypassing the gate: a hidden small count is shown."""
    marks = copy.deepcopy(small.marks)
    name = small.population.indicators.index("P5")
    few = small._few(name, 0, TRUST) & small.published(TRUST, 0)[name]
    unit, period = np.argwhere(few)[0]
    marks.numerator[TRUST][name, 0, unit, period] = False
    found = with_marks(small, marks).attack()
    assert found.narrow > 0
    assert any(place.startswith("P5") for place in found.places)


def test_a_variant_cannot_give_its_parent_away(small):
    """P1 hidden, but P1 among those with a date shown: the numerators are the same."""
    marks = copy.deepcopy(small.marks)
    variant = small.population.indicators.index("P1_recorded")
    hidden = marks.numerator[TRUST][variant, 0]
    assert hidden.any()
    hidden[:] = False
    assert with_marks(small, marks).attack().exact > 0


def test_both_nations_are_hidden_with_the_only_one_that_counts_anybody():
    """Wales supports the indicator and counts nobody, so the row of both is England's: two people in the first quarter."""
    periods = Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    quarters = periods.quarters.shape[1]
    rows = [(0, q) for q in range(quarters) for _ in range(2 if q == 0 else 20)] + [(1, 0)]
    trust, quarter = (np.array(column) for column in zip(*rows, strict=True))
    counted = (trust == 0)[:, None]
    population = Population(
        ("P5",), ("all",), ("T0", "T1"), ("A0", "no Cancer Alliance in Wales"), trust, quarter, np.arange(2),
        ("England", "Wales"), counted, counted & False, np.ones((len(rows), 1), dtype=bool),
    )  # fmt: skip
    eligible = np.ones((1, len(periods.table)), dtype=bool)
    control = DisclosureControl(
        population, periods, eligible, registry(), policies()["public"], np.array([True])
    )
    assert control.decide() == []
    hidden = control.marks.denominator[NATIONAL][0, 0]
    england, both = 0, 2
    assert hidden[england, 0]
    assert hidden[both, 0]
    assert (hidden[england] == hidden[both]).all(), "each would give the other away"


def shown_cells(control: DisclosureControl) -> pd.DataFrame:
    """What a release of these counts shows."""
    parts = []
    for level, units in ((TRUST, control.population.trusts), (ALLIANCE, control.population.alliances)):
        for s in range(control.shapes[level][1]):
            i, u, p = np.nonzero(
                control.published(level, s)[:, None, :]
                & ~control.marks.denominator[level][:, s]
                & (control.denominators[level][:, s] > 0)
            )
            table = control.periods.table.iloc[p].reset_index(drop=True)
            top = control.numerators[level][i, s, u, p]
            table = table.assign(
                indicator=np.array(control.population.indicators)[i],
                unit_code=np.array(units)[u],
                level=level,
                subgroup=control.population.subgroups[s],
                numerator=np.where(control.marks.numerator[level][i, s, u, p], np.nan, top),
                denominator=control.denominators[level][i, s, u, p],
            )
            parts.append(table)
    return pd.concat(parts, ignore_index=True)


def test_a_later_release_does_not_give_away_what_an_earlier_one_hid(small):
    """Some people's records are corrected; whatever was shown before and has not changed stays known."""
    population = small.population
    rng = np.random.default_rng(8)
    numerator = population.numerator.copy()
    name = population.indicators.index("P5")
    numerator[:, name] ^= rng.random(len(numerator)) < 0.02
    changed = Population(**(vars(population) | {"numerator": numerator}))
    control = DisclosureControl(changed, small.periods, small._complete, registry(), policies()["public"])
    know(control, shown_cells(small))
    assert control.known.numerator[TRUST].sum() > 1_000
    failures = control.decide()
    assert not [f for f in failures if not f.startswith("P5")]
    assert control.attack().exact == 0
    # Without the ledger the second release hides other cells, and the two together say more than either.
    forgetful = DisclosureControl(changed, small.periods, small._complete, registry(), policies()["public"])
    forgetful.decide()
    know(forgetful, shown_cells(small))
    assert forgetful.attack().narrow > 0


def test_the_same_counts_and_history_give_the_same_release(small):
    again = DisclosureControl(
        small.population, small.periods, small._complete, registry(), policies()["public"]
    )
    know(again, shown_cells(small))
    # Of the release itself everything shown is known; nothing more needs to be hidden, and nothing less is.
    assert again.decide() == []
    for level in (TRUST, ALLIANCE):
        assert (again.marks.numerator[level] == small.marks.numerator[level]).mean() > 0.99


def test_tables_looked_at_together_hide_what_they_hide_one_at_a_time(monkeypatch):
    population, periods, eligible = national_population(trusts=9, alliances=2, size=6.0, seed=8)
    population = dataclasses.replace(
        population, subgroups=population.subgroups[:2], subgroup=population.subgroup[:, :2]
    )
    decided = []
    for many in (1, len(population.trust) + 1):
        monkeypatch.setattr(views, "MANY_PEOPLE", many)
        control = DisclosureControl(population, periods, eligible, registry(), policies()["public"])
        control.decide()
        decided.append((control.at_a_time, control.marks))
    (two, together), (one, alone) = decided
    assert (two, one) == (2, 1)
    for level in (TRUST, ALLIANCE, NATIONAL):
        assert (together.numerator[level] == alone.numerator[level]).all()
        assert (together.denominator[level] == alone.denominator[level]).all()
    assert alone.numerator[TRUST].any()


def test_rounded_counts_are_multiples_and_never_give_a_small_one_away():
    policy = policies()["nhs_rounding"]
    values = np.arange(0, 40)
    shown = rounded(values.astype(float), policy)
    assert set(shown % 5) == {0.0}
    assert shown[8:13].tolist() == [10] * 5
    assert np.abs(shown - values)[8:].max() <= 2
    population, periods, eligible = national_population(trusts=8, alliances=2, size=9.0, seed=4)
    control = DisclosureControl(population, periods, eligible, registry(), policy)
    control.decide()
    assert control.attack().exact == 0


def test_the_internal_policy_hides_nothing_and_is_not_for_publication(small):
    policy = policies()["internal"]
    control = DisclosureControl(small.population, small.periods, small._complete, registry(), policy)
    assert control.decide() == []
    assert not control.marks.numerator[TRUST].any()
    assert not policy.for_publication
    assert policies()["public"].for_publication


def test_the_policy_in_force_is_configured_and_a_wrong_name_says_what_there_is(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    assert policy_in_force().id == "public"
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "nhs_rounding")
    assert policy_in_force().smallest_shown == 8
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "secret")
    with pytest.raises(ValueError, match="one of public, nhs_rounding, internal"):
        policy_in_force()


def test_no_table_of_outcomes_can_be_read_by_a_report():
    for feed in FEEDS:
        assert not set(RELEASED) & {node.name for node in nodes(feed) if node.layer == "outcomes"}


def test_a_denominator_is_protected_where_the_first_indicator_that_shares_it_is_not_available():
    """P6 and C8 count the same people; in the last Alliance only C8 is available, and its first trust has seen two people."""
    periods = Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    quarters, few = periods.quarters.shape[1], 24
    rows = [(t, q, n % 2 == 0) for t in range(30) if t != few for q in range(quarters) for n in range(20)]
    rows += [(few, 0, True), (few, 0, False)]
    trust, quarter, yes = (np.array(column) for column in zip(*rows, strict=True))
    both = np.column_stack([trust < few, np.ones(len(rows), dtype=bool)])
    population = Population(
        ("P6", "C8"), ("all",), tuple(f"T{n:02d}" for n in range(30)), tuple(f"A{n}" for n in range(5)), trust, quarter,
        np.arange(30) // 6, tuple(["England"] * 5), both, both & yes[:, None].astype(bool),
        np.ones((len(rows), 1), dtype=bool),
    )  # fmt: skip
    eligible = np.ones((2, len(periods.table)), dtype=bool)
    control = DisclosureControl(population, periods, eligible, registry(), policies()["public"])
    assert control.decide() == []
    year = first_year(control)
    assert control.denominators[TRUST][1, 0, few, year] == 2
    assert control.marks.denominator[TRUST][1, 0, few, year]
    assert control.attack().narrow == 0


def test_a_nation_without_alliances_hides_its_small_boards_and_nothing_that_it_publishes_itself():
    """Two English Alliances, and six Welsh boards without any; P6 and C8 share a denominator, P6 is England's alone."""
    periods = Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    quarters, boards = periods.quarters.shape[1], range(12, 18)
    rows = [
        (trust, q) for trust in range(18) for q in range(quarters) for _ in range(1 if trust == 12 else 12)
    ]
    trust, quarter = (np.array(column) for column in zip(*rows, strict=True))
    bone = np.arange(len(rows)) % 2 == 0
    yes, welsh = bone & (np.arange(len(rows)) % 3 == 0), trust >= boards[0]
    population = Population(
        ("P6", "C8"), ("all",), tuple(f"T{n:02d}" for n in range(18)), ("A0", "A1", "no Cancer Alliance in Wales"),
        trust, quarter, np.arange(18) // 6, ("England", "England", "Wales"), np.stack([bone & ~welsh, bone], axis=1),
        np.stack([yes & ~welsh, yes], axis=1), np.ones((len(rows), 1), dtype=bool),
    )  # fmt: skip
    eligible = np.ones((2, len(periods.table)), dtype=bool)
    control = DisclosureControl(population, periods, eligible, registry(), policies()["public"])
    assert control.decide() == []
    year = first_year(control)
    assert control.marks.denominator[TRUST][1, 0, 12, year], "the small board has four people a year"
    assert control.marks.denominator[TRUST][1, 0, 13:, year].any(), (
        "a companion hides it from the nation's total"
    )
    assert not control.marks.denominator[TRUST][0, 0, 12:].any(), "P6 is not published of Welsh boards at all"
    for cells in (control.marks.numerator[ALLIANCE], control.marks.denominator[ALLIANCE]):
        assert not cells[:, :, 2].any(), "what stands for all boards counts what the nation publishes"
    assert control.attack().narrow == 0


def alliances_of_few_people(seed: int) -> DisclosureControl:
    """Five Alliances of some three people a quarter, of which one in three has bone metastases: P6 and C8 count them, and so does
    the subgroup of that name in the family of P1."""
    rng, periods = np.random.default_rng(seed), Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    size = rng.gamma(1.0, size=5) + 0.05
    sizes = rng.poisson((3.0 * size / size.mean())[:, None], (5, periods.quarters.shape[1]))
    alliance, quarter = (np.repeat(place.ravel(), sizes.ravel()) for place in np.indices(sizes.shape))
    met = rng.random(len(alliance)) < 0.8
    in_time, bone = met & (rng.random(len(alliance)) < 0.7), rng.random(len(alliance)) < 0.3
    agent, everybody = bone & (rng.random(len(alliance)) < 0.5), np.ones_like(met)
    of = {
        "P1": (everybody, in_time), "P1_recorded": (met, in_time), "P1_any_date": (everybody, met), "D5": (everybody, met),
        "P6": (bone, agent), "C8": (bone, bone & in_time),
    }  # fmt: skip
    population = Population(
        tuple(of), ("all", "bone"), tuple(f"T{n}" for n in range(5)), tuple(f"A{n}" for n in range(5)), alliance, quarter,
        np.arange(5), ("England",) * 5, np.stack([of[name][0] for name in of], axis=1),
        np.stack([of[name][1] for name in of], axis=1), np.stack([everybody, bone], axis=1),
    )  # fmt: skip
    eligible = np.ones((len(of), len(periods.table)), dtype=bool)
    return DisclosureControl(population, periods, eligible, registry(), policies()["public"])


def test_a_family_whose_denominator_is_hidden_for_another_one_hides_its_rows_too():
    """P6 needs a denominator hidden; the subgroup of the same people then hides its own, and P1 among the recorded, which has
    another denominator, may not show the row that the others of its family hide."""
    control = alliances_of_few_people(1)
    assert control.decide() == []
    found = control.attack()
    assert found.sensitive > 100
    assert (found.narrow, found.exact, found.places) == (0, 0, [])
