"""Refreshes that are killed: at random moments, and at each call that changes a file. The short runs are tests, the long
ones `make faults`."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.ledger import entries
from tests.faults.processes import (
    FEED,
    PERIOD,
    Worker,
    copy_of,
    differences,
    left_behind,
    seen_by_readers,
    torn,
    tree,
)

# Long enough to get past the tables that are made already, which are published again.
LONGEST_SECONDS = 6.0


@dataclass
class Tally:
    """What was done and what was found."""

    kills: int = 0
    pairs: int = 0
    nodes: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)

    def killed(self, done: dict[str, Any]) -> None:
        """Count a kill and the node it was in."""
        self.kills += 1
        if done["node"]:
            self.nodes.add(done["node"])

    def judge(self, home: Home, old: dict[str, str], new: dict[str, str]) -> None:
        """Readers see the old release or the new one, whole."""
        self.torn += torn(home)
        if seen_by_readers(home) not in (old, new):
            self.torn.append("readers saw neither the old nor the new release")

    def finish(self, worker: Worker, home: Home, undisturbed: dict[str, str], **options: Any) -> None:
        """A plain re-run gives what an undisturbed one gives, and nothing is left behind."""
        done = worker.refresh(home, **options)
        if done["code"] != 0:
            self.lost.append(f"the re-run failed: {done}")
        if "Traceback" in done["output"]:
            self.tracebacks.append(done["output"])
        self.lost += differences(undisturbed, tree(home))
        self.left += left_behind(home)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.kills + other.kills,
            self.pairs + other.pairs,
            self.nodes | other.nodes,
            self.lost + other.lost,
            self.torn + other.torn,
            self.left + other.left,
            self.tracebacks + other.tracebacks,
        )

    @property
    def clean(self) -> bool:
        return not (self.lost or self.torn or self.left or self.tracebacks)


def kill_at_random_moments(
    worker: Worker, start: Home, before: Home, after: Home, folder: Path, kills: int, seed: int
) -> Tally:
    """Kill the refresh of a corrected delivery again and again on its way, until `kills` were made. `start`: `before`, or
    with some of the data made already."""
    rng, tally = random.Random(seed), Tally()
    old, new, undisturbed = seen_by_readers(before), seen_by_readers(after), tree(after)
    while tally.kills < kills:
        home = copy_of(start, folder / f"killed-{tally.kills}")
        while tally.kills < kills:
            done = worker.refresh(home, seconds=rng.uniform(0.05, LONGEST_SECONDS))
            if not done["killed"]:
                break
            tally.killed(done)
            tally.judge(home, old, new)
        # The clock has moved by then, and the time zone: no output may know.
        tally.finish(worker, home, undisturbed, clock_moved=rng.choice((-1, 1)) * 400 * 86_400)
        shutil.rmtree(home.root)
    return tally


def kill_in_nodes(
    worker: Worker,
    start: Home,
    before: Home,
    after: Home,
    folder: Path,
    targets: list[tuple[str, float]],
    seed: int,
) -> Tally:
    """Kill the refresh of a corrected delivery in one node after another, at a random moment of each. `targets`: nodes in
    the order in which they run, with the seconds each takes undisturbed; each refresh goes on where the last one died."""
    rng, tally = random.Random(seed), Tally()
    old, new, undisturbed = seen_by_readers(before), seen_by_readers(after), tree(after)
    home = copy_of(start, folder / "killed")
    for node, seconds in targets:
        done = worker.refresh(home, kill_in=node, within=rng.uniform(0, seconds))
        if done["killed"]:
            tally.killed(done)
            tally.judge(home, old, new)
    tally.finish(worker, home, undisturbed)
    shutil.rmtree(home.root)
    return tally


def kill_at_calls(
    worker: Worker, almost: Home, before: Home, after: Home, folder: Path, every: int, first: int = 1
) -> Tally:
    """Kill the publication before and after every n-th call that changes a file, from the first. `almost`: all but
    publication is done."""
    tally = Tally()
    old, new, undisturbed = seen_by_readers(before), seen_by_readers(after), tree(after)
    trial = copy_of(almost, folder / "counted")
    calls = int(worker.refresh(trial, counted=True, only_publication=True)["calls"])
    shutil.rmtree(trial.root)
    for number in range(first, calls + 1, every):
        for when in ("before", "after"):
            home = copy_of(almost, folder / f"at-{number}-{when}")
            done = worker.refresh(home, counted=True, at=number, when=when, only_publication=True)
            assert done["killed"], done
            tally.killed(done)
            tally.judge(home, old, new)
            tally.finish(worker, home, undisturbed, only_publication=True)
            shutil.rmtree(home.root)
    return tally


def run_pairs(worker: Worker, start: Home, folder: Path, pairs: int, seed: int) -> Tally:
    """Two refreshes at once, in turn: of one period or two, waiting for each other (as the command line has it) or not (as
    when the daemon runs one of them). `start`: two periods received, nothing of them published."""
    rng, tally = random.Random(seed), Tally()
    references: dict[tuple[str, ...], dict[str, str]] = {}
    for number in range(pairs):
        periods = (PERIOD, PERIOD) if number % 2 else rng.choice(((PERIOD, "2025Q2"), ("2025Q2", PERIOD)))
        unlocked = number % 4 >= 2
        home = copy_of(start, folder / f"pair-{number}")
        results = worker.run(
            *(
                {"home": str(home.root), "period": p, "unlocked": unlocked, "then_wait": rng.uniform(0, 0.5)}
                for p in periods
            )
        )
        tally.pairs += 1
        for result in results:
            overtaken = unlocked and "another release" in result.get("error", "")
            if result["code"] != 0 and not overtaken:
                tally.lost.append(f"{periods} {unlocked}: {result}")
            if "Traceback" in result["output"]:
                tally.tracebacks.append(result["output"])
        tally.torn += torn(home)
        for period in periods:
            worker.refreshed(home, period)
        tally.torn += torn(home)
        order = first_published(home, set(periods))
        if order not in references:
            alone = copy_of(start, folder / f"alone-{len(references)}")
            for period in order:
                worker.refreshed(alone, period)
            references[order] = tree(alone)
        tally.lost += differences(references[order], tree(home))
        tally.left += left_behind(home)
        shutil.rmtree(home.root)
    return tally


def first_published(home: Home, periods: set[str]) -> tuple[str, ...]:
    """The periods in the order of their publication, from the ledger."""
    found = [e.scope.period for e in entries(Lake(home.lake), FEED) if e.scope.period in periods]
    newest = {period: len(found) - 1 - found[::-1].index(period) for period in found}
    return tuple(sorted(periods, key=lambda period: newest.get(period, -1)))
