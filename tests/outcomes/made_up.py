"""People made up for the tests of outcomes: trusts of known size and known differences."""

from __future__ import annotations

import numpy as np
import pandas as pd

SITES = ("bone", "liver", "lung", "brain", "other")


def people(
    trusts: int = 30, size: int = 80, seed: int = 1, outlier: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assessed people and their case mix: one indicator P5 that depends on age and fitness.

    The first trust's log odds are moved by `outlier`; a fifth of performance status is missing, more often in the old.
    """
    rng = np.random.default_rng(seed)
    number = trusts * size
    trust = np.repeat([f"T{n:02d}" for n in range(trusts)], size)
    age = np.clip(rng.normal(68, 13, number), 18, 100).round()
    status = np.clip(rng.poisson(np.clip((age - 40) / 30, 0.2, 2)), 0, 4)
    odds = 1.2 - 0.06 * (age - 68) - 0.5 * status + np.where(trust == "T00", outlier, 0.0)
    outcome = (rng.random(number) < 1 / (1 + np.exp(-odds))).astype(int)
    known = rng.random(number) > np.where(age > 68, 0.35, 0.1)
    person = [f"P{n:05d}" for n in range(number)]
    quarters = pd.date_range("2022-01-01", periods=12, freq="QS")
    assessed = pd.DataFrame(
        {
            "person_id": person,
            "indicator": "P5",
            "outcome": outcome,
            "trust_code": trust,
            "nation": "England",
            "quarter_start": quarters[np.arange(number) % 12],
            "in_sact": np.arange(number) // 12 % 2 == 0,
            "in_rtds": np.arange(number) // 12 % 3 == 0,
        }
    )
    case_mix = pd.DataFrame(
        {
            "person_id": person,
            "age": age,
            "sex": rng.choice(["female", "male"], number, p=[0.95, 0.05]),
            "imd_quintile": rng.integers(1, 6, number),
            "ethnicity": rng.choice(
                np.array(["White", "Black", "Asian", None], dtype=object), number, p=[0.7, 0.1, 0.1, 0.1]
            ),
            "charlson": rng.integers(0, 4, number),
            "frailty": rng.choice(["fit", "mild", "moderate", "severe"], number),
            "performance_status": [str(s) if k else None for s, k in zip(status, known, strict=True)],
            "mbc_year": rng.integers(2022, 2025, number),
            **{site: rng.random(number) < 0.3 for site in SITES},
            "subtype": np.random.default_rng(seed).choice(
                np.array(
                    ["triple_negative", "her2_positive", "hormone_positive_her2_negative", None], dtype=object
                ),
                number,
                p=[0.12, 0.13, 0.5, 0.25],
            ),
        }
    )
    return assessed, case_mix


def definitions(
    indicator: str = "P5", direction: str = "neutral", records: str | None = None
) -> pd.DataFrame:
    """The part of indicator_definitions that comparisons read."""
    return pd.DataFrame(
        [
            {
                "indicator": indicator,
                "kind": "performance",
                "available": True,
                "direction": direction,
                "position": 1,
                "records_indicator": records,
            }
        ]
    )
