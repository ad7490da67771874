"""How long the outputs for people of a national release take, each from its node, over made-up released tables.

Prints seconds of processor time per output and, last, one JSON object. `python -m benchmarks.reports` measures the yearly
release (130 trusts); `--feed england_quarterly` the quarterly one.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from assets.feeds import nodes
from naome_pipeline.build import BuildContext
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.reports.outputs import write_outputs_page
from naome_pipeline.reports.released import RELEASED
from tests.reports.annual import annual_frames
from tests.reports.national import national_frames
from tests.reports.released_tables import released

# What a yearly release has in another form; its other tables are as large as those of a quarter.
OF_A_YEAR = (
    "provenance", "released_definitions", "released_attrition", "released_variation", "released_yearly_change",
    "released_recurrence_evidence",
)  # fmt: skip


def measure(feed: str, folder: Path) -> dict[str, float]:
    """Output to seconds of processor time; files go to `folder`/release."""
    frames = national_frames()
    if feed == "annual":
        yearly = annual_frames()
        frames |= {name: yearly[name] for name in OF_A_YEAR}
    (folder / "tables").mkdir(parents=True)
    tables = released(folder / "tables", frames)
    inputs: dict[str, Any] = {
        name: Mock(path=folder / "tables" / f"{name}.parquet") for name in RELEASED if name in tables.names()
    }
    seconds = {}
    for node in nodes(feed):
        if node.layer != "reports" or node.name == "publication":
            continue
        place = folder / "made" / node.name
        place.mkdir(parents=True)
        with open_connection(EngineSettings.from_environment(folder)) as connection:
            context = BuildContext(Engine(connection), Mock(), Mock(), place, inputs, {}, None)
            started = time.process_time()
            node.make(context)
            seconds[node.name] = round(time.process_time() - started, 2)
        shutil.copytree(place / "files", folder / "release", dirs_exist_ok=True)
        files = [p for p in (place / "files").rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files) / 1e6
        print(f"{node.name:20} {seconds[node.name]:7.2f} s  {len(files):5} files  {size:7.2f} MB", flush=True)
    started = time.process_time()
    write_outputs_page(tables, folder / "release")
    seconds["outputs page"] = round(time.process_time() - started, 2)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="Leave the release in this folder.")
    parser.add_argument("--feed", default="annual", choices=["annual", "england_quarterly"])
    given = parser.parse_args()
    feed = given.feed
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(feed, Path(folder))
        if given.keep:
            shutil.copytree(Path(folder) / "release", given.keep, dirs_exist_ok=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {"feed": feed, "outputs": seconds, "seconds": round(sum(seconds.values()), 1), "peak_bytes": peak}
        )
    )


if __name__ == "__main__":
    main()
