"""Plain words for what tables call by technical names: data sets, columns, reasons, subgroups, changes.

What belongs here: words for readers who have never seen the pipeline. What does not: numbers (`numbers.py`), definitions
of indicators (the registry).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from naome_pipeline.indicators.registry import registry
from naome_pipeline.parameters import value_of
from naome_pipeline.reports import numbers

DATA_SETS = {
    "cosd": "Cancer Outcomes and Services Data set (COSD)",
    "cosd_fitness": "COSD fitness assessments",
    "cosd_pathology": "COSD pathology reports",
    "cwt": "Cancer waiting times",
    "deaths": "Deaths",
    "dids": "Imaging (Diagnostic Imaging Data Set)",
    "ecds": "Emergency care (ECDS)",
    "hes_ae": "Emergency attendances (HES)",
    "hes_apc": "Hospital admissions (HES)",
    "hes_op": "Outpatient appointments (HES)",
    "pathway_events": "Pathway events of rapid registration",
    "pcpd": "Prescriptions in primary care",
    "registry_treatments": "Treatments recorded by the cancer registry",
    "rtds": "Radiotherapy (RTDS)",
    "sact": "Systemic anti-cancer therapy (SACT)",
    "somatic": "Molecular tests of tumours",
    "tumours": "Cancer registration",
}
FEEDS = {
    "annual": "England and Wales, yearly",
    "england_annual": "England, yearly",
    "england_quarterly": "England, quarterly",
    "wales_annual": "Wales, yearly",
}
# What a missing column means to a reader, by the name of the column.
ITEMS = {
    "administration_date": "the dates of systemic treatment",
    "anatomical_site": "the part of the body that had radiotherapy",
    "appointment_date": "the dates of radiotherapy",
    "assessment_indicator": "whether fitness was assessed",
    "bnf_code": "the BNF codes of prescriptions",
    "cns_code": "contact with a clinical nurse specialist",
    "cycle_start_date": "the dates of chemotherapy cycles",
    "death_date": "the date of death",
    "diagnosis_codes": "the diagnoses of hospital admissions",
    "drug_name": "the names of systemic treatments",
    "er_status": "oestrogen receptor status",
    "her2_status": "HER2 status",
    "mdt_dates": "the dates of multidisciplinary team meetings",
    "mdt_types": "the kind of multidisciplinary team meeting",
    "metastatic_sites": "the sites of metastases",
    "performance_status": "WHO performance status",
    "pr_status": "progesterone receptor status",
    "procedure_codes": "the procedures of hospital admissions",
    "specimen_nature": "whether tissue came from the breast or from a metastasis",
    "stage": "stage",
    "test_status": "the results of molecular tests",
}
# What a missing data set means to a reader.
RECORDS = {
    "cosd": "the records of diagnosis, meetings and spread that hospitals keep",
    "cosd_fitness": "fitness assessments",
    "cosd_pathology": "pathology reports",
    "deaths": "the dates of death",
    "hes_apc": "hospital admissions",
    "hes_op": "outpatient appointments",
    "pcpd": "prescriptions in primary care",
    "registry_treatments": "the treatments recorded by the cancer registry",
    "rtds": "radiotherapy",
    "sact": "systemic treatment",
    "somatic": "molecular tests of tumours",
}
# The sources of evidence for a recurrence.
SOURCES = {
    "any": "any source",
    "cosd_recurrence": "recurrence or progression in COSD, in Wales in the registry",
    "registry_later_tumour": "a later metastatic tumour in the registry",
    "hospital_diagnosis": "diagnoses of hospital admissions",
    "palliative_drug": "drugs for advanced disease (SACT, in Wales the registry)",
    "palliative_radiotherapy": "palliative radiotherapy to bone or brain (RTDS, in Wales the registry)",
}
KINDS = {
    "performance": "How care is measured",
    "data quality": "How complete the records are",
    "contextual": "Context",
}
# The measure of an indicator that has rates by years since diagnosis, in a table of its own.
BY_YEARS = "cumulative incidence"
NO_PERIOD = "none yet"
_NEED = re.compile(r"^(?P<said>.*?) \((?P<columns>[a-z_0-9]+\.[a-z_0-9]+(?: or [a-z_0-9]+\.[a-z_0-9]+)*)\)$")
_RECORDS_NEEDED = re.compile(r"^(?P<said>.*?) is not delivered \((?P<name>[a-z_0-9]+)\)$")


def data_set(name: str) -> str:
    """A data set as people call it."""
    return DATA_SETS.get(name, name.replace("_", " "))


def feed(name: str) -> str:
    """A feed as people call it."""
    return FEEDS.get(name, name.replace("_", " "))


def source(name: str) -> str:
    """A source of evidence for a recurrence as people call it."""
    return SOURCES.get(name, name.replace("_", " "))


def subgroup(name: str) -> str:
    """A subgroup as people call it."""
    found = registry().subgroups.get(name)
    return found.title if found else name.replace("_", " ")


def plain_reason(reason: str) -> str:
    """Why an indicator is not available, without names of tables and columns."""
    parts, needed = [], []
    for part in reason.split("; "):
        if of_columns := _NEED.match(part):
            item = of_columns["columns"].split(" or ")[0].split(".")[1]
            needed.append(ITEMS.get(item) or of_columns["said"].removesuffix(" is not delivered"))
        elif of_records := _RECORDS_NEEDED.match(part):
            needed.append(RECORDS.get(of_records["name"]) or of_records["said"])
        else:
            parts.append(part)
    if needed:
        parts.append(f"it needs {' and '.join(needed)}, not delivered here")
    return "; ".join(parts)


def state(definition: Mapping[str, Any], has_values: bool) -> str:
    """Why an indicator has no number, as a sentence; nothing when it has one."""
    if not definition["available"]:
        return f"Not available from this feed: {plain_reason(str(definition['reason']))}."
    if has_values or definition["measure"] == BY_YEARS:
        return ""
    return (
        f"Not yet complete: it needs {numbers.count(definition['follow_up_days'])} days of follow-up for four whole "
        "quarters of diagnosis, which none of those reported has."
    )


def records_needed(indicator: Any) -> str:
    """Where hospitals are assessed by an indicator that names its records; nothing for one that names none."""
    if numbers.missing(indicator):
        return ""
    return f"{indicator} is at least {numbers.whole_percent(value_of('funnel_minimum_completeness'))}"


def why_missing(definitions: Mapping[str, Mapping[str, Any]], rests_on: Iterable[str]) -> list[str]:
    """Why an outcome that rests on these indicators is not there, or not of one nation, as sentences; none where it is."""
    needed = [definitions[name] for name in rests_on if name in definitions]
    whole = [state(row, has_values=True) for row in needed]
    of_nations = [said for row in needed for said in missing_in(str(row["not_in"] or "")).values()]
    return [said for said in dict.fromkeys(whole if any(whole) else of_nations) if said]


def missing_in(not_in: str) -> dict[str, str]:
    """Nation to the sentence why it has no number of an indicator that the other nation has."""
    nation, _, reason = not_in.partition(": ")
    return {nation: f"Not available in {nation}: {plain_reason(reason)}."} if reason else {}


def period(code: str) -> str:
    """`2025Q3` as people write it."""
    return f"{code[:4]} {code[4:]}" if len(code) == 6 else code
