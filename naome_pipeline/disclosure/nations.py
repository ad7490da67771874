"""The national rows of a release: a family of indicators and its sets of people in one table.

What belongs here: which national rows are hidden, and that the same people are hidden alike wherever they are published. What
does not: the rule for one denominator (`national.py`), the tables below the nations (`views.py`), all levels (`whole.py`).

National figures are exempt but for rows about very few people. Hidden indicator by indicator, P1 and P1 among the recorded gave
each other's numerator back, which bounds the people who have a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import BoolArray, FloatArray
from naome_pipeline.disclosure.counts import ALLIANCE, NATIONAL, Cells, Place
from naome_pipeline.disclosure.national import SECOND_VALUE, NationalRows, hidden_cells, hidden_denominators
from naome_pipeline.disclosure.nested import NestedSets
from naome_pipeline.disclosure.protection import Table
from naome_pipeline.disclosure.relations import sums_of
from naome_pipeline.disclosure.views import AttackedTables

# Where a denominator within a family is hidden, a whole indicator goes with it.
INNER_DENOMINATOR_WORTH = 3.0


@dataclass(frozen=True)
class FamilyRows:
    """The national rows of a family in a subgroup, sets × rows × periods.

    `sums`: of kinds of people × nations × quarters, whom `people` counts; `published`: by some indicator; `known`: shown by an
    earlier release; `few`: about very few people.
    """

    nested: NestedSets
    rows: NationalRows
    sums: sparse.csr_matrix
    people: FloatArray
    published: BoolArray
    known: BoolArray
    few: BoolArray

    @cached_property
    def counts(self) -> FloatArray:
        """How many people each set has."""
        return (self.sums @ self.people.ravel()).reshape(self.published.shape)


class NationalTables(AttackedTables):
    """The counts of a release with the tables of the nations."""

    @cached_property
    def _nationals(self) -> list[BoolArray]:
        return [np.asarray(self.national_rows(i)[:, None] & own) for i, own in enumerate(self._complete)]

    def _national(self, i: int) -> BoolArray:
        """Rows × periods that are published of an indicator."""
        return self._nationals[i]

    def _rows_of(self, level: str, i: int, s: int) -> BoolArray:
        """Units × periods that a level publishes of an indicator in a subgroup: a nation, of what its own delivery supports."""
        if level == NATIONAL:
            return self._national(i)
        return np.asarray(self._supported[level][i][:, None] & self.published(level, s)[i])

    def _hide_nations(self) -> None:
        """Mark the national rows about very few people, and those that would give them away. What is marked already stays."""
        heads = {i for family in self.families for i in self._sharing(family[0])}
        for places in {id(places): places for places in self.alike.values()}.values():
            if places[0][0] in heads:
                self._hide_denominators(places)
        for family in range(len(self.families)):
            for s in range(len(self.population.subgroups)):
                self._hide_family(family, s)

    def _hide_denominators(self, places: Sequence[Place]) -> None:
        top, bottom = self.marks.numerator[NATIONAL], self.marks.denominator[NATIONAL]
        published = np.stack([self._national(i) for i, _ in places])
        some, inside = np.asarray(published.any(axis=0)), np.zeros(len(self.population.trust), dtype=bool)
        for i, s in places:
            inside |= self.population.denominator[:, i] & self.population.subgroup[:, s]
        before = np.asarray(np.stack([bottom[place] for place in places]).any(axis=0))
        known = np.asarray(
            np.stack([self.known.denominator[NATIONAL][place] for place in places]).any(axis=0)
        )
        of = NationalRows(self.nations_and_both, self._of_nations(inside), some, self.periods, known)
        away = hidden_denominators(of, self.policy, before)
        for (i, s), mine in zip(places, published, strict=True):
            bottom[i, s] |= away & mine
            top[i, s] |= away & mine

    def _hide_family(self, which: int, s: int) -> None:
        """Protect the sets of a family in each other's sight, the widest denominator being what it is."""
        family, nested = self.families[which], self.nested[which]
        inner = [k for k in set(nested.denominator) if k]
        if not inner and not self.marks.denominator[NATIONAL][self._sharing(family[0]), s].any():
            return
        of = self._family_rows(which, s)
        counts = of.counts
        few = (counts > 0) & (counts < self.policy.fewest_people) & of.published
        self._spread(family, nested, s, {k: few[k] for k in inner})
        hidden = self._hidden(family, nested, s, of)
        place, more = (family[0], s), self.policy.secondary and hidden.any()
        if self._protected_before.get(place) == hidden.tobytes():
            return
        # What is hidden of one set may leave another hidden wherever it was shown: until nothing more is.
        while more:
            away = self._protected_family(of, hidden)
            self._spread(family, nested, s, dict(enumerate(away)))
            protected, hidden = away | hidden, self._hidden(family, nested, s, of)
            more = (hidden & ~protected).any()
        self._protected_before[place] = hidden.tobytes()

    def _family_rows(self, which: int, s: int) -> FamilyRows:
        family, nested = self.families[which], self.nested[which]
        sets = nested.kinds.shape[1]
        published = np.zeros((sets, len(self.nations_and_both), self._complete.shape[1]), dtype=bool)
        for k in range(len(published)):
            for place, _ in nested.publishers(k):
                published[k] |= self._national(family[place])
        for i, _ in self.alike[family[0], s]:
            published[0] |= self._national(i)
        people = self.kinds_of_people(which, s)
        rows = NationalRows(self.nations_and_both, people.sum(axis=0), published[0], self.periods)
        known = self._known_sets(family, nested, s)
        of = FamilyRows(
            nested, rows, self._sums_of(which), people, published, known, np.zeros_like(published)
        )
        counts = of.counts
        for k in range(len(published)):
            for place, _ in nested.publishers(k):
                about = counts[nested.denominator[place]]
                of.few[k] |= self._national(family[place]) & (about > 0) & (about < self.policy.fewest_people)
        return of

    def _sums_of(self, which: int) -> sparse.csr_matrix:
        """Every set, row and period of a family as a sum of kinds of people, nations and quarters."""
        if which not in self._sums_of_families:
            rows = sums_of(self.nations_and_both, self.periods.quarters)
            kinds = sparse.csr_matrix(self.nested[which].kinds.T.astype(float))
            self._sums_of_families[which] = sparse.csr_matrix(sparse.kron(kinds, rows))
        return self._sums_of_families[which]

    @cached_property
    def _sums_of_families(self) -> dict[int, sparse.csr_matrix]:
        return {}

    def _known_sets(self, family: Sequence[int], nested: NestedSets, s: int) -> BoolArray:
        """Sets × rows × periods that an earlier release has shown, wherever the same people are published."""
        known = np.zeros((nested.kinds.shape[1], *self.shapes[NATIONAL][2:]), dtype=bool)
        for k in range(len(known)):
            for place, is_denominator in nested.publishers(k):
                shown = self.known.denominator if is_denominator else self.known.numerator
                alike = self.alike if is_denominator else self.counted_alike
                for of in alike[family[place], s]:
                    known[k] |= shown[NATIONAL][of]
        return known

    @cached_property
    def _protected_before(self) -> dict[Place, bytes]:
        """What was hidden of a family and subgroup when it was protected last."""
        return {}

    def _hidden(self, family: Sequence[int], nested: NestedSets, s: int, of: FamilyRows) -> BoolArray:
        """Sets × rows × periods that every indicator hides which publishes them."""
        away = of.published.copy()
        for k in range(len(away)):
            for i, marks in self._marks_of(family, nested, k, s):
                away[k] &= marks | ~self._national(i)
        return away

    def _marks_of(
        self, family: Sequence[int], nested: NestedSets, k: int, s: int
    ) -> Iterator[tuple[int, BoolArray]]:
        """The indicators that publish a set, and the marks that hide it there, rows × periods."""
        top, bottom = self.marks.numerator[NATIONAL], self.marks.denominator[NATIONAL]
        if k == 0:
            yield from ((i, bottom[i, t]) for i, t in self.alike[family[0], s])
            return
        for place, is_denominator in nested.publishers(k):
            yield family[place], (bottom if is_denominator else top)[family[place], s]

    def _spread(self, family: Sequence[int], nested: NestedSets, s: int, away: dict[int, BoolArray]) -> None:
        """Hide sets wherever the family publishes them, and what is counted in a hidden denominator."""
        top, bottom = self.marks.numerator[NATIONAL], self.marks.denominator[NATIONAL]
        for k, cells in away.items():
            for place, is_denominator in nested.publishers(k):
                mine = cells & self._national(family[place])
                top[family[place], s] |= mine
                if is_denominator:
                    bottom[family[place], s] |= mine

    def _protected_family(self, of: FamilyRows, hidden: BoolArray) -> BoolArray:
        """Sets × rows × periods that are hidden in the end."""
        counts, published, base = of.counts, of.published, of.counts[0]
        second = min(SECOND_VALUE, float(self.policy.needed_range))
        needed = np.where(
            published, np.minimum(base, np.where(of.few, self.policy.needed_range, second)), 0.0
        )
        price = np.where(base > 0, of.rows.price, np.inf)[None].repeat(len(counts), axis=0)
        price[0] = np.inf
        for k in {*of.nested.denominator} - {0}:
            # Nobody has no row, which cannot be hidden.
            price[k] = np.where(counts[k] > 0, price[k] * INNER_DENOMINATOR_WORTH, np.inf)
        price = np.where(published, price, np.inf)
        away, unbounded = (hidden | ~published).ravel(), np.full(of.people.size, np.inf)
        table = Table(of.sums, of.people.ravel(), unbounded, needed.ravel(), away, price.ravel())
        return hidden_cells(table, of.known.ravel()).reshape(hidden.shape) & published

    def _told_elsewhere(self, i: int, s: int) -> BoolArray:
        """Rows × periods whose numerator another indicator of the family shows, or an earlier release."""
        told = np.zeros(self.shapes[NATIONAL][2:], dtype=bool)
        place = next(f for f, family in enumerate(self.families) if i in family)
        family, nested = self.families[place], self.nested[place]
        k = nested.numerator[family.index(i)]
        if k >= 0:
            for j, marks in self._marks_of(family, nested, k, s):
                told |= self._national(j) & ~marks & (j != i)
            told |= self._known_sets(family, nested, s)[k]
        return told

    def _mark_nations(self, i: int, s: int, masks: Cells) -> list[int]:
        """Mark national rows, wherever the same people are published; returns the indicators with more marks."""
        top, bottom = self.marks.numerator[NATIONAL], self.marks.denominator[NATIONAL]
        before = top[:, s].sum(axis=(1, 2)) + bottom[:, s].sum(axis=(1, 2))
        for j, t in self.counted_alike[i, s]:
            top[j, t] |= masks["top"] & self._national(j)
        for j, t in self.alike[i, s]:
            mine = masks["bottom"] & self._national(j)
            bottom[j, t] |= mine
            top[j, t] |= mine
        for place, family in enumerate(self.families):
            if i in family:
                nested, own = self.nested[place], family.index(i)
                sets = {nested.numerator[own]: masks["top"], nested.denominator[own]: masks["bottom"]}
                self._spread(family, nested, s, {k: cells for k, cells in sets.items() if k > 0})
        after = top[:, s].sum(axis=(1, 2)) + bottom[:, s].sum(axis=(1, 2))
        return [int(j) for j in np.flatnonzero(after > before)]

    def _hide_alike(self) -> None:
        """Hide below the nations, too, the same people wherever they are published: the indicator of bone metastases and the
        subgroup of that name."""
        for alike, tops_only in ((self.alike, False), (self.counted_alike, True)):
            for places in {id(places): places for places in alike.values()}.values():
                if len({s for _, s in places}) < 2:
                    continue
                for level in (ALLIANCE, NATIONAL):
                    self._hide_alike_at(level, places, tops_only)

    def _hide_alike_at(self, level: str, places: Sequence[Place], tops_only: bool) -> None:
        top, bottom = self.marks.numerator[level], self.marks.denominator[level]
        marks = top if tops_only else bottom
        away = np.asarray([marks[place] for place in places]).any(axis=0)
        for i, s in places:
            mine = self._rows_of(level, i, s)
            top[i, s] |= away & mine
            if not tops_only:
                bottom[i, s] |= away & mine
