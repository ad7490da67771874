"""Disclosure control of the audit's counts: which cells are hidden, and the attack on what is left.

What belongs here: the order in which tables are protected and what is held against what. What does not: the programmes
(`attack.py`, `protection.py`), how counts hang together (`relations.py`), writing released tables (`release.py`).

Order: first the denominators of every set of people, since indicators share them; then each family of indicators. Within
each, first the Alliances under the nation, then the trusts under their Alliance; subgroups for Alliances only. What lies
outside the table at hand is taken as known to the attacker. Indicators of a family are hidden together, so that none gives
another away. Decision 0010 says what this attacker knows and what not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import FAR, WHOLE, Attacker, BoolArray, FloatArray
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.protection import Table, protect
from naome_pipeline.disclosure.relations import IntArray, Periods, Population, families, sums_of
from naome_pipeline.indicators.registry import Registry
from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER, ROLLING

TRUST, ALLIANCE = "trust", "alliance"
LEVELS = (ALLIANCE, TRUST)
# A group of Alliances is protected within itself: the attacker is taken to know the sum of each group.
ALLIANCES_TOGETHER = 5
ALLIANCE_WORTH = 6.0
# Quarters of a trust are never published (about 8 people): overlapping years must leave two possible values at least.
UNPUBLISHED_RANGE = 1.0
EVERYBODY = "TRUE"
REMAINDER = "remainder"
MOST_OF_A_GROUP = 2 / 3
# How a group is looked at; see `_table`.
UNITS, FREED, ABOVE = "units", "freed", "above"

Cells = dict[str, BoolArray]
Numbers = dict[str, FloatArray]


@dataclass
class Marks:
    """Cells marked as hidden, or as known: by level, indicators × subgroups × units × periods."""

    numerator: Cells
    denominator: Cells


@dataclass
class Found:
    """What an attack ended with: sensitive cells, those of them with too few possible values, those with only one, those
    an earlier release has shown, and the tables concerned."""

    sensitive: int = 0
    narrow: int = 0
    exact: int = 0
    public: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class _Set:
    """One set of people to protect. By level: people by units × quarters, their ceiling, range needed and cells known
    from earlier releases by units × periods."""

    name: str
    people: Numbers
    ceiling: Numbers
    needed: Numbers
    known: Cells


@dataclass
class _Job:
    """Sets that are hidden together. `hidden`: units × periods, by level; `span`: the periods that are published, by
    level; `indicators` and `denominator` say whose cells these are."""

    sets: list[_Set]
    hidden: Cells
    span: Cells
    indicators: Sequence[int]
    subgroup: int
    denominator: bool


@dataclass(frozen=True)
class _Group:
    """Units of one level whose sum is taken as known: Alliances of a nation, or the trusts of an Alliance."""

    level: str
    units: IntArray
    alliance: int = -1


def published_periods(table: object, eligible: BoolArray) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Which periods are published: of Alliances (all), of trusts (no quarters), of subgroups of Alliances (the audit period
    and the newest complete year). Each indicators × periods."""
    kinds = np.asarray(table["period_kind"])  # type: ignore[index]
    newest = np.zeros_like(eligible)
    for i, row in enumerate(eligible & (kinds == ROLLING)):
        newest[i, np.flatnonzero(row)[-1:]] = True
    return eligible, eligible & (kinds != QUARTER), newest | (eligible & (kinds == AUDIT_PERIOD))


class DisclosureControl:
    """The counts of one release under one policy."""

    def __init__(
        self,
        population: Population,
        periods: Periods,
        eligible: BoolArray,
        registry: Registry,
        policy: Policy,
    ) -> None:
        """`eligible`: indicators × periods that have their follow-up."""
        self.population, self.periods, self.registry, self.policy = population, periods, registry, policy
        self._alliance_spans, self._trust_spans, self._subgroup_spans = published_periods(
            periods.table, eligible
        )
        self._complete = eligible
        units = {ALLIANCE: len(population.alliances), TRUST: len(population.trusts)}
        groups = {ALLIANCE: len(population.subgroups), TRUST: 1}
        self.shapes = {
            level: (len(eligible), groups[level], units[level], eligible.shape[1]) for level in LEVELS
        }
        self.numerators = {level: self._counted(population.numerator, level) for level in LEVELS}
        self.denominators = {level: self._counted(population.denominator, level) for level in LEVELS}
        self.marks, self.known = self.no_marks(), self.no_marks()
        kinds = periods.table["period_kind"]
        self._quarterly, self._overlapping = np.asarray(kinds == QUARTER), np.asarray(kinds != AUDIT_PERIOD)
        names = list(population.indicators)
        self.families = [[names.index(n) for n in family] for family in families(registry, names)]

    def no_marks(self) -> Marks:
        """Nothing marked."""
        return Marks(
            *({level: np.zeros(shape, dtype=bool) for level, shape in self.shapes.items()} for _ in range(2))
        )

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

    # Deciding ------------------------------------------------------------------------------------

    def decide(self) -> list[str]:
        """Mark what has to be hidden; returns what could not be protected, in words."""
        failures: list[str] = []
        if self.policy.mode == "none":
            return failures
        for job in self._jobs(decided=False):
            if self.policy.secondary:
                failures += self._protected_job(job)
            self._keep(job)
        return failures

    def _protected_job(self, job: _Job) -> list[str]:
        """Protect every set in every group. An Alliance whose trusts cannot be protected otherwise hides its quarters,
        then its years, then everything: what is known of an Alliance of few people can be too much by itself."""
        alliances = list(self._groups(ALLIANCE, job.subgroup))
        failures = [f for group in alliances for f in self._protected_group(job, group)]
        if TRUST not in job.hidden:
            return failures
        for group in self._groups(TRUST, job.subgroup):
            left = self._protected_group(job, group)
            for kinds in (self._quarterly, self._overlapping, np.ones_like(self._quarterly)):
                if not left:
                    break
                job.hidden[ALLIANCE][group.alliance] |= kinds & job.span[ALLIANCE]
                for above in alliances:
                    if group.alliance in above.units:
                        failures += self._protected_group(job, above)
                left = self._protected_group(job, group)
            failures += left
        return failures

    def _protected_group(self, job: _Job, group: _Group) -> list[str]:
        return [failure for entry in job.sets for failure in self._protected(job, entry, group)]

    def attack(self) -> Found:
        """Attack what the marks leave visible and count the sensitive cells that are known too well."""
        found = Found()
        if self.policy.mode == "none":
            return found
        for job in self._jobs(decided=True):
            for level in job.hidden:
                for group in self._groups(level, job.subgroup):
                    for entry in job.sets:
                        self._attacked(job, entry, group, found)
        return found

    def _keep(self, job: _Job) -> None:
        """Mark the cells a job hides. Where a denominator is hidden, so is what is counted in it."""
        for level, hidden in job.hidden.items():
            top, bottom = self.marks.numerator[level], self.marks.denominator[level]
            for i in job.indicators:
                if job.denominator:
                    bottom[i, job.subgroup] |= hidden
                    top[i, job.subgroup] |= hidden
                    continue
                top[i, job.subgroup] |= hidden
                if self._base(i) != self._base(job.indicators[0]):
                    bottom[i, job.subgroup] |= hidden

    def _jobs(self, *, decided: bool) -> Iterator[_Job]:
        """Every table in its order. With `decided` the hidden cells are those of the marks."""
        for base in dict.fromkeys(self._base(family[0]) for family in self.families):
            sharing = [i for i in range(len(self._complete)) if self._base(i) == base]
            for s in range(len(self.population.subgroups)):
                yield self._denominator_job(sharing, s, decided)
        for family in self.families:
            for s in range(len(self.population.subgroups)):
                yield self._family_job(family, s, decided)

    def _base(self, indicator: int) -> str:
        return self.registry.indicators[self.population.indicators[indicator]].denominator.where

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

    def _denominator_job(self, sharing: Sequence[int], s: int, decided: bool) -> _Job:
        head, spans = sharing[0], self._spans(sharing, s)
        widest = self._base(head) == EVERYBODY and s == 0
        inside = self.population.denominator[:, head] & self.population.subgroup[:, s]
        hidden, needed, people, ceiling, known = {}, {}, {}, {}, {}
        for level, span in spans.items():
            values = self.denominators[level][head, s]
            small = self._small(values)
            if s:
                small |= self._small(self.denominators[level][head, 0] - values) & (values > 0)
            marked = self.marks.denominator[level][list(sharing), s].any(axis=0)
            hidden[level] = (marked if decided else small) & span
            people[level] = self._people(inside, level)
            # A denominator among fewer people cannot be left with more possible numbers than they allow.
            whole = self._people(self.population.denominator[:, head] | True, level)
            ceiling[level] = np.full_like(whole, FAR) if widest else whole
            most = np.minimum(ceiling[level] @ self.periods.quarters.T, self.policy.needed_range)
            derived = self._derived(sharing, level, s)
            needed[level] = np.where(small & span, most, 0) + np.where(
                small & derived, np.minimum(most, UNPUBLISHED_RANGE), 0
            )
            known[level] = self.known.denominator[level][list(sharing), s].any(axis=0) & span
        name = f"denominator of {self.population.indicators[head]}, {self.population.subgroups[s]}"
        return _Job([_Set(name, people, ceiling, needed, known)], hidden, spans, sharing, s, True)

    def _family_job(self, family: Sequence[int], s: int, decided: bool) -> _Job:
        spans, group = self._spans(family, s), self.population.subgroup[:, s]
        base = self.population.denominator[:, family[0]] & group
        hidden: Cells = {}
        for level, span in spans.items():
            # What one indicator of the family shows is known: hidden is only what all of them hide.
            hidden[level] = np.broadcast_to(span, self.shapes[level][2:]).copy() & decided
            for i in family:
                if self.registry.indicators[self.population.indicators[i]].measure != "proportion":
                    continue
                published = self.published(level, s)[i]
                if decided:
                    hidden[level] &= self.marks.numerator[level][i, s] | ~published
                else:
                    few = self._few(i, s, level) | self.marks.denominator[level][family[0], s]
                    hidden[level] |= few & published & span
        members: dict[bytes, tuple[str, BoolArray, Cells]] = {}
        for i in family:
            name, top = self.population.indicators[i], self.population.numerator[:, i] & group
            bottom = self.population.denominator[:, i] & group
            sets: list[tuple[str, BoolArray, Cells | None]] = [
                (f"{name} numerator", top, self.known.numerator)
            ]
            if self._base(i) != self._base(family[0]):
                sets.append((f"{name} denominator", bottom, self.known.denominator))
                sets.append((f"{REMAINDER} of {name}", bottom & ~top, None))
            for said, inside, known in sets:
                seen = {level: np.zeros(self.shapes[level][2:], dtype=bool) for level in spans}
                if known is not None:
                    seen = {level: known[level][i, s] & self.published(level, s)[i] for level in spans}
                if inside.any() and (inside != base).any():
                    members.setdefault(
                        np.packbits(inside).tobytes(),
                        (f"{said}, {self.population.subgroups[s]}", inside, seen),
                    )
        entries = [
            self._entry(name, inside, seen, family, s, spans) for name, inside, seen in members.values()
        ]
        if not decided:
            for level, span in spans.items():
                for entry in entries:
                    hidden[level] |= (entry.needed[level] > 0) & span
        return _Job(entries, hidden, spans, family, s, False)

    def _few(self, i: int, s: int, level: str) -> BoolArray:
        """Whether a numerator, its complement or its denominator is small; in a subgroup, also those of everybody else."""
        top, bottom = self.numerators[level][i, s], self.denominators[level][i, s]
        few = self._small(top) | self._small(bottom - top) | self._small(bottom)
        if s:
            rest_top = self.numerators[level][i, 0] - top
            rest = self.denominators[level][i, 0] - bottom
            few |= self._small(rest_top) | self._small(rest) | self._small(rest - rest_top)
        return few & (bottom > 0)

    def _entry(
        self, name: str, inside: BoolArray, seen: Cells, family: Sequence[int], s: int, spans: Cells
    ) -> _Set:
        """A set of a family against its base, whose size the attacker is taken to know."""
        head = family[0]
        base = self.population.denominator[:, head] & self.population.subgroup[:, s]
        people, ceiling, needed = {}, {}, {}
        for level, span in spans.items():
            people[level], ceiling[level] = self._people(inside, level), self._people(base, level)
            values, whole = people[level] @ self.periods.quarters.T, ceiling[level] @ self.periods.quarters.T
            small = self._small(values) | self._small(whole)
            if not name.startswith(REMAINDER):
                small |= self._small(whole - values)
            few = self.marks.denominator[level][head, s].copy()
            for i in family:
                few |= self._few(i, s, level)
            needed[level] = np.where((small | few) & span, np.minimum(whole, self.policy.needed_range), 0)
            if self._base(head) == EVERYBODY:
                derived = small & self._derived(family, level, s)
                needed[level] += np.where(derived, np.minimum(whole, UNPUBLISHED_RANGE), 0)
        return _Set(name, people, ceiling, needed, seen)

    # Tables --------------------------------------------------------------------------------------

    def _groups(self, level: str, subgroup: int) -> Iterator[_Group]:
        """Units that are protected together. Subgroups are small: all Alliances of a nation hide one another."""
        if level == TRUST:
            for alliance in range(len(self.population.alliances)):
                yield _Group(TRUST, np.flatnonzero(self.population.alliance == alliance), alliance)
            return
        nations = np.array(self.population.nation)
        for nation in dict.fromkeys(self.population.nation):
            members = np.flatnonzero(nations == nation)
            parts = 1 if subgroup else -(-len(members) // ALLIANCES_TOGETHER)
            for together in np.array_split(members, parts):
                yield _Group(ALLIANCE, together)

    def _chosen(self, job: _Job, level: str) -> BoolArray:
        """Periods that a table holds: those that are published of its units or of their sum, and derived ones."""
        return job.span[level] | job.span[ALLIANCE] | self._derived(job.indicators, level, job.subgroup)

    def _table(self, job: _Job, entry: _Set, group: _Group, view: str) -> Table:
        """One set in one group of units. Cells: (units and their sum) × periods that are published, and, for trusts, quarters.

        Views: UNITS takes the sum as known; FREED hides it where the Alliance is hidden; ABOVE does too, and it is the sum
        that has to be protected: the trusts must not give their Alliance away.
        """
        units, level = group.units, group.level
        chosen = self._chosen(job, level)
        rows = np.concatenate([np.eye(len(units), dtype=bool), np.ones((1, len(units)), dtype=bool)])
        sums = sums_of(rows, self.periods.quarters[chosen])
        shape = (len(rows), int(chosen.sum()))
        hidden, known, needed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool), np.zeros(shape)
        open_ = job.span[level][chosen]
        known[:-1] = entry.known[level][units][:, chosen]
        hidden[:-1] = (job.hidden[level][units][:, chosen] | ~open_) & ~known[:-1]
        needed[:-1] = np.where(known[:-1], 0.0, entry.needed[level][units][:, chosen])
        if level == TRUST:
            # Of the Alliance only what it publishes is known.
            hidden[-1] = ~job.span[ALLIANCE][chosen]
        if view != UNITS:
            away = (job.hidden[ALLIANCE] & ~entry.known[ALLIANCE])[group.alliance, chosen]
            hidden[-1] |= away
            if view == ABOVE:
                needed[:-1] = 0
                needed[-1] = np.where(away, entry.needed[ALLIANCE][group.alliance, chosen], 0.0)
        worth = np.where(open_, self.periods.worth[chosen], np.inf) * (
            1.0 if level == TRUST else ALLIANCE_WORTH
        )
        price = np.concatenate(
            [np.repeat(worth[None, :], len(units), axis=0), np.full((1, shape[1]), np.inf)]
        )
        price[known] = np.inf
        counts, ceiling = entry.people[level][units].ravel(), entry.ceiling[level][units].ravel()
        # More possible values than the known sum leaves open there cannot be: of one person in a nation one or none.
        total = (sums @ counts).reshape(shape)[-1]
        open_total = (sums @ ceiling).reshape(shape)[-1] - total
        if view == UNITS:
            needed[:-1] = np.minimum(needed[:-1], np.minimum(total, open_total))
        below, above = self._slack((sums @ counts).reshape(shape))
        return Table(sums, counts, ceiling, needed.ravel(), hidden.ravel(), price.ravel(), below, above)

    def _slack(self, values: FloatArray) -> tuple[FloatArray | None, FloatArray | None]:
        """How far the truth may lie from what is shown: rounding, except of the sum of a group."""
        if self.policy.mode != "round":
            return None, None
        shown = rounded(values, self.policy)
        least = np.where(
            shown > 0, np.maximum(shown - self.policy.round_to // 2, self.policy.smallest_shown), 0
        )
        most = np.where(shown > 0, shown + self.policy.round_to // 2, 0)
        units = np.arange(len(values))[:, None] < len(values) - 1
        return (np.maximum(values - least, 0) * units).ravel(), (np.maximum(most - values, 0) * units).ravel()

    def _without_the_safe(self, table: Table, group: _Group) -> Table:
        """The table without the needs of cells that are safe at sight.

        Where all that is published of two units over a quarter is hidden, people can change places between them in that
        quarter and nothing published changes. What can be moved so in the quarters of a period is a range the attacker is
        left with; it spares most of the programmes where nearly everything is hidden.
        """
        units = len(group.units)
        hidden = table.hidden.reshape(units + 1, -1)[:-1]
        counts = table.counts.reshape(units, -1)
        room = table.ceiling.reshape(units, -1) - counts
        spans = table.sums.tocsr()[: hidden.shape[1], : counts.shape[1]].toarray()
        free = (~hidden).astype(float) @ spans == 0
        away = np.minimum(counts, _most_elsewhere(np.where(free, room, 0.0))) * free
        here = np.minimum(room, _most_elsewhere(np.where(free, counts, 0.0))) * free
        width = (away + here) @ spans.T
        safe = np.concatenate(
            [(width >= table.needed.reshape(units + 1, -1)[:-1]).ravel(), np.zeros(hidden.shape[1], bool)]
        )
        return replace(table, needed=np.where(safe, 0.0, table.needed))

    def _with_denominator(self, job: _Job, entry: _Set, group: _Group, table: Table) -> Table:
        """The same table with the people outside the set as unknowns too, and of the denominator only what is published.

        The plain table takes the denominator of every quarter as known, which is simpler and often enough. Rows: those of
        the table, then the denominators.
        """
        head, s, level = job.indicators[0], job.subgroup, group.level
        chosen = self._chosen(job, level)
        sharing = [i for i in range(len(self._complete)) if self._base(i) == self._base(head)]
        open_ = np.asarray(self.published(level, s)[sharing].any(axis=0))[chosen]
        above = np.asarray(self.published(ALLIANCE, s)[sharing].any(axis=0))[chosen]
        hidden = self.marks.denominator[level][head, s][group.units][:, chosen] | ~open_
        whole = np.concatenate([hidden, ~above[None, :]]).ravel()
        rest = entry.ceiling[level][group.units].ravel() - table.counts
        count = len(whole)
        sums = sparse.bmat([[table.sums, None], [table.sums, table.sums]], format="csr")
        more = np.zeros(count)
        slack = [
            None if part is None else np.concatenate([part, part])
            for part in (table.slack_below, table.slack_above)
        ]
        return Table(
            sparse.csr_matrix(sums), np.concatenate([table.counts, rest]), np.full(2 * len(rest), np.inf),
            np.concatenate([table.needed, more]), np.concatenate([table.hidden, whole]),
            np.concatenate([table.price, more + np.inf]), *slack,
        )  # fmt: skip

    def _linked(self, job: _Job, group: _Group) -> bool:
        """Whether something of the Alliance of these trusts is hidden."""
        return group.level == TRUST and bool(job.hidden[ALLIANCE][group.alliance].any())

    def _protected(self, job: _Job, entry: _Set, group: _Group) -> list[str]:
        """Hide what the group needs hidden; what cannot be protected comes back in words."""
        linked, unprotected = self._linked(job, group), 0
        self._hide_whole_group(job, entry, group)
        for view in (ABOVE, UNITS) if linked else (UNITS,):
            table = self._without_the_safe(self._table(job, entry, group, view), group)
            if not (table.needed * table.hidden).any():
                continue
            result = protect(table)
            # Weaker attackers, nearer to the real one, for what nothing protects from the first.
            for weaker in self._weaker(job, entry, group, view, linked):
                if not result.unprotected.any():
                    break
                result = protect(weaker(result.hidden[: len(table.hidden)]))
            hidden = result.hidden[: len(table.hidden)]
            if result.unprotected.any():
                hidden = hidden | np.isfinite(table.price)  # the best that can be done
            self._hide(job, group, hidden)
            if result.unprotected.any():
                after = replace(table, hidden=hidden)
                left, _ = self._left_open(job, entry, group, view, after, linked)
                unprotected += int((result.unprotected[: len(left)] & left).sum())
        return [f"{entry.name}: {unprotected} of {len(group.units)} {group.level}s"] if unprotected else []

    def _hide_whole_group(self, job: _Job, entry: _Set, group: _Group) -> None:
        """Hide all quarters and years of a group when most of them have to be: the rest would tell readers little and others
        much. The audit period is spared."""
        level = group.level
        span = job.span[level] & self._overlapping
        counted = ((entry.ceiling[level][group.units] @ self.periods.quarters.T) > 0) & span
        hidden = job.hidden[level][group.units]
        if (hidden & counted).sum() >= MOST_OF_A_GROUP * max(counted.sum(), 1):
            job.hidden[level][group.units] = hidden | (span & ~entry.known[level][group.units])

    def _weaker(
        self, job: _Job, entry: _Set, group: _Group, view: str, linked: bool
    ) -> list[Callable[[BoolArray], Table]]:
        """Tables of attackers that know less: not the denominators that are hidden, not the sum that is hidden."""

        def joint(hidden: BoolArray, seen: str = view) -> Table:
            table = replace(self._table(job, entry, group, seen), hidden=hidden)
            return table if job.denominator else self._with_denominator(job, entry, group, table)

        def freed(hidden: BoolArray) -> Table:
            return joint(hidden | self._table(job, entry, group, FREED).hidden, FREED)

        tables: list[Callable[[BoolArray], Table]] = [] if job.denominator else [joint]
        return [*tables, freed] if linked and view == UNITS else tables

    def _left_open(
        self, job: _Job, entry: _Set, group: _Group, view: str, table: Table, linked: bool
    ) -> tuple[BoolArray, FloatArray]:
        """Hidden cells whose range is too small for every attacker there is, and the ranges.

        Not those that would not be helped by hiding everything below the nation: what the nation, which is exempt, gives
        away by itself.
        """
        needed = np.where(table.hidden, table.needed, 0.0)
        width = _widths(table, needed)
        for weaker in self._weaker(job, entry, group, view, linked):
            if (width >= needed - WHOLE).all():
                break
            width = _widths(weaker(table.hidden), needed)
        if (width < needed - WHOLE).any():
            best = self._table(job, entry, group, FREED if group.level == TRUST else UNITS)
            hidden = table.hidden | np.isfinite(table.price)
            if group.level == TRUST:
                hidden[-(len(hidden) // (len(group.units) + 1)) :] = True
            best = replace(best, hidden=hidden)
            if not job.denominator:
                best = self._with_denominator(job, entry, group, best)
            needed = np.minimum(needed, _widths(best, needed))
        return width < needed - WHOLE, width

    def _hide(self, job: _Job, group: _Group, hidden: BoolArray) -> None:
        chosen = self._chosen(job, group.level)
        now: Any = hidden.reshape(len(group.units) + 1, -1)[:-1]
        whole: Any = job.hidden[group.level][group.units]
        whole[:, chosen] |= now & job.span[group.level][chosen]
        job.hidden[group.level][group.units] = whole

    def _attacked(self, job: _Job, entry: _Set, group: _Group, found: Found) -> None:
        known = entry.known[group.level][group.units] & job.hidden[group.level][group.units]
        found.public += int(known.sum())
        linked = self._linked(job, group)
        for view in (ABOVE, UNITS) if linked else (UNITS,):
            table = self._table(job, entry, group, view)
            whole = table.needed
            table = self._without_the_safe(table, group)
            visible = int(((whole > 0) & ~table.hidden).sum())
            found.sensitive += int((whole > 0).sum())
            narrow, width = self._left_open(job, entry, group, view, table, linked)
            found.narrow += int(narrow.sum()) + visible
            found.exact += int((narrow & (width < WHOLE)).sum()) + visible
            if narrow.any() or visible:
                found.places.append(
                    f"{entry.name}: {int(narrow.sum()) + visible} of {len(group.units)} {group.level}s"
                )


def _most_elsewhere(values: FloatArray) -> FloatArray:
    """Largest value of each column in any other row."""
    if len(values) < 2:
        return np.zeros_like(values)
    ordered = np.sort(values, axis=0)
    first, second = ordered[-1], ordered[-2]
    largest = np.argmax(values, axis=0)
    rows = np.arange(len(values))[:, None]
    return np.where(rows == largest[None, :], second[None, :], first[None, :])


def _widths(table: Table, needed: FloatArray) -> FloatArray:
    """Range of the first cells of a table, as far as it is needed."""
    if not needed.any():
        return needed
    every = np.zeros(len(table.hidden))
    every[: len(needed)] = needed
    low, high = Attacker(table.published(table.hidden)).ranges(every, table.counts)
    return (high - low)[: len(needed)]


def rounded(values: FloatArray, policy: Policy) -> FloatArray:
    """Counts as a rounding policy shows them: to the nearest multiple, a zero as zero."""
    nearest = np.floor(values / policy.round_to + 0.5) * policy.round_to
    return np.where(values > 0, np.maximum(nearest, policy.round_to), 0.0)
