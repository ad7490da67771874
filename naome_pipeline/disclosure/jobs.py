"""What has to be protected, table by table: denominators first, then families of indicators.

What belongs here: which sets of people are hidden together, and the range each of their cells needs. What does not: the
tables an attacker sees of them (`views.py`), the order of hiding (`control.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from naome_pipeline.disclosure.attack import FAR, BoolArray
from naome_pipeline.disclosure.counts import ALLIANCE, Cells, CountedRelease, Numbers

# Quarters of a trust are never published (about 8 people): overlapping years must leave two possible values at least.
UNPUBLISHED_RANGE = 1.0
EVERYBODY = "TRUE"
REMAINDER = "remainder"


@dataclass
class SetOfPeople:
    """One set of people to protect. By level: people by units × quarters, their ceiling, range needed and cells known
    from earlier releases by units × periods."""

    name: str
    people: Numbers
    ceiling: Numbers
    needed: Numbers
    known: Cells


@dataclass
class Job:
    """Sets that are hidden together. `hidden`: units × periods, by level; `span`: the periods that are published, by
    level; `indicators` and `denominator` say whose cells these are."""

    sets: list[SetOfPeople]
    hidden: Cells
    span: Cells
    indicators: Sequence[int]
    subgroup: int
    denominator: bool

    def hide_sensitive(self) -> None:
        """Hide every published cell that needs a range: also one that does since a denominator of its family is hidden."""
        for level, span in self.span.items():
            for entry in self.sets:
                self.hidden[level] |= (entry.needed[level] > 0) & span


JobOf = Callable[[Sequence[int], int, bool], Job]


class ProtectionJobs(CountedRelease):
    """The counts of a release with the jobs of protecting them."""

    def _stages(self) -> Iterator[tuple[JobOf, list[tuple[list[int], int]]]]:
        """What makes a job, and of which indicators and subgroups: denominators, then families. Jobs of a stage share no mark;
        those of families need the marks of denominators."""
        bases = dict.fromkeys(self._base(family[0]) for family in self.families)
        sharing = [[i for i in range(len(self._complete)) if self._base(i) == base] for base in bases]
        for make, sets in ((self._denominator_job, sharing), (self._family_job, self.families)):
            of = [(indicators, s) for indicators in sets for s in range(len(self.population.subgroups))]
            yield make, of

    def _denominator_job(self, sharing: Sequence[int], s: int, decided: bool) -> Job:
        """With `decided` the hidden cells are those of the marks."""
        head, spans = sharing[0], self._spans(sharing, s)
        widest = self._base(head) == EVERYBODY and s == 0
        # An indicator that one nation cannot support counts fewer people than another of the same denominator.
        base = self.population.denominator[:, list(sharing)].any(axis=1)
        inside = base & self.population.subgroup[:, s]
        hidden, needed, people, ceiling, known = {}, {}, {}, {}, {}
        for level, span in spans.items():
            people[level] = self._people(inside, level)
            values = people[level] @ self.periods.quarters.T
            small = self._small(values)
            if s:
                others = self._people(base & ~self.population.subgroup[:, s], level) @ self.periods.quarters.T
                small |= self._small(others) & (values > 0)
            if level == ALLIANCE:
                small &= ~self.population.whole_nation[:, None]
            marked = self.marks.denominator[level][list(sharing), s].any(axis=0)
            hidden[level] = (marked if decided else small) & span
            # A denominator among fewer people cannot be left with more possible numbers than they allow.
            whole = self._people(np.ones_like(base), level)
            ceiling[level] = np.full_like(whole, FAR) if widest else whole
            most = np.minimum(ceiling[level] @ self.periods.quarters.T, self.policy.needed_range)
            derived = self._derived(sharing, level, s)
            needed[level] = np.where(small & span, most, 0) + np.where(
                small & derived, np.minimum(most, UNPUBLISHED_RANGE), 0
            )
            known[level] = self.known.denominator[level][list(sharing), s].any(axis=0) & span
        name = f"denominator of {self.population.indicators[head]}, {self.population.subgroups[s]}"
        return Job([SetOfPeople(name, people, ceiling, needed, known)], hidden, spans, sharing, s, True)

    def _family_job(self, family: Sequence[int], s: int, decided: bool) -> Job:
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
        if not decided:
            hidden[ALLIANCE] &= ~self.population.whole_nation[:, None]
        entries = [
            self._entry(name, inside, seen, family, s, spans) for name, inside, seen in members.values()
        ]
        return Job(entries, hidden, spans, family, s, False)

    def _entry(
        self, name: str, inside: BoolArray, seen: Cells, family: Sequence[int], s: int, spans: Cells
    ) -> SetOfPeople:
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
        needed[ALLIANCE] = np.where(self.population.whole_nation[:, None], 0, needed[ALLIANCE])
        return SetOfPeople(name, people, ceiling, needed, seen)
