"""Small deliveries written by hand for tests: a few files with a few dozen rows, every value chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.reading import ReadCounts, read_data_set
from naome_pipeline.deliveries.receiving import AcceptedDelivery

SNAPSHOT = dt.date(2025, 12, 31)
ROWS = 40


def rows_of(columns: str, row: str, number: int = ROWS, delimiter: str = ",") -> str:
    """A file: a header and rows in which `{n}` is the number of the row, from 0."""
    header = columns.replace(" ", delimiter)
    lines = [row.replace(" ", delimiter).format(n=n, day=1 + n % 28) for n in range(number)]
    return "\n".join([header, *lines]) + "\n"


def standard_files() -> dict[str, bytes]:
    """Four files of an English quarterly delivery, clean, in four delimiters, encodings and date forms."""
    tumours = rows_of(
        "PATIENT_ID TUMOUR_AVP_ID DIAGNOSISDATE TUMOUR_SITE GENDER AGE STAGE TRUST_CODE",
        "00000{n:05d} T{n:04d} 2023-03-{day:02d} C509 2 60 4 RAJ",
    )
    admissions = rows_of(
        "TOKEN_PERSON_ID EPIKEY FYEAR ADMIDATE EPISTART DIAG_01 DIAG_02 OPERTN_01 OPDATE_01 PROCODET",
        "00000{n:05d} E{n:04d} 2223 2023-03-{day:02d} 2023-03-{day:02d} C509 C787 - 1801-01-01 RAJ",
        delimiter="|",
    )
    waiting = rows_of(
        "pseudo_patientid site_icd10 crtp_date treat_start modality cte_type",
        "00000{n:05d} C509 {day:02d}/02/2023 {day:02d}/04/2023 01 08",
        delimiter="\t",
    )
    deaths = rows_of(
        "DEC_CONF_NHS_NUMBER REG_DATE REG_DATE_OF_DEATH S_UNDERLYING_COD_ICD10 POD_NHS_ESTABLISHMENT",
        "00000{n:05d} {day:02d}052024 {day:02d}042024 C509 Résidence",
        delimiter="|",
    )
    return {
        "rcrd_tumour.csv": b"\xef\xbb\xbf" + tumours.encode(),
        "hes_apc_2223.txt": admissions.encode(),
        "cwt.txt": waiting.encode(),
        "deaths.txt": (deaths + f"COUNT IN FILE|{ROWS}\n").encode("latin-1"),
    }


def deliver(
    folder: Path,
    files: Mapping[str, bytes | str],
    layout: str = "england_quarterly_2025",
    version: int = 1,
    feed: str = "england_quarterly",
    period: str = "2025Q3",
) -> AcceptedDelivery:
    """Write files and their manifest; the folder as if it had been accepted."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    write_manifest(
        folder,
        feed=feed,
        period=period,
        layout=layout,
        snapshot_date=SNAPSHOT,
        version=version,
    )
    return AcceptedDelivery(folder, read_manifest(folder))


def read(
    delivery: AcceptedDelivery, data_set: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], ReadCounts]:
    """Rows and quarantined rows of a data set, as dictionaries, and the counts."""
    table = delivery.path.parent / f"{data_set}.parquet"
    quarantine = delivery.path.parent / f"{data_set}.quarantine.parquet"
    with duckdb.connect() as connection:
        counts = read_data_set(connection, delivery, data_set, table, quarantine)
        found = []
        for path in (table, quarantine):
            result = connection.execute(f"SELECT * FROM read_parquet('{path}')")
            names = [column[0] for column in result.description or []]
            found.append([dict(zip(names, row, strict=True)) for row in result.fetchall()])
    return found[0], found[1], counts


def tumours(
    tmp_path: Path, header: str, *rows: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], ReadCounts]:
    """Read a tumour file written from comma-separated lines."""
    return read(deliver(tmp_path / "d", {"rcrd_tumour.csv": "\n".join([header, *rows]) + "\n"}), "tumours")
