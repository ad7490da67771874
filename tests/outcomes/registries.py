"""Two made-up registries of forty people: one holds everybody, the other what was planted in it."""

from __future__ import annotations

from typing import Any

import pandas as pd

# Diagnosed in this order, ten in each of the four quarters of 2023; the first half in one trust, the second in another.
PEOPLE = [f"P{n:02d}" for n in range(40)]
TRUSTS = {"RAJ": PEOPLE[:20], "RH5": PEOPLE[20:]}


def registered(**changes: dict[str, Any]) -> pd.DataFrame:
    """What a registry holds of everybody; `changes`: person to what it holds otherwise, `{}` for nothing at all."""
    rows = []
    for place, person in enumerate(PEOPLE):
        trust = next(code for code, people in TRUSTS.items() if person in people)
        row = {
            "person_id": person,
            "exclusion": None,
            "diagnosis_date": pd.Timestamp(2023, 1 + 3 * (place // 10), 15),
            "trust_code": trust,
            "provider_code_sent": trust + "01",
            "nation": "England",
            "stage": "4",
            "m_category": "1B",
            "er": "positive",
            "her2": "negative",
            "performance_status": "1",
            "ethnicity": "White",
            "source": "registry_stage_4",
        }
        if changes.get(person, row):
            rows.append(row | changes.get(person, {}))
    return pd.DataFrame(rows)


PLANTED: dict[str, dict[str, Any]] = {
    "P00": {},  # unknown to rapid registration
    "P01": {"exclusion": "no_evidence_of_distant_spread"},  # known, but not as metastatic
    "P02": {"stage": "2A"},
    "P03": {"stage": "4"},
    "P04": {"stage": None},
    "P05": {"stage": "U"},
    "P20": {"her2": "positive"},
    "P21": {"her2": None},
    "P22": {"diagnosis_date": pd.Timestamp(2023, 7, 22)},  # 7 days later
    "P23": {"diagnosis_date": pd.Timestamp(2023, 8, 15)},  # 31 days later
    "P24": {"diagnosis_date": pd.Timestamp(2023, 6, 14)},  # 31 days earlier, another quarter
    "P25": {"diagnosis_date": pd.Timestamp(2023, 8, 16)},  # 32 days later
    "P26": {"trust_code": "RAJ", "provider_code_sent": "RAJ01"},
    "P27": {"provider_code_sent": "RXX99"},  # a code that the other release maps to the same trust
    "P30": {"ethnicity": "Asian", "performance_status": None, "source": "hospital_diagnosis"},
}


def periods(year: int) -> pd.DataFrame:
    starts = [pd.Timestamp(year, month, 1) for month in (1, 4, 7, 10)]
    kinds = ["quarter"] * 4 + ["audit period"] * 4
    return pd.DataFrame({"period_kind": kinds, "period": f"{year} to {year}", "quarter_start": starts * 2})
