"""`make faults`: the long version of the fault tests, with figures at its end. Exit status 1 when anything was lost."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.conftest import Homes, make_homes
from tests.faults.killing import Tally, kill_at_calls, kill_at_random_moments, run_pairs
from tests.faults.mutating import mutate
from tests.faults.processes import Worker, receive, warm

RANDOM_KILLS, MUTATIONS, PAIRS = 60, 5_000, 100


def kills(worker: Worker, homes: Homes, folder: Path) -> Tally:
    """Before and after every call of a publication that changes a file; then at random moments of a whole refresh."""
    tally = kill_at_calls(worker, homes.almost, homes.before, homes.after, folder / "calls", every=1)
    more = kill_at_random_moments(
        worker, homes.before, homes.before, homes.after, folder / "random", RANDOM_KILLS, seed=11
    )
    return tally + more


def pairs(worker: Worker, homes: Homes, folder: Path) -> Tally:
    """Two periods are received and nothing of them is published, but their data are there."""
    receive(homes.delivered["earlier"], homes.after)
    worker.refreshed(homes.after, "2025Q2")
    start = warm(homes.before, homes.after, folder / "start")
    return run_pairs(worker, start, folder / "pairs", PAIRS, seed=12)


def main(parts: list[str]) -> int:
    started = time.monotonic()
    tally, mutated, wrong = Tally(), 0, []
    with tempfile.TemporaryDirectory(prefix="naome-faults-") as name:
        folder = Path(name)
        if "mutations" in parts:
            mutated, wrong = mutate(folder / "mutated", MUTATIONS, seed=13)
            print(f"mutations: {mutated}, without a clear answer: {len(wrong)}", flush=True)
        if "kills" in parts or "pairs" in parts:
            worker = Worker(folder)
            homes = make_homes(worker, folder)
            steps: dict[str, Callable[[Worker, Homes, Path], Tally]] = {"kills": kills, "pairs": pairs}
            for part, step in steps.items():
                if part in parts:
                    found = step(worker, homes, folder)
                    print(f"{part}: {found.kills or found.pairs}, clean: {found.clean}", flush=True)
                    tally = tally + found
            worker.end()
    for line in (tally.lost + tally.torn + tally.left + tally.tracebacks + wrong)[:20]:
        print(line[:2000])
    figures = {
        "kills": tally.kills,
        "pairs": tally.pairs,
        "mutations": mutated,
        "lost": len(tally.lost),
        "torn": len(tally.torn),
        "left_behind": len(tally.left),
        "tracebacks": len(tally.tracebacks) + len(wrong),
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(figures))
    return int(not tally.clean or bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["mutations", "kills", "pairs"]))
