"""Released outcomes by hand: survival, time to treatment, variation, factors, a risk model, yearly change.

What belongs here: tables in the columns of the real ones, of whatever units are named. What does not: indicators and funnels
(`released_tables.py`, `national.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from naome_pipeline.outcomes import associations, risk, variation

# Share alive at one, three and five years, and what each group differs from it by.
ALIVE = {365.0: 0.74, 1096.0: 0.44, 1826.0: 0.283}
GROUPS = ("all", "age_70_and_over", "men")
TREATED = {31: 0.52, 62: 0.7, 90: 0.75, 180: 0.8, 365: 0.834}


def survival(units: Mapping[str, str], groups: Sequence[str] = GROUPS) -> pd.DataFrame:
    """`units`: name to level. Subgroups are those of nations; men have not been followed for five years, and more than half
    of them are alive."""
    rows = []
    for place, (unit, level) in enumerate(units.items()):
        for number, group in enumerate(groups if level == "nation" else ("all",)):
            for time, alive in ALIVE.items():
                if group == "men" and time > 1500:
                    continue
                share = alive * (1 - 0.05 * number) - 0.02 * place
                median = None if group == "men" else 800.0
                rows.append(
                    {
                        "level": level, "unit_code": unit, "subgroup": group, "people": 1000 - 50 * number, "deaths": 300.0,
                        "time": time, "survival": share, "lower": share - 0.031, "upper": share + 0.03,
                        "standard_error": 0.015, "at_risk": 600.0, "events": 300.0, "median": median,
                        "median_lower": 700.0, "median_upper": None if group == "men" else 913.0,
                        "restricted_mean": 700.0, "restricted_mean_se": 10.0, "restricted_mean_lower": 680.0,
                        "restricted_mean_upper": 720.0,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def treatment(units: Mapping[str, str]) -> pd.DataFrame:
    """Everybody of each unit (name to level), and men of the nations."""
    rows = [
        {
            "level": level, "unit_code": unit, "subgroup": group, "day": day, "people": 1000, "treated": int(1000 * share),
            "died_untreated": 0.03, "incidence": share, "lower": share - 0.03, "upper": share + 0.03,
        }
        for unit, level in units.items()
        for group in (("all", "men") if level == "nation" else ("all",))
        for day, share in TREATED.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def between_trusts(indicators: Sequence[str]) -> pd.DataFrame:
    """Variation of each indicator; the last one could not be divided."""
    rows: list[tuple] = []
    for number, name in enumerate(indicators[:-1]):
        odds = 1 + 0.07 * number
        rows += [
            (name, "sigma", 0.2, 0.1, 0.3, 0.004, 130, 12345, ""),
            (name, "median_odds_ratio", odds, 1.0, odds + 0.4, 0.004, 130, 12345, ""),
            (name, "intraclass_correlation", 0.013 + 0.002 * number, 0.0, 0.103, 0.0004, 130, 12345, ""),
        ]
    rows.append(
        (
            indicators[-1],
            "none",
            None,
            None,
            None,
            None,
            9,
            10,
            "the likelihood sets no upper limit to the variation between groups: too few people",
        )
    )
    return pd.DataFrame(rows, columns=pd.Index(variation.COLUMNS))


def factors(indicators: Sequence[str]) -> pd.DataFrame:
    """Odds ratios of some factors; one level without a finite one; the last indicator could not be modelled."""
    odds = {"age: 80 or over": 0.4, "imd_quintile: 1": 0.871, "bone: yes": 1.34, "performance_status: 2": 0.9}
    alike = "everybody of this level has the same outcome: there is no finite odds ratio"
    rows: list[tuple] = []
    for name in indicators[:-1]:
        rows += [
            (name, "patient", factor, "odds_ratio", value, value * 0.8, value * 1.3, 0.02, 200, "")
            for factor, value in odds.items()
        ]
        rows.append((name, "patient", "brain: yes", "odds_ratio", None, None, None, None, 20, alike))
        rows.append(
            (name, "hospital", associations.VOLUME, "odds_ratio", 1.1, 0.9, 1.4, 0.3, 12345, ""),
        )
        for block, left, p in (
            ("none", 1.9, None),
            ("patient", 1.8, 0.0001),
            ("hospital", 1.7, 0.29),
            ("regional", 1.3, 0.02),
        ):
            rows.append((name, block, "", "median_odds_ratio", left, left - 0.2, left + 0.3, None, 12345, ""))
            if p is not None:
                rows.append((name, block, "", "likelihood_ratio", 9.0, None, None, p, 12345, ""))
    few = "fewer than 50 people in or outside the numerator"
    rows.append((indicators[-1], "none", "", "none", None, None, None, None, 12, few))
    return pd.DataFrame(rows, columns=pd.Index(associations.COLUMNS))


def risk_models(indicators: Sequence[str]) -> pd.DataFrame:
    """A model for each indicator but the last, which had too few people."""
    rows: list[tuple] = []
    figures = {
        "auc": 0.712,
        "calibration_slope": 1.0,
        "calibration_intercept": 0.0,
        "brier": 0.199,
        "scaled_brier": 0.12,
    }
    others = {"auc": 0.603, "calibration_slope": 0.86, "calibration_intercept": -0.052}
    others |= {"brier": 0.231, "scaled_brier": -0.02}
    for name in indicators[:-1]:
        found = {"national_rate": 0.346, "imputations": 10.0} | figures
        found |= {f"other providers: {k}": v for k, v in others.items()}
        rows += [(name, risk.FIGURE, "", measure, value, "") for measure, value in found.items()]
        for group in range(1, 11):
            share = group / 12
            of = {
                "people": 1234.0,
                "predicted": share,
                "observed": share + 0.01,
                "lower": share - 0.03,
                "upper": share + 0.05,
            }
            rows += [(name, risk.GROUP, str(group), measure, value, "") for measure, value in of.items()]
        rows += [(name, risk.MISSING, "performance_status", "share", 0.271, "")]
        rows += [
            (name, risk.MERGED, "ethnicity: Mixed", "people", 7.0, "into other (rare levels)"),
            (name, risk.NOTE, "", "note", None, "complete-case model: 8000 of 12345 people"),
        ]
        for term, coefficient in (
            ("constant", -1.2),
            ("age", 0.03),
            ("liver: yes", 0.1528),
            ("sex: male", -0.2),
        ):
            measures = {
                "coefficient": coefficient,
                "ratio": 2.7182818**coefficient,
                "lower": 0.9,
                "upper": 1.4,
                "p": 0.04,
            }
            rows += [
                (name, risk.COEFFICIENT, term, measure, value, "") for measure, value in measures.items()
            ]
            rows += [(name, risk.SENSITIVITY, term, "complete_case", coefficient / 2, "")]
    few = "fewer than 50 people in or outside the numerator"
    rows.append((indicators[-1], risk.NOTE, "", risk.NOT_MODELLED, None, few))
    return pd.DataFrame(rows, columns=pd.Index(risk.COLUMNS))


def yearly_change(indicators: Sequence[str], nations: Sequence[str] = ("England",)) -> pd.DataFrame:
    """Two years of each indicator and nation."""
    rows = [
        {
            "indicator": name, "nation": nation, "year": year, "numerator": 200.0 + 10 * step, "denominator": 400.0,
            "value": 0.5 + 0.025 * step, "difference": 0.025 if step else None, "lower": -0.044 if step else None,
            "upper": 0.094 if step else None, "p": 0.2 if step else None,
        }
        for name in indicators
        for nation in nations
        for step, year in enumerate((2023, 2024))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def intervention_effects() -> pd.DataFrame:
    """What followed one intervention that everybody had at once."""
    return pd.DataFrame(
        [
            {
                "intervention": "Nurses in every clinic",
                "indicator": "P8",
                "design": "interrupted time series",
                "term": "level change",
                "estimate": 0.06,
                "standard_error": 0.02,
                "lower": 0.02,
                "upper": 0.1,
                "p": 0.003,
                "expected": "increase",
                "note": "",
            }
        ]
    )
