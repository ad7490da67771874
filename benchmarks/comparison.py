"""`python -m benchmarks.comparison`: the same work in the pipeline, in plain pandas and in plain Polars.

The work: from delivered text to three indicators (P5 chemotherapy, P7 radiotherapy, P9 death within 30 days of a cycle) by
trust and quarter, from four data sets (tumours, SACT, RTDS, deaths), written as an analyst would write it once for these files.
Each runs in a process of its own; results must be equal. The delivery is clean and has no other files: the plain versions
neither judge nor quarantine rows. The pipeline does, passes its gates, and makes every table that the people's facts need.

Prints seconds and CPU seconds of each and, last, one JSON object.
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
from pathlib import Path

import pandas as pd
import polars as pl

from assets.definitions import nodes
from benchmarks.run import FEED, PERIOD, commit, say
from naome_pipeline.build import Built, Delivered, build
from naome_pipeline.cohort.providers import provider_table
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.reference import reference_path
from naome_pipeline.synthetic import write_delivery

FILES = ("rcrd_tumour.csv", "sact.csv", "rtds.csv", "deaths.txt")
FIRST_DAY, LAST_DAY = pd.Timestamp("2021-10-01"), pd.Timestamp("2025-09-30")
KEYS = ["trust_code", "quarter_start"]
COUNTS = ["people", "chemotherapy", "radiotherapy", "had_cycle", "died"]
WAYS = ("pipeline", "pandas", "polars")


def in_pandas(folder: Path) -> pd.DataFrame:
    """The work in pandas: people, chemotherapy, radiotherapy, had_cycle and died by trust and quarter."""
    tumours = pd.read_csv(folder / FILES[0], dtype=str)
    sact = pd.read_csv(folder / FILES[1], dtype=str)
    rtds = pd.read_csv(folder / FILES[2], dtype=str)
    deaths = pd.read_csv(folder / FILES[3], dtype=str, sep="|", encoding="latin-1")
    snapshot = read_manifest(folder).snapshot_date
    breast = tumours[tumours["TUMOUR_SITE"].str.startswith("C50", na=False)].copy()
    breast["person"] = breast["PATIENT_ID"]
    breast["day"] = pd.to_datetime(breast["DIAGNOSISDATE"])
    first = breast.sort_values(["day", "TUMOUR_AVP_ID"]).drop_duplicates("person")
    near = breast.merge(first[["person", "day"]], on="person", suffixes=("", "_first"))
    gap = (near["day"] - near["day_first"]).dt.days
    spread = near[gap.between(0, 120) & near["STAGE"].str.startswith("4", na=False)]["person"]
    deaths["death"] = pd.to_datetime(deaths["REG_DATE_OF_DEATH"], format="%d%m%Y")
    died = deaths.groupby("DEC_CONF_NHS_NUMBER")["death"].min().rename("death")
    providers = provider_table(snapshot)[["provider_code", "trust_code"]]
    people = first[first["person"].isin(spread)].drop(columns=["TRUST_CODE"]).copy()
    people["provider_code"] = first["TRUST_CODE"].str[:3]
    people = people.merge(providers, on="provider_code").merge(
        died, left_on="person", right_index=True, how="left"
    )
    adult = pd.to_numeric(people["AGE"]) >= 18
    alive = ~(people["death"] < people["day"])
    people = people[
        adult & alive & (people["BASISOFDIAGNOSIS"] != "0") & people["day"].between(FIRST_DAY, LAST_DAY)
    ]
    people = people[["person", "day", "death", "trust_code"]]
    groups = pd.read_csv(reference_path("drug_groups"), dtype=str)
    cytotoxic = groups.loc[
        (groups["is_chemotherapy"] == "yes") & (groups["group"] != "supportive_or_other"), "code"
    ]
    sact = sact[sact["Drug_Name"].str.strip().str.upper().isin(cytotoxic)]
    given = sact.merge(people, left_on="NHS_Number", right_on="person")
    administered = pd.to_datetime(given["Administration_Date"])
    given["cycle"] = pd.to_datetime(given["Start_Date_Of_Cycle"]).fillna(administered)
    treated = given[(administered - given["day"]).dt.days.between(-31, 365)]["person"]
    last = given[(given["cycle"] - given["day"]).dt.days.between(-31, 365)].groupby("person")["cycle"].max()
    radiated = rtds.merge(people, left_on="PATIENTID", right_on="person")
    after = (pd.to_datetime(radiated["APPTDATE"], format="%d/%m/%Y") - radiated["day"]).dt.days
    irradiated = radiated[after.between(-31, 365)]["person"]
    people = people.merge(last, left_on="person", right_index=True, how="left")
    people["quarter_start"] = people["day"].dt.to_period("Q").dt.start_time
    people["people"] = 1
    people["chemotherapy"] = people["person"].isin(treated).astype(int)
    people["radiotherapy"] = people["person"].isin(irradiated).astype(int)
    people["had_cycle"] = people["cycle"].notna().astype(int)
    people["died"] = (people["death"] - people["cycle"]).dt.days.between(0, 30).astype(int)
    return people.groupby(KEYS, as_index=False)[COUNTS].sum()


def in_polars(folder: Path) -> pd.DataFrame:
    """The same in lazy Polars."""

    def text(name: str, separator: str = ",") -> pl.LazyFrame:
        return pl.scan_csv(folder / name, separator=separator, infer_schema=False, encoding="utf8-lossy")

    def days(since: str, until: str) -> pl.Expr:
        return (pl.col(until) - pl.col(since)).dt.total_days()

    breast = (
        text(FILES[0])
        .filter(pl.col("TUMOUR_SITE").str.starts_with("C50"))
        .select(
            person="PATIENT_ID",
            tumour="TUMOUR_AVP_ID",
            day=pl.col("DIAGNOSISDATE").str.to_date("%Y-%m-%d"),
            stage="STAGE",
            age=pl.col("AGE").cast(pl.Int32),
            basis="BASISOFDIAGNOSIS",
            provider_code=pl.col("TRUST_CODE").str.slice(0, 3),
        )
    )
    first = breast.sort("day", "tumour").unique("person", keep="first", maintain_order=True)
    spread = (
        breast.filter(pl.col("stage").str.starts_with("4"))
        .join(first.select("person", first_day="day"), on="person")
        .filter(days("first_day", "day").is_between(0, 120))
        .select("person")
        .unique()
    )
    died = (
        text(FILES[3], "|")
        .group_by(person="DEC_CONF_NHS_NUMBER")
        .agg(death=pl.col("REG_DATE_OF_DEATH").str.to_date("%d%m%Y").min())
    )
    known = provider_table(read_manifest(folder).snapshot_date)
    providers = pl.LazyFrame({name: known[name].tolist() for name in ("provider_code", "trust_code")})
    people = (
        first.join(spread, on="person", how="semi")
        .join(providers, on="provider_code")
        .join(died, on="person", how="left")
        .filter(
            pl.col("age") >= 18,
            pl.col("basis").ne_missing("0"),
            pl.col("death").is_null() | (pl.col("death") >= pl.col("day")),
            pl.col("day").is_between(FIRST_DAY.date(), LAST_DAY.date()),
        )
        .select("person", "day", "death", "trust_code")
    )
    cytotoxic = (
        pl.scan_csv(reference_path("drug_groups"), infer_schema=False)
        .filter(pl.col("is_chemotherapy") == "yes", pl.col("group") != "supportive_or_other")
        .select("code")
    )
    given = (
        text(FILES[1])
        .with_columns(code=pl.col("Drug_Name").str.strip_chars().str.to_uppercase())
        .join(cytotoxic, on="code", how="semi")
        .select(
            person="NHS_Number",
            administered=pl.col("Administration_Date").str.to_date("%Y-%m-%d"),
            cycle=pl.col("Start_Date_Of_Cycle").str.to_date("%Y-%m-%d"),
        )
        .with_columns(pl.col("cycle").fill_null(pl.col("administered")))
        .join(people, on="person")
        .group_by("person")
        .agg(
            chemotherapy=days("day", "administered").is_between(-31, 365).any(),
            cycle=pl.col("cycle").filter(days("day", "cycle").is_between(-31, 365)).max(),
        )
    )
    irradiated = (
        text(FILES[2])
        .select(person="PATIENTID", seen=pl.col("APPTDATE").str.to_date("%d/%m/%Y"))
        .join(people, on="person")
        .filter(days("day", "seen").is_between(-31, 365))
        .select("person", radiotherapy=True)
        .unique()
    )
    counted = (
        people.join(given, on="person", how="left")
        .join(irradiated, on="person", how="left")
        .group_by("trust_code", quarter_start=pl.col("day").dt.truncate("1q"))
        .agg(
            people=pl.len(),
            chemotherapy=pl.col("chemotherapy").sum(),
            radiotherapy=pl.col("radiotherapy").sum(),
            had_cycle=pl.col("cycle").count(),
            died=days("cycle", "death").is_between(0, 30).sum(),
        )
        .collect()
    )
    return pd.DataFrame(counted.to_dicts())


def in_pipeline(folder: Path) -> pd.DataFrame:
    """The pipeline's nodes up to the people's facts, with their gates, of the delivery that was received beforehand."""
    home = Home.locate(folder.parent / "home")
    delivered, lake, every = Delivered.newest(home, FEED, PERIOD), Lake(home.lake), list(nodes(FEED))
    needed = {"person_facts"}
    for _ in every:
        needed |= {name for node in every if node.name in needed for name in node.inputs}
    waiting, done = [node for node in every if node.name in needed], set[str]()
    built: dict[str, Built] = {}
    while waiting:
        node = next(n for n in waiting if set(n.inputs) <= done)
        with open_connection(EngineSettings.from_environment(home.scratch)) as connection:
            built[node.name] = build(node, delivered, lake, Engine(connection))
        waiting.remove(node)
        done.add(node.name)
    with open_connection(EngineSettings.from_environment(home.scratch)) as connection:
        return connection.execute(
            "SELECT trust_code, quarter_start, COUNT(*) AS people, SUM(chemotherapy::INT) AS chemotherapy, "
            "SUM(radiotherapy::INT) AS radiotherapy, SUM(had_cycle::INT) AS had_cycle, "
            "SUM(COALESCE(days_from_last_cycle_to_death BETWEEN 0 AND 30, FALSE)::INT) AS died "
            "FROM read_parquet($1) GROUP BY ALL",
            [str(built["person_facts"].table.path)],
        ).fetchdf()


def run_one(way: str, folder: Path) -> None:
    """Do the work one way in this process and print what it took; the result goes beside the delivery."""
    does: dict[str, Callable[[Path], pd.DataFrame]] = {
        "pipeline": in_pipeline,
        "pandas": in_pandas,
        "polars": in_polars,
    }
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    found = does[way](folder)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found["quarter_start"] = pd.to_datetime(found["quarter_start"]).dt.strftime("%Y-%m-%d")
    found[COUNTS] = found[COUNTS].astype(int)
    found.sort_values(KEYS)[KEYS + COUNTS].to_csv(folder.parent / f"{way}.csv", index=False)
    took = {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2)}
    say(json.dumps(took))


def compare(people: int, volume: float, folder: Path) -> dict[str, object]:
    """Write and receive the delivery, do the work each way, stop where results differ."""
    delivery = folder / "delivery"
    write_delivery(delivery, feed=FEED, period=PERIOD, people=people, seed=1, dirt=0, volume=volume)
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
    took = {}
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.comparison", "--one", way, "--folder", str(delivery)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        took[way] = json.loads(done.stdout.strip().splitlines()[-1])
        say(f"{way}: {took[way]}")
    results = {way: pd.read_csv(folder / f"{way}.csv") for way in WAYS}
    for way in WAYS[1:]:
        pd.testing.assert_frame_equal(results["pipeline"], results[way])
    totals = {name: int(results["pipeline"][name].sum()) for name in COUNTS}
    size = sum((delivery / name).stat().st_size for name in FILES)
    return took | {"bytes": size, "equal": True, "totals": totals, "commit": commit()}


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--volume", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.folder)
        return
    with tempfile.TemporaryDirectory(prefix="naome-comparison-", dir=options.folder) as name:
        say(json.dumps(compare(options.people, options.volume, Path(name))))


if __name__ == "__main__":
    main()
