"""Rapid registration against full registration: who is found, and whether both say the same.

What belongs here: which releases are compared, the counts, and Cohen's kappa. What does not: pairing people
(`registry_pairs.sql`), what may be published (`disclosure/registry_agreement.py`).

The plan asks for this test before an indicator is used quarterly: the quarterly feed rests on rapid registration, which is
quicker and less complete than the full registration that the yearly feed rests on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER
from naome_pipeline.periods import Quarter
from naome_pipeline.statistics.intervals import wilson_interval

COLUMNS = [
    "measure", "item", "period_kind", "period", "level", "unit_code", "denominator", "numerator", "proportion", "lower",
    "upper", "kappa", "note",
]  # fmt: skip
REGISTERED, IN_COHORT, CONFIRMED = "registered", "in the cohort", "confirmed"
RECORDED, AGREES = "recorded", "agrees"
NOTHING = "nothing to compare"
NO_RELEASE = "no release of rapid registration of the same quarters of diagnosis is in the lake"
OTHER_WAY = "the comparison is made in the yearly release, once full registration is there"
ALL_COMMON = "all common quarters"
PERSON = "person"
# Data items as columns of the pairs, and the words of the released table.
VALUES = {
    "stage": "stage",
    "m": "M category",
    "metastatic_recorded": "metastatic disease recorded",
    "er": "ER status",
    "her2": "HER2 status",
    "performance_status": "WHO performance status",
    "ethnicity": "ethnicity (broad)",
}
# What is recorded or not, without a value that could differ.
WITHOUT_VALUE = ("metastatic_recorded",)
DATE, TRUST_ITEM = "date of diagnosis", "trust of diagnosis"
DATE_ITEMS = {
    f"{DATE}, within 31 days": 31,
    f"{DATE}, within 7 days": 7,
    f"{DATE}, same day": 0,
}


@dataclass(frozen=True)
class Chain:
    """Counts of which each is part of the one before, as rows of the table: (measure, item, `numerator` or `denominator`).

    The counts of all chains but the first begin with the people in both cohorts.
    """

    item: str
    counts: tuple[tuple[str, str, str], ...]


ASCERTAINMENT = Chain(
    PERSON,
    (
        (REGISTERED, PERSON, "denominator"),
        (REGISTERED, PERSON, "numerator"),
        (IN_COHORT, PERSON, "numerator"),
    ),
)


def chains() -> tuple[Chain, ...]:
    """The chain of ascertainment, then one per data item."""
    both = (IN_COHORT, PERSON, "numerator")
    found = [ASCERTAINMENT]
    for column, item in VALUES.items():
        steps = [(RECORDED, item, "denominator"), (RECORDED, item, "numerator")]
        if column not in WITHOUT_VALUE:
            steps.append((AGREES, item, "numerator"))
        found.append(Chain(item, (both, *steps)))
    found.append(Chain(DATE, (both, *((AGREES, item, "numerator") for item in DATE_ITEMS))))
    found.append(Chain(TRUST_ITEM, (both, (AGREES, TRUST_ITEM, "numerator"))))
    return tuple(found)


def chain_of(measure: str, item: str) -> str:
    """The chain that a row of the table belongs to."""
    if measure in (REGISTERED, IN_COHORT, CONFIRMED):
        return PERSON
    return DATE if item in DATE_ITEMS else item


def registry_agreement(
    pairs: pd.DataFrame, periods: pd.DataFrame, rapid_periods: pd.DataFrame
) -> pd.DataFrame:
    """Counts, shares, Wilson 95% intervals and, for the nation, Cohen's kappa (COLUMNS).

    `pairs`: the result of `registry_pairs.sql`; `periods`, `rapid_periods`: reporting_periods of the two releases. Nations
    have every common quarter, all of them together, and the audit period; trusts have the audit period alone, and only when
    every quarter of it is common: then a trust's people are those whose number is published already.

    Measures: `registered` and `in the cohort`: of the cohort by full registration, the share that rapid registration knows
    at all, and has in its cohort; `confirmed`: of the cohort by rapid registration, the share in that of full registration
    (nations only); `recorded`: of people in both cohorts whose item full registration has, the share for which rapid
    registration has it; `agrees`: of those with both, the share with the same value. Kappa is unweighted (Cohen 1960).
    """
    rows: list[dict[str, Any]] = []
    for kind, label, starts in _spans(periods, common_quarters(periods, rapid_periods)):
        inside: Any = pairs[pd.to_datetime(pairs["quarter_start"]).isin(starts)]
        for nation, people in inside.groupby("nation", sort=True):
            place = {"period_kind": kind, "period": label, "level": "nation", "unit_code": nation}
            rows += [row | place for row in _figures(people, national=True)]
        if kind == AUDIT_PERIOD:
            for trust, people in inside[inside["in_full"]].groupby("trust_code", sort=True):
                place = {"period_kind": kind, "period": label, "level": "trust", "unit_code": trust}
                rows += [row | place for row in _figures(people, national=False)]
    return _finished(pd.DataFrame(rows).assign(note="") if rows else pd.DataFrame(columns=pd.Index(COLUMNS)))


def nothing_to_compare(*, full: bool) -> pd.DataFrame:
    """The table of a release without a counterpart: one row that says why. `full`: of full registration."""
    note = NO_RELEASE if full else OTHER_WAY
    return _finished(pd.DataFrame([{"measure": NOTHING, "item": PERSON, "note": note}]))


def _finished(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reindex(columns=COLUMNS)
    top, bottom = (
        pd.to_numeric(frame[column]).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        for column in ("numerator", "denominator")
    )
    counted = bottom > 0
    lower, upper = wilson_interval(np.where(counted, top, 0.0), np.where(counted, bottom, 1.0))
    frame["proportion"] = np.where(counted, top / np.where(counted, bottom, 1.0), np.nan)
    frame["lower"], frame["upper"] = np.where(counted, lower, np.nan), np.where(counted, upper, np.nan)
    kinds = dict.fromkeys(
        ["measure", "item", "period_kind", "period", "level", "unit_code", "note"], "string"
    )
    kinds |= dict.fromkeys(["denominator", "numerator"], "Int64")
    kinds |= dict.fromkeys(["proportion", "lower", "upper", "kappa"], "float64")
    return frame.astype(kinds)


def common_quarters(periods: pd.DataFrame, rapid_periods: pd.DataFrame) -> list[pd.Timestamp]:
    """First days of the quarters of diagnosis that two releases report, oldest first."""
    return sorted(set(_starts(periods)) & set(_starts(rapid_periods)))


def _starts(periods: Any, kind: str = QUARTER) -> list[pd.Timestamp]:
    return list(pd.to_datetime(periods.loc[periods["period_kind"] == kind, "quarter_start"]))


def _spans(periods: Any, common: list[pd.Timestamp]) -> Iterator[tuple[str, str, list[pd.Timestamp]]]:
    labels = [Quarter.containing(start.date()).label for start in common]
    yield from ((QUARTER, label, [start]) for label, start in zip(labels, common, strict=True))
    if common:
        yield ALL_COMMON, f"{labels[0]} to {labels[-1]}", common
    audits = periods[periods["period_kind"] == AUDIT_PERIOD].sort_values("quarter_start")
    # The newest is that of everybody in the cohort.
    newest = audits[audits["period"] == audits["period"].iloc[-1]] if len(audits) else audits
    audit = _starts(newest, AUDIT_PERIOD)
    if audit and set(audit) <= set(common):
        yield AUDIT_PERIOD, str(newest["period"].iloc[0]), audit


def _figures(people: Any, *, national: bool) -> Iterator[dict[str, Any]]:
    """Every row of one unit and period; people in neither registry's cohort are not among them."""
    full, rapid = people["in_full"].to_numpy(dtype=bool), people["in_rapid"].to_numpy(dtype=bool)

    def row(measure: str, item: str, of: Any, with_it: Any, kappa: float = np.nan) -> dict[str, Any]:
        denominator, numerator = int(of.sum()), int((of & with_it).sum())
        return {
            "measure": measure, "item": item, "denominator": denominator, "numerator": numerator, "kappa": kappa,
        }  # fmt: skip

    yield row(REGISTERED, PERSON, full, people["registered"].to_numpy(dtype=bool))
    yield row(IN_COHORT, PERSON, full, rapid)
    if national:
        yield row(CONFIRMED, PERSON, rapid, full)
    both = full & rapid
    for column, item in VALUES.items():
        ours, theirs = people[f"full_{column}"], people[f"rapid_{column}"]
        known, known_too = both & ours.notna().to_numpy(), theirs.notna().to_numpy()
        yield row(RECORDED, item, known, known_too)
        if column not in WITHOUT_VALUE:
            compared = known & known_too
            same = (ours == theirs).fillna(False).to_numpy(dtype=bool)
            kappa = cohens_kappa(ours[compared], theirs[compared]) if national else np.nan
            yield row(AGREES, item, compared, same, kappa)
    apart = people["days_apart"].abs().astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    for item, days in DATE_ITEMS.items():
        yield row(AGREES, item, both, apart <= days)
    yield row(AGREES, TRUST_ITEM, both, people["same_trust"].fillna(False).to_numpy(dtype=bool))


def cohens_kappa(first: pd.Series, second: pd.Series) -> float:
    """Unweighted kappa of two codings of the same people (Cohen 1960): (observed - expected) / (1 - expected).

    Missing without people, or when both codings have the same single value, where chance alone agrees fully.
    """
    if len(first) == 0:
        return float("nan")
    ours, theirs = first.astype(str).to_numpy(), second.astype(str).to_numpy()
    values = sorted(set(ours) | set(theirs))
    expected = sum(float((ours == v).mean() * (theirs == v).mean()) for v in values)
    observed = float((ours == theirs).mean())
    return float("nan") if expected >= 1.0 else (observed - expected) / (1.0 - expected)
