"""Disclosure control of the audit's counts: which cells are hidden, and the attack on what is left.

What belongs here: the order in which tables are protected and what is held against what. What does not: counting
(`counts.py`), what is hidden together (`jobs.py`), the tables (`views.py`), the programmes (`attack.py`, `protection.py`),
writing released tables (`release.py`).

Order: first the national rows about very few people (`national.py`); then the denominators of every set of people, since
indicators share them; then each family of indicators. Within each, first the Alliances under the nation, then the trusts under
their Alliance; subgroups for Alliances only. What lies outside the table at hand is taken as known to the attacker. Last the
whole table of every indicator (`whole.py`), for what its parts cannot see, and again both until nothing more is hidden.
Indicators of a family are hidden together, so that none gives another away. Decision 0010 says what this attacker knows and
what not.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from naome_pipeline.disclosure.attack import WHOLE, BoolArray
from naome_pipeline.disclosure.counts import ALLIANCE, TRUST
from naome_pipeline.disclosure.jobs import Job, JobOf, SetOfPeople
from naome_pipeline.disclosure.protection import protect
from naome_pipeline.disclosure.views import ABOVE, UNITS, Group
from naome_pipeline.disclosure.whole import WholeTables

MOST_OF_A_GROUP = 2 / 3


@dataclass
class Found:
    """What an attack ended with: sensitive cells, those of them with too few possible values, those with only one, those
    an earlier release has shown, and the tables concerned."""

    sensitive: int = 0
    narrow: int = 0
    exact: int = 0
    public: int = 0
    places: list[str] = field(default_factory=list)


class DisclosureControl(WholeTables):
    """The counts of one release under one policy: what is hidden, and what an attack finds."""

    def decide(self) -> list[str]:
        """Mark what has to be hidden; returns what could not be protected, in words."""
        failures: list[str] = []
        if self.policy.mode == "none":
            return failures
        self._hide_nations()
        failures += self._protected_jobs()
        if self.policy.secondary:
            waiting = set(np.ndindex(self.shapes[ALLIANCE][:2]))
            while waiting:
                before = self._marked()
                self._hide_alike()
                self._protect_the_whole(sorted(waiting))
                looked_at = self._marked()
                self._hide_alike()
                self._hide_nations()
                hidden, waiting = self._changed(before), self._changed(looked_at)
                if hidden:
                    # What a whole table hides is sensitive in the smaller ones too.
                    before = self._marked()
                    failures += self._protected_jobs(hidden)
                    waiting |= self._changed(before)
        return list(dict.fromkeys(failures))

    def _protected_jobs(self, places: Collection[tuple[int, ...]] | None = None) -> list[str]:
        """Every job, or again those of some indicators and subgroups, and of those whose denominator that hides."""
        failures: list[str] = []
        again = places is not None
        for make, of in self._stages():
            before, wanted = self._marked(), of
            if places is not None:
                wanted = [(own, s) for own, s in of if any((i, s) in places for i in own)]

            def protected(of: tuple[list[int], int], make: JobOf = make) -> list[str]:
                job = make(*of, again)
                job.hide_sensitive()
                left = self._protected_job(job) if self.policy.secondary else []
                self._keep(job)
                return left

            with ThreadPoolExecutor(self.at_a_time) as threads:
                failures += [said for left in threads.map(protected, wanted) for said in left]
            if places is not None:
                places = {*places, *self._changed(before)}
        return failures

    def _protected_job(self, job: Job) -> list[str]:
        """Protect every set in every group. An Alliance whose trusts cannot be protected otherwise hides its quarters,
        then its years, then everything: what is known of an Alliance of few people can be too much by itself."""
        alliances = list(self._groups(ALLIANCE, job.subgroup))
        failures = [f for group in alliances for f in self._protected_group(job, group)]
        if TRUST not in job.hidden:
            return failures
        for group in self._groups(TRUST, job.subgroup):
            left = self._protected_group(job, group)
            for kinds in (self._quarterly, self._overlapping, np.ones_like(self._quarterly)):
                if not left or self.population.whole_nation[group.alliance]:
                    break
                job.hidden[ALLIANCE][group.alliance] |= kinds & job.span[ALLIANCE]
                for above in alliances:
                    if group.alliance in above.units:
                        failures += self._protected_group(job, above)
                left = self._protected_group(job, group)
            failures += left
        return failures

    def _protected_group(self, job: Job, group: Group) -> list[str]:
        return [failure for entry in job.sets for failure in self._protected(job, entry, group)]

    def attack(self) -> Found:
        """Attack what the marks leave visible and count the sensitive cells that are known too well."""
        found = Found()
        if self.policy.mode == "none":
            return found
        for job in (make(*of, True) for make, wanted in self._stages() for of in wanted):
            for level in job.hidden:
                for group in self._groups(level, job.subgroup):
                    for entry in job.sets:
                        self._attacked(job, entry, group, found)
        return found

    def _keep(self, job: Job) -> None:
        """Mark the cells a job hides. Where a denominator is hidden, so is what is counted in it."""
        for level, hidden in job.hidden.items():
            top, bottom = self.marks.numerator[level], self.marks.denominator[level]
            for i in job.indicators:
                here = hidden & self._supported[level][i][:, None]
                top[i, job.subgroup] |= here
                if job.denominator or self._base(i) != self._base(job.indicators[0]):
                    bottom[i, job.subgroup] |= here

    def _protected(self, job: Job, entry: SetOfPeople, group: Group) -> list[str]:
        """Hide what the group needs hidden; what cannot be protected comes back in words."""
        linked, unprotected = self._linked(job, group), 0
        self._hide_whole_group(job, entry, group)
        for view in (ABOVE, UNITS) if linked else (UNITS,):
            table = self._without_the_safe(self._table(job, entry, group, view), job, group)
            if not (table.needed * table.hidden).any():
                continue
            result = protect(table, self._attacks(job))
            # Weaker attackers, nearer to the real one, for what nothing protects from the first.
            for weaker in self._weaker(job, entry, group, view, linked):
                if not result.unprotected.any():
                    break
                result = protect(weaker(result.hidden[: len(table.hidden)]), self._attacks(job), result)
            hidden = result.hidden[: len(table.hidden)]
            if result.unprotected.any():
                hidden = hidden | np.isfinite(table.price)  # the best that can be done
            self._hide(job, group, hidden)
            if result.unprotected.any():
                after = replace(table, hidden=hidden)
                left, _ = self._left_open(job, entry, group, view, after, linked)
                unprotected += int((result.unprotected[: len(left)] & left).sum())
        return [f"{entry.name}: {unprotected} of {len(group.units)} {group.level}s"] if unprotected else []

    def _hide_whole_group(self, job: Job, entry: SetOfPeople, group: Group) -> None:
        """Hide all quarters and years of a group when most of them have to be: the rest would tell readers little and others
        much. The audit period is spared."""
        level = group.level
        span = job.span[level] & self._overlapping
        counted = ((entry.ceiling[level][group.units] @ self.periods.quarters.T) > 0) & span
        hidden = job.hidden[level][group.units]
        if (hidden & counted).sum() >= MOST_OF_A_GROUP * max(counted.sum(), 1):
            job.hidden[level][group.units] = hidden | (span & ~entry.known[level][group.units])

    def _hide(self, job: Job, group: Group, hidden: BoolArray) -> None:
        chosen = self._chosen(job, group.level)
        now: Any = hidden.reshape(len(group.units) + 1, -1)[:-1]
        whole: Any = job.hidden[group.level][group.units]
        whole[:, chosen] |= now & job.span[group.level][chosen]
        job.hidden[group.level][group.units] = whole

    def _attacked(self, job: Job, entry: SetOfPeople, group: Group, found: Found) -> None:
        known = entry.known[group.level][group.units] & job.hidden[group.level][group.units]
        found.public += int(known.sum())
        linked = self._linked(job, group)
        for view in (ABOVE, UNITS) if linked else (UNITS,):
            table = self._table(job, entry, group, view)
            whole = table.needed
            table = self._without_the_safe(table, job, group)
            visible = int(((whole > 0) & ~table.hidden).sum())
            found.sensitive += int((whole > 0).sum())
            narrow, width = self._left_open(job, entry, group, view, table, linked)
            found.narrow += int(narrow.sum()) + visible
            found.exact += int((narrow & (width < WHOLE)).sum()) + visible
            if narrow.any() or visible:
                found.places.append(
                    f"{entry.name}: {int(narrow.sum()) + visible} of {len(group.units)} {group.level}s"
                )
