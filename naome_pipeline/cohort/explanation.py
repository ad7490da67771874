"""Explain: why a person is in or out of the cohort, which source says so, and which indicators count them.

What belongs here: reading the tables that decided and saying it in words. What does not: deciding anything.
The answer is patient-level and goes to the terminal of whoever may read the lake, nowhere else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import duckdb

from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.engine import literal
from naome_pipeline.indicators.registry import registry
from naome_pipeline.lake import Lake, Scope

EXCLUSIONS = {
    "not_known_to_be_adult": "age is not recorded or under 18",
    "death_certificate_only": "the cancer is known from a death certificate only",
    "not_diagnosed_in_nhs_hospital": "the provider of diagnosis is not an NHS trust or health board",
    "death_before_diagnosis": "the date of death lies before the date of diagnosis",
    "outside_reported_quarters": "the diagnosis lies outside the reported quarters",
    "no_evidence_of_distant_spread": "no source shows distant spread at diagnosis",
}
# `{cosd}` is what the feed calls that data set (feeds.yaml), COSD unless it says otherwise.
SOURCES = {
    "registry_stage_4": "the registry records stage 4",
    "registry_m1": "the registry records M1 (distant metastasis)",
    "cosd_metastatic_type": "{cosd} records distant metastatic disease",
    "cosd_metastatic_site": "{cosd} records a distant site of metastasis",
    "hospital_diagnosis": "a hospital admission has an ICD-10 code of secondary cancer",
}


RECURRENCE_SOURCES = {
    "cosd_recurrence": "{cosd} records a distant recurrence or progression",
    "registry_later_tumour": "the registry records a later breast tumour of stage 4",
    "hospital_diagnosis": "a later hospital admission has an ICD-10 code of secondary cancer",
    "palliative_drug": "a drug licensed for advanced disease only, with palliative intent",
    "palliative_radiotherapy": "palliative radiotherapy to bone or brain",
}
CERTAINTY = {
    "definite": "recorded as a recurrence, or registered as a later tumour of stage 4",
    "probable": "two or more independent sources",
    "possible": "one source",
}


@dataclass
class Explanation:
    """The answer in sentences, in the order a clinician would ask."""

    person_id: str
    verdict: str
    sentences: list[str] = field(default_factory=list)
    evidence: list[tuple[str, dt.date, int]] = field(default_factory=list)
    indicators: list[tuple[str, str, str]] = field(default_factory=list)


def explain(lake: Lake, person_id: str, feed: str, period: str) -> Explanation:
    """Explain one person in the release readers see; unknown ids get an answer too. Of a joint feed, the nation that the
    person is counted in is asked; the first one when no nation knows the person."""
    if parts := feed_definition(feed).parts:
        feed = _feed_of_person(lake, person_id, feed, parts, period)
    scope = lake.reading_scope(feed, period)
    with duckdb.connect(":memory:") as connection:
        return _explain(connection, lake, scope, person_id)


def _feed_of_person(lake: Lake, person_id: str, feed: str, parts: tuple[str, ...], period: str) -> str:
    joint = lake.reading_scope(feed, period)
    released = [part for part in parts if lake.released_versions(part, period)]
    with duckdb.connect(":memory:") as connection:
        if kept := _rows(connection, lake, joint, "registered_twice", "kept_in", person_id):
            return str(kept[0][0])
        for part in released:
            scope = lake.reading_scope(part, period)
            if _rows(connection, lake, scope, "cohort_assessment", "person_id", person_id):
                return part
    return (released or list(parts))[0]


def _rows(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    scope: Scope,
    table: str,
    columns: str,
    person_id: str,
    group_by: str | None = None,
) -> list[tuple]:
    path = literal(lake.readable(scope, table).path)
    grouped = "" if group_by is None else f" GROUP BY {group_by}"
    sql = f"SELECT {columns} FROM read_parquet({path}) WHERE person_id = ?{grouped} ORDER BY ALL"
    return connection.execute(sql, [person_id]).fetchall()


def _explain(connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, person_id: str) -> Explanation:
    assessed = _rows(
        connection,
        lake,
        scope,
        "cohort_assessment",
        "diagnosis_date, exclusion, trust_name, provider_code_sent, trust_code, alliance_name, age",
        person_id,
    )
    if not assessed:
        return _without_breast_tumour(connection, lake, scope, person_id)
    diagnosis_date, exclusion, trust_name, sent, trust_code, alliance, age = assessed[0]
    evidence = [
        (_said(SOURCES[source], scope), date, findings)
        for source, date, findings in _rows(
            connection, lake, scope, "evidence_ledger", "source, evidence_date, findings", person_id
        )
    ]
    aged = "of unrecorded age" if age is None else f"aged {age}"
    answer = Explanation(
        person_id,
        verdict="in the cohort: metastatic at first diagnosis (de novo)"
        if exclusion is None
        else f"not in the cohort: {EXCLUSIONS[exclusion]}",
        evidence=evidence,
    )
    answer.sentences.append(f"First invasive breast cancer diagnosed on {diagnosis_date}, {aged}.")
    if trust_code is None:
        answer.sentences.append(
            f"The provider of diagnosis '{sent or 'not recorded'}' is not a known NHS provider."
        )
    else:
        moved = "" if (sent or "")[:3] == trust_code else f" (recorded as {sent}, since merged)"
        answer.sentences.append(f"Attributed to {trust_name}{moved}, {alliance or 'no Cancer Alliance'}.")
    if not evidence:
        answer.sentences.append("No source shows distant spread near the diagnosis.")
    recurrent = _recurrence(connection, lake, scope, person_id, answer)
    if exclusion is None or recurrent:
        answer.indicators = _indicators(connection, lake, scope, person_id)
    return answer


def _said(sentence: str, scope: Scope) -> str:
    """A sentence about a source in the words of the feed."""
    return sentence.format(**{"cosd": "COSD"} | dict(feed_definition(scope.feed).called))


def _recurrence(
    connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, person_id: str, answer: Explanation
) -> bool:
    """Say what is known of a distant recurrence; whether indicators of the recurrent cohort count the person."""
    found = _rows(connection, lake, scope, "recurrences", "recurrence_date, certainty, reported", person_id)
    if not found:
        return False
    date, certainty, reported = found[0]
    answer.verdict = (
        "in the recurrent cohort (experimental): distant recurrence after early breast cancer"
        if reported
        else f"{answer.verdict}; distant recurrence later, outside the reported quarters"
    )
    answer.sentences.append(f"Distant recurrence on {date}, {certainty}: {CERTAINTY[certainty]}.")
    answer.evidence += [
        (_said(RECURRENCE_SOURCES[source], scope), first, findings)
        for source, first, findings in _rows(
            connection,
            lake,
            scope,
            "recurrence_findings",
            "source, MIN(finding_date) AS first, COUNT(*) AS findings",
            person_id,
            group_by="source",
        )
    ]
    return bool(reported)


def _indicators(
    connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, person_id: str
) -> list[tuple[str, str, str]]:
    definitions = registry().indicators
    counted = dict(_rows(connection, lake, scope, "person_indicators", "indicator, value", person_id))
    result = []
    for name, indicator in definitions.items():
        if name not in counted:
            continue
        value = counted[name]
        days = indicator.measure == "days"
        result.append((name, indicator.title, f"{value:.0f} days" if days else ("yes" if value else "no")))
    return result


def _without_breast_tumour(
    connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, person_id: str
) -> Explanation:
    tumours = _rows(connection, lake, scope, "tumours", "site_icd10, diagnosis_date", person_id)
    if tumours:
        answer = Explanation(person_id, "not in the cohort: no invasive breast tumour is registered")
        answer.sentences += [f"Registered tumour {site} diagnosed on {date}." for site, date in tumours]
        return answer
    return Explanation(
        person_id,
        "unknown: no usable tumour record of this person is in the delivery",
        [
            "The id may be mistyped, or the person's tumour row may be in quarantine (naome show quarantine_summary)."
        ],
    )
