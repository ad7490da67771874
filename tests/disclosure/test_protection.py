"""Cells to hide so that small ones stay unknown: known patterns, a thousand random tables, another tool."""

from __future__ import annotations

from typing import Any

import numpy as np

from naome_pipeline.disclosure.attack import exact_ranges
from naome_pipeline.disclosure.protection import protect
from tests.disclosure.tables import (
    NEEDED,
    Drawn,
    crossed,
    places_in_time,
    solved_by_hand,
    subgroup_and_whole,
    tau_argus,
)
from tests.disclosure.test_attack import FOUR_BY_FOUR, HIDDEN


def assert_nothing_is_recovered(drawn: Drawn, hidden: Any, unprotected: Any, known: Any = None) -> int:
    """Attack what is left with the exact programme and by plain subtraction; returns the sensitive cells."""
    shown = np.zeros(len(hidden), dtype=bool) if known is None else known
    small = drawn.small & ~shown
    assert hidden[small].all()
    cells = np.flatnonzero(small & ~unprotected)
    public = drawn.table(known).published(hidden & ~shown)
    if len(cells):
        low, high = exact_ranges(public, cells)
        assert (high - low >= np.minimum(NEEDED, drawn.counts.sum()) - 1e-6).all()
        assert (low <= drawn.values[cells] + 1e-6).all()
        assert (high >= drawn.values[cells] - 1e-6).all()
    given_away = solved_by_hand(drawn, hidden & ~shown)
    assert not set(given_away) & set(cells.tolist())
    return len(cells)


def test_the_four_by_four_table_gets_another_cell():
    drawn = crossed(FOUR_BY_FOUR)
    table = drawn.table()
    hidden = np.concatenate([HIDDEN.ravel(), np.zeros(9, dtype=bool)])
    needed = np.where(hidden, NEEDED, 0.0)
    margins = np.arange(len(hidden)) >= 16
    given = type(table)(
        table.sums, table.counts, table.ceiling, needed, hidden, np.where(margins, np.inf, 1.0)
    )
    result = protect(given)
    assert not result.unprotected.any()
    assert (result.hidden & ~hidden).sum() == 1
    low, high = exact_ranges(given.published(result.hidden), np.flatnonzero(hidden))
    assert (high - low >= NEEDED).all()


def random_tables() -> list[tuple[str, Drawn]]:
    """A thousand tables of four kinds."""
    rng = np.random.default_rng(20240901)
    kinds = {
        "crossed": lambda: crossed(rng.poisson(rng.uniform(2, 12), (rng.integers(2, 6), rng.integers(2, 6)))),
        "hierarchy": lambda: places_in_time(rng, int(rng.integers(2, 4)), int(rng.integers(2, 4)), 1, 1, rng.uniform(2, 12)),
        "time": lambda: places_in_time(rng, 1, int(rng.integers(2, 4)), int(rng.integers(5, 8)), 4, rng.uniform(2, 10)),
        "subgroup": lambda: subgroup_and_whole(rng, int(rng.integers(3, 7)), rng.uniform(2, 15)),
    }  # fmt: skip
    return [(kind, make()) for kind, make in kinds.items() for _ in range(250)]


def test_nothing_is_recovered_from_a_thousand_random_tables():
    sensitive = lost = cells = unprotected = 0
    for _, drawn in random_tables():
        result = protect(drawn.table())
        sensitive += assert_nothing_is_recovered(drawn, result.hidden, result.unprotected)
        # What cannot be protected was given away by the exempt totals alone, with everything else hidden.
        if result.unprotected.any():
            few = np.flatnonzero(result.unprotected)
            low, high = exact_ranges(drawn.table().published(~drawn.exempt), few)
            assert (high - low < NEEDED).all()
        unprotected += int(result.unprotected.sum())
        lost += int((result.hidden & ~drawn.small).sum())
        cells += int((~drawn.exempt).sum())
    assert sensitive > 3_000
    assert unprotected < 0.05 * sensitive
    assert lost < 0.12 * cells


def test_what_an_earlier_release_showed_stays_known():
    """The same tables a release later: some cells have changed, and all that was shown of the others is known."""
    rng = np.random.default_rng(77)
    for _ in range(250):
        before = places_in_time(rng, 2, 3, 5, 4, rng.uniform(2, 10))
        first = protect(before.table())
        later = Drawn(before.sums, before.counts + (rng.random(len(before.counts)) < 0.1), before.exempt)
        same = before.values == later.values
        known = same & ~first.hidden & ~before.exempt
        second = protect(later.table(known))
        # A cell hidden the first time and shown the second would give others away in both.
        assert_nothing_is_recovered(later, second.hidden, second.unprotected, known)
        assert not (second.hidden & known & ~later.small).any()


def test_a_cell_nothing_can_protect_is_named():
    # One trust in a nation whose total is shown.
    drawn = crossed([[3]])
    result = protect(drawn.table())
    assert result.unprotected.any()


def test_agreement_with_tau_argus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its solver writes its logs where it stands
    """Both tools find the same cells small, nothing is recovered from either's result, and ours hides little more than
    tau-argus' optimum."""
    rng = np.random.default_rng(3)
    ours = theirs = 0
    for number in range(40):
        numbers = rng.poisson(rng.uniform(4, 12), (4, 5)) + 1
        drawn = crossed(numbers)
        result = protect(drawn.table())
        optimal = tau_argus(numbers, tmp_path / str(number))
        assert (optimal | ~drawn.small).all()
        for hidden in (optimal, result.hidden):
            cells = np.flatnonzero(hidden & drawn.small)
            if len(cells):
                low, high = exact_ranges(drawn.table().published(hidden), cells)
                assert (high - low > 0.5).all()
        ours += int(result.hidden.sum())
        theirs += int(optimal.sum())
    assert theirs > 100
    assert ours < 1.1 * theirs
