"""`python -m benchmarks.comparison`: the same work in the pipeline, in plain pandas and in plain Polars.

The work: from delivered text to three indicators (P5 chemotherapy, P7 radiotherapy, P9 death within 30 days of a cycle) by
trust and quarter, from four data sets (tumours, SACT, RTDS, deaths). The plain versions exist twice. The trusting ones read
clean files and judge nothing (`comparison_trusting.py`). The judged ones do what the pipeline's reading does: every column
typed, unusable rows set aside with file, line and reason, repeats removed, typed tables written (`comparison_pandas.py`,
`comparison_polars.py`). The pipeline passes its gates besides, and makes every table that the people's facts need.

Each runs in a process of its own. All indicators must be equal; so must the tables and the rows set aside of those that judge.
With `--dirt` the trusting versions are left out: they would fail. Prints seconds, CPU seconds and peak memory of each and,
last, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import pandas as pd
import polars as pl
from polars.testing import assert_frame_equal

from assets.feeds import nodes
from assets.resources import NODES_AT_A_TIME
from benchmarks.comparison_files import COUNTS, FILES, KEYS, DeliveredFile, parquet_path
from benchmarks.comparison_pandas import judged_in_pandas
from benchmarks.comparison_polars import judged_in_polars
from benchmarks.comparison_trusting import in_pandas, in_polars
from benchmarks.run import FEED, PERIOD, commit, say
from naome_pipeline.build import Built, Delivered, Node, build
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.synthetic import write_delivery

TRUSTING, JUDGED = ("pandas", "polars"), ("judged_pandas", "judged_polars")


def in_pipeline(folder: Path) -> pd.DataFrame:
    """The pipeline's nodes up to the people's facts, with their gates, of the delivery that was received beforehand.

    As many nodes at a time as in a refresh, and each engine with as much memory as there.
    """
    home = Home.locate(folder.parent / "home")
    delivered, lake, every = Delivered.newest(home, FEED, PERIOD), Lake(home.lake), list(nodes(FEED))
    settings = EngineSettings.from_environment(home.scratch).divided(NODES_AT_A_TIME)
    needed = {"person_facts"}
    for _ in every:
        needed |= {name for node in every if node.name in needed for name in node.inputs}

    def built(node: Node) -> Built:
        with open_connection(settings) as connection:
            return build(node, delivered, lake, Engine(connection))

    waiting = [node for node in every if node.name in needed]
    running: dict[Future[Built], str] = {}
    done: dict[str, Built] = {}
    with ThreadPoolExecutor(NODES_AT_A_TIME) as pool:
        while waiting or running:
            for node in [node for node in waiting if set(node.inputs) <= set(done)]:
                waiting.remove(node)
                running[pool.submit(built, node)] = node.name
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                done[running.pop(future)] = future.result()
    with open_connection(settings) as connection:
        return connection.execute(
            "SELECT trust_code, quarter_start, COUNT(*) AS people, SUM(chemotherapy::INT) AS chemotherapy, "
            "SUM(radiotherapy::INT) AS radiotherapy, SUM(had_cycle::INT) AS had_cycle, "
            "SUM(COALESCE(days_from_last_cycle_to_death BETWEEN 0 AND 30, FALSE)::INT) AS died "
            "FROM read_parquet($1) GROUP BY ALL",
            [str(done["person_facts"].table.path)],
        ).fetchdf()


def run_one(way: str, folder: Path) -> None:
    """Do the work one way in this process and print what it took; the result goes beside the delivery."""
    does: dict[str, Callable[[Path], pd.DataFrame]] = {
        "pipeline": in_pipeline,
        "pandas": in_pandas,
        "polars": in_polars,
        "judged_pandas": judged_in_pandas,
        "judged_polars": judged_in_polars,
    }
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    found = does[way](folder)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found["quarter_start"] = pd.to_datetime(found["quarter_start"]).dt.strftime("%Y-%m-%d")
    found[COUNTS] = found[COUNTS].astype(int)
    found.sort_values(KEYS)[KEYS + COUNTS].to_csv(folder.parent / f"{way}.csv", index=False)
    took = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "peak_gb": round(_peak_bytes() / 1e9, 2),
    }
    say(json.dumps(took))


def _peak_bytes() -> int:
    """The most memory this process had. `ru_maxrss` would count what its parent had when it started this one."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) * 1024


def compare(people: int, volume: float, dirt: float, folder: Path) -> dict[str, object]:
    """Write and receive the delivery, do the work each way, stop where results differ."""
    delivery = folder / "delivery"
    write_delivery(delivery, feed=FEED, period=PERIOD, people=people, seed=1, dirt=dirt, volume=volume)
    for path in delivery.iterdir():
        if path.name not in (*FILES, "manifest.json"):
            path.unlink()
    sent = read_manifest(delivery)
    write_manifest(
        delivery,
        feed=FEED,
        period=PERIOD,
        layout=sent.layout,
        snapshot_date=sent.snapshot_date,
        synthetic=True,
    )
    receive_delivery(delivery, Home.locate(folder / "home").create().landing)
    ways = ("pipeline", *(() if dirt else TRUSTING), *JUDGED)
    took = {}
    for way in ways:
        command = [sys.executable, "-m", "benchmarks.comparison", "--one", way, "--folder", str(delivery)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        took[way] = json.loads(done.stdout.strip().splitlines()[-1])
        say(f"{way}: {took[way]}")
    results = {way: pd.read_csv(folder / f"{way}.csv") for way in ways}
    for way in ways[1:]:
        pd.testing.assert_frame_equal(results["pipeline"], results[way])
    aside = {way: _same_tables(folder, way) for way in JUDGED}
    totals = {name: int(results["pipeline"][name].sum()) for name in COUNTS}
    size = sum((delivery / name).stat().st_size for name in FILES)
    return took | {"bytes": size, "set_aside": aside["judged_polars"], "totals": totals, "commit": commit()}


def _same_tables(folder: Path, way: str) -> dict[str, int]:
    """Stop where a judged version has another table, or other rows set aside, than the pipeline; how many, by file."""
    home = Home.locate(folder / "home")
    lake, scope = Lake(home.lake), Delivered.newest(home, FEED, PERIOD).scope
    expected = []
    for name in FILES:
        file = DeliveredFile(folder / "delivery" / name)
        table = lake.published(scope, file.target.name)
        assert_frame_equal(pl.read_parquet(table.path), pl.read_parquet(parquet_path(folder, way, file)))
        expected.append(pl.read_parquet(table.quarantine_path))
    named = ["file", "line", "reason", "column"]
    aside = pl.concat(expected).select(named).sort(named)
    own = pl.read_parquet(folder / way / "set_aside.parquet").select(named).sort(named)
    assert_frame_equal(aside, own, check_dtypes=False)  # without any row set aside, a column has no type
    return {str(name): int(rows) for name, rows in own.group_by("file").len().sort("file").iter_rows()}


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--volume", type=float, default=1.0)
    parser.add_argument("--dirt", type=float, default=0.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--one", choices=("pipeline", *TRUSTING, *JUDGED), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.folder)
        return
    with tempfile.TemporaryDirectory(prefix="naome-comparison-", dir=options.folder) as name:
        say(json.dumps(compare(options.people, options.volume, options.dirt, Path(name))))


if __name__ == "__main__":
    main()
