"""What can be worked out about hidden counts: known patterns, and two independent ways to the same ranges."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import highspy
import numpy as np
import pytest
from scipy.optimize import linprog

from naome_pipeline.disclosure.attack import WHOLE, Attacker, Attacks, NoSuchTable, Published, exact_ranges
from tests.disclosure.tables import Drawn, crossed, places_in_time, subgroup_and_whole

# Every line has two hidden cells, and yet one of them is known exactly: 47. The sums of rows 1 and 2 less those of
# columns a and c leave b of the first row alone.
FOUR_BY_FOUR = [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]]
HIDDEN = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 1, 0, 1]], dtype=bool)


def test_one_cell_of_the_four_by_four_table_is_known_exactly():
    drawn = crossed(FOUR_BY_FOUR)
    hidden = np.concatenate([HIDDEN.ravel(), np.zeros(9, dtype=bool)])
    cells = np.flatnonzero(hidden)
    low, high = exact_ranges(Published.shown(drawn.sums, drawn.values, hidden), cells)
    known = {int(cell): value for cell, value, end in zip(cells, low, high, strict=True) if value == end}
    assert known == {1: 47.0}


def test_one_hidden_trust_is_the_alliance_less_the_others():
    drawn = crossed([[3, 9, 12]])
    hidden = np.array([True, False, False, False, True, False, False, False])
    low, high = exact_ranges(Published.shown(drawn.sums, drawn.values, hidden), [0])
    assert (low[0], high[0]) == (3, 3)


def test_two_rolling_years_and_one_quarter_give_another_quarter():
    # Five quarters 7 3 9 8 6: the second year less the first is the fifth quarter less the first, which is shown.
    sums = np.concatenate([np.eye(5), [[1, 1, 1, 1, 0], [0, 1, 1, 1, 1]]])
    values = sums @ np.array([7, 3, 9, 8, 6])
    hidden = np.array([False, True, True, True, True, False, False])
    low, high = exact_ranges(Published.shown(sums, values, hidden), [1, 4])
    assert (low[1], high[1]) == (6, 6)
    assert high[0] - low[0] == 20


def test_a_known_denominator_bounds_its_numerators():
    # Two trusts of 6 and 3 people, 7 of 9 in the numerator: the second has at least 1, at most 3.
    published = Published.shown([[1, 0], [0, 1], [1, 1]], [4, 3, 7], [True, True, False], ceiling=[6, 3])
    low, high = exact_ranges(published, [0, 1])
    assert (low.tolist(), high.tolist()) == ([4, 1], [6, 3])


def test_recorded_and_missing_add_up():
    # Subgroup hidden, everybody else and the whole shown: subtraction.
    drawn = subgroup_and_whole(np.random.default_rng(1), 3, 6.0)
    hidden = np.zeros(len(drawn.sums), dtype=bool)
    hidden[0] = True
    low, high = exact_ranges(Published.shown(drawn.sums, drawn.values, hidden), [0])
    assert low[0] == high[0] == drawn.counts[0]


def test_rounded_counts_leave_a_range():
    # 12 and 8 shown as 10 and 10, their sum as 20: the first is 8 to 12.
    sums = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    published = Published(
        Published.shown(sums, [0, 0, 0], [True] * 3).sums, np.array([8.0, 8.0, 18.0]), np.array([12.0, 12.0, 22.0]),
        np.zeros(2), np.full(2, np.inf),
    )  # fmt: skip
    low, high = exact_ranges(published, [0])
    assert (low[0], high[0]) == (8, 12)


def test_whole_numbers_are_never_wider():
    # 2a + 2b of whole numbers is even: a + b = 3 by three pairs leaves 1.5 each to a linear programme, nothing to whole ones.
    sums = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0]], dtype=float)
    published = Published.shown(sums, [3, 3, 4, 2], [False, False, False, True])
    low, high = exact_ranges(published, [3])
    assert (low[0], high[0]) == (2, 2)
    with pytest.raises(NoSuchTable):
        exact_ranges(Published.shown(sums, [3, 3, 3, 1], [False, False, False, True]), [3], whole=True)


def test_numbers_that_contradict_one_another_are_refused():
    with pytest.raises(NoSuchTable, match="contradicts itself"):
        Attacker(Published.shown([[1, 1], [1, 1]], [3, 4], [False, False])).ranges(np.zeros(2))


def test_ranges_agree_with_scipys_own_linear_programmes():
    rng = np.random.default_rng(5)
    for _ in range(20):
        drawn = places_in_time(rng, 2, 3, 6, 4, 3.0)
        hidden = rng.random(len(drawn.sums)) < 0.6
        hidden[drawn.exempt] = False
        cells = np.flatnonzero(hidden)
        low, high = exact_ranges(Published.shown(drawn.sums, drawn.values, hidden), cells)
        for place, cell in enumerate(cells[:10]):
            ends = [
                linprog(
                    sign * drawn.sums[cell],
                    A_eq=drawn.sums[~hidden],
                    b_eq=drawn.values[~hidden],
                    bounds=(0, None),
                )
                for sign in (1, -1)
            ]
            assert low[place] == pytest.approx(ends[0].fun, abs=1e-6)
            assert high[place] == pytest.approx(-ends[1].fun, abs=1e-6)


def test_what_is_remembered_is_what_a_new_attacker_finds_and_of_this_table_only():
    sums, start, needed = [[1, 1], [1, 0], [0, 1]], np.array([3.0, 4.0]), np.array([0.0, 9.0, 9.0])
    attacks, solved = Attacks(), []
    for total in (7, 7, 8):
        published = Published.shown(sums, [total, 3, 4], [False, True, True])
        start[1] = total - 3
        attacker = attacks.on(published, start)
        found = attacker.ranges(needed)
        np.testing.assert_array_equal(found, Attacker(published).ranges(needed))
        assert found[1][1] == total
        solved.append(attacker.solved)
    assert [count > 0 for count in solved] == [True, False, True]


def some_hidden(rng: np.random.Generator, shares: list[float]) -> tuple[Drawn, Any, Published]:
    """A drawn table, which of its cells are hidden (one of these shares), and what is published of it."""
    drawn = places_in_time(rng, 2, 3, 6, 4, 3.0)
    hidden = rng.random(len(drawn.sums)) < rng.choice(shares)
    hidden[drawn.exempt] = False
    ceiling = drawn.counts + rng.integers(0, 4, len(drawn.counts))
    return drawn, hidden, Published.shown(drawn.sums, drawn.values, hidden, ceiling)


def test_no_range_is_wider_than_what_is_called_possible_and_enough_is_decided_as_by_the_exact_ranges():
    rng, tight, decided = np.random.default_rng(8), 0, set()
    for _ in range(60):
        drawn, hidden, published = some_hidden(rng, [0.4, 0.7, 1.0])
        cells = np.flatnonzero(hidden)
        low, high = exact_ranges(published, cells)
        possible = Attacker(published, drawn.counts).possible_width[cells]
        assert (possible >= high - low - 1e-6).all()
        tight += int((possible < high - low + 1e-6).sum())
        needed = np.zeros(len(hidden))
        needed[cells] = rng.integers(1, 6, len(cells))
        enough = Attacker(published, drawn.counts).wide(needed)[cells]
        np.testing.assert_array_equal(enough, high - low >= needed[cells] - WHOLE)
        decided |= set(enough.tolist())
    assert tight
    assert decided == {True, False}


def test_what_can_change_places_is_never_more_than_the_exact_range_and_mostly_all_of_it():
    rng, all_of_it, cells_asked = np.random.default_rng(9), 0, 0
    for _ in range(60):
        drawn, hidden, published = some_hidden(rng, [0.7, 0.9, 1.0])
        attacker = Attacker(published, drawn.counts)
        attacker.exchange()
        assert attacker.solved == 0
        cells = np.flatnonzero(hidden)
        low, high = exact_ranges(published, cells)
        assert (attacker.seen.low[cells] >= low - WHOLE).all()
        assert (attacker.seen.high[cells] <= high + WHOLE).all()
        all_of_it += int((attacker.seen.width[cells] >= high - low - WHOLE).sum())
        cells_asked += len(cells)
    assert all_of_it > cells_asked / 2


def test_within_a_set_people_change_places_though_every_denominator_is_shown():
    units = np.eye(3, dtype=int)
    sums = np.block([
        [units, 0 * units], [np.ones((1, 3)), np.zeros((1, 3))], [units, units], [np.ones((1, 3)), np.ones((1, 3))],
    ])  # fmt: skip
    inside, outside = np.array([2.0, 1.0, 4.0]), np.array([1.0, 5.0, 0.0])
    counts = np.concatenate([inside, outside])
    # The numerator of the third unit is shown, and so is that of all.
    hidden = np.array([True, True, False, False] + 4 * [False])
    published = Published.shown(sums, sums @ counts, hidden)
    attacker = Attacker(published, counts)
    attacker.exchange()
    np.testing.assert_array_equal(attacker.seen.width[:2], [0, 0])
    attacker.exchange_numerators()
    assert attacker.solved == 0
    np.testing.assert_array_equal(attacker.seen.low[:2], [0, 0])
    np.testing.assert_array_equal(attacker.seen.high[:2], [3, 3])
    np.testing.assert_array_equal(exact_ranges(published, [0, 1]), [[0, 0], [3, 3]])


class Stopping:
    """A solver that stops on its way once."""

    def __init__(self, solver: Any) -> None:
        self.solver, self.runs = solver, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.solver, name)

    def run(self) -> Any:
        self.runs += 1
        return self.solver.run()

    def getModelStatus(self) -> Any:
        stopped = self.runs == 1
        return highspy.HighsModelStatus.kUnknown if stopped else self.solver.getModelStatus()


def test_other_counts_are_believed_when_they_fit_and_kept_when_they_say_something_new():
    # Two trusts, their sum 10 shown: 3 and 7 in truth.
    published = Published.shown([[1, 0], [0, 1], [1, 1]], [3, 7, 10], [True, True, False])
    attacker = Attacker(published, np.array([3.0, 7.0]))
    assert attacker.fits(np.array([10.0, 0.0]))
    assert not attacker.fits(np.array([4.0, 7.0]))
    assert not attacker.fits(np.array([-1.0, 11.0]))
    said = [np.array(point, dtype=float) for point in ([4, 7], [2, 8], [-1, 11], [3, 7], [2, 8], [5, 5])]
    assert [point.tolist() for point in attacker.believe(said)] == [[2.0, 8.0], [5.0, 5.0]]
    assert attacker.seen.low.tolist() == [2, 5, 10]
    assert attacker.seen.high.tolist() == [5, 8, 10]
    assert attacker.believe([]) == []


def test_an_attack_that_stops_on_its_way_is_ended_from_the_start():
    """Two cells of a shown sum of 9: the first is 0 to 9."""
    attacker = Attacker(Published.shown([[1, 0], [0, 1], [1, 1]], [4, 5, 9], [True, True, False]))
    attacker.extreme(np.zeros(2))
    attacker._solver = stopping = Stopping(attacker._solver)
    attacker.search(0, 100.0)
    assert stopping.runs == 3, "the first programme is run again"
    assert (attacker.seen.low[0], attacker.seen.high[0]) == (0, 9)


ATTACK_IN_A_THREAD = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from naome_pipeline.disclosure.attack import Attacker, Published

def attack():
    published = Published.shown([[1, 0], [0, 1], [1, 1]], [2, 3, 5], [True, True, False])
    low, high = Attacker(published, np.array([2.0, 3.0])).ranges(np.array([5.0, 5.0, 0.0]))
    return low.tolist(), high.tolist()

with ThreadPoolExecutor(1) as threads:
    print(threads.submit(attack).result())
"""


def test_a_thread_that_has_never_solved_can_begin_at_known_counts():
    # In a process of its own: HiGHS ends one that asks for a corner in a thread that it has not prepared.
    ended = subprocess.run([sys.executable, "-c", ATTACK_IN_A_THREAD], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.strip()) == (0, "([0.0, 0.0, 5.0], [5.0, 5.0, 5.0])"), ended.stderr


def test_the_range_does_not_depend_on_where_the_attack_begins():
    drawn = crossed([[3, 9, 12, 4], [7, 2, 5, 8], [6, 1, 3, 10]])
    hidden = np.random.default_rng(3).random(len(drawn.sums)) < 0.6
    published = Published.shown(drawn.sums, drawn.values, hidden)
    wanted = np.where(hidden, np.inf, 0.0)
    known = Attacker(published, drawn.counts).ranges(wanted)
    unknown = Attacker(published).ranges(wanted)
    np.testing.assert_allclose(np.stack(known), np.stack(unknown), atol=1e-6)
    assert (known[1] - known[0])[hidden].max() > 1
