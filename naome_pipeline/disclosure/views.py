"""The tables an attacker sees: one set of people in one group of units, with more or less taken as known.

What belongs here: from a job to tables of sums, and which of their cells are safe at sight. What does not: hiding
(`control.py`), the programmes (`attack.py`, `protection.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import WHOLE, Attacks, BoolArray, FloatArray
from naome_pipeline.disclosure.counts import ALLIANCE, TRUST, rounded
from naome_pipeline.disclosure.jobs import Job, ProtectionJobs, SetOfPeople
from naome_pipeline.disclosure.protection import Table
from naome_pipeline.disclosure.relations import IntArray, sums_of

# A group of Alliances is protected within itself: the attacker is taken to know the sum of each group.
ALLIANCES_TOGETHER = 5
ALLIANCE_WORTH = 6.0
# HiGHS works beside the interpreter, so of large tables two are looked at together. Small ones spend their time in the
# interpreter, whose lock two threads only hand to each other.
MANY_PEOPLE = 4_000
# How a group is looked at; see `_table`.
UNITS, FREED, ABOVE = "units", "freed", "above"


@dataclass(frozen=True)
class Group:
    """Units of one level whose sum is taken as known: Alliances of a nation, or the trusts of an Alliance."""

    level: str
    units: IntArray
    alliance: int = -1


class AttackedTables(ProtectionJobs):
    """The counts of a release with the tables an attacker sees of them."""

    @property
    def at_a_time(self) -> int:
        """Tables that are looked at together."""
        return 2 if len(self.population.trust) >= MANY_PEOPLE else 1

    @cached_property
    def _remembered(self) -> dict[tuple[Any, ...], Attacks]:
        return {}

    def _attacks(self, job: Job) -> Attacks:
        """The attacks on the tables of a job, so that the gate does not search again what protection has found."""
        return self._remembered.setdefault((*job.indicators, job.subgroup, job.denominator), Attacks())

    @cached_property
    def _both_sums(self) -> dict[tuple[Any, ...], Any]:
        return {}

    def _sums(self, units: int, chosen: BoolArray) -> Any:
        """All sums of so many units, with a row of their own for what they add up to, over the chosen periods."""
        rows = np.concatenate([np.eye(units, dtype=bool), np.ones((1, units), dtype=bool)])
        return sums_of(rows, self.periods.quarters[chosen])

    def _sums_and_denominators(self, units: int, chosen: BoolArray) -> Any:
        """The same of people in a set, and under them of everybody: those in it and those outside."""
        key = units, chosen.tobytes()
        if key not in self._both_sums:
            sums = self._sums(units, chosen)
            self._both_sums[key] = sparse.bmat([[sums, None], [sums, sums]], format="csr")
        return self._both_sums[key]

    def _groups(self, level: str, subgroup: int) -> Iterator[Group]:
        """Units that are protected together. Subgroups are small: all Alliances of a nation hide one another."""
        if level == TRUST:
            for alliance in range(len(self.population.alliances)):
                yield Group(TRUST, np.flatnonzero(self.population.alliance == alliance), alliance)
            return
        nations = np.array(self.population.nation)
        for nation in dict.fromkeys(self.population.nation):
            members = np.flatnonzero(nations == nation)
            parts = 1 if subgroup else -(-len(members) // ALLIANCES_TOGETHER)
            for together in np.array_split(members, parts):
                yield Group(ALLIANCE, together)

    def _chosen(self, job: Job, level: str) -> BoolArray:
        """Periods that a table holds: those that are published of its units or of their sum, and derived ones."""
        return job.span[level] | job.span[ALLIANCE] | self._derived(job.indicators, level, job.subgroup)

    def _table(self, job: Job, entry: SetOfPeople, group: Group, view: str) -> Table:
        """One set in one group of units. Cells: (units and their sum) × periods that are published, and, for trusts, quarters.

        Views: UNITS takes the sum as known; FREED hides it where the Alliance is hidden; ABOVE does too, and it is the sum
        that has to be protected: the trusts must not give their Alliance away.
        """
        units, level = group.units, group.level
        chosen = self._chosen(job, level)
        sums = self._sums(len(units), chosen)
        shape = (len(units) + 1, int(chosen.sum()))
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
        values = (sums @ counts).reshape(shape)
        if view == UNITS:
            open_total = (sums @ ceiling).reshape(shape)[-1] - values[-1]
            needed[:-1] = np.minimum(needed[:-1], np.minimum(values[-1], open_total))
        below, above = self._slack(values)
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

    def _without_the_safe(self, table: Table, job: Job, group: Group) -> Table:
        """The table without the needs of cells that are safe at sight.

        Where all that is published of two units over a quarter is hidden, people can change places between them in that
        quarter and nothing published changes. What can be moved so in the quarters of a period is a range the attacker is
        left with; it spares most of the programmes where nearly everything is hidden.
        """
        units = len(group.units)
        hidden = table.hidden.reshape(units + 1, -1)[:-1]
        counts = table.counts.reshape(units, -1)
        room = table.ceiling.reshape(units, -1) - counts
        spans = self.periods.quarters[self._chosen(job, group.level)].astype(float)
        free = (~hidden).astype(float) @ spans == 0
        away = np.minimum(counts, _most_elsewhere(np.where(free, room, 0.0))) * free
        here = np.minimum(room, _most_elsewhere(np.where(free, counts, 0.0))) * free
        width = (away + here) @ spans.T
        safe = np.concatenate(
            [(width >= table.needed.reshape(units + 1, -1)[:-1]).ravel(), np.zeros(hidden.shape[1], bool)]
        )
        return replace(table, needed=np.where(safe, 0.0, table.needed))

    def _with_denominator(self, job: Job, entry: SetOfPeople, group: Group, table: Table) -> Table:
        """The same table with the people outside the set as unknowns too, and of the denominator only what is published.

        The plain table takes the denominator of every quarter as known, which is simpler and often enough. Rows: those of
        the table, then the denominators.
        """
        head, s, level = job.indicators[0], job.subgroup, group.level
        chosen = self._chosen(job, level)
        sharing = self._sharing(head)
        open_ = np.asarray(self.published(level, s)[sharing].any(axis=0))[chosen]
        above = np.asarray(self.published(ALLIANCE, s)[sharing].any(axis=0))[chosen]
        hidden = self.marks.denominator[level][head, s][group.units][:, chosen] | ~open_
        whole = np.concatenate([hidden, ~above[None, :]]).ravel()
        rest = entry.ceiling[level][group.units].ravel() - table.counts
        count = len(whole)
        sums = self._sums_and_denominators(len(group.units), chosen)
        more = np.zeros(count)
        slack = [
            None if part is None else np.concatenate([part, part])
            for part in (table.slack_below, table.slack_above)
        ]
        return Table(
            sums, np.concatenate([table.counts, rest]), np.full(2 * len(rest), np.inf),
            np.concatenate([table.needed, more]), np.concatenate([table.hidden, whole]),
            np.concatenate([table.price, more + np.inf]), *slack,
        )  # fmt: skip

    def _linked(self, job: Job, group: Group) -> bool:
        """Whether something of the Alliance of these trusts is hidden."""
        return group.level == TRUST and bool(job.hidden[ALLIANCE][group.alliance].any())

    def _weaker(
        self, job: Job, entry: SetOfPeople, group: Group, view: str, linked: bool
    ) -> list[Callable[[BoolArray], Table]]:
        """Tables of attackers that know less: not the denominators that are hidden, not the sum that is hidden."""

        def joint(hidden: BoolArray, seen: str = view) -> Table:
            table = replace(self._table(job, entry, group, seen), hidden=hidden)
            table = self._without_the_safe(table, job, group)
            return table if job.denominator else self._with_denominator(job, entry, group, table)

        def freed(hidden: BoolArray) -> Table:
            return joint(hidden | self._table(job, entry, group, FREED).hidden, FREED)

        tables: list[Callable[[BoolArray], Table]] = [] if job.denominator else [joint]
        return [*tables, freed] if linked and view == UNITS else tables

    def _left_open(
        self, job: Job, entry: SetOfPeople, group: Group, view: str, table: Table, linked: bool
    ) -> tuple[BoolArray, FloatArray]:
        """Hidden cells whose range is too small for every attacker there is, and the ranges.

        Not those that would not be helped by hiding everything below the nation: what the nation, which is exempt, gives
        away by itself.
        """
        needed = np.where(table.hidden, table.needed, 0.0)
        narrow = ~self._wide(job, table, needed)
        weakest = table
        for weaker in self._weaker(job, entry, group, view, linked):
            if not narrow.any():
                break
            weakest = weaker(table.hidden)
            narrow &= ~self._wide(job, weakest, np.where(narrow, needed, 0.0))
        width = np.zeros(len(needed))
        if narrow.any():
            needed = np.where(narrow, needed, 0.0)
            width = self._widths(job, weakest, needed)
            freed = group.level == TRUST and not self.population.whole_nation[group.alliance]
            best = self._table(job, entry, group, FREED if freed else UNITS)
            hidden = table.hidden | np.isfinite(table.price)
            if freed:
                hidden[-(len(hidden) // (len(group.units) + 1)) :] = True
            best = replace(best, hidden=hidden)
            if not job.denominator:
                best = self._with_denominator(job, entry, group, best)
            narrow = width < np.minimum(needed, self._widths(job, best, needed)) - WHOLE
        return narrow, width

    def _wide(self, job: Job, table: Table, needed: FloatArray) -> BoolArray:
        """Which of the first cells of a table have the range they need."""
        if not needed.any():
            return np.ones(len(needed), dtype=bool)
        attacker = self._attacks(job).on(table.published(table.hidden), table.counts)
        return attacker.wide(_for_all(table, needed))[: len(needed)]

    def _widths(self, job: Job, table: Table, needed: FloatArray) -> FloatArray:
        """Range of the first cells of a table, as far as it is needed."""
        attacker = self._attacks(job).on(table.published(table.hidden), table.counts)
        low, high = attacker.ranges(_for_all(table, needed))
        return (high - low)[: len(needed)]


def _for_all(table: Table, needed: FloatArray) -> FloatArray:
    """The need of every cell of a table, given that of the first ones."""
    every = np.zeros(len(table.hidden))
    every[: len(needed)] = needed
    return every


def _most_elsewhere(values: FloatArray) -> FloatArray:
    """Largest value of each column in any other row."""
    if len(values) < 2:
        return np.zeros_like(values)
    ordered = np.sort(values, axis=0)
    first, second = ordered[-1], ordered[-2]
    largest = np.argmax(values, axis=0)
    rows = np.arange(len(values))[:, None]
    return np.where(rows == largest[None, :], second[None, :], first[None, :])
