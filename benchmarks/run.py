"""`make bench`: time and memory of a whole refresh, beside the floor on the same machine and files.

The floor: every data file read once by DuckDB, all columns as text, and written as Parquet, same threads and memory.
Prints one line per step and, last, one JSON object. Example: `python -m benchmarks.run --people 20000 --volume 1`.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.engine import EngineSettings, literal, open_connection
from naome_pipeline.home import Home
from naome_pipeline.refreshing import refresh
from naome_pipeline.synthetic import write_delivery

FEED, PERIOD = "england_quarterly", "2025Q3"


def floor_seconds(delivery: Path, settings: EngineSettings, out: Path) -> float:
    """Seconds to read every data file once and write it as Parquet."""
    started = time.monotonic()
    for path in sorted([*delivery.glob("*.csv"), *delivery.glob("*.txt")]):
        with path.open("rb") as stream:
            header = stream.readline()
        delimiter = max((b",", b"|", b"\t"), key=header.count).decode()
        encoding = "latin-1" if path.name in {"cosd.csv", "deaths.txt"} else "utf-8"
        with open_connection(settings) as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_csv({literal(path)}, delim = {literal(delimiter)}, header = true, "
                f"all_varchar = true, encoding = '{encoding}', ignore_errors = true, null_padding = true)) "
                f"TO {literal(out / (path.stem + '.parquet'))} (FORMAT parquet, COMPRESSION zstd)"
            )
    return time.monotonic() - started


def commit() -> str:
    """The commit that is measured."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--volume", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        delivery = root / "delivery"
        started = time.monotonic()
        write_delivery(
            delivery,
            feed=FEED,
            period=PERIOD,
            people=options.people,
            seed=1,
            dirt=0.01,
            volume=options.volume,
        )
        size = sum(p.stat().st_size for p in delivery.iterdir())
        say(f"synthetic delivery: {size / 1e6:.0f} MB in {time.monotonic() - started:.1f} s")
        home = Home.locate(root / "home").create()
        started = time.monotonic()
        accepted = receive_delivery(delivery, home.landing)
        say(f"receive (check, copy, hash): {time.monotonic() - started:.1f} s")
        rows = sum(f.rows for f in accepted.manifest.files)
        (root / "floor").mkdir()
        floor = floor_seconds(delivery, EngineSettings.from_environment(home.scratch), root / "floor")
        say(f"floor: {floor:.1f} s for {rows} rows")
        began: dict[str, float] = {}

        def report(node: str, state: str) -> None:
            if state == "started":
                began[node] = time.monotonic()
            else:
                say(f"  {node:28s} {time.monotonic() - began[node]:6.1f} s")

        started = time.monotonic()
        refresh(home, FEED, PERIOD, report)
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say(f"machine: {platform.machine()}, python {platform.python_version()}, duckdb {duckdb.__version__}")
        result = {
            "rows": rows,
            "seconds": round(seconds, 2),
            "floor_seconds": round(floor, 2),
            "ratio": round(seconds / floor, 2),
            "peak_bytes": peak,
            "commit": commit(),
        }
        say(json.dumps(result))


if __name__ == "__main__":
    main()
