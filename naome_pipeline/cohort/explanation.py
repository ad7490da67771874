"""Explain: why a person is in or out of the cohort, which source says so, and which indicators count them.

What belongs here: reading the tables that decided and saying it in words. What does not: deciding anything.
The answer is patient-level and goes to the terminal of whoever may read the lake, nowhere else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import duckdb

from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.engine import literal, look_into_files
from naome_pipeline.indicators.registry import FACTS, registry
from naome_pipeline.indicators.reporting_periods import first_reported_quarter, last_reported_quarter
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.parameters import value_of
from naome_pipeline.periods import Quarter, parse_period

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


# The inclusion rules in the order in which they are asked, each as what has to hold.
RULES = {
    "not_known_to_be_adult": "aged {minimum_age} or over at diagnosis",
    "death_certificate_only": "known from more than a death certificate",
    "not_diagnosed_in_nhs_hospital": "diagnosed in an NHS hospital of England or Wales",
    "death_before_diagnosis": "no death before the diagnosis",
    "outside_reported_quarters": "diagnosed in the reported quarters ({quarters})",
    "no_evidence_of_distant_spread": "distant spread shown near the diagnosis: by the registry up to {after} days after it, by "
    "an admission from {before} days before to {after} days after it, by {cosd} within {cosd_days} days of it",
}


@dataclass
class Explanation:
    """The answer in sentences, in the order a clinician would ask: what holds, why, on what evidence, and what follows.

    `rules`: each inclusion rule with yes, no or `not asked`; `evidence`, `indicators`, `not_counted`: finished sentences.
    """

    person_id: str
    verdict: str
    sentences: list[str] = field(default_factory=list)
    rules: list[tuple[str, str]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    not_counted: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The whole answer as it is printed."""
        found = [f"Person {self.person_id}: {self.verdict}.", *(f"  {s}" for s in self.sentences)]
        if self.rules:
            found.append("Was metastatic at first diagnosis? All of these must hold:")
            found += [f"  {answer:9s} {rule}" for rule, answer in self.rules]
        for title, said in (
            ("Evidence of distant spread:", self.evidence),
            ("Indicators that count this person:", self.indicators),
            ("Indicators that do not:", self.not_counted),
        ):
            if said:
                found += [title, *(f"  {sentence}" for sentence in said)]
        return found


def explain(lake: Lake, person_id: str, feed: str, period: str) -> Explanation:
    """Explain one person in the release readers see; unknown ids get an answer too. Of a joint feed, the nation that the
    person is counted in is asked; the first one when no nation knows the person."""
    if parts := feed_definition(feed).parts:
        feed = _feed_of_person(lake, person_id, feed, parts, period)
    scope = lake.reading_scope(feed, period)
    with look_into_files() as connection:
        return _explain(connection, lake, scope, person_id)


def _feed_of_person(lake: Lake, person_id: str, feed: str, parts: tuple[str, ...], period: str) -> str:
    joint = lake.reading_scope(feed, period)
    released = [part for part in parts if lake.released_versions(part, period)]
    with look_into_files() as connection:
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
    where: str = "TRUE",
) -> list[tuple]:
    path = literal(lake.readable(scope, table).path)
    grouped = "" if group_by is None else f" GROUP BY {group_by}"
    sql = f"SELECT {columns} FROM read_parquet({path}) WHERE person_id = ? AND {where}{grouped} ORDER BY ALL"
    return connection.execute(sql, [person_id]).fetchall()


def _explain(connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, person_id: str) -> Explanation:
    assessed = _rows(
        connection,
        lake,
        scope,
        "cohort_assessment",
        "diagnosis_date, exclusion, trust_name, provider_code_sent, trust_code, alliance_name, age, stage, "
        "death_date, died_undated",
        person_id,
    )
    if not assessed:
        return _without_breast_tumour(connection, lake, scope, person_id)
    diagnosis_date, exclusion, trust_name, sent, trust_code, alliance, age, stage, death, undated = assessed[
        0
    ]
    evidence = [
        _found(_said(SOURCES[source], scope), date, findings, diagnosis_date)
        for source, date, findings in _rows(
            connection, lake, scope, "evidence_ledger", "source, evidence_date, findings", person_id
        )
    ]
    aged = "age not recorded" if age is None else f"aged {age}"
    answer = Explanation(
        person_id,
        verdict="in the cohort: metastatic at first diagnosis (de novo)"
        if exclusion is None
        else f"not in the cohort: {EXCLUSIONS[exclusion]}",
        rules=_rules(scope, exclusion),
        evidence=evidence,
    )
    recorded = f"stage {stage} in the registry" if stage else "no stage in the registry"
    answer.sentences.append(
        f"First invasive breast cancer diagnosed on {diagnosis_date}, {aged}, {recorded}."
    )
    if trust_code is None:
        answer.sentences.append(
            f"The provider of diagnosis '{sent or 'not recorded'}' is not a known NHS provider."
        )
    else:
        moved = "" if (sent or "")[:3] == trust_code else f" (recorded as {sent}, since merged)"
        answer.sentences.append(f"Attributed to {trust_name}{moved}, {alliance or 'no Cancer Alliance'}.")
    if death is not None:
        answer.sentences.append(f"Died on {death} (day {(death - diagnosis_date).days}).")
    if undated:
        answer.sentences.append(
            "Registered as dead without a usable date: left out of survival and of the indicators that follow people to "
            "their death."
        )
    if exclusion is None and _rows(
        connection, lake, scope, "people", "person_id", person_id, where="other_tumour_within_548_days"
    ):
        answer.sentences.append(
            f"Another tumour (not of the skin) was registered within {value_of('multiple_tumour_gap')} days: where a record does "
            "not name a cancer, a treatment may have been for that one."
        )
    if not evidence:
        answer.sentences.append("No source shows distant spread near the diagnosis.")
    recurrent = _recurrence(connection, lake, scope, person_id, answer, diagnosis_date)
    if exclusion is None or recurrent:
        _indicators(connection, lake, scope, answer, "recurrent" if recurrent else "de_novo")
    else:
        answer.sentences.append("No indicator counts this person.")
    return answer


def _said(sentence: str, scope: Scope) -> str:
    """A sentence about a source in the words of the feed."""
    return sentence.format(**{"cosd": "COSD"} | dict(feed_definition(scope.feed).called))


def _rules(scope: Scope, exclusion: str | None) -> list[tuple[str, str]]:
    """The inclusion rules and their answers; after the first that fails the others are not asked."""
    period = parse_period(scope.feed, scope.period)
    quarters = f"{first_reported_quarter(period).label} to {last_reported_quarter(period).label}"
    words = {
        "minimum_age": value_of("minimum_age"),
        "quarters": quarters,
        "before": -int(value_of("de_novo_window_start")),
        "after": value_of("de_novo_window_end"),
        "cosd": _said("{cosd}", scope),
        "cosd_days": value_of("cosd_link_days"),
    }
    found, answer = [], "yes"
    for name, rule in RULES.items():
        if name == exclusion:
            answer = "no"
        found.append((rule.format(**words), answer))
        if answer == "no":
            answer = "not asked"
    return found


def _found(source: str, date: dt.date, findings: int, diagnosis: dt.date) -> str:
    """One source of evidence as a sentence."""
    times = "once" if findings == 1 else f"{findings} times"
    return f"{source}: {times}, first on {date} (day {(date - diagnosis).days})."


def _recurrence(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    scope: Scope,
    person_id: str,
    answer: Explanation,
    diagnosis: dt.date,
) -> bool:
    """Say what is known of a distant recurrence; whether indicators of the recurrent cohort count the person."""
    found = _rows(connection, lake, scope, "recurrences", "recurrence_date, certainty, reported", person_id)
    if not found:
        return False
    date, certainty, reported = found[0]
    answer.verdict = (
        "in the recurrent cohort (experimental): distant recurrence after early breast cancer"
        if reported
        else f"{answer.verdict}; a distant recurrence (experimental) lies outside the reported quarters"
    )
    answer.sentences.append(
        f"Distant recurrence on {date} (day {(date - diagnosis).days}), {certainty}: {CERTAINTY[certainty]}. The date is that "
        "of the earliest evidence. The recurrent cohort is experimental, reported apart and for the nation only."
    )
    answer.evidence += [
        _found(_said(RECURRENCE_SOURCES[source], scope), first, findings, diagnosis)
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
    connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, answer: Explanation, cohort: str
) -> None:
    """Say of every indicator of the person's cohort whether it counts the person, with what result, or why not."""
    counted = dict(_rows(connection, lake, scope, "person_indicators", "indicator, value", answer.person_id))
    dated = {"de_novo": "mbc_date", "recurrent": "recurrence_date"}[cohort]
    [[quarter, since]] = _rows(
        connection, lake, scope, FACTS[cohort], f"quarter_start, {dated}", answer.person_id
    )
    end = Quarter.containing(quarter).end
    available = _available(connection, lake, scope)
    missing = []
    for name, indicator in registry().indicators.items():
        if indicator.cohort != cohort or indicator.measure == "cumulative incidence":
            continue
        if name not in available:
            missing.append(name)
        elif name not in counted:
            answer.not_counted.append(f"{name:16s} {indicator.title} (only for {indicator.denominator.text})")
        else:
            value = counted[name]
            needed = dt.timedelta(days=indicator.follow_up_days)
            said = f"{value:.0f} days" if indicator.measure == "days" else ("yes" if value else "no")
            if since + needed > available[name]:
                said = "open"
            whole = end + needed
            later = (
                f" (published once the quarter is followed up, from {whole})"
                if whole > available[name]
                else ""
            )
            answer.indicators.append(f"{name:16s} {said:8s} {indicator.title}{later}")
    if missing:
        answer.not_counted.append(
            f"not available from this feed (naome indicators says why): {', '.join(missing)}"
        )


def _available(connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope) -> dict[str, dt.date]:
    """The available indicators, with the date to which their data sets follow people."""
    path = literal(lake.readable(scope, "indicator_definitions").path)
    return dict(
        connection.execute(
            f"SELECT indicator, CAST(followed_to AS DATE) FROM read_parquet({path}) WHERE available"
        ).fetchall()
    )


def _without_breast_tumour(
    connection: duckdb.DuckDBPyConnection, lake: Lake, scope: Scope, person_id: str
) -> Explanation:
    tumours = _rows(connection, lake, scope, "tumours", "site_icd10, diagnosis_date", person_id)
    if tumours:
        answer = Explanation(person_id, "not in the cohort: no invasive breast tumour is registered")
        answer.sentences += [f"Registered tumour {site} diagnosed on {date}." for site, date in tumours]
        answer.sentences.append(
            "The audit counts invasive breast cancer only (ICD-10 C50). No indicator counts this person."
        )
        return answer
    return Explanation(
        person_id,
        "unknown: no usable tumour record of this person is in the delivery",
        [
            "It says nothing about the person's health. The id may be mistyped, it may belong to another delivery, or the "
            "person's tumour row may be in quarantine, where rows go that cannot be used (naome show quarantine_summary)."
        ],
    )
