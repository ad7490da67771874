"""The three indicators from files whose every row is trusted, in plain pandas and plain Polars: the floor of the comparison.

Written as an analyst would write it once for these four clean files: only what the indicators need is read as more than text.
In Polars, which types what is asked for when it is asked, the indicators are those of the judged version.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl

from benchmarks import comparison_polars
from benchmarks.comparison_files import COUNTS, FILES, FIRST_DAY, KEYS, LAST_DAY
from naome_pipeline.cohort.providers import provider_table
from naome_pipeline.deliveries.manifest import read_manifest
from naome_pipeline.reference import reference_path

# Delivered names of what the indicators need, by the names the tables of the audit give it.
TUMOURS = {
    "person_id": "PATIENT_ID",
    "tumour_id": "TUMOUR_AVP_ID",
    "site_icd10": "TUMOUR_SITE",
    "diagnosis_date": "DIAGNOSISDATE",
    "stage": "STAGE",
    "age": "AGE",
    "basis_of_diagnosis": "BASISOFDIAGNOSIS",
    "trust_code": "TRUST_CODE",
}
SACT = {
    "person_id": "NHS_Number",
    "drug_name": "Drug_Name",
    "administration_date": "Administration_Date",
    "cycle_start_date": "Start_Date_Of_Cycle",
    "regimen_start_date": "Start_Date_Of_Regimen",
}
RTDS = {"person_id": "PATIENTID", "appointment_date": "APPTDATE"}
DEATHS = {"person_id": "DEC_CONF_NHS_NUMBER", "death_date": "REG_DATE_OF_DEATH"}
TREATED = ["administration_date", "cycle_start_date", "regimen_start_date"]


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
    in_time = (given["cycle"] - given["day"]).dt.days.between(-31, 365) & ~(given["cycle"] > given["death"])
    last = given[in_time].groupby("person")["cycle"].max()
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

    def texts(name: str, columns: dict[str, str], separator: str = ",") -> pl.LazyFrame:
        read = pl.scan_csv(folder / name, separator=separator, infer_schema=False, encoding="utf8-lossy")
        return read.select(**{ours: pl.col(theirs) for ours, theirs in columns.items()})

    days = [pl.col(column).str.to_date("%Y-%m-%d") for column in TREATED]
    tables = {
        "tumours": texts(FILES[0], TUMOURS).with_columns(
            pl.col("diagnosis_date").str.to_date("%Y-%m-%d"), pl.col("age").cast(pl.Int32)
        ),
        "sact": texts(FILES[1], SACT).with_columns(
            pl.col("drug_name").str.strip_chars(),
            *days[1:],
            administration_date=pl.coalesce(days),
        ),
        "rtds": texts(FILES[2], RTDS).with_columns(pl.col("appointment_date").str.to_date("%d/%m/%Y")),
        "deaths": texts(FILES[3], DEATHS, "|")
        .group_by("person_id")
        .agg(pl.col("death_date").str.to_date("%d%m%Y").min()),
    }
    return comparison_polars.indicators(tables, read_manifest(folder).snapshot_date)
