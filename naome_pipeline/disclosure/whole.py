"""The whole of what is published of an indicator: trusts, Alliances, nations and both nations in one table.

What belongs here: that table, and hiding what is still missing after the smaller ones. What does not: the smaller ones
(`views.py`), which find most of it at a tenth of the time, and the gate's attack (`outside.py`), which reads the released
table and nothing of this.

The smaller tables take what lies outside them as known or as free. Neither is the truth: an Alliance that is hidden to protect
another is given back when all its trusts are shown. Here nothing is taken as known that is not published: unknown are the
people in the numerator and those outside it, of every trust and quarter (in a subgroup: of every Alliance and quarter).

Every hidden count must be left with two possible values, a small one with as many as the policy asks for. The solutions
found on the way are kept: each is a table of other counts that fits everything published, and so a proof for the gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import WHOLE, Attacker, BoolArray, FloatArray
from naome_pipeline.disclosure.counts import ALLIANCE, NATIONAL, TRUST, Cells, Place, rounded
from naome_pipeline.disclosure.national import BOTH_WORTH, SECOND_VALUE
from naome_pipeline.disclosure.nations import NationalTables
from naome_pipeline.disclosure.protection import Table, protect
from naome_pipeline.disclosure.relations import IntArray, sums_of
from naome_pipeline.disclosure.views import ALLIANCE_WORTH

# A denominator that is hidden takes the numerators of all indicators of its base with it.
DENOMINATOR_WORTH = 20.0


@dataclass(frozen=True)
class Part:
    """The published cells of one level. `sums`: cells × leaves and quarters; `unit`, `period`: place of each cell."""

    level: str
    sums: sparse.csr_matrix
    unit: IntArray
    period: IntArray


@dataclass(frozen=True)
class Whole:
    """The table of an indicator in a subgroup: first the numerators of all parts, then the denominators."""

    parts: Sequence[Part]
    table: Table

    def turns(self) -> list[tuple[BoolArray, BoolArray]]:
        """Cells that are protected together, and the cells that may be hidden for them.

        No denominator is hidden for a numerator's sake: it would take other indicators' with it. No national row is hidden
        but for another national one.
        """
        national = np.tile(np.concatenate([np.full(len(p.unit), p.level == NATIONAL) for p in self.parts]), 2)
        denominators = np.arange(len(national)) >= len(national) // 2
        everything = np.ones_like(national)
        return [
            (denominators & national, everything),
            (denominators & ~national, ~national),
            (~denominators & national, ~denominators),
            (~denominators & ~national, ~denominators & ~national),
        ]

    def unpacked(self, cells: BoolArray) -> Iterator[tuple[Part, BoolArray, BoolArray]]:
        """Each part with its share of the cells: numerators and denominators."""
        start, half = 0, len(cells) // 2
        for part in self.parts:
            end = start + len(part.unit)
            yield part, cells[start:end], cells[half + start : half + end]
            start = end


class WholeTables(NationalTables):
    """The counts of a release with the whole tables, and what is hidden to protect them."""

    @property
    def proofs(self) -> dict[tuple[int, int], list[FloatArray]]:
        """By indicator and subgroup: other counts that fit everything published. Per leaf and quarter the people in the
        numerator, then those outside it."""
        return self.__dict__.setdefault("_proofs", {})

    def _leaves(self, s: int) -> tuple[str, IntArray]:
        """The level whose units are the unknowns, and the nation of each."""
        nation = np.searchsorted(self.nations, self.population.nation)
        return (TRUST, nation[self.population.alliance]) if s == 0 else (ALLIANCE, nation)

    def _parts(self, i: int, s: int) -> list[Part]:
        """Every published cell of an indicator's denominator: also what others publish that count the same people."""
        level, nation = self._leaves(s)
        leaves = len(nation)
        rows = {name: self._published_alike(name, i, s) for name in (TRUST, ALLIANCE, NATIONAL)}
        units: dict[str, tuple[BoolArray, BoolArray]] = {}
        named = self._supported[ALLIANCE][i] & ~self.population.unnamed
        if level == TRUST:
            units[TRUST] = np.eye(leaves, dtype=bool), self._supported[TRUST][i][:, None] & rows[TRUST]
        alliance = np.arange(leaves) if level == ALLIANCE else self.population.alliance
        inside = np.arange(len(named))[:, None] == alliance
        units[ALLIANCE] = inside, named[:, None] & rows[ALLIANCE]
        units[NATIONAL] = self.nations_and_both[:, nation], self.national_rows(i)[:, None] & rows[NATIONAL]
        parts = []
        for name, (members, published) in units.items():
            unit, period = np.nonzero(published)
            sums = sums_of(members, self.periods.quarters)
            parts.append(Part(name, sums[unit * published.shape[1] + period], unit, period))
        return parts

    def _alike_at(self, level: str, i: int, s: int) -> list[Place]:
        """Where a level publishes the denominator of an indicator; trusts publish no subgroup."""
        return [(j, t) for j, t in self.alike[i, s] if t < self.shapes[level][1]]

    def _published_alike(self, level: str, i: int, s: int) -> BoolArray:
        """Units × periods where a level publishes the denominator of an indicator, under any name."""
        rows = [self._rows_of(level, *place) for place in self._alike_at(level, i, s)]
        return np.any(rows, axis=0) if rows else np.zeros(self.shapes[level][2:], dtype=bool)

    def _whole(self, i: int, s: int) -> Whole:
        level, _ = self._leaves(s)
        parts = self._parts(i, s)
        group = self.population.subgroup[:, s]
        supported = self._supported[TRUST][i][self.population.trust]
        everybody = self.population.denominator[:, self._sharing(i)].any(axis=1) & supported
        inside = self._people(self.population.numerator[:, i] & group, level).ravel()
        base = self._people(everybody & group, level).ravel()
        counts = np.concatenate([inside, base - inside])
        sums = sparse.csr_matrix(sparse.vstack([part.sums for part in parts]))
        nothing = sparse.csr_matrix(sums.shape)
        both = sparse.csr_matrix(sparse.vstack([sparse.hstack([sums, nothing]), sparse.hstack([sums, sums])]))
        cells: list[Any] = [
            self._cells_of(i, s, part, part.sums @ inside, part.sums @ base) for part in parts
        ]
        hidden, needed, price = (
            np.concatenate([cell[field][row] for row in (0, 1) for cell in cells]) for field in range(3)
        )
        hidden = hidden.astype(bool)
        below = above = None
        if self.policy.mode == "round":
            national = np.concatenate([np.full(len(part.unit), part.level == NATIONAL) for part in parts])
            below, above = self._rounding(both @ counts, np.tile(national, 2))
        unbounded = np.full(len(counts), np.inf)
        return Whole(parts, Table(both, counts, unbounded, needed, hidden, price, below, above))

    def _cells_of(
        self, i: int, s: int, part: Part, top: FloatArray, bottom: FloatArray
    ) -> tuple[tuple[BoolArray, BoolArray], tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """Of the numerators and the denominators of a part: hidden, needed range, price."""
        level, at = part.level, (part.unit, part.period)
        national = level == NATIONAL
        mine = self._rows_of(level, i, s)[at]
        # A denominator is hidden where everything that publishes it hides it.
        away = np.ones(len(part.unit), dtype=bool)
        seen = np.zeros(len(part.unit), dtype=bool)
        for place in self._alike_at(level, i, s):
            published = self._rows_of(level, *place)[at]
            away &= self.marks.denominator[level][place][at] | ~published
            seen |= self.known.denominator[level][place][at] & published
        counted = self.registry.indicators[self.population.indicators[i]].measure == "proportion"
        top_known = self.known.numerator[level][i, s][at]
        if national:
            top_known = top_known | self._told_elsewhere(i, s)[at]
        top_away = (self.marks.numerator[level][i, s][at] | ~mine | (not counted)) & ~top_known
        bottom_away = away & ~seen
        if national:
            few = (bottom > 0) & (bottom < self.policy.fewest_people)
            small = few
        else:
            few, small = self._few(i, s, level)[at], self._small(bottom)
        least = np.minimum(SECOND_VALUE, self.policy.needed_range)
        wanted = counted & mine & ~top_known
        needed_top = np.where(wanted, np.minimum(bottom, np.where(few, self.policy.needed_range, least)), 0.0)
        needed_bottom = np.where(seen, 0.0, np.where(small, self.policy.needed_range, least))
        worth = self.periods.worth[part.period] * (ALLIANCE_WORTH if level == ALLIANCE else 1.0)
        if national:
            # Nobody has no row, which cannot be hidden.
            together = self.nations_and_both.sum(axis=1)[part.unit] > 1
            worth = np.where(bottom > 0, worth * np.where(together, BOTH_WORTH, 1.0), np.inf)
        price_top = np.where(wanted, worth, np.inf)
        price_bottom = np.where(seen, np.inf, worth * DENOMINATOR_WORTH)
        return (top_away, bottom_away), (needed_top, needed_bottom), (price_top, price_bottom)

    def _rounding(self, values: FloatArray, exact: BoolArray) -> tuple[FloatArray, FloatArray]:
        """How far the truth may lie below and above what is shown of it."""
        shown = rounded(values, self.policy)
        least = np.maximum(shown - self.policy.round_to // 2, self.policy.smallest_shown)
        below = np.where(shown > 0, values - least, 0.0)
        above = np.where(shown > 0, shown + self.policy.round_to // 2 - values, 0.0)
        return np.maximum(below, 0.0) * ~exact, np.maximum(above, 0.0) * ~exact

    def _marked(self) -> IntArray:
        """How many cells are marked: indicators × subgroups."""
        counted = np.zeros(self.shapes[ALLIANCE][:2], dtype=np.int64)
        for cells in (self.marks.numerator, self.marks.denominator):
            for marks in cells.values():
                counted[:, : marks.shape[1]] += marks.sum(axis=(2, 3))
        return counted

    def _changed(self, before: IntArray) -> set[tuple[int, ...]]:
        """Indicators and subgroups whose whole table is another since `before`: their own marks, or those of their base."""
        changed = {(int(i), int(s)) for i, s in np.argwhere(self._marked() != before)}
        return {place for here in changed for place in self.alike[here]}

    def _protect_the_whole(self, places: Sequence[tuple[int, ...]]) -> None:
        """Hide what the whole tables of some indicators and subgroups still need. What is hidden of one indicator is hidden
        of its relatives, whose tables are then looked at again."""
        waiting = dict.fromkeys((int(i), int(s)) for i, s in places)
        while waiting:
            wave, waiting = list(waiting), {}
            # Nothing is hidden before all have been looked at: what is hidden must not depend on who was first.
            with ThreadPoolExecutor(self.at_a_time) as threads:
                needs = list(threads.map(lambda place: self._too_narrow(place, self._whole(*place)), wave))
            for (i, s), needed in zip(wave, needs, strict=True):
                if not needed.any():
                    continue
                if (i, s) in waiting:  # a relative has hidden cells of it since
                    continue
                whole = self._whole(i, s)
                for j in self._hide_cells(i, s, whole, self._hidden_for(whole, needed) & ~whole.table.hidden):
                    waiting[j, s] = None

    def _hidden_for(self, whole: Whole, needed: FloatArray) -> BoolArray:
        """The cells of a whole table that are hidden when those that need a range have it.

        First among the trusts of the Alliances that need it, everything else being known: a programme over the nation takes
        much longer and mostly finds the same.
        """
        table, hidden = whole.table, whole.table.hidden
        for part, may in whole.turns():
            price = np.where(may, table.price, np.inf)
            here = replace(table, price=price, needed=needed * part)
            if not here.needed.any():
                continue
            mine = self._trusts_of(table, self._alliances_with(whole, here.needed > 0))
            if mine is not None and mine.any():
                cells = _touched(table.sums.tocsc(), mine)
                hidden = hidden.copy()
                result = protect(replace(here, hidden=hidden).of(cells, mine))
                if not result.unprotected.any():
                    hidden[cells] = result.hidden
            result = protect(replace(here, hidden=hidden))
            hidden = result.hidden
            if result.unprotected.any():
                hidden = hidden | np.isfinite(price)  # the best that can be done
        return hidden

    def _alliances_with(self, whole: Whole, cells: BoolArray) -> BoolArray:
        """The Alliances some cells of which are among these, or of their trusts."""
        there = np.zeros(len(self.population.alliances), dtype=bool)
        for part, top, bottom in whole.unpacked(cells):
            units = part.unit[top | bottom]
            if part.level != NATIONAL:
                there[units if part.level == ALLIANCE else self.population.alliance[units]] = True
        return there

    def _too_narrow(self, place: tuple[int, int], whole: Whole) -> FloatArray:
        """The range that is still to be given to each hidden cell: 0 where it has what it needs, or what would be left with
        everything hidden that may be. `proofs` gets what shows that."""
        table = whole.table
        needed = np.where(table.hidden, table.needed, 0.0)
        freest = [
            (part, Attacker(table.published(table.hidden | (may & np.isfinite(table.price))), table.counts))
            for part, may in whole.turns()
            if (needed * part).any()
        ]
        for part, attacker in freest:
            needed = np.where(part, np.minimum(needed, attacker.possible_width), needed)
        proofs = self.proofs.setdefault(place, [])
        found: list[FloatArray] = []
        attacker = Attacker(table.published(table.hidden), table.counts, found=found)
        attacker.believe(proofs)
        attacker.exchange()
        attacker.exchange_numerators()
        for weaker in (self._by_halves, self._by_alliances):
            for points in weaker(table, attacker, needed):
                proofs += attacker.believe(points)
        left = attacker.lacking(needed)
        if not left.any():
            return left
        low, high = attacker.ranges(left)
        proofs += found
        left = np.where(high - low < left - WHOLE, left, 0.0)
        for part, freer in freest:
            if (left * part).any():
                least, most = freer.ranges(left * part)
                left = np.where(part, np.minimum(left, most - least), left)
        return np.where(high - low < left - WHOLE, left, 0.0)

    def _by_halves(self, table: Table, of: Attacker, needed: FloatArray) -> Iterator[list[FloatArray]]:
        """What attackers find who know more: one who knows the denominators of every leaf and quarter, and one who knows all
        numerators. Their programmes are half as large, and mostly enough."""
        half, middle = len(table.hidden) // 2, len(table.counts) // 2
        inside, outside = table.counts[:middle], table.counts[middle:]
        sums = sparse.csr_matrix(table.sums[:half, :middle])
        for cells, counts, ceiling in (
            (slice(0, half), inside, inside + outside),
            (slice(half, None), outside, np.full(middle, np.inf)),
        ):
            left = of.lacking(needed)[cells]
            if left.any():
                part = replace(table.of(cells), sums=sums, counts=counts, ceiling=ceiling)
                of_numerators = cells.start == 0
                yield [
                    np.concatenate([point, inside + outside - point] if of_numerators else [inside, point])
                    for point in _found(part, left)
                ]

    def _by_alliances(self, table: Table, of: Attacker, needed: FloatArray) -> Iterator[list[FloatArray]]:
        """What attackers find who know everything outside one Alliance: for the few cells that are left, whose programmes
        over the whole table would take long to begin."""
        columns: Any = None
        for alliance in np.eye(len(self.population.alliances), dtype=bool):
            left, mine = of.lacking(needed), self._trusts_of(table, alliance)
            if mine is None or not left.any():
                break
            columns = table.sums.tocsc() if columns is None else columns
            cells = _touched(columns, mine)
            if left[cells].any():
                points = []
                for point in _found(table.of(cells, mine), left[cells]):
                    points.append(table.counts.copy())
                    points[-1][mine] = point
                yield points

    def _trusts_of(self, table: Table, alliances: BoolArray) -> BoolArray | None:
        """The unknowns of some Alliances' trusts; None in the table of a subgroup, which is small."""
        quarters = self.periods.quarters.shape[1]
        if len(table.counts) != 2 * quarters * len(self.population.alliance):
            return None
        return np.tile(np.repeat(alliances[self.population.alliance], quarters), 2)

    def _hide_cells(self, i: int, s: int, whole: Whole, more: BoolArray) -> list[int]:
        """Mark further cells, of all indicators that would give them away; returns those whose whole table is another: marked
        themselves, or of the base of one that has hidden a denominator, which is hidden where all of them hide it."""
        if not more.any():
            return []
        changed: list[int] = []
        for part, top, bottom in whole.unpacked(more):
            if not (top | bottom).any():
                continue
            masks: Cells = {}
            for name, cells in (("top", top), ("bottom", bottom)):
                masks[name] = np.zeros(self.shapes[part.level][2:], dtype=bool)
                masks[name][part.unit[cells], part.period[cells]] = True
            if part.level == NATIONAL:
                changed += self._mark_nations(i, s, masks)
                continue
            for j in self._hidden_together(i, masks):
                changed += [j] if self._mark(j, i, s, part.level, masks) else []
        if more[len(more) // 2 :].any():
            changed += [k for j in changed for k in self._sharing(j)]
        return changed

    def _hidden_together(self, i: int, masks: Cells) -> list[int]:
        """The family of an indicator; where a denominator is hidden also the families of all that share it."""
        with_me = self._sharing(i) if masks["bottom"].any() else [i]
        return sorted({j for family in self.families if set(family) & set(with_me) for j in family})

    def _mark(self, j: int, i: int, s: int, level: str, masks: Cells) -> bool:
        """Mark cells of one relative; whether that changed anything."""
        head = next(family for family in self.families if j in family)[0]
        mine = self._rows_of(level, j, s)
        related = i in next(family for family in self.families if j in family)
        top, bottom = self.marks.numerator[level][j, s], self.marks.denominator[level][j, s]
        before = int(top.sum() + bottom.sum())
        either = masks["bottom"] | (masks["top"] & related)
        top |= either & mine
        if self._base(j) == self._base(i):
            bottom |= masks["bottom"] & mine
        if self._base(j) != self._base(head):
            bottom |= either & mine
        return int(top.sum() + bottom.sum()) > before


def _touched(columns: Any, unknowns: BoolArray) -> IntArray:
    """The cells of a table, given by columns, that count some of these."""
    return np.unique(columns.indices[np.repeat(unknowns, np.diff(columns.indptr))])


def _found(part: Table, needed: FloatArray) -> list[FloatArray]:
    """Other counts that an attacker of a part finds."""
    found: list[FloatArray] = []
    Attacker(part.published(part.hidden), part.counts, found=found).wide(needed)
    return found
