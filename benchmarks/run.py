"""`make bench`: time and memory of a whole national refresh, beside the floor on the same machine and files.

A national quarterly delivery (about 0.6 million tumours, 150 million rows, 15 GB of text; `--fraction` of it) is written and
received; then the floor (`floor.py`) and the refresh in Dagster with its gates (`measured_refresh.py`) run one after the
other, each in a process of its own, and the refresh again with nothing changed. `--growth` does that for 1/16, 1/8, 1/4, 1/2
and 1. Where other programs share the machine, compare CPU seconds: wall time then measures them too.

Prints what each step and node took and, last, one JSON object: rows, seconds, floor_seconds, ratio, peak_bytes, gate_share,
commit, and more. Example: `python -m benchmarks.run --fraction 0.0625`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from naome_pipeline.synthetic import write_delivery

FEED, PERIOD = "england_quarterly", "2025Q3"
NATIONAL_PEOPLE, FEWEST_PEOPLE = 600_000, 9_000
GROWTH = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
# Bytes per unit of a national delivery, measured: the text once as delivered and once in the landing folder, the lake and the
# floor's Parquet, with a tenth to spare.
NATIONAL_DISK = 1.1 * (2 * 15.0 + 4.0) * 1e9
LISTED_NODES = 25


def commit() -> str:
    """The commit that is measured, with a mark when files differ from it."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()

    changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def in_process_of_its_own(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module of this folder; the JSON object in its last line."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def check_disk(folder: Path, fraction: float) -> None:
    """Stop before anything is written when the disk is too small."""
    needed, free = NATIONAL_DISK * fraction, shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"{folder} has {free / 1e9:.0f} GB free, {needed / 1e9:.0f} GB are needed for {fraction:.3g} of the nation. "
            "What to do: name another folder (--folder) or a smaller part (--fraction)"
        )


def measure(fraction: float, folder: Path, dirt: float) -> dict[str, Any]:
    """Write, receive, floor, refresh, refresh again; what each took."""
    check_disk(folder, fraction)
    delivery, people = folder / "delivery", max(round(NATIONAL_PEOPLE * fraction), FEWEST_PEOPLE)
    volume = NATIONAL_PEOPLE * fraction / people
    started = time.monotonic()
    write_delivery(delivery, feed=FEED, period=PERIOD, people=people, seed=1, dirt=dirt, volume=volume)
    size = sum(path.stat().st_size for path in delivery.iterdir())
    written = time.monotonic() - started
    say(f"a delivery of {people:,} people, {size / 1e9:.2f} GB: written in {written:.0f} s")
    home = Home.locate(folder / "home").create()
    started = time.monotonic()
    accepted = receive_delivery(delivery, home.landing)
    received = time.monotonic() - started
    say(f"received (checked, copied, hashed) in {received:.0f} s")
    shutil.rmtree(delivery)
    floor = in_process_of_its_own("floor", accepted.path, folder / "floor")
    shutil.rmtree(folder / "floor")
    say(f"floor: {floor['seconds']:.1f} s, {floor['cpu_seconds']:.1f} s of CPU")
    whole = in_process_of_its_own("measured_refresh", home.root, FEED, PERIOD)
    again = in_process_of_its_own("measured_refresh", home.root, FEED, PERIOD)
    _say_nodes(whole)
    if not again["did_nothing"]:
        raise SystemExit("the refresh again was expected to find nothing to do")
    say(f"again: {again['seconds']:.1f} s: {again['reason']}")
    rows = sum(file.rows for file in accepted.manifest.files)
    apart, threads = whole["gate_seconds"] + whole["orchestration_seconds"], whole["thread_seconds"]
    return {
        "fraction": fraction,
        "rows": rows,
        "bytes": size,
        "seconds": round(whole["seconds"], 1),
        "floor_seconds": round(floor["seconds"], 1),
        "ratio": round(whole["seconds"] / floor["seconds"], 2),
        "cpu_seconds": round(whole["cpu_seconds"], 1),
        "floor_cpu_seconds": round(floor["cpu_seconds"], 1),
        "cpu_ratio": round(whole["cpu_seconds"] / floor["cpu_seconds"], 2),
        "microseconds_per_row": round(1e6 * whole["seconds"] / rows, 2),
        "peak_bytes": whole["peak_bytes"],
        "gate_share": round(whole["gate_seconds"] / threads, 3),
        "gate_and_orchestration_share": round(apart / threads, 3),
        "write_seconds": round(written, 1),
        "receive_seconds": round(received, 1),
        "again_seconds": round(again["seconds"], 1),
    }


def _say_nodes(whole: dict[str, Any]) -> None:
    nodes = sorted(whole["nodes"].items(), key=lambda entry: -entry[1]["seconds"])
    for name, took in nodes[:LISTED_NODES]:
        say(
            f"  {name:26s} {took['seconds']:7.1f} s {took['peak_bytes'] / 1e9:5.2f} GB, begun at {took['began']:.0f} s"
        )
    left = sum(took["seconds"] for _, took in nodes[LISTED_NODES:])
    say(
        f"  {len(nodes[LISTED_NODES:])} other nodes {left:.1f} s; gates {whole['gate_seconds']:.1f} s of all this"
    )
    say(
        f"  orchestration (start, around nodes, end) {whole['orchestration_seconds']:.1f} s of "
        f"{whole['thread_seconds']:.1f} thread seconds"
    )


def _fraction(text: str) -> float:
    """`1/16` or `0.0625`."""
    top, _, bottom = text.partition("/")
    found = float(top) / float(bottom or 1)
    if not 0 < found <= 1:
        raise argparse.ArgumentTypeError("a share of the nation lies above 0 and is at most 1")
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--fraction", type=_fraction, default=1.0, help="share of a national delivery (default 1)"
    )
    parser.add_argument(
        "--growth", action="store_true", help="1/16, 1/8, 1/4, 1/2 and 1, one after the other"
    )
    parser.add_argument("--dirt", type=float, default=0.01, help="share of unusable rows (default 0.01)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    say(
        f"machine: {platform.machine()}, {os.cpu_count()} cores, {memory / 1e9:.0f} GB; python "
        f"{platform.python_version()}, duckdb {duckdb.__version__}; commit {commit()}"
    )
    results = []
    for fraction in GROWTH if options.growth else (options.fraction,):
        with tempfile.TemporaryDirectory(prefix="naome-bench-", dir=options.folder) as name:
            results.append(measure(fraction, Path(name), options.dirt) | {"commit": commit()})
        say(json.dumps(results[-1]))
    if options.growth:
        say("share of the nation, rows, seconds, µs per row, floor, ratio, peak GB")
        for found in results:
            say(
                f"  {found['fraction']:6.4f} {found['rows']:12,} {found['seconds']:8.1f} "
                f"{found['microseconds_per_row']:6.2f} {found['floor_seconds']:8.1f} {found['ratio']:6.2f} "
                f"{found['peak_bytes'] / 1e9:6.2f}"
            )
        say(json.dumps(results[-1]))


if __name__ == "__main__":
    main()
