"""The statistical methods with their sources, and each risk model with its diagnostics.

What belongs here: what a statistician needs to judge the numbers. What does not: the methods (`statistics/`).
"""

from __future__ import annotations

import math

import pandas as pd

from naome_pipeline.parameters import parameters
from naome_pipeline.reports import numbers
from naome_pipeline.reports.documents.model import Block, Bullets, Paragraph, Section, Subheading, Table
from naome_pipeline.reports.reading import Reading, rows_of
from naome_pipeline.reports.standing import EXACT_TAIL

FIGURES = {
    "national_rate": "National share",
    "auc": "Discrimination (AUC)",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
}
HELD_OUT = "other providers: "


def methods() -> Section:
    """The methods and where they come from."""
    value = {name: f"{p.value:g}" for name, p in parameters().items()}
    items = (
        "Proportions: Wilson score interval, 95% (Wilson 1927).",
        "Survival: Kaplan-Meier of everybody in the reported quarters, with log-log 95% intervals; restricted mean to "
        f"{value['restricted_mean_days']} days; the P10 measures count a fixed cohort whose follow-up is whole instead; between "
        "hospitals, events expected from a Cox model, which the audit team has and the release has not.",
        "Recurrence and time to treatment: Aalen-Johansen cumulative incidence, death competing. Recurrence is counted from day "
        f"{value['de_novo_window_end']} on among those still followed then (a landmark).",
        f"Risk adjustment: logistic model with a restricted cubic spline of age ({value['spline_knots']} knots); missing case "
        f"mix by chained equations ({value['imputations']} imputations, outcome included, categories imputed as categories), "
        "pooled by Rubin's rules with Barnard-Rubin degrees of freedom; indirect standardisation. Receptor subtype is in the "
        "case mix where the feed has it. No model below "
        f"{value['model_events_per_term']} people in or outside the numerator for each of its terms (Peduzzi et al. 1996): the "
        "measure is then shown unadjusted and nobody is judged by it.",
        "Funnel limits at 95% and 99.8%: interpolated exact binomial or Poisson (Spiegelhalter 2005). Beside them, limits with "
        "additive overdispersion, winsorised at 10% in each tail; of an adjusted ratio against the binomial variance that its "
        "exact limits have. Deaths within 30 days of chemotherapy: exact limits only.",
        "States: within, alert beyond the 95% limits, potential outlier beyond the 99.8% limits, each with its direction. "
        f"{EXACT_TAIL} Not assessed below {value['funnel_minimum_people']} people or "
        f"{value['funnel_minimum_expected']} expected, nor by an indicator whose records are less than "
        f"{value['funnel_minimum_completeness']} complete in the hospital (its definition names them), nor by drugs or "
        f"radiotherapy unless {value['funnel_minimum_submitted']} of its people were diagnosed in quarters that look submitted.",
        "Over time: p-charts; Laney p′ limits where the spread of successive quarters lies beyond that of binomial counts at "
        f"{value['laney_significance']} one-sided, and each series says which limits it has; the Making Data Count rules for "
        "special cause.",
        "Variation between hospitals: random-intercept logistic model; median odds ratio and intraclass correlation with "
        "profile-likelihood intervals.",
        "Change from year to year: difference of two proportions with Newcombe's 95% interval; a calendar year counts once the "
        "follow-up of all its quarters has passed, and a quarter of it without anybody adds nobody. Named interventions: "
        "interrupted time series with autoregressive errors by restricted maximum likelihood, at least "
        f"{value['series_minimum_periods']} quarters on either side, or difference-in-differences with bias-reduced clustered "
        "errors (CR2, Satterthwaite degrees of freedom) and a check of the trends before.",
    )
    return Section("methods", "Statistical methods", [Bullets(items)])


def risk_models(reading: Reading) -> Section:
    """One group of tables per risk model: figures, coefficients, missing case mix, notes."""
    table = reading.frame("released_risk_models")
    blocks: list[Block] = [
        Paragraph(
            "Held-out figures come from models fitted without the hospitals they are tested on. Odds ratios are pooled over the "
            "imputations; the last column is the same from complete records alone."
        )
    ]
    names = [n for n in reading.definitions if (table["indicator"] == n).any()]
    for name in names:
        here = table[table["indicator"] == name]
        blocks.append(Subheading(f"{name}: {reading.title(name)}"))
        blocks += _of_model(name, here)
    if not names:
        blocks = [Paragraph("No risk model is part of this release.")]
    return Section("risk-models", "Risk models and their diagnostics", blocks)


def _of_model(name: str, here: pd.DataFrame) -> list[Block]:
    found: list[Block] = []
    figures = here[here["part"] == "figure"].set_index("measure")["value"].to_dict()
    rows = tuple(
        (label, numbers.ratio(figures.get(key)), numbers.ratio(figures.get(f"{HELD_OUT}{key}")))
        for key, label in FIGURES.items()
        if key in figures
    )
    if rows:
        found.append(
            Table(
                f"{name}, diagnostics",
                ("Figure", "All hospitals", "Held out"),
                rows,
                numeric=(1, 2),
                widths=(5, 2, 2),
            )
        )
    coefficients = _wide(here, "coefficient")
    complete = _wide(here, "complete case").get("complete_case", {})
    if coefficients:
        units = list(coefficients.get("ratio", {}))
        found.append(
            Table(
                f"{name}, odds ratios",
                ("Term", "Odds ratio", "95% interval", "Complete records"),
                tuple(
                    (
                        unit.replace("_", " "),
                        numbers.ratio(coefficients["ratio"].get(unit)),
                        numbers.ratio_range(
                            coefficients.get("lower", {}).get(unit), coefficients.get("upper", {}).get(unit)
                        ),
                        numbers.ratio(_odds(complete.get(unit))),
                    )
                    for unit in units
                ),
                numeric=(1, 2, 3),
                widths=(5, 2, 3, 2),
            )
        )
    missing = here[(here["part"] == "missing") & (here["value"] > 0)]
    if len(missing):
        shares = "; ".join(
            f"{str(r['unit']).replace('_', ' ')} {numbers.percent(r['value'])}"
            for r in rows_of(missing.sort_values("unit"))
        )
        found.append(Paragraph(f"Case mix missing and imputed: {shares}."))
    merged = here[here["part"] == "merged level"]
    if len(merged):
        levels = "; ".join(str(r["unit"]).replace("_", " ") for r in rows_of(merged.sort_values("unit")))
        found.append(Paragraph(f"Levels too rare to stand alone, merged with another: {levels}."))
    notes = [str(n) for n in here.loc[here["part"] == "note", "note"] if n]
    if notes:
        found.append(Bullets(tuple(sorted(set(notes)))))
    return found


def _wide(here: pd.DataFrame, part: str) -> dict[str, dict[str, float]]:
    """measure -> unit -> value, of one part of a model."""
    found: dict[str, dict[str, float]] = {}
    for r in rows_of(here[here["part"] == part]):
        found.setdefault(str(r["measure"]), {})[str(r["unit"])] = float(r["value"])
    return found


def _odds(coefficient: float | None) -> float | None:
    return None if numbers.missing(coefficient) or coefficient is None else math.exp(coefficient)
