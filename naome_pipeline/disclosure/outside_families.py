"""The gate's attack on the nations' rows: all sets of a family at once.

What belongs here: reading the nations' rows of a family as an attacker does who knows the registry's definitions, and what that
leaves of every hidden count. What does not: one indicator at all levels (`outside.py`), how they were protected (`nations.py`).

Unknown are the people of each kind that the definitions allow (met in time; met, but not in time; not met), of every nation and
quarter. A set is shown where any indicator shows it, as denominator or numerator, in whichever subgroup has the same people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import WHOLE, Attacker, BoolArray, FloatArray, Published
from naome_pipeline.disclosure.counts import NATIONAL, CountedRelease, Place
from naome_pipeline.disclosure.outside import Reading, Recovered

LEVELS = ("nation", "both_nations")


@dataclass(frozen=True)
class NationalRead:
    """The rows of each nation and of both: indicators × subgroups × rows × periods."""

    published: BoolArray
    numerator: FloatArray
    denominator: FloatArray


class FamilyAttack:
    """The attack on the nations' rows of one released table. `control`: the true counts behind it."""

    def __init__(self, readings: Mapping[str, Reading], control: CountedRelease) -> None:
        self.control, self.policy = control, control.policy
        levels = LEVELS if len(control.nations) > 1 else LEVELS[:1]
        of = [readings[level] for level in levels]
        published = [_published(reading) for reading in of]
        self.read = NationalRead(
            np.concatenate(published, axis=2),
            np.concatenate([reading.numerator for reading in of], axis=2),
            np.concatenate([reading.denominator for reading in of], axis=2),
        )

    def run(self, found: Recovered) -> None:
        """Attack every family in every subgroup; `found` is added to. An indicator without relatives is attacked by itself, at
        all levels (`outside.py`)."""
        for family in (f for f, members in enumerate(self.control.families) if len(members) > 1):
            for s in range(len(self.control.population.subgroups)):
                self._attacked(family, s, found)

    def _attacked(self, family: int, s: int, found: Recovered) -> None:
        control, nested = self.control, self.control.nested[family]
        kinds = control.kinds_of_people(family, s)
        units, quarters = control.nations_and_both.astype(float), control.periods.quarters.astype(float)
        rows = sparse.kron(sparse.csr_matrix(units), sparse.csr_matrix(quarters))
        sums = sparse.csr_matrix(sparse.kron(sparse.csr_matrix(nested.kinds.T.astype(float)), rows))
        shape = (nested.kinds.shape[1], len(units), len(quarters))
        counts = (sums @ kinds.ravel()).reshape(shape)
        published, shown, few, known = (np.zeros(shape, dtype=kind) for kind in (bool, float, bool, bool))
        for k in range(shape[0]):
            published[k], shown[k], few[k], known[k] = self._set(family, s, k, counts)
        hidden = published & np.isnan(shown)
        found.hidden += int(hidden.sum())
        if not hidden.any():
            return
        wrong = published & ~hidden & (shown != counts)
        if wrong.any():
            name = control.population.indicators[control.families[family][0]]
            raise ValueError(f"{name}: the nations' released rows contradict the counts behind them")
        least = np.where(published & ~hidden, counts, 0.0).ravel()
        most = np.where(published & ~hidden, counts, np.inf).ravel()
        second = min(1.0, float(self.policy.needed_range))
        needed = np.where(few, float(self.policy.needed_range), second)
        needed = np.where(hidden, np.minimum(needed, counts[0]), 0.0).ravel()
        attacker = self._attacker(sums, least, most, kinds)
        left = needed * (~attacker.wide(needed))
        if not left.any():
            return
        low, high = attacker.ranges(left)
        # No more than hiding everything but the widest denominator would leave; a denominator of nobody has no row to hide.
        inner = np.arange(len(left)) >= counts[0].size
        for k in set(nested.denominator) - {0}:
            inner[k * counts[0].size : (k + 1) * counts[0].size] &= (counts[k] > 0).ravel()
        inner &= ~known.ravel()
        freest = self._attacker(sums, np.where(inner, 0.0, least), np.where(inner, np.inf, most), kinds)
        lowest, highest = freest.ranges(left)
        narrow = (left > 0) & (high - low < np.minimum(left, highest - lowest) - WHOLE)
        found.narrow += int(narrow.sum())
        found.exact += int((narrow & (high - low < 1 - WHOLE)).sum())
        if narrow.any():
            place = (
                f"{control.population.indicators[control.families[family][0]]} and relatives of the nations"
            )
            found.places.append(f"{place}, {control.population.subgroups[s]}: {int(narrow.sum())} counts")

    def _attacker(
        self, sums: sparse.csr_matrix, least: FloatArray, most: FloatArray, kinds: FloatArray
    ) -> Attacker:
        nothing, everything = np.zeros(kinds.size), np.full(kinds.size, np.inf)
        return Attacker(Published(sums, least, most, nothing, everything), kinds.ravel())

    def _set(
        self, family: int, s: int, k: int, counts: FloatArray
    ) -> tuple[BoolArray, FloatArray, BoolArray, BoolArray]:
        """Of one set, rows × periods: whether it is published, what is known of it, whether a row about very few people has it,
        and whether an earlier release has shown it with the value it has now."""
        shape = counts.shape[1:]
        published, few, known = (np.zeros(shape, dtype=bool) for _ in range(3))
        shown = np.full(shape, np.nan)
        nested, members = self.control.nested[family], self.control.families[family]
        for place, is_denominator in nested.publishers(k):
            own = members[place], s
            about = counts[nested.denominator[place]]
            alike = self.control.alike if is_denominator else self.control.counted_alike
            before = self.control.known.denominator if is_denominator else self.control.known.numerator
            for i, t in alike[own]:
                values = (self.read.denominator if is_denominator else self.read.numerator)[i, t]
                here = self.read.published[i, t]
                published |= here
                few |= here & (about > 0) & (about < self.policy.fewest_people)
                shown = np.where(here, np.fmax(shown, values), shown)
                known |= before[NATIONAL][i, t]
        return published | known, np.where(known, counts[k], shown), few, known


def _published(read: Reading) -> BoolArray:
    """Which rows and periods a level publishes of an indicator in a subgroup; a row that is not there counts nobody."""
    shape = read.there.shape
    published = np.zeros(shape, dtype=bool)
    for i, s in np.ndindex(shape[:2]):
        place: Place = i, s
        published[place] = read.units_of(place)[:, None] & read.periods_of(place)
    return published
