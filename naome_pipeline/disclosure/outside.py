"""The gate's attack: all that the released table says of an indicator as one system of equations.

What belongs here: reading the released table as an attacker does, and what that leaves of every hidden count. What does not:
anything of how the table was protected (`views.py`, `whole.py`); of that only other counts are taken, and only where they
fit the released table.

Unknown are the people in the numerator and those outside it, of every trust and quarter; in a subgroup, which trusts do not
publish, of every Alliance and quarter. Equations are the shown numerators and denominators of trusts, Alliances, nations and
both nations over quarters, years and the audit period; a denominator is shown where any indicator of its base shows it. A row
that is not there says that nobody was counted. What earlier releases have shown is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from naome_pipeline.disclosure.attack import WHOLE, Attacker, BoolArray, FloatArray, Published
from naome_pipeline.disclosure.counts import ALLIANCE, NATIONAL, TRUST, CountedRelease, Place
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.relations import sums_of

LEVELS = (TRUST, ALLIANCE, "nation", "both_nations")
COUNTS = ("numerator", "denominator")
Proofs = Mapping[tuple[int, int], Sequence[FloatArray]]


@dataclass
class Recovered:
    """What the attack ended with: hidden counts, those with too few possible values, those with only one, and where."""

    hidden: int = 0
    narrow: int = 0
    exact: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """The rows of one level: indicators × subgroups × units × periods. Whether there is a row, and its counts (not a
    number: hidden; 0 without a row)."""

    level: str
    there: BoolArray
    numerator: FloatArray
    denominator: FloatArray

    def alike(self, s: int) -> slice:
        """The subgroups that the level publishes in the same periods as one: below the nations everybody is published in more."""
        if self.level in (TRUST, ALLIANCE):
            return slice(0, 1) if s == 0 else slice(1, None)
        return slice(None)

    def periods_of(self, place: Place) -> BoolArray:
        """The periods that the level publishes of an indicator: what it publishes of some unit or subgroup it publishes of all; a
        row that is not there counts nobody."""
        i, s = place
        return np.asarray(self.there[i, self.alike(s)].any(axis=(0, 1)))

    def units_of(self, place: Place) -> BoolArray:
        """The units that the level has a row of, in some period and subgroup like this one."""
        i, s = place
        return np.asarray(self.there[i, self.alike(s)].any(axis=(0, 2)))


@dataclass(frozen=True)
class Shown:
    """What one level shows, units × periods. `published`: of the denominator; `there`: units the indicator has a row of;
    `periods`: those of the indicator itself."""

    numerator: FloatArray
    denominator: FloatArray
    published: BoolArray
    there: BoolArray
    periods: BoolArray


@dataclass(frozen=True)
class System:
    """The cells of one indicator and subgroup: numerators, then denominators. `level` of each; `asked`: whether it is a cell of
    the table; `counts`: the true unknowns; `shown` (not a number: hidden), and the lowest and highest value it leaves;
    `before`: shown by an earlier release; `told`: shown by a relative."""

    sums: Any
    level: Any
    asked: BoolArray
    counts: FloatArray
    shown: FloatArray
    least: FloatArray
    most: FloatArray
    before: BoolArray
    told: BoolArray

    @property
    def hidden(self) -> BoolArray:
        """The cells that show nothing."""
        return np.isnan(self.shown)

    def known(self, away: BoolArray) -> Published:
        """What is known when some cells are hidden."""
        nothing, everything = np.zeros(self.sums.shape[1]), np.full(self.sums.shape[1], np.inf)
        return Published(
            self.sums, np.where(away, 0.0, self.least), np.where(away, np.inf, self.most), nothing, everything
        )


class OutsideAttack:
    """The attack on one released table. `control`: the true counts behind it and what earlier releases have shown."""

    def __init__(self, released: pd.DataFrame, control: CountedRelease) -> None:
        self.control, self.population, self.policy = control, control.population, control.policy
        names = [control.registry.indicators[n] for n in self.population.indicators]
        self._base = np.array([entry.denominator.where for entry in names])
        self._counted = [entry.measure == "proportion" for entry in names]
        self._nation_of = np.array([self.population.nation[a] for a in self.population.alliance])
        self.read = {level: self._reading(level, released) for level in LEVELS}

    def _reading(self, level: str, released: pd.DataFrame) -> Reading:
        population, periods = self.population, self.control.periods.table
        rows: Any = released[released["level"] == level]
        spans = pd.MultiIndex.from_frame(periods[["period_kind", "period"]])
        names = self._names(level)
        unit = (
            pd.Index(names).get_indexer(rows["unit_code"])
            if len(names) > 1
            else np.zeros(len(rows), dtype=int)
        )
        places = np.stack([
            pd.Index(population.indicators).get_indexer(rows["indicator"]),
            pd.Index(population.subgroups).get_indexer(rows["subgroup"]),
            unit,
            spans.get_indexer(pd.MultiIndex.from_frame(rows[["period_kind", "period"]])),
        ])  # fmt: skip
        inside = (places >= 0).all(axis=0)
        at = tuple(places[:, inside])
        shape = (len(population.indicators), len(population.subgroups), len(names), len(periods))
        there = np.zeros(shape, dtype=bool)
        there[at] = True
        counts = []
        for count in COUNTS:
            counts.append(np.zeros(shape))
            counts[-1][at] = rows[count].astype("Float64").to_numpy(dtype=float, na_value=np.nan)[inside]
        return Reading(level, there, *counts)

    def run(self, proofs: Proofs) -> Recovered:
        """Attack every indicator in every subgroup. `proofs`: other counts that are said to fit; those that do spare a
        search."""
        found = Recovered()
        for i, s in np.ndindex(len(self.population.indicators), len(self.population.subgroups)):
            system = self._system(i, s)
            if system is not None:
                self._attacked(system, i, s, proofs.get((i, s), ()), found)
        return found

    def _attacked(
        self, system: System, i: int, s: int, proofs: Sequence[FloatArray], found: Recovered
    ) -> None:
        needed = self._needed(system, i)
        hidden = system.hidden & (needed > 0)
        found.hidden += int(hidden.sum())
        # A numerator of the nation was shown while its row was about more people, and is the same by chance.
        visible = int((self._small(system, i) & system.asked & ~system.hidden & ~system.before).sum())
        needed = self._within_reach(system, np.where(hidden, needed, 0.0))
        attacker = Attacker(system.known(system.hidden), system.counts)
        if not attacker.fits(system.counts):
            raise ValueError(
                f"{self.population.indicators[i]}: the released table contradicts the counts behind it"
            )
        attacker.believe(proofs)
        attacker.exchange_numerators()
        narrow = np.zeros(len(hidden), dtype=bool)
        if attacker.lacking(needed).any():
            narrow = ~attacker.wide(needed) & hidden
        exact = np.zeros_like(narrow)
        if narrow.any():
            needed = np.where(narrow, needed, 0.0)
            low, high = attacker.ranges(needed)
            allowed = np.minimum(needed, self._left_by_the_exempt(system, needed))
            narrow &= high - low < allowed - WHOLE
            exact = narrow & (high - low < 1 - WHOLE)
        found.narrow += int(narrow.sum()) + visible
        found.exact += int(exact.sum()) + visible
        if narrow.any() or visible:
            place = f"{self.population.indicators[i]}, {self.population.subgroups[s]}"
            found.places.append(f"{place}: {int(narrow.sum()) + visible} counts")

    def _within_reach(self, system: System, needed: FloatArray) -> FloatArray:
        """No more than the national figures leave, and to a numerator the shown denominators, at a glance."""
        below, top = np.isin(system.level, [TRUST, ALLIANCE]), np.arange(len(needed)) < len(needed) // 2
        for part, away in ((top, below & top), (~top, below)):
            attacker = Attacker(system.known(system.hidden | away), system.counts)
            needed = np.where(part & below, np.minimum(needed, attacker.possible_width), needed)
        return needed

    def _left_by_the_exempt(self, system: System, needed: FloatArray) -> FloatArray:
        """The range that would be left with all numerators below the nations hidden, of a denominator with all of both; to rows
        of the nations, with those of the nations hidden, too. What was shown before stays; a row of nobody cannot be hidden."""
        below = np.isin(system.level, [TRUST, ALLIANCE])
        top = np.arange(len(below)) < len(below) // 2
        best = np.zeros(len(needed))
        nobody = np.tile(np.split(system.sums @ system.counts, 2)[1] == 0, 2)
        free = ~system.before & (below | ~nobody)
        for part, away in (
            (top & below, below & top),
            (~top & below, below),
            (top & ~below, top & free),
            (~top & ~below, free),
        ):
            wanted = np.where(part, needed, 0.0)
            if wanted.any():
                low, high = Attacker(system.known(system.hidden | away), system.counts).ranges(wanted)
                best = np.where(part, high - low, best)
        return best

    def _small(self, system: System, i: int) -> BoolArray:
        """The counts that must not be shown, by the truth."""
        top, bottom = np.split(system.sums @ system.counts, 2)
        level = np.split(system.level, 2)[0]
        below = np.isin(level, [TRUST, ALLIANCE])
        least = np.where(below, self.policy.smallest_shown, self.policy.fewest_people)
        few = _between(bottom, least)
        some = (below & (_between(top, least) | _between(bottom - top, least))) & self._counted[i]
        return np.concatenate([(few | some) & self._counted[i], few])

    def _needed(self, system: System, i: int) -> FloatArray:
        """The range that every count has to be left with when it is hidden: a small one, and a second value at least."""
        _, bottom = np.split(system.sums @ system.counts, 2)
        wide, second = float(self.policy.needed_range), min(1.0, float(self.policy.needed_range))
        wanted = np.where(self._small(system, i), wide, second) * (system.asked & ~system.told)
        top = np.minimum(np.split(wanted, 2)[0], bottom) * self._counted[i]
        return np.concatenate([top, np.split(wanted, 2)[1]])

    def _system(self, i: int, s: int) -> System | None:
        population, quarters = self.population, self.control.periods.quarters
        sharing = np.flatnonzero(self._base == self._base[i])
        level = TRUST if s == 0 else ALLIANCE
        group = population.subgroup[:, s]
        sums, levels, values, known, asked, told = [], [], [], [], [], []
        mine = np.zeros(len(self._nation_of), dtype=bool)
        for name, members in self._units(s):
            shown = self._shown(name, i, s)
            if shown is None:
                continue
            if name == "nation":
                mine |= np.isin(self._nation_of, np.array(self.control.nations)[shown.there])
            at = unit, period = np.nonzero(shown.published)
            sums.append(sums_of(members, quarters)[unit * len(quarters) + period])
            levels += [name] * len(unit)
            values.append((shown.numerator[at], shown.denominator[at]))
            known.append(self._known_before(name, i, s, sharing, unit, period))
            asked.append(shown.periods[period])
            told.append(self._told_by_relatives(name, i, s)[at])
        if not sums:
            return None
        everybody = population.denominator[:, sharing].any(axis=1) & group & mine[population.trust]
        inside = population.numerator[:, i] & group
        people = [
            population.by_unit(of, level, quarters.shape[1]).ravel() for of in (inside, everybody & ~inside)
        ]
        each = sparse.csr_matrix(sparse.vstack(sums))
        nothing = sparse.csr_matrix(each.shape)
        both = sparse.csr_matrix(sparse.vstack([sparse.hstack([each, nothing]), sparse.hstack([each, each])]))
        counts = np.concatenate(people)
        values = np.concatenate([np.concatenate([of[c] for of in values]) for c in (0, 1)])
        before = np.concatenate([np.concatenate([of[c] for of in known]) for c in (0, 1)])
        truth = both @ counts
        least, most = _bounds(values, np.tile(np.isin(levels, [TRUST, ALLIANCE]), 2), self.policy)
        least, most = np.where(before, truth, least), np.where(before, truth, most)
        own = np.concatenate([*asked, np.ones(len(levels), dtype=bool)])
        elsewhere = np.concatenate([*told, np.zeros(len(levels), dtype=bool)])
        shown = np.where(before, truth, values)
        return System(
            both, np.array(levels * 2), own, counts, shown, least, most, before, elsewhere
        )  # fmt: skip

    def _units(self, s: int) -> Iterator[tuple[str, BoolArray]]:
        """Of every level: its units × the leaves they are made of."""
        population, nations = self.population, self.control.nations
        leaf = np.arange(len(population.alliances)) if s else population.alliance
        if not s:
            yield TRUST, np.eye(len(leaf), dtype=bool)
        yield ALLIANCE, np.arange(len(population.alliances))[:, None] == leaf
        yield "nation", np.array(nations)[:, None] == np.array(population.nation)[leaf]
        yield "both_nations", np.ones((1, len(leaf)), dtype=bool)

    def _shown(self, level: str, i: int, s: int) -> Shown | None:
        """What a level shows of an indicator and of the denominator it shares; None where it has no row of the indicator."""
        read = self.read[level]
        there = read.units_of((i, s))
        if not there.any():
            return None
        places = self.control.alike[i, s]
        published = np.any([self._published(level, place) for place in places], axis=0)
        at = tuple(np.array(places).T)
        said = read.there[at]
        away: Any = said & np.isnan(read.denominator[at])
        bottom = np.nan_to_num(read.denominator[at]).max(axis=0)
        hidden = away.any(axis=0) & (away == said).all(axis=0)
        top = np.full(bottom.shape, np.nan)
        for place in self.control.counted_alike[i, s]:
            shown = self._published(level, place) & ~np.isnan(read.numerator[place])
            top = np.where(shown, np.fmax(top, read.numerator[place]), top)
        mine = read.periods_of((i, s))
        return Shown(top, np.where(hidden, np.nan, bottom), there[:, None] & published, there, mine)

    def _published(self, level: str, place: Place) -> BoolArray:
        """The cells that a level publishes of an indicator in a subgroup, units × periods: that there is no row of a nation
        without the indicator does not say that nobody was counted."""
        nations = {
            TRUST: self._nation_of,
            ALLIANCE: np.array(self.population.nation),
            "nation": np.array(self.control.nations),
        }
        have = np.array(self.control.nations)[self.read["nation"].there[place[0]].any(axis=(0, 2))]
        units = np.isin(nations[level], have) if level in nations else np.ones(1, dtype=bool)
        return units[:, None] & self.read[level].periods_of(place)

    def _told_by_relatives(self, level: str, i: int, s: int) -> BoolArray:
        """Numerators that a relative shows, units × periods: as its numerator or denominator, or because a denominator that holds
        everybody in them is of nobody. Only of the nations, whose families are attacked by themselves (`outside_families.py`)."""
        read = self.read[level]
        told = np.zeros(read.there.shape[2:], dtype=bool)
        which = next(f for f, family in enumerate(self.control.families) if i in family)
        family, nested = self.control.families[which], self.control.nested[which]
        mine = nested.numerator[family.index(i)]
        if level in (TRUST, ALLIANCE) or mine < 0:
            return told
        inside: Any = (nested.kinds[:, [mine]] <= nested.kinds).all(axis=0)
        for j, top, bottom in zip(family, nested.numerator, nested.denominator, strict=True):
            if j == i:
                continue
            here = self._published(level, (j, s))
            if top == mine:
                told |= here & ~np.isnan(read.numerator[j, s])
            if bottom == mine:
                told |= here & ~np.isnan(read.denominator[j, s])
            if bottom > 0 and inside[bottom]:
                told |= here & (read.denominator[j, s] == 0)
        return told

    def _names(self, level: str) -> Sequence[str]:
        units = {
            TRUST: self.population.trusts,
            ALLIANCE: self.population.alliances,
            "nation": self.control.nations,
        }
        return units.get(level, (level,))

    def _known_before(
        self, level: str, i: int, s: int, sharing: Any, unit: Any, period: Any
    ) -> tuple[BoolArray, BoolArray]:
        """Cells that an earlier release has shown with the value they have now."""
        known = self.control.known
        if level not in (TRUST, ALLIANCE):
            # Both nations together are the last of the national rows.
            unit = unit + (len(self.control.nations) if level == "both_nations" else 0)
            level = NATIONAL
        return (
            known.numerator[level][i, s, unit, period],
            known.denominator[level][sharing, s][:, unit, period].any(axis=0),
        )


def _between(values: FloatArray, least: Any) -> BoolArray:
    return (values > 0) & (values < least)


def _bounds(shown: FloatArray, rounded: BoolArray, policy: Policy) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest count that was shown as this."""
    if policy.mode != "round":
        return shown, shown
    away = policy.round_to // 2
    inexact = rounded & (shown > 0)
    return (
        np.where(inexact, np.maximum(shown - away, policy.smallest_shown), shown),
        np.where(inexact, shown + away, shown),
    )
