"""National rows of a family: hidden together, attacked together, and the same people hidden alike wherever they are published."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from naome_pipeline.disclosure.attack import WHOLE
from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.disclosure.counts import ALLIANCE, NATIONAL, TRUST
from naome_pipeline.disclosure.nested import counted_of, nested_sets, people_of
from naome_pipeline.disclosure.outside import OutsideAttack, Recovered
from naome_pipeline.disclosure.outside_families import FamilyAttack
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.relations import Periods, Population
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import reporting_periods
from tests.disclosure.drawn import PERIOD, SNAPSHOT

FAMILY = ("P1", "P1_recorded", "P1_any_date", "D5", "P6", "C8", "P6_sact", "P6_primary_care")
PUBLIC = policies()["public"]
GROUPS = ("all", "bone")
ENGLAND, WALES, BOTH = 0, 1, 2


def two_nations(seed: int, english: float = 14.0, welsh: float = 3.0) -> DisclosureControl:
    """Four English trusts in two Alliances and a Welsh board of few people a quarter."""
    rng, periods = np.random.default_rng(seed), Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    quarters = periods.quarters.shape[1]
    sizes = rng.poisson(np.array([english, english, english, english, welsh])[:, None], (5, quarters))
    trust, quarter = (np.repeat(place.ravel(), sizes.ravel()) for place in np.indices(sizes.shape))
    met = rng.random(len(trust)) < 0.7
    in_time, bone = met & (rng.random(len(trust)) < 0.6), rng.random(len(trust)) < 0.5
    agent = bone & (rng.random(len(trust)) < 0.6)
    sact = agent & (rng.random(len(trust)) < 0.5)
    everybody = np.ones_like(met)
    of = {
        "P1": (everybody, in_time), "P1_recorded": (met, in_time), "P1_any_date": (everybody, met), "D5": (everybody, met),
        "P6": (bone, agent), "C8": (bone, bone & in_time), "P6_sact": (bone, sact), "P6_primary_care": (bone, agent & ~sact),
    }  # fmt: skip
    population = Population(
        FAMILY, GROUPS, tuple(f"T{n}" for n in range(5)), ("A0", "A1", "no Cancer Alliance in Wales"), trust, quarter,
        np.array([0, 0, 1, 1, 2]), ("England", "England", "Wales"), np.stack([of[name][0] for name in FAMILY], axis=1),
        np.stack([of[name][1] for name in FAMILY], axis=1), np.stack([everybody, bone], axis=1),
    )  # fmt: skip
    eligible = np.ones((len(FAMILY), len(periods.table)), dtype=bool)
    return DisclosureControl(population, periods, eligible, registry(), PUBLIC, eligible[:, 0])


def decided(seed: int) -> DisclosureControl:
    control = two_nations(seed)
    control.decide()
    return control


def published(control: DisclosureControl) -> pd.DataFrame:
    """The nations' rows as they are released."""
    population, of = control.population, control.nations_and_both
    table, rows = control.periods.table, []
    for i, s in np.ndindex(len(population.indicators), len(GROUPS)):
        bottom, top = (
            of @ control._of_nations(member[:, i] & population.subgroup[:, s]) @ control.periods.quarters.T
            for member in (population.denominator, population.numerator)
        )
        there = (bottom > 0) & control._complete[i] & control.national_rows(i)[:, None]
        for unit, p in zip(*np.nonzero(there), strict=True):
            level = "both_nations" if unit == BOTH else "nation"
            code = "England and Wales" if unit == BOTH else control.nations[unit]
            away = control.marks.denominator[NATIONAL][i, s, unit, p]
            top_away = away or control.marks.numerator[NATIONAL][i, s, unit, p]
            rows.append((
                population.indicators[i], GROUPS[s], table["period_kind"][p], table["period"][p], level, code,
                np.nan if top_away else top[unit, p], np.nan if away else bottom[unit, p],
            ))  # fmt: skip
    columns = [
        "indicator",
        "subgroup",
        "period_kind",
        "period",
        "level",
        "unit_code",
        "numerator",
        "denominator",
    ]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def by_gate(control: DisclosureControl) -> Recovered:
    found = Recovered()
    FamilyAttack(OutsideAttack(published(control), control).read, control).run(found)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_relatives_do_not_give_the_people_with_a_record_back(seed):
    """All equations of P1, P1 among the recorded and D5 at once, written from the published rows alone: every hidden count
    keeps a second value, and every denominator of one to four people as many as the policy asks for."""
    control = decided(seed)
    rows = published(control)
    rows = rows[(rows["subgroup"] == "all") & rows["indicator"].isin(["P1", "P1_recorded", "D5"])]
    spans = pd.MultiIndex.from_frame(control.periods.table[["period_kind", "period"]])
    # In time; met, but not in time; not met.
    parts = {
        ("P1", "denominator"): (1, 1, 1),
        ("D5", "denominator"): (1, 1, 1),
        ("P1_recorded", "denominator"): (1, 1, 0),
    }
    parts |= {
        ("D5", "numerator"): (1, 1, 0),
        ("P1", "numerator"): (1, 0, 0),
        ("P1_recorded", "numerator"): (1, 0, 0),
    }
    shown, asked = {}, {}
    for row, ((name, count), part) in product(rows.itertuples(), parts.items()):
        if row.indicator != name:
            continue
        units = {"England": (1, 0), "Wales": (0, 1)}.get(str(row.unit_code), (1, 1))
        period = control.periods.quarters[spans.get_loc((row.period_kind, row.period))].astype(float)
        equation = np.kron(part, np.kron(units, period))
        value = getattr(row, count)
        (asked if np.isnan(value) else shown)[tuple(equation)] = value
    asked = [equation for equation in asked if equation not in shown]
    assert len(asked) > 20
    people = control.kinds_of_people(0, 0)[::-1].ravel()
    left, right = np.array(list(shown)), np.array(list(shown.values()))
    assert np.allclose(left @ people, right), "the equations are those of the true counts"
    size = len(people) // 3
    for equation in np.array(asked):
        units = equation[-size:] if equation[-size:].any() else equation[:size]
        if not np.concatenate([units, units, 0 * units]) @ people:
            continue  # nobody was met, so P1 among the recorded has no row, which says so
        ends = [
            linprog(sign * equation, A_eq=left, b_eq=right, bounds=(0, None), method="highs")
            for sign in (1, -1)
        ]
        low, high = ends[0].fun, -ends[1].fun if ends[1].status == 0 else np.inf
        few = 0 < equation @ people < PUBLIC.fewest_people and tuple(equation[:size]) == tuple(
            equation[size : 2 * size]
        )
        everybody = np.tile(units, 3) @ people
        assert high - low > min(everybody, PUBLIC.needed_range if few else 1) - WHOLE


def test_the_gate_finds_what_a_relative_gives_back():
    """D5 shows how many have a record in a Welsh quarter in which P1 among the recorded hides its one to four people."""
    control = decided(0)
    assert by_gate(control).narrow == 0
    hidden = control.marks.numerator[NATIONAL][FAMILY.index("D5"), 0, WALES]
    of_recorded = control.marks.denominator[NATIONAL][FAMILY.index("P1_recorded"), 0, WALES]
    quarter = np.flatnonzero(hidden & of_recorded)[0]
    for name in ("D5", "P1_any_date"):
        control.marks.numerator[NATIONAL][FAMILY.index(name), 0, WALES, quarter] = False
        control.marks.denominator[NATIONAL][FAMILY.index(name), 0, WALES, quarter] = False
    found = by_gate(control)
    assert found.exact > 0
    assert "P1 and relatives" in found.places[0]


@pytest.mark.parametrize("seed", range(3, 5))
def test_the_gate_finds_nothing_in_a_release_that_was_protected(seed):
    control = decided(seed)
    found = by_gate(control)
    assert found.hidden > 100
    assert (found.narrow, found.exact) == (0, 0), found.places


def test_an_indicator_and_the_subgroup_of_its_denominator_hide_the_same_rows():
    control = two_nations(1, english=0.6)
    control.decide()
    named, of_bone = FAMILY.index("P6"), FAMILY.index("P1")
    for level in (NATIONAL, ALLIANCE):
        there = control.marks.denominator[level][of_bone, GROUPS.index("bone")]
        both = control.published(ALLIANCE, 1)[of_bone] if level == ALLIANCE else slice(None)
        assert there[:, both].any()
        assert (control.marks.denominator[level][named, 0][:, both] == there[:, both]).all()
    assert control.marks.denominator[TRUST].shape[1] == 1, "trusts publish no subgroup"


def test_the_headline_is_shown_where_only_its_records_are_few():
    """A quarter of thirty people, three with a record: P1 is about thirty and shown, P1 among the recorded is not."""
    control = two_nations(5, english=30.0, welsh=30.0)
    population = control.population
    place = FAMILY.index("P1_recorded")
    inside = (population.trust == 4) & (population.quarter == 3)
    keep = np.flatnonzero(inside & population.denominator[:, place])[3:]
    for name in ("P1_any_date", "D5", "P1", "P1_recorded"):
        population.numerator[keep, FAMILY.index(name)] = False
    population.denominator[keep, place] = False
    control.decide()
    marks = control.marks
    assert marks.denominator[NATIONAL][place, 0, WALES, 3]
    assert marks.numerator[NATIONAL][FAMILY.index("D5"), 0, WALES, 3]
    assert not marks.denominator[NATIONAL][FAMILY.index("P1"), 0, WALES, 3]
    assert not marks.numerator[NATIONAL][FAMILY.index("P1"), 0].any()
    assert by_gate(control).narrow == 0


def test_people_that_the_definitions_do_not_allow_are_counted_as_they_are():
    """Somebody with a bone agent in SACT and none in all: the released rows say so, and must not stop the gate."""
    control = two_nations(6)
    member, sact = control.population.numerator, FAMILY.index("P6_sact")
    strange = np.flatnonzero(member[:, sact])[:7]
    member[strange, FAMILY.index("P6")] = False
    control.decide()
    family = next(f for f, members in enumerate(control.families) if sact in members)
    assert len(control.nested[family].kinds) == 4, "one more than the definitions allow"
    assert by_gate(control).narrow == 0


def with_nobody_met(seed: int, quarters: range) -> DisclosureControl:
    """Two people of every quarter among these have bone metastases, and none of them was met."""
    control = two_nations(seed)
    population = control.population
    of_bone, of_p1 = (
        np.array([FAMILY.index(name) for name in names])
        for names in (FAMILY[4:], ("P1", "P1_any_date", "D5", "P1_recorded"))
    )
    for quarter in quarters:
        people = np.flatnonzero((population.quarter == quarter) & population.subgroup[:, 1])
        few, others = people[:2], people[2:]
        population.subgroup[others, 1] = False
        population.numerator[np.ix_(others, of_bone)] = population.denominator[np.ix_(others, of_bone)] = (
            False
        )
        population.numerator[np.ix_(few, of_p1)] = False
        population.denominator[few, FAMILY.index("P1_recorded")] = False
    return DisclosureControl(
        population, control.periods, control._complete, registry(), PUBLIC, control._of_both
    )


@pytest.mark.parametrize("quarters", [range(5, 6), range(4, 8)])
def test_no_row_of_those_with_a_record_says_that_nobody_was_met(quarters):
    """D5 hides its numerator, but P1 among the recorded has no row of any subgroup in a quarter, or of this one in a year: that
    says the same, and of the nations it cannot be hidden."""
    control = with_nobody_met(3, quarters)
    control.decide()
    assert control.marks.numerator[NATIONAL][FAMILY.index("D5"), 1, ENGLAND, quarters[0]]
    attack = OutsideAttack(published(control), control)
    found = attack.run(control.proofs)
    FamilyAttack(attack.read, control).run(found)
    assert (found.narrow, found.places) == (0, [])


def test_a_nation_without_an_indicator_does_not_say_that_nobody_has_bone_metastases():
    """Wales has P6 and not P1, whose subgroup of bone metastases is the same people and is published for longer."""
    before = two_nations(7)
    names, welsh = (*FAMILY, "D1"), before.population.trust == 4
    everybody = np.ones((len(welsh), 1), dtype=bool)
    of_england = np.array([name.startswith(("P1", "D5")) for name in names])
    apart = welsh[:, None] & of_england
    population = replace(
        before.population,
        indicators=names,
        denominator=np.hstack([before.population.denominator, everybody]) & ~apart,
        numerator=np.hstack([before.population.numerator, everybody]) & ~apart,
    )
    eligible = np.ones((len(names), len(before.periods.table)), dtype=bool)
    eligible[~of_england, -3:] = False
    control = DisclosureControl(population, before.periods, eligible, registry(), PUBLIC, ~of_england)
    control.decide()
    attack = OutsideAttack(published(control), control)
    found = attack.run(control.proofs)
    FamilyAttack(attack.read, control).run(found)
    assert found.hidden > 100
    assert (found.narrow, found.places) == (0, [])


def test_an_indicator_of_one_nation_does_not_show_the_people_of_the_other():
    """D8 counts everybody of England, as P1 does of both: it shows no row of Wales, so what P1 hides there is hidden."""
    before = two_nations(4, welsh=1.0)
    names, welsh = (*FAMILY, "D8"), before.population.trust == 4
    of_england = ~welsh[:, None]
    population = replace(
        before.population,
        indicators=names,
        denominator=np.hstack([before.population.denominator, of_england]),
        numerator=np.hstack([before.population.numerator, of_england]),
    )
    of_both = np.array([name != "D8" for name in names])
    eligible = np.ones((len(names), len(before.periods.table)), dtype=bool)
    control = DisclosureControl(population, before.periods, eligible, registry(), PUBLIC, of_both)
    control.decide()
    whole = control._whole(0, 0)
    [(rows, bottom)] = [
        (part, bottom) for part, _, bottom in whole.unpacked(whole.table.hidden) if part.level == NATIONAL
    ]
    marked = control.marks.denominator[NATIONAL][0, 0, rows.unit, rows.period]
    assert marked[rows.unit == WALES].any()
    assert (bottom == marked).all()


def test_the_subgroup_of_a_nation_counts_its_people_where_no_indicator_of_theirs_is_supported():
    """Wales has P1, whose subgroup counts its people with bone metastases, and neither P6 nor C8, which count the same people."""
    before = two_nations(8)
    welsh = before.population.trust == 4
    of_bone = np.array([name.startswith(("P6", "C8")) for name in FAMILY])
    apart = welsh[:, None] & of_bone
    population = replace(
        before.population,
        denominator=before.population.denominator & ~apart,
        numerator=before.population.numerator & ~apart,
    )
    control = DisclosureControl(population, before.periods, before._complete, registry(), PUBLIC, ~of_bone)
    control.decide()
    found = by_gate(control)
    assert found.hidden > 50
    assert (found.narrow, found.places) == (0, [])


def test_the_registry_says_who_lies_in_whom():
    met = nested_sets(registry(), ("P1", "P1_recorded", "D5"))
    assert met.kinds.tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert met.denominator == (0, 1, 0)
    assert met.numerator == (2, 2, 1)
    source = nested_sets(registry(), ("P6", "P6_sact", "P6_primary_care"))
    everybody, agent, sact, primary_care = source.kinds.T
    assert (everybody & agent == sact | primary_care).all(), "the parts add up"
    assert not (sact & primary_care).any()
    waits = nested_sets(registry(), ("T1", "T1_31d", "T1_62d"))
    assert waits.numerator[0] == -1, "a duration counts nobody"
    assert len(waits.kinds) == 3, "who waited 31 days at most waited 62 at most"


def test_equal_people_are_told_by_their_conditions():
    of = registry()
    assert people_of(of, "P6", "all") == people_of(of, "P1", "bone") == people_of(of, "C8", "bone")
    assert people_of(of, "C7", "all") == people_of(of, "C7", "triple_negative")
    assert people_of(of, "P1", "frail") != people_of(of, "P1", "age_70_and_over_and_frail")
    assert counted_of(of, "P6", "all") == counted_of(of, "P6", "bone") != counted_of(of, "P6_sact", "all")
