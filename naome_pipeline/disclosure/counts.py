"""The counts of a release as sets of people: by indicator, subgroup, unit and period, and which of them are published.

What belongs here: counting, and what the rule itself calls small. What does not: what is hidden together (`jobs.py`), the
tables an attacker sees (`views.py`), deciding and attacking (`control.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from naome_pipeline.disclosure.attack import BoolArray, FloatArray
from naome_pipeline.disclosure.nested import NestedSets, counted_of, nested_sets, people_of
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.relations import Periods, Population, families
from naome_pipeline.indicators.registry import Registry
from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER, ROLLING

TRUST, ALLIANCE = "trust", "alliance"
LEVELS = (ALLIANCE, TRUST)
# Exempt from the rule, but for rows about very few people: each nation, then both together.
NATIONAL = "national"

# An indicator in a subgroup.
Place = tuple[int, int]
Cells = dict[str, BoolArray]
Numbers = dict[str, FloatArray]


@dataclass
class Marks:
    """Cells marked as hidden, or as known: by level and NATIONAL, indicators × subgroups × units × periods."""

    numerator: Cells
    denominator: Cells


def published_periods(table: object, eligible: BoolArray) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Which periods are published: of Alliances (all), of trusts (no quarters), of subgroups of Alliances (the audit period
    and the newest complete year). Each indicators × periods."""
    kinds = np.asarray(table["period_kind"])  # type: ignore[index]
    newest = np.zeros_like(eligible)
    for i, row in enumerate(eligible & (kinds == ROLLING)):
        newest[i, np.flatnonzero(row)[-1:]] = True
    return eligible, eligible & (kinds != QUARTER), newest | (eligible & (kinds == AUDIT_PERIOD))


class CountedRelease:
    """The counts of one release under one policy."""

    def __init__(
        self,
        population: Population,
        periods: Periods,
        eligible: BoolArray,
        registry: Registry,
        policy: Policy,
        of_both: BoolArray | None = None,
    ) -> None:
        """`eligible`: indicators × periods that have their follow-up. `of_both`: indicators that have rows of both nations
        together, though one of them counts nobody; unless given, those that both nations count."""
        self.population, self.periods, self.registry, self.policy = population, periods, registry, policy
        self._alliance_spans, self._trust_spans, self._subgroup_spans = published_periods(
            periods.table, eligible
        )
        self._complete = eligible
        units = {ALLIANCE: len(population.alliances), TRUST: len(population.trusts)}
        groups = {ALLIANCE: len(population.subgroups), TRUST: 1}
        self.nations = tuple(sorted(set(population.nation)))
        units[NATIONAL] = len(self.nations_and_both)
        groups[NATIONAL] = groups[ALLIANCE]
        self.shapes = {
            level: (len(eligible), groups[level], units[level], eligible.shape[1]) for level in units
        }
        self.numerators = {level: self._counted(population.numerator, level) for level in LEVELS}
        self.denominators = {level: self._counted(population.denominator, level) for level in LEVELS}
        self._supported = self._nations_counted()
        self._of_both = np.zeros(len(eligible), dtype=bool) if of_both is None else of_both
        self.marks, self.known = self.no_marks(), self.no_marks()
        kinds = periods.table["period_kind"]
        self._quarterly, self._overlapping = np.asarray(kinds == QUARTER), np.asarray(kinds != AUDIT_PERIOD)
        names = list(population.indicators)
        self.families = [[names.index(n) for n in family] for family in families(registry, names)]

    @property
    def nations_and_both(self) -> BoolArray:
        """Rows of the national level × nations: each nation, and where there are two, both together."""
        each, together = (
            np.eye(len(self.nations), dtype=bool),
            np.ones((int(len(self.nations) > 1), len(self.nations)), dtype=bool),
        )
        return np.concatenate([each, together])

    def no_marks(self) -> Marks:
        """Nothing marked."""
        return Marks(
            *({level: np.zeros(shape, dtype=bool) for level, shape in self.shapes.items()} for _ in range(2))
        )

    def _nations_counted(self) -> Cells:
        """Per level, indicators × units: whether anybody of the unit's nation is counted in the indicator. What a nation
        cannot support is not published of its units, hidden or shown."""
        nation = np.array(self.population.nation)
        counted = self.denominators[ALLIANCE][:, 0].max(axis=-1, initial=0.0) > 0
        alliance = np.zeros((len(counted), len(nation)), dtype=bool)
        for place, name in enumerate(nation):
            alliance[:, place] = counted[:, nation == name].any(axis=1)
        return {ALLIANCE: alliance, TRUST: alliance[:, self.population.alliance]}

    def national_rows(self, i: int) -> BoolArray:
        """Which rows of the national level are published of an indicator: of both nations only what both support."""
        of = np.array(self.population.nation)
        supported = np.array([self._supported[ALLIANCE][i][of == nation].any() for nation in self.nations])
        together = self.nations_and_both.sum(axis=1) > 1
        return (together & self._of_both[i]) | [supported[inside].all() for inside in self.nations_and_both]

    def _counted(self, member: BoolArray, level: str) -> FloatArray:
        counted = np.zeros(self.shapes[level])
        for i, s in np.ndindex(counted.shape[:2]):
            inside = member[:, i] & self.population.subgroup[:, s]
            counted[i, s] = self._people(inside, level) @ self.periods.quarters.T
        return counted

    def _people(self, inside: BoolArray, level: str) -> FloatArray:
        return self.population.by_unit(inside, level, self.periods.quarters.shape[1])

    def _small(self, values: FloatArray) -> BoolArray:
        return (values > 0) & (values < self.policy.smallest_shown)

    def published(self, level: str, subgroup: int) -> BoolArray:
        """Indicators × periods that are published of a level: whole or of a subgroup."""
        if subgroup:
            return self._subgroup_spans
        return self._trust_spans if level == TRUST else self._alliance_spans

    def _base(self, indicator: int) -> str:
        return self.registry.indicators[self.population.indicators[indicator]].denominator.where

    @cached_property
    def alike(self) -> dict[Place, list[Place]]:
        """Where else the people of a denominator are a denominator: the indicator of bone metastases counts the subgroup of that
        name."""
        return self._places_by(people_of)

    @cached_property
    def counted_alike(self) -> dict[Place, list[Place]]:
        """The same of numerators."""
        return self._places_by(counted_of)

    def _places_by(self, key: Any) -> dict[Place, list[Place]]:
        population = self.population
        found: dict[frozenset[str], list[Place]] = {}
        for i, s in np.ndindex(len(population.indicators), len(population.subgroups)):
            people = key(self.registry, population.indicators[i], population.subgroups[s])
            found.setdefault(people, []).append((i, s))
        return {place: places for places in found.values() for place in places}

    def _sharing(self, indicator: int) -> list[int]:
        """The indicators that count in the same base."""
        return [j for j in range(len(self._complete)) if self._base(j) == self._base(indicator)]

    @property
    def nested(self) -> list[NestedSets]:
        """The sets of each family, with the kinds of people that the definitions allow, and those that are there all the same."""
        return [sets for sets, _ in self._sets_and_kinds]

    @cached_property
    def _sets_and_kinds(self) -> list[tuple[NestedSets, Any]]:
        """The sets of each family, and the kind of each person, -1 outside the widest denominator."""
        names, found = self.population.indicators, []
        for family in self.families:
            sets = nested_sets(self.registry, [names[i] for i in family])
            member, told = self._members(family, sets)
            differences = _differences(member, told, sets.kinds)
            strange = member[:, 0] & (differences.min(axis=0) > 0)
            if strange.any():
                kinds = np.unique(np.concatenate([sets.kinds, (member & told)[strange]]), axis=0)
                sets = replace(sets, kinds=kinds)
                differences = _differences(member, told, kinds)
            found.append((sets, np.where(member[:, 0], differences.argmin(axis=0), -1)))
        return found

    def _members(self, family: Sequence[int], nested: NestedSets) -> tuple[BoolArray, BoolArray]:
        """People × sets: who is in which, and of whom it is told: a set that a nation cannot support tells nothing."""
        population = self.population
        member = np.zeros((len(population.trust), nested.kinds.shape[1]), dtype=bool)
        told = np.zeros((len(population.trusts), nested.kinds.shape[1]), dtype=bool)
        for k in range(nested.kinds.shape[1]):
            for place, is_denominator in nested.publishers(k):
                of = population.denominator if is_denominator else population.numerator
                member[:, k] |= of[:, family[place]]
                told[:, k] |= self._supported[TRUST][family[place]]
        # Also whom a nation counts under another name alone: its people with bone metastases, where it cannot support P6.
        member[:, 0] = False
        for s in range(len(population.subgroups)):
            for i, t in self.alike[family[0], s]:
                member[:, 0] |= population.denominator[:, i] & population.subgroup[:, t]
        return member, told[population.trust]

    def kinds_of_people(self, family: int, s: int) -> FloatArray:
        """How many people of each kind a family has in a subgroup: kinds × nations × quarters."""
        (sets, which), group = self._sets_and_kinds[family], self.population.subgroup[:, s]
        return np.stack([self._of_nations(group & (which == kind)) for kind in range(len(sets.kinds))])

    def _of_nations(self, inside: BoolArray) -> FloatArray:
        counted = self._people(inside, ALLIANCE)
        nation = np.array(self.population.nation)
        return np.stack([counted[nation == name].sum(axis=0) for name in self.nations])

    def _levels(self, subgroup: int) -> tuple[str, ...]:
        return LEVELS if subgroup == 0 else (ALLIANCE,)

    def _spans(self, indicators: Sequence[int], s: int) -> Cells:
        return {
            level: np.asarray(self.published(level, s)[list(indicators)].any(axis=0))
            for level in self._levels(s)
        }

    def _derived(self, indicators: Sequence[int], level: str, s: int) -> BoolArray:
        """Quarters of trusts that follow from longer periods: never published, protected all the same."""
        if level != TRUST or s:
            return np.zeros(self._complete.shape[1], dtype=bool)
        return self._complete[list(indicators)].any(axis=0) & self._quarterly

    def _few(self, i: int, s: int, level: str) -> BoolArray:
        """Whether a numerator, its complement or its denominator is small; in a subgroup, also those of everybody else."""
        top, bottom = self.numerators[level][i, s], self.denominators[level][i, s]
        few = self._small(top) | self._small(bottom - top) | self._small(bottom)
        if s:
            rest_top = self.numerators[level][i, 0] - top
            rest = self.denominators[level][i, 0] - bottom
            few |= self._small(rest_top) | self._small(rest) | self._small(rest - rest_top)
        return few & (bottom > 0)


def _differences(member: BoolArray, told: BoolArray, kinds: BoolArray) -> Any:
    """Kinds × people: in how many sets, as far as it is told, somebody is not of that kind."""
    return np.stack([((member != kind) & told).sum(axis=1) for kind in kinds])


def rounded(values: FloatArray, policy: Policy) -> FloatArray:
    """Counts as a rounding policy shows them: to the nearest multiple, a zero as zero."""
    nearest = np.floor(values / policy.round_to + 0.5) * policy.round_to
    return np.where(values > 0, np.maximum(nearest, policy.round_to), 0.0)
