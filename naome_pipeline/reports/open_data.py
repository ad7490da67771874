"""Open data: the released tables as CSV with a data dictionary, licence and checksums, and all of it in one archive.

What belongs here: writing released numbers for machines. What does not: choosing what may be shown.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.reports import numbers
from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS, About
from naome_pipeline.reports.data_dictionary import meaning
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.safety import write_archive

DICTIONARY_FILE = "data_dictionary.csv"
CHECKSUMS_FILE = "checksums.sha256"
PACKAGE_FILE = "datapackage.json"
README_FILE = "open_data_readme.txt"
LICENCE_FILE = "open_data_licence.txt"
ARCHIVE_FILE = "open_data.zip"
# A cell that begins like this would be run as a formula by a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FILES = {
    "released_indicators": "indicators.csv",
    "released_comparison": "funnels.csv",
    "released_series": "run_charts.csv",
    "released_survival": "survival.csv",
    "released_treatment_incidence": "time_to_treatment.csv",
    "released_variation": "variation.csv",
    "released_factors": "associated_factors.csv",
    "released_risk_models": "risk_models.csv",
    "released_yearly_change": "yearly_change.csv",
    "released_intervention_effects": "intervention_effects.csv",
    "released_recurrence_rates": "recurrence_rates.csv",
    "released_recurrence_evidence": "recurrence_evidence.csv",
    "released_registry_agreement": "registry_agreement.csv",
    "released_definitions": "definitions.csv",
    "released_not_known": "not_known.csv",
    "released_attrition": "attrition.csv",
    "released_data_sets": "data_sets.csv",
    "revisions": "revisions.csv",
    "table_revisions": "table_revisions.csv",
    "changed_files": "changed_files.csv",
    "provenance": "provenance.csv",
}
# What each file holds, for readers of the list of files.
HOLDS = {
    "indicators.csv": "every indicator by period, place and group of people",
    "funnels.csv": "how each trust compares with all trusts together",
    "run_charts.csv": "each indicator over time, with limits",
    "survival.csv": "share of people alive by time since diagnosis",
    "time_to_treatment.csv": "share of people treated by day",
    "variation.csv": "how much trusts differ beyond chance",
    "associated_factors.csv": "what goes with receiving care: patients, hospitals, regions",
    "risk_models.csv": "the models behind risk adjustment",
    "yearly_change.csv": "change from year to year",
    "intervention_effects.csv": "what happened after a named intervention",
    "table_revisions.csv": "what changed in the other tables since the release before",
    "recurrence_rates.csv": "distant recurrence by years since diagnosis (experimental)",
    "recurrence_evidence.csv": "what the recurrent cohort rests on (experimental)",
    "registry_agreement.csv": "how far rapid registration agrees with the full registry",
    "definitions.csv": "every indicator's definition and availability",
    "not_known.csv": "how many people an indicator may have to count and cannot, for what is not known of them",
    "attrition.csv": "how the delivery became the cohort",
    "data_sets.csv": "what was delivered and what could be used",
    "revisions.csv": "which numbers changed since the release before",
    "changed_files.csv": "which delivered files changed since the release before",
    "provenance.csv": "what the release was made from, and every parameter",
}


def write_open_data(tables: ReleasedTables, folder: Path) -> None:
    """Write one CSV per released table, dictionary, data package, licence, readme and checksums, and an archive of them."""
    about, reading = About.of(tables), Reading(tables)
    dictionary = []
    definitions: Any = tables.frame("released_definitions").set_index("indicator")
    status = definitions["status"].to_dict()
    for name in tables.names():
        frame = _with_status(_with_judged_by(tables.frame(name), name, reading), status)
        _write(folder / FILES[name], list(frame.columns), frame)
        dictionary += [
            {
                "file": FILES[name],
                "column": column,
                "type": _kind(frame[column]),
                "meaning": meaning(name, column),
            }
            for column in frame.columns
        ]
    _write(folder / DICTIONARY_FILE, ["file", "column", "type", "meaning"], pd.DataFrame(dictionary))
    (folder / LICENCE_FILE).write_text(_licence(about), encoding="utf-8")
    (folder / README_FILE).write_text(_readme(about, tables), encoding="utf-8")
    (folder / PACKAGE_FILE).write_text(_package(about, dictionary, folder), encoding="utf-8")
    written = [*(FILES[name] for name in tables.names()), DICTIONARY_FILE, PACKAGE_FILE]
    names = sorted([*written, LICENCE_FILE, README_FILE])
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / CHECKSUMS_FILE).write_text("".join(lines), encoding="utf-8")
    write_archive(
        folder / ARCHIVE_FILE, {name: (folder / name).read_bytes() for name in [*names, CHECKSUMS_FILE]}
    )


def _licence(about: About) -> str:
    if about.synthetic:
        said = (
            "These data are artificial. They may be used, changed and shared under the licence of the project that made them\n"
            "(MIT). Say with them that they are artificial.\n"
        )
    else:
        said = (
            "This file gives no licence. The licence of these figures is for the audit to state: put its words here before the\n"
            "files are given away. National audits usually publish under the Open Government Licence.\n"
        )
    return f"{AUDIT_NAME}: open data of release {about.release}\n\n{said}"


def _readme(about: About, tables: ReleasedTables) -> str:
    lines = [
        f"{AUDIT_NAME}: open data of release {about.release}",
        "",
        *about.warnings,
        "",
        "One CSV file (UTF-8, comma, header row) per released table:",
        *(f"  {FILES[name]}: {HOLDS[FILES[name]]}" for name in tables.names()),
        "",
        f"{DICTIONARY_FILE} says what every column means; {PACKAGE_FILE} says the same for programs (Frictionless Data Package);",
        f"{CHECKSUMS_FILE} has the SHA-256 of every file; {LICENCE_FILE} says what may be done with them.",
        "Proportions are 0 to 1. An empty cell is hidden or does not apply; the column `suppressed` says which.",
        "Text that a spreadsheet would run as a formula begins with an apostrophe.",
        "",
        about.policy,
        "",
        *(f"{name}: {value}" for name, value in about.provenance),
        "",
        NOT_NHS,
    ]
    return "\n".join(lines) + "\n"


def _package(about: About, dictionary: list[dict[str, str]], folder: Path) -> str:
    """The data package: every file with its columns, size and hash, as programs read it."""
    kinds = {"yes or no": "boolean", "text": "string"}
    resources = []
    for file in dict.fromkeys(row["file"] for row in dictionary):
        content = (folder / file).read_bytes()
        fields = [
            {
                "name": row["column"],
                "type": kinds.get(row["type"], row["type"]),
                "description": row["meaning"],
            }
            for row in dictionary
            if row["file"] == file
        ]
        resources.append(
            {
                "name": file.removesuffix(".csv"),
                "path": file,
                "format": "csv",
                "encoding": "utf-8",
                "bytes": len(content),
                "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "schema": {"fields": fields, "missingValues": [""]},
            }
        )
    package = {
        "name": f"naome-{about.facts['feed'].replace('_', '-')}-{about.facts['period'].lower()}",
        "title": f"{AUDIT_NAME}: {about.release}",
        "description": " ".join(about.warnings),
        "version": about.facts["delivery version"],
        "madeFrom": {
            "delivery": f"sha256:{about.facts['delivery fingerprint']}",
            "pipelineVersion": about.facts["pipeline version"],
            "parameters": f"sha256:{about.parameters}",
            "disclosurePolicy": about.facts.get("disclosure id", ""),
        },
        "resources": resources,
    }
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _with_status(frame: pd.DataFrame, status: Mapping[str, str]) -> pd.DataFrame:
    """The status of each row's indicator beside its values: an experimental number must not travel without the word."""
    if "indicator" not in frame or "status" in frame:
        return frame
    return frame.assign(status=frame["indicator"].map(dict(status)))


def _with_judged_by(frame: pd.DataFrame, name: str, reading: Reading) -> pd.DataFrame:
    """Whether trusts are judged by each comparison: a state beyond the limits must not travel without that."""
    if name != "released_comparison":
        return frame
    pairs = frame[["indicator", "comparison"]].itertuples(index=False, name=None)
    return frame.assign(judged_by=["no" if reading.not_judged(*pair) else "yes" for pair in pairs])


def _write(path: Path, columns: list[str], frame: pd.DataFrame) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(_texts(frame.iloc[:, place]) for place in range(len(columns))), strict=True))


def _texts(column: pd.Series) -> list[str]:
    """The values of a column as CSV text, each that repeats written once."""
    if column.dtype.kind == "f":
        return [safe_cell(value) for value in column.tolist()]
    places, values = pd.factorize(column)
    # The last one is for a missing value, whose place is -1.
    texts = np.array([*(safe_cell(value) for value in values), ""], dtype=object)
    return texts[places].tolist()


def safe_cell(value: Any) -> str:
    """A value as CSV text: nothing as empty, days in ISO form, text that looks like a formula quoted out."""
    if numbers.missing(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) and not _is_number(value) else value
    return repr(value) if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    """A signed number, such as a window that opens at -31, is no formula."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kind(column: pd.Series) -> str:
    kinds = {"i": "integer", "u": "integer", "f": "number", "b": "yes or no", "M": "date"}
    return "integer" if str(column.dtype).startswith("Int") else kinds.get(column.dtype.kind, "text")
