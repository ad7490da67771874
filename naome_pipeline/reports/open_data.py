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
    "attrition.csv": "how the delivery became the cohort",
    "data_sets.csv": "what was delivered and what could be used",
    "revisions.csv": "which numbers changed since the release before",
    "changed_files.csv": "which delivered files changed since the release before",
    "provenance.csv": "what the release was made from, and every parameter",
}
MEANINGS = {
    "indicator": "identifier of the indicator; see definitions.csv",
    "period_kind": "quarter of diagnosis, rolling four quarters or audit period",
    "period": "the period",
    "period_end": "last day of the period",
    "level": "both_nations, nation, alliance or trust (in Wales health board)",
    "unit_code": "organisation code of the unit (ODS for trusts, ONS for Alliances)",
    "unit_name": "name of the unit",
    "alliance_code": "Cancer Alliance of a trust, ONS code",
    "nation": "England or Wales",
    "subgroup": "all, or a subgroup; subgroups are given for nation and Alliance only",
    "denominator": "people counted; empty where hidden",
    "numerator": "people who meet the criterion; empty where hidden",
    "proportion": "numerator / denominator, 0 to 1; empty where hidden",
    "lower": "lower end of the 95% Wilson interval, 0 to 1",
    "upper": "upper end of the 95% Wilson interval, 0 to 1",
    "median_days": "median, days",
    "lower_quartile_days": "lower quartile, days",
    "upper_quartile_days": "upper quartile, days",
    "suppressed": "said where values are hidden; empty where they are shown",
    "policy": "disclosure policy in force; see provenance.csv",
    "available": "whether the feed supports the indicator",
    "status": "published, experimental or not available in this feed",
    "reason": "why the indicator is not available",
    "follow_up_days": "days after diagnosis that must have passed on the day in followed_to",
    "followed_to": "last day for which all data sets that follow people have their records: the snapshot date, or earlier",
    "complete_to": "last day for which the data set has all its records: the snapshot date, or what the sender said",
    "layout_assumed": "whether the layout of a file is an assumption of this project; provenance.csv says what is assumed",
    "rows_in": "records delivered",
    "rows_out": "records used",
    "rows_quarantined": "records that could not be used, kept aside with their reason",
    "removed": "how many the step removed",
    "remaining": "how many the step left",
    "sha256": "SHA-256 of the file",
    "change": "what became of the cell or file since the release before",
    "trust_code": "organisation code of the trust",
    "comparison": "unadjusted, risk adjusted, or unadjusted by treating trust",
    "expected": "people expected to meet the criterion, given the case mix (or at the rate of all trusts together)",
    "target": "value the trust is compared with: of all trusts together, of the nations that have the indicator (nations in "
    "definitions.csv); 1 for a ratio",
    "value": "numerator / denominator, 0 to 1; risk adjusted: numerator / expected, to two decimals",
    "p_low": "probability of so few or fewer by chance alone",
    "p_high": "probability of so many or more by chance alone",
    "judged_by": "whether trusts are judged by the comparison: not by a variant, by treating trust, or unadjusted where the "
    "definition asks for risk adjustment, whatever the state says",
    "state": "within, alert (beyond 95% limits), potential outlier (beyond 99.8% limits), not assessed, or hidden",
    "direction": "side of the flag: better or worse; for neutral indicators higher or lower",
    "overdispersed_state": "state under the wider limits",
    "overdispersed_direction": "direction under the wider limits",
    "domain": "negative tail, central mass or positive tail; tail without a better side where neither more nor less is better",
    "method": "how the limits were computed",
    "centre": "pooled proportion of the whole series",
    "moving_average": "three quarters pooled, centred",
    "sigma_z": "spread of successive quarters over that of binomial counts; 1 where chance alone acts",
    "limits": "binomial, or Laney p′: widened by sigma_z, where that lies beyond chance",
    "special_cause": "whether a rule of Making Data Count marks the point",
    "variation": "common cause, improvement or concern; not judged where years overlap",
    "people": "people counted",
    "time": "days since diagnosis",
    "day": "days since diagnosis",
    "survival": "share alive at that time, 0 to 1 (Kaplan-Meier)",
    "incidence": "share treated by that day, 0 to 1 (Aalen-Johansen, death competing)",
    "at_risk": "people still followed at that time",
    "events": "deaths by that time",
    "p": "p value",
    "measure": "which figure the row gives",
    "certainty": "definite: COSD or the registry; probable: two independent sources; possible: one (experimental)",
    "recurred": "people with a distant recurrence by that year",
    "died_before": "share who died before any recurrence, 0 to 1",
    "year": "calendar year, or years since diagnosis",
    "source": "data set that shows the recurrence",
    "table_name": "released table that differs from the release before; see the other files",
    "row_name": "what names the row in that table",
    "column_name": "column whose value differs",
    "before": "value in the release before; empty where it was hidden or not given",
    "now": "value in this release; empty where it is hidden or not given",
    "item": "what is compared between the registries, or the name of a fact or parameter",
    "intervention": "name of the intervention",
    "design": "interrupted time series, or difference-in-differences with the providers that did not have it",
    "term": "which part of the design the row estimates",
    "estimate": "the estimate, on the scale of the proportion (0 to 1)",
    "kappa": "Cohen's kappa, unweighted: agreement beyond chance, 1 = full; nations only",
    "found_by_one_source_only": "people whom no other source shows as recurrent",
    "deaths": "people who died while they were followed",
    "standard_error": "standard error of the share alive",
    "median": "median survival, days; empty where more than half are alive",
    "median_lower": "lower end of the 95% interval of the median, days",
    "median_upper": "upper end of the 95% interval of the median, days",
    "restricted_mean": "mean days alive up to the horizon in provenance.csv (restricted_mean_days)",
    "restricted_mean_se": "standard error of the restricted mean, days",
    "restricted_mean_lower": "lower end of the 95% interval of the restricted mean, days",
    "restricted_mean_upper": "upper end of the 95% interval of the restricted mean, days",
    "treated": "people treated by that day",
    "died_untreated": "share who died untreated by that day, 0 to 1",
    "trusts": "trusts the figure rests on",
    "note": "what to know about the row",
    "block": "kind of factor: patient, hospital or region",
    "factor": "the factor and its level",
    "part": "coefficient, figure of merit, calibration or note",
    "unit": "what the row or the value is about",
    "difference": "value minus that of the year before, in proportion",
    "position": "place in the order of the registry",
    "title": "name in words",
    "goal": "number of the audit's goal",
    "goal_title": "the audit's goal",
    "kind": "kind of row: performance, data quality or contextual; release or parameter",
    "cohort": "de novo (metastatic at first diagnosis) or recurrent",
    "denominator_text": "who is counted",
    "numerator_text": "who meets the criterion",
    "variant_of": "indicator that this one varies; empty for none",
    "completeness_indicator": "indicator of how complete the records behind it are",
    "records_indicator": "indicator of how complete the records are that say who or what it counts: a trust below "
    "funnel_minimum_completeness (provenance.csv) is not assessed",
    "risk_adjustment": "case mix, or none: what the indicator asks for; risk_models.csv says where a release has no model",
    "guideline": "guideline behind the indicator",
    "construction": "how it is computed",
    "extension": "whether it goes beyond the audit's plan",
    "nations": "nations that have it",
    "not_in": "nations without it, with the reason",
    "step": "order of the step",
    "data_set": "name of the data set",
    "delivered": "whether it was delivered",
    "file": "name of the file",
    "rows": "rows of the file",
    "basis": "basis of the parameter: plan, published or assumption",
}
# What a column means in one table, where that is not what it means elsewhere.
MEANINGS_IN = {
    "released_comparison": {
        f"{wide}{side}_{level}": f"{side} {share} limit{' widened for overdispersion' if wide else ''}"
        for wide in ("", "overdispersed_")
        for side in ("lower", "upper")
        for level, share in (("95", "95%"), ("998", "99.8%"))
    }
    | {"reason": "why the trust is not assessed", "period": "the audit period"},
    "released_variation": {"value": "value of the measure; an intraclass correlation is 0 to 1"},
    "released_factors": {
        "value": "value of the measure: an odds ratio, or the statistic of a likelihood ratio test"
    },
    "released_risk_models": {"value": "value of the measure"},
    "provenance": {"value": "what the item is"},
    "released_registry_agreement": {
        "measure": "registered, in the cohort: share of the cohort by full registration that rapid registration knows, and has "
        "in its cohort; confirmed: share of the cohort by rapid registration that full registration has in its own; recorded: "
        "share of people in both cohorts whose item rapid registration has, of those for whom full registration has it; agrees: "
        "share with the same value, of those with both",
        "note": "why there is nothing to compare",
    },
    "released_series": {"lower": "lower control limit, 0 to 1", "upper": "upper control limit, 0 to 1"},
}
_INTERVAL = {"lower": "lower end of the 95% interval", "upper": "upper end of the 95% interval"}
for _name in (
    "released_survival",
    "released_treatment_incidence",
    "released_variation",
    "released_factors",
    "released_yearly_change",
    "released_intervention_effects",
    "released_recurrence_rates",
):
    MEANINGS_IN[_name] = _INTERVAL | MEANINGS_IN.get(_name, {})


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


def meaning(table: str, column: str) -> str:
    """What a column of a released table means, for the data dictionary."""
    if said := MEANINGS_IN.get(table, {}).get(column):
        return said
    base = column.removesuffix("_before").removesuffix("_now")
    said = MEANINGS.get(base) or column.replace("_", " ")
    return f"{said} (in the release before)" if column.endswith("_before") else said
