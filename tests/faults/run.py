"""`make faults`: the long version of the fault tests, in batches, with figures at its end. Exit status 1 when anything was lost.

    make faults                                         all of it: twenty minutes on two quiet cores
    make faults FAULTS="--kills 40 --mutations 500"     less of it; 0 leaves a part out
    make faults FAULTS="--record figures.jsonl"         keeps the figures of each batch: started again, it goes on there

Batches are independent and run side by side, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from naome_pipeline.home import Home
from tests.faults.conftest import Homes, make_homes
from tests.faults.killing import kill_at_calls, kill_at_random_moments, kill_in_nodes, run_pairs
from tests.faults.mutating import mutate
from tests.faults.processes import Worker, receive, warm

# The kills at calls of a publication come on top of those that are asked for: two at each of about a hundred calls.
CALL_BATCHES, KILLS_A_BATCH, MUTATIONS_A_BATCH, PAIRS_A_BATCH = 8, 20, 250, 5
SHOWN = 20


def batches(kills: int, mutations: int, pairs: int) -> Iterator[tuple[str, int, int]]:
    """Part, number and size of every batch. Half of the kills are in nodes in turn, half at random moments."""
    for part, whole, size in (
        ("mutations", mutations, MUTATIONS_A_BATCH),
        ("nodes", kills - kills // 2, KILLS_A_BATCH),
        ("moments", kills // 2, KILLS_A_BATCH),
        ("calls", CALL_BATCHES if kills else 0, 1),
        ("pairs", pairs, PAIRS_A_BATCH),
    ):
        for number, begin in enumerate(range(0, whole, size)):
            yield part, number, min(size, whole - begin)


def targets(homes: Homes, number: int, size: int) -> list[tuple[str, float]]:
    """The nodes of one batch, in the order in which they run; all batches together go through all nodes in turn."""
    names = list(homes.seconds)
    begin = number * KILLS_A_BATCH
    chosen = sorted(place % len(names) for place in range(begin, begin + size))
    return [(names[place], homes.seconds[names[place]]) for place in chosen]


def run_batch(
    part: str, number: int, size: int, homes: Homes | None, start: Home | None, folder: Path
) -> dict[str, Any]:
    """One batch; its figures."""
    here = folder / f"{part}-{number}"
    if homes is None:
        made, wrong = mutate(here, size, seed=1_300 + number)
        return {"mutations": made, "unclear": wrong}
    here.mkdir()
    worker = Worker(here)
    roots = (homes.before, homes.before, homes.after, here)
    if part == "nodes":
        tally = kill_in_nodes(worker, *roots, targets(homes, number, size), seed=1_000 + number)
    elif part == "moments":
        tally = kill_at_random_moments(worker, *roots, size, seed=1_100 + number)
    elif part == "calls" or start is None:
        tally = kill_at_calls(worker, homes.almost, *roots[1:], every=CALL_BATCHES, first=number + 1)
    else:
        tally = run_pairs(worker, start, here, size, seed=1_200 + number)
    worker.end()
    return {**asdict(tally), "nodes": sorted(tally.nodes)}


def make_all(folder: Path) -> tuple[Homes, Home]:
    """The homes of all batches; the last is that of pairs: two periods received and made, nothing of them published."""
    folder.mkdir()
    worker = Worker(folder)
    homes = make_homes(worker, folder)
    both = warm(homes.before, homes.after, folder / "both")
    receive(homes.delivered["earlier"], both)
    worker.refreshed(both, "2025Q2")
    worker.refreshed(both)
    start = warm(homes.before, both, folder / "start")
    worker.end()
    return homes, start


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make faults", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--kills", type=int, default=200, help="in nodes and at random moments, half each (200)"
    )
    parser.add_argument("--mutations", type=int, default=5_000, help="of deliveries and configuration (5000)")
    parser.add_argument("--pairs", type=int, default=100, help="of refreshes at once (100)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="batches side by side")
    parser.add_argument("--record", type=Path, help="file of figures, one batch a line, to go on from")
    return parser.parse_args(arguments)


def known(record: Path | None) -> dict[tuple[str, int, int], dict[str, Any]]:
    """The batches that a record has the figures of."""
    lines = record.read_text(encoding="utf-8").splitlines() if record is not None and record.is_file() else []
    return {tuple(entry.pop("batch")): entry for entry in map(json.loads, lines)}


def main(arguments: list[str]) -> int:
    asked, started = options(arguments), time.monotonic()
    wanted = list(batches(asked.kills, asked.mutations, asked.pairs))
    done = {batch: figures for batch, figures in known(asked.record).items() if batch in wanted}
    left = [batch for batch in wanted if batch not in done]
    count = {part: sum(batch[0] == part for batch in wanted) for part, _, _ in wanted}
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="naome-faults-") as name,
        ProcessPoolExecutor(asked.processes, mp_context=context) as pool,
    ):
        folder = Path(name)
        homes, start = (
            make_all(folder / "homes") if any(part != "mutations" for part, _, _ in left) else (None, None)
        )
        running = {
            pool.submit(
                run_batch,
                part,
                number,
                size,
                None if part == "mutations" else homes,
                start,
                folder,
            ): (part, number, size)
            for part, number, size in left
        }
        for finished in as_completed(running):
            batch, figures = running[finished], finished.result()
            done[batch] = figures
            print(
                f"{batch[0]} {batch[1] + 1} of {count[batch[0]]}: {'clean' if clean(figures) else 'NOT CLEAN'}",
                flush=True,
            )
            if asked.record is not None:
                with asked.record.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps({"batch": batch, **figures}) + "\n")
    return say(done, round(time.monotonic() - started))


FOUND = ("lost", "torn", "left", "tracebacks", "unclear")


def clean(figures: dict[str, Any]) -> bool:
    """Whether a batch found nothing."""
    return not any(figures.get(kind) for kind in FOUND)


def say(done: dict[tuple[str, int, int], dict[str, Any]], seconds: int) -> int:
    """Print what was found and the sum of the figures, as the last line one JSON object; the exit status."""
    found = {kind: [line for figures in done.values() for line in figures.get(kind, [])] for kind in FOUND}
    for kind, lines in found.items():
        for line in lines[:SHOWN]:
            print(f"{kind}: {line[:2000]}")
    in_parts = {
        part: sum(figures.get("kills", 0) for batch, figures in done.items() if batch[0] == part)
        for part in ("nodes", "moments", "calls")
    }
    figures = {
        "kills": sum(in_parts.values()),
        "kills_in_nodes": in_parts["nodes"],
        "kills_at_random_moments": in_parts["moments"],
        "kills_at_calls": in_parts["calls"],
        "nodes_killed_in": len({node for figures in done.values() for node in figures.get("nodes", [])}),
        "pairs": sum(figures.get("pairs", 0) for figures in done.values()),
        "mutations": sum(figures.get("mutations", 0) for figures in done.values()),
        "lost": len(found["lost"]),
        "torn": len(found["torn"]),
        "left_behind": len(found["left"]),
        "tracebacks": len(found["tracebacks"]),
        "without_a_clear_answer": len(found["unclear"]),
        "seconds": seconds,
    }
    print(json.dumps(figures))
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
