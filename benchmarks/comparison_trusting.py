"""The three indicators in plain pandas and plain Polars, from files whose every row is trusted: the floor of the comparison.

Written as an analyst would write it once for these four clean files: only what the indicators need is read as more than text.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl

from benchmarks.comparison_files import COUNTS, FILES, FIRST_DAY, KEYS, LAST_DAY
from naome_pipeline.cohort.providers import provider_table
from naome_pipeline.deliveries.manifest import read_manifest
from naome_pipeline.reference import reference_path


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
        adult
        & alive
        & (people["BASISOFDIAGNOSIS"] != "0")
        & people["day"].between(pd.Timestamp(FIRST_DAY), pd.Timestamp(LAST_DAY))
    ]
    people = people[["person", "day", "death", "trust_code"]]
    groups = pd.read_csv(reference_path("drug_groups"), dtype=str)
    cytotoxic = groups.loc[
        (groups["is_chemotherapy"] == "yes") & (groups["group"] != "supportive_or_other"), "code"
    ]
    sact = sact[sact["Drug_Name"].str.strip().str.upper().isin(cytotoxic)]
    given = sact.merge(people, left_on="NHS_Number", right_on="person")
    cycle = pd.to_datetime(given["Start_Date_Of_Cycle"])
    administered = pd.to_datetime(given["Administration_Date"]).fillna(cycle)
    administered = administered.fillna(pd.to_datetime(given["Start_Date_Of_Regimen"]))
    given["cycle"] = cycle.fillna(administered)
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
            pl.col("day").is_between(FIRST_DAY, LAST_DAY),
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
            administered=pl.coalesce(
                "Administration_Date", "Start_Date_Of_Cycle", "Start_Date_Of_Regimen"
            ).str.to_date("%Y-%m-%d"),
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
