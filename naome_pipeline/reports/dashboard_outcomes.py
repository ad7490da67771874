"""The outcomes of the dashboard, packed from released tables: survival, variation between trusts, risk models.

What belongs here: choosing and packing released outcomes, and plain words for their terms. What does not: computing any,
indicators and funnels (`dashboard_data.py`), or how the page looks (`templates/dashboard/`).

Shares travel as whole tenths of a percent, ratios as whole hundredths, as in `dashboard_data.py`; an estimate is
`[value, lower, upper]`.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from naome_pipeline.indicators.definitions import SURVIVAL_RESTS_ON, TREATMENT_RESTS_ON
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.released import ReleasedTables

BLOCKS = {
    "none": "nothing",
    "patient": "patients",
    "hospital": "hospitals",
    "regional": "regions",
}
# Terms of models as readers know them; a level follows after a colon.
TERMS = {
    "age": "Age",
    "sex": "Sex",
    "ethnicity": "Ethnicity",
    "imd_quintile": "Deprivation fifth",
    "charlson": "Other illnesses (Charlson score)",
    "frailty": "Frailty",
    "performance_status": "Performance status",
    "year": "Year of diagnosis",
    "subtype": "Receptor subtype",
    "bone": "Metastases in bone",
    "liver": "Metastases in liver",
    "lung": "Metastases in lung",
    "brain": "Metastases in brain",
    "other": "Metastases elsewhere",
    "alliance": "Cancer Alliance",
    "twice the people a year": "Twice as many people a year",
}
LEVELS = {
    "imd_quintile: 1": "1 (most deprived)",
    "imd_quintile: 5": "5 (least deprived)",
    "subtype: her2_positive": "HER2 positive",
    "subtype: hormone_positive_her2_negative": "hormone receptor positive, HER2 negative",
    "subtype: triple_negative": "triple negative",
}
# The indicator, with its variants, that gives survival below the nation.
SURVIVAL = "P10"
# Why a figure is missing, by how the methods begin to say it.
REASONS = {
    "variation between groups": "fewer than two hospitals have people",
    "everybody has the same": "everybody has the same outcome",
    "fewer than": "",
}
UNKNOWN_REASON = "cannot be estimated from so few people"
FIGURES = ("auc", "calibration_slope", "calibration_intercept", "brier", "scaled_brier")
VALIDATED = "other providers: "


def dashboard_outcomes(tables: ReleasedTables) -> dict[str, Any]:
    """Survival, time to treatment, variation, associated factors, models and yearly change, ready for JSON."""
    rows: Any = tables.frame("released_definitions").to_dict("records")
    definitions = {str(row["indicator"]): row for row in rows}
    names = sorted(definitions)
    return {
        "why": {
            "survival": wording.why_missing(definitions, SURVIVAL_RESTS_ON),
            "treatment": wording.why_missing(definitions, TREATMENT_RESTS_ON),
        },
        "survival_indicators": [n for n in names if n.split("_")[0] == SURVIVAL],
        "survival": _survival(tables.frame("released_survival")),
        "treatment": _treatment(tables.frame("released_treatment_incidence")),
        "variation": _variation(tables.frame("released_variation")),
        "factors": _factors(tables.frame("released_factors")),
        "models": _models(tables.frame("released_risk_models")),
        "yearly": _yearly(tables.frame("released_yearly_change")),
    }


def term(name: str) -> str:
    """`imd_quintile: 1` as `Deprivation fifth: 1 (most deprived)`; a term without a level as its words."""
    variable, _, level = name.partition(": ")
    said = TERMS.get(variable)
    if said is None:
        return name.replace("_", " ")
    return f"{said}: {LEVELS.get(name, level)}" if level else said


def reason(note: str) -> str:
    """Why a method gave no figure, for readers who do not know the method."""
    for beginning, said in REASONS.items():
        if note.startswith(beginning):
            return said or note
    return UNKNOWN_REASON


def _ratio(value: Any) -> int | None:
    finite = not numbers.missing(value) and math.isfinite(float(value))
    return numbers.hundredths(value) if finite else None


def _estimate(row: Any, whole: Any) -> list[int | None]:
    return [whole(row["value"]), whole(row["lower"]), whole(row["upper"])]


def _whole(value: Any) -> int | None:
    return None if numbers.missing(value) else round(float(value))


def _group(name: Any) -> str:
    return "Everybody" if name == "all" else wording.subgroup(str(name))


def _survival(survival: pd.DataFrame) -> list[dict[str, Any]]:
    """Per unit and group: people, deaths, `points` [days, survival, lower, upper, at risk], median and mean [days, lower,
    upper]; a median that was not reached is None. What is hidden because it is about very few people is None, too."""
    found = []
    for (level, unit, group), rows in survival.groupby(["level", "unit_code", "subgroup"], sort=True):
        ordered: Any = rows.sort_values("time")
        first: Any = ordered.iloc[0]
        found.append(
            {
                "level": str(level),
                "unit": str(unit),
                "group": _group(group),
                "all": group == "all",
                "people": _whole(first["people"]),
                "deaths": _whole(first["deaths"]),
                "points": [
                    [
                        int(r.time),
                        *(numbers.tenths(v) for v in (r.survival, r.lower, r.upper)),
                        _whole(r.at_risk),
                    ]
                    for r in ordered.itertuples(index=False)
                ],
                "median": [_whole(first[c]) for c in ("median", "median_lower", "median_upper")],
                "mean": [
                    _whole(first[c])
                    for c in ("restricted_mean", "restricted_mean_lower", "restricted_mean_upper")
                ],
            }
        )
    return found


def _treatment(incidence: pd.DataFrame) -> list[dict[str, Any]]:
    """Per unit and group: people and `points` [day, treated share, lower, upper, died untreated share, treated]; None where it
    is hidden."""
    found = []
    for (level, unit, group), rows in incidence.groupby(["level", "unit_code", "subgroup"], sort=True):
        ordered: Any = rows.sort_values("day")
        found.append(
            {
                "level": str(level),
                "unit": str(unit),
                "group": _group(group),
                "all": group == "all",
                "people": _whole(ordered["people"].iloc[0]),
                "points": [
                    [
                        int(r.day),
                        *(numbers.tenths(v) for v in (r.incidence, r.lower, r.upper, r.died_untreated)),
                        _whole(r.treated),
                    ]
                    for r in ordered.itertuples(index=False)
                ],
            }
        )
    return found


def _variation(variation: pd.DataFrame) -> dict[str, Any]:
    """Indicator to trusts, people and the median odds ratio and intraclass correlation; or to the reason why not."""
    found: dict[str, Any] = {}
    for name, rows in variation.groupby("indicator", sort=True):
        by = {str(row["measure"]): row for row in rows.to_dict("records")}
        first = rows.iloc[0]
        entry: dict[str, Any] = {"trusts": _whole(first["trusts"]), "people": _whole(first["people"])}
        if "median_odds_ratio" not in by:
            found[str(name)] = entry | {"reason": reason(str(first["note"]))}
            continue
        entry["odds"] = _estimate(by["median_odds_ratio"], _ratio)
        if "intraclass_correlation" in by:
            entry["between"] = _estimate(by["intraclass_correlation"], numbers.tenths)
        entry["p"] = _p(by["median_odds_ratio"]["p"])
        found[str(name)] = entry
    return found


def _p(value: Any) -> str:
    if numbers.missing(value):
        return ""
    return "below 0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def _factors(factors: pd.DataFrame) -> dict[str, Any]:
    """Indicator to `odds` [block, factor, value, lower, upper, people, note] and `left` [after which block, median odds
    ratio, lower, upper, p of the block]; or to the reason why not."""
    found: dict[str, Any] = {}
    for name, rows in factors.groupby("indicator", sort=True):
        records = rows.to_dict("records")
        odds = [r for r in records if r["measure"] == "odds_ratio"]
        if not odds:
            notes = [str(r["note"]) for r in records if r["note"]]
            found[str(name)] = {"reason": reason(notes[0] if notes else "")}
            continue
        tests = {r["block"]: _p(r["p"]) for r in records if r["measure"] == "likelihood_ratio"}
        medians = {r["block"]: _estimate(r, _ratio) for r in records if r["measure"] == "median_odds_ratio"}
        order = list(BLOCKS)
        found[str(name)] = {
            "left": [[BLOCKS[b], *medians[b], tests.get(b, "")] for b in order if b in medians],
            "odds": [
                [
                    BLOCKS.get(r["block"], r["block"]),
                    term(str(r["factor"])),
                    *_estimate(r, _ratio),
                    _whole(r["people"]),
                    str(r["note"] or ""),
                ]
                for r in sorted(odds, key=lambda r: (order.index(r["block"]), term(str(r["factor"]))))
            ],
        }
    return found


def _models(models: pd.DataFrame) -> dict[str, Any]:
    """Indicator to the figures of its risk model, risk groups, missing shares, merged levels, terms and notes."""
    found: dict[str, Any] = {}
    for name, rows in models.groupby("indicator", sort=True):
        records = rows.to_dict("records")
        figures = {r["measure"]: r["value"] for r in records if r["part"] == "figure"}
        notes = [str(r["note"]) for r in records if r["part"] == "note"]
        if not figures:
            found[str(name)] = {"reason": "; ".join(notes) or "not modelled"}
            continue
        found[str(name)] = {
            "national": numbers.tenths(figures.get("national_rate")),
            "imputations": _whole(figures.get("imputations")),
            "own": _figures(figures, ""),
            "others": _figures(figures, VALIDATED),
            "groups": _risk_groups(records),
            "missing": [
                [term(str(r["unit"])), numbers.tenths(r["value"])] for r in records if r["part"] == "missing"
            ],
            "merged": [
                [term(str(r["unit"])), str(r["note"])] for r in records if r["part"] == "merged level"
            ],
            "terms": _terms(records),
            "notes": notes,
        }
    return found


def _figures(figures: dict[Any, Any], prefix: str) -> list[int | None]:
    """FIGURES in hundredths: intercepts and scaled scores can be negative."""
    values: list[Any] = [figures.get(f"{prefix}{name}") for name in FIGURES]
    return [None if numbers.missing(v) else round(100 * float(v)) for v in values]


def _risk_groups(records: list[dict[Any, Any]]) -> list[list[int | None]]:
    """Groups by predicted risk, lowest first: people, predicted, observed, lower, upper; none where they are hidden."""
    by: dict[int, dict[str, Any]] = {}
    for row in records:
        hidden = numbers.missing(row["value"])
        if row["part"] == "risk group" and not hidden and not str(row["unit"]).startswith(VALIDATED):
            by.setdefault(int(row["unit"]), {})[row["measure"]] = row["value"]
    shares = ("predicted", "observed", "lower", "upper")
    return [
        [_whole(of["people"]), *(numbers.tenths(of.get(c)) for c in shares)] for _, of in sorted(by.items())
    ]


def _terms(records: list[dict[Any, Any]]) -> list[list[Any]]:
    """Odds ratios of the model's terms but age, which is a curve: words, value, lower, upper, p, and the ratio among people
    with complete records."""
    by: dict[str, dict[str, Any]] = {}
    complete: dict[str, Any] = {}
    for row in records:
        if row["part"] == "coefficient":
            by.setdefault(str(row["unit"]), {})[row["measure"]] = row["value"]
        if row["part"] == "complete case" and row["measure"] == "complete_case":
            complete[str(row["unit"])] = row["value"]
    return [
        [
            term(name),
            *(_ratio(of.get(c)) for c in ("ratio", "lower", "upper")),
            _p(of.get("p")),
            _ratio(math.exp(complete[name])) if name in complete and abs(complete[name]) < 20 else None,
        ]
        for name, of in sorted(by.items(), key=lambda item: term(item[0]))
        if name != "constant" and not name.startswith("age")
    ]


def _yearly(change: pd.DataFrame) -> dict[str, Any]:
    """Indicator to rows: nation, year, numerator, denominator, share, difference, lower, upper (tenths of a percent)."""
    found: dict[str, Any] = {}
    for row in change.sort_values(["indicator", "nation", "year"]).to_dict("records"):
        counts = [_whole(row[c]) for c in ("numerator", "denominator")]
        differences = [
            None if numbers.missing(row[c]) else round(1000 * float(row[c]))
            for c in ("difference", "lower", "upper")
        ]
        found.setdefault(str(row["indicator"]), []).append(
            [str(row["nation"]), int(row["year"]), *counts, numbers.tenths(row["value"]), *differences]
        )
    return found
