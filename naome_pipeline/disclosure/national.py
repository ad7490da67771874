"""National rows about very few people: which are hidden, and which others so that they cannot be worked out.

What belongs here: the rows of each nation and of both nations. What does not: Alliances and trusts (`control.py`), the rule
for them (`counts.py`).

National figures are exempt from the rule for small numerators. A row about fewer people than the policy's `fewest_people` is
not: its median or percentage is nearly one person's. Both nations less England is Wales and a year less three quarters is a
quarter, so other rows are hidden with it, the one of both nations before a nation's own. What an earlier release has shown
stays known: it protects nothing, and where it gives a row away nothing can be done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import Attacker, Attacks, BoolArray, FloatArray
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.protection import Table, protect
from naome_pipeline.disclosure.relations import Periods, sums_of

BOTH_WORTH = 0.25
# What a hidden count must be left with that is not small itself: a second possible value.
SECOND_VALUE = 1.0


@dataclass(frozen=True)
class NationalRows:
    """Rows × periods of one denominator. `units`: rows × nations; `people`: nations × quarters; `published`: rows × periods
    that some indicator publishes; `known`, `known_numerator`: rows × periods of which an earlier release has shown it."""

    units: BoolArray
    people: FloatArray
    published: BoolArray
    periods: Periods
    known: BoolArray | bool = False
    known_numerator: BoolArray | bool = False

    @cached_property
    def sums(self) -> sparse.csr_matrix:
        """Every row and period as a sum of nations and quarters."""
        return sums_of(self.units, self.periods.quarters)

    def over(self, counts: FloatArray) -> FloatArray:
        """Rows × periods of some count of nations × quarters."""
        return self.units.astype(float) @ counts @ self.periods.quarters.T.astype(float)

    def few(self, policy: Policy) -> BoolArray:
        """The rows about too few people."""
        people = self.over(self.people)
        return self.published & (people > 0) & (people < policy.fewest_people)

    @property
    def price(self) -> FloatArray:
        """What hiding costs: a row of both nations less than a nation's; a row that is not there cannot be hidden."""
        together = self.units.sum(axis=1) > 1
        worth = np.where(together, BOTH_WORTH, 1.0)[:, None] * self.periods.worth
        return np.where(self.published & (self.over(self.people) > 0), worth, np.inf)


def hidden_denominators(rows: NationalRows, policy: Policy, before: BoolArray | None = None) -> BoolArray:
    """Rows × periods whose denominator is hidden: those of too few people, and others to protect them. `before`: those that are
    hidden already."""
    few = rows.few(policy)
    hidden = few if before is None else few | (before & rows.published)
    if not hidden.any() or not policy.secondary:
        return hidden
    second = min(SECOND_VALUE, float(policy.needed_range))
    needed = np.where(few, policy.needed_range, np.where(rows.published, second, 0.0))
    return _hidden(rows, rows.sums, rows.people.ravel(), needed, hidden, rows.known)


def hidden_numerators(
    rows: NationalRows, numerator: FloatArray, away: BoolArray, policy: Policy
) -> BoolArray:
    """Rows × periods whose numerator is hidden, where those of `away` have no denominator."""
    if not away.any() or not policy.secondary:
        return away.copy()
    whole, few = rows.over(rows.people), rows.few(policy)
    wanted = np.where(few & away, policy.needed_range, min(SECOND_VALUE, float(policy.needed_range)))
    needed = np.where(rows.published, np.minimum(whole, wanted), 0.0)
    counts = np.concatenate([numerator.ravel(), (rows.people - numerator).ravel()])
    top = sparse.hstack([rows.sums, sparse.csr_matrix(rows.sums.shape)])
    sums = sparse.csr_matrix(sparse.vstack([top, sparse.hstack([rows.sums, rows.sums])]))
    denominators = (away | ~rows.published) & ~np.asarray(rows.known)
    return _hidden(rows, sums, counts, needed, away, rows.known_numerator, denominators)


def _hidden(
    rows: NationalRows,
    sums: sparse.csr_matrix,
    counts: FloatArray,
    needed: FloatArray,
    hidden: BoolArray,
    known: BoolArray | bool,
    denominators: BoolArray | None = None,
) -> BoolArray:
    """The first cells of a table that are hidden in the end. `hidden`: to begin with; `known`: shown before; `denominators`:
    which of its second cells are hidden, whatever happens."""
    shape, fixed = hidden.shape, np.zeros(0, dtype=bool) if denominators is None else denominators.ravel()
    table = Table(
        sums,
        counts,
        np.full(len(counts), np.inf),
        np.concatenate([needed.ravel(), np.zeros(len(fixed))]),
        np.concatenate([(hidden | ~rows.published).ravel(), fixed]),
        np.concatenate([rows.price.ravel(), np.full(len(fixed), np.inf)]),
    )
    shown = np.concatenate([np.broadcast_to(known, shape).ravel(), np.zeros(len(fixed), dtype=bool)])
    return (hidden_cells(table, shown)[: hidden.size].reshape(shape) & rows.published) | hidden


def hidden_cells(table: Table, known: BoolArray) -> BoolArray:
    """The cells of a table that are hidden so that those which need a range have it, or as much of it as hiding all that may be
    would leave.

    `known`: what an earlier release has shown, and nothing hides. Where that gives a cell away, it still has its range for
    somebody who has this release alone.
    """
    found = table.hidden
    if known.any():
        mine = replace(
            table,
            needed=np.where(known, 0.0, table.needed),
            hidden=table.hidden & ~known,
            price=np.where(known, np.inf, table.price),
        )
        found = found | _enough(mine)
    return _enough(replace(table, hidden=found))


def _enough(table: Table) -> BoolArray:
    result = protect(table, Attacks())
    if result.unprotected.any():
        freest = Attacker(table.published(table.hidden | np.isfinite(table.price)), table.counts)
        low, high = freest.ranges(np.where(result.unprotected, table.needed, 0.0))
        left = np.where(result.unprotected, np.minimum(table.needed, high - low), table.needed)
        result = protect(replace(table, needed=left, hidden=result.hidden), Attacks())
    return result.hidden | np.isfinite(table.price) if result.unprotected.any() else result.hidden
