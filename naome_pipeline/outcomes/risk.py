"""Risk models: what each provider's people would lead one to expect.

What belongs here: the case mix of the audit and which indicators are adjusted. What does not: imputing or fitting
(`statistics/`), funnels (`comparison.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from naome_pipeline.indicators.registry import registry
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.design_matrix import CaseMix, Categorical, plan_design
from naome_pipeline.statistics.diagnostics import Diagnostics
from naome_pipeline.statistics.errors import NotConverged
from naome_pipeline.statistics.imputation import Imputation, Variable, impute
from naome_pipeline.statistics.risk_adjustment import RiskAdjustment, risk_adjust

SITES = ("bone", "liver", "lung", "brain", "other")
FRAILTY = ("fit", "mild", "moderate", "severe")
STATUS = ("0", "1", "2", "3", "4")
COLUMNS = ["indicator", "part", "unit", "measure", "value", "note"]
# What `part` may be.
PROVIDER, COEFFICIENT, FIGURE, GROUP, MISSING, MERGED, SENSITIVITY, NOTE = (
    "provider",
    "coefficient",
    "figure",
    "risk group",
    "missing",
    "merged level",
    "complete case",
    "note",
)
NOT_MODELLED, NOT_CONVERGED = "not modelled", "not converged"
SUBTYPE = "subtype"
_RECEPTORS = re.compile(rf"\b(er|pr|her2|{SUBTYPE})\b")


def audit_case_mix(frame: pd.DataFrame, indicator: str) -> CaseMix:
    """Age as a spline; sex, deprivation, ethnicity, comorbidity, frailty, performance status, sites, year and, where the feed
    has it and the denominator is not defined by it, receptor subtype as levels. What is known of nobody (illnesses and frailty
    without hospital admissions) cannot tell people apart and is left out."""
    receptors = {SUBTYPE: Categorical()} if _has_receptors(frame) and not _by_receptors(indicator) else {}
    levels = {
        "sex": Categorical(),
        "imd_quintile": Categorical(ordered=(1, 2, 3, 4, 5)),
        "ethnicity": Categorical(),
        "charlson": Categorical(ordered=(0, 1, 2, 3)),
        "frailty": Categorical(ordered=FRAILTY),
        "performance_status": Categorical(ordered=STATUS),
        "year": Categorical(),
        **{site: Categorical() for site in SITES},
        **receptors,
    }
    return CaseMix(
        splines={"age": int(value_of("spline_knots"))},
        categorical={name: level for name, level in levels.items() if frame[name].notna().any()},
        minimum_people=int(value_of("rare_level_people")),
    )


def _has_receptors(frame: pd.DataFrame) -> bool:
    """Whether enough people have a known subtype: rapid registration has none, pathology may add a few."""
    return bool(frame[SUBTYPE].notna().mean() >= value_of("receptors_minimum_known"))


def _by_receptors(indicator: str) -> bool:
    """Whether receptors decide who is in the denominator: they are then no difference between its people."""
    entry = registry().indicators.get(indicator)
    return entry is not None and _RECEPTORS.search(entry.denominator.where) is not None


def _variables(frame: pd.DataFrame) -> list[Variable]:
    """What is imputed, and what only helps to impute."""
    receptors = [Variable(SUBTYPE, "categorical")] if _has_receptors(frame) else []
    return [
        Variable("age", "continuous"),
        Variable("sex", "categorical"),
        Variable("imd_quintile", "ordered", (1, 2, 3, 4, 5)),
        Variable("ethnicity", "categorical"),
        Variable("charlson", "ordered", (0, 1, 2, 3)),
        Variable("frailty", "ordered", FRAILTY),
        Variable("performance_status", "ordered", STATUS),
        *receptors,
    ]


def people_frame(assessed: pd.DataFrame, case_mix: pd.DataFrame, indicators: Iterable[str]) -> pd.DataFrame:
    """One row per person of the cohort: case mix, trust and one column per adjusted indicator (1, 0, or missing)."""
    wide = assessed[assessed["indicator"].isin(list(indicators))]
    outcomes = wide.pivot_table(index="person_id", columns="indicator", values="outcome", aggfunc="first")
    trusts = assessed.groupby("person_id")["trust_code"].first()
    frame = case_mix.set_index("person_id").join(outcomes, how="left").join(trusts, how="inner")
    frame = frame.rename(columns={"mbc_year": "year"})
    for site in SITES:
        frame[site] = frame[site].astype(bool).map({True: "yes", False: "no"})
    for column in ("imd_quintile", "charlson"):
        frame[column] = frame[column].map(lambda v: None if pd.isna(v) else int(v)).astype(object)
    frame["year"] = frame["year"].astype(int)
    frame["age"] = frame["age"].astype(float)
    return frame.reset_index().sort_values("person_id").reset_index(drop=True)


def risk_models(assessed: pd.DataFrame, case_mix: pd.DataFrame, adjusted: Iterable[str]) -> pd.DataFrame:
    """Fit the risk model of every adjusted indicator.

    `assessed`: one row per person and indicator; `case_mix`: one row per person. Columns: COLUMNS, one row per figure:
    `part` says what it is about, `unit` a trust, term, covariate or risk group. An indicator without enough events, or
    whose model does not settle, gets a note and no figure.
    """
    names = sorted(set(adjusted) & set(assessed["indicator"]))
    rows: list[tuple[str, str, str, str, float | None, str]] = []
    frame = people_frame(assessed, case_mix, names) if names else pd.DataFrame()
    lacking = {name: too_few_events(frame, name) for name in names}
    possible = [name for name in names if not lacking[name]]
    rows += [(name, NOTE, "", NOT_MODELLED, None, why) for name, why in lacking.items() if why]
    if possible:
        imputed = imputed_copies(frame, possible)
        for name in possible:
            try:
                model = risk_adjust(frame, imputed, name, "trust_code", audit_case_mix(frame, name))
            except NotConverged as problem:
                rows.append((name, NOTE, "", NOT_CONVERGED, None, str(problem)))
                continue
            rows += [(name, *row) for row in _rows(model)]
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS, "string") | {"value": "float64"})


def too_few_events(frame: pd.DataFrame, outcome: str) -> str:
    """Why there are too few people in, or outside, a numerator for a model of the audit's case mix; nothing when there are
    enough. A model with fewer for each of its terms describes its own people and does not predict others (Peduzzi et al.
    1996)."""
    inside: pd.DataFrame = frame[frame[outcome].notna()]
    fewer = min(inside[outcome].sum(), len(inside) - inside[outcome].sum())
    least, each = int(value_of("model_minimum_events")), int(value_of("model_events_per_term"))
    if fewer < least:
        return f"fewer than {least} people in or outside the numerator"
    terms = len(plan_design(inside, audit_case_mix(frame, outcome)).names) - 1
    if fewer < each * terms:
        return (
            f"fewer than {each} people in or outside the numerator for each of the {terms} terms of the model"
        )
    return ""


def imputed_copies(frame: pd.DataFrame, outcomes: list[str]) -> list[pd.DataFrame]:
    """The imputed copies, with the columns that never miss added back."""
    variables = [v for v in _variables(frame) if frame[v.name].notna().any()]
    found: Imputation = impute(
        frame,
        variables,
        outcomes,
        key="person_id",
        seed=int(value_of("imputation_seed")),
        imputations=int(value_of("imputations")),
        auxiliaries=(),
    )
    complete = [c for c in frame.columns if c not in found.frame.columns]
    return [pd.concat([copy, frame[complete]], axis=1) for copy in found]


def _rows(model: RiskAdjustment) -> list[tuple[str, str, str, float | None, str]]:
    rows: list[tuple[str, str, str, float | None, str]] = [
        (FIGURE, "", "national_rate", model.national_rate, ""),
        (FIGURE, "", "imputations", float(model.imputations), ""),
    ]
    for row in model.providers.to_dict("records"):
        unit = str(row["provider"])
        rows += [
            (PROVIDER, unit, measure, float(row[measure]), "")
            for measure in (
                "people", "observed", "expected", "ratio", "lower", "upper", "adjusted", "adjusted_lower",
                "adjusted_upper",
            )
        ]  # fmt: skip
    for row in model.coefficients.to_dict("records"):
        measures = (
            "coefficient",
            "standard_error",
            "degrees_of_freedom",
            "ratio",
            "lower",
            "upper",
            "p",
            "missing_information",
        )
        rows += [(COEFFICIENT, str(row["term"]), m, float(row[m]), "") for m in measures]
    for prefix, found in (("", model.diagnostics), ("other providers: ", model.validated)):
        rows += [] if found is None else _figures(prefix, found)
    rows += [
        (MISSING, str(r["variable"]), "share", float(r["share"]), "")
        for r in model.missing.to_dict("records")
    ]
    for row in model.merged.to_dict("records"):
        rows.append(
            (
                MERGED,
                f"{row['variable']}: {row['level']}",
                "people",
                float(row["people"]),
                f"into {row['into']}",
            )
        )
    if model.complete_case is not None:
        for row in model.complete_case.to_dict("records"):
            rows += [
                (SENSITIVITY, str(row["term"]), m, float(row[m]), "") for m in ("pooled", "complete_case")
            ]
    notes = dict.fromkeys([*_no_prediction(model.validated), *model.notes])
    return rows + [(NOTE, "", "note", None, note) for note in notes]


def _no_prediction(found: Diagnostics | None) -> list[str]:
    """A warning where predictions for hospitals that a model was not fitted to do not go with what happened there."""
    if found is None or (found.calibration_slope > 0 and found.auc > 0.5):
        return []
    slope = f"{found.calibration_slope:.2f}".replace("-", "−")
    return [
        "in hospitals that it was not fitted to, the model predicts no better than chance (AUC "
        f"{found.auc:.2f}, calibration slope {slope}): adjusting changes little that can be relied on"
    ]


def _figures(prefix: str, found: Diagnostics) -> list[tuple[str, str, str, float | None, str]]:
    names = ("auc", "calibration_slope", "calibration_intercept", "brier", "scaled_brier")
    rows: list[tuple[str, str, str, float | None, str]] = [
        (FIGURE, "", f"{prefix}{name}", float(getattr(found, name)), "") for name in names
    ]
    for row in found.deciles.to_dict("records"):
        rows += [
            (GROUP, f"{prefix}{int(row['group'])}", m, float(row[m]), "")
            for m in ("people", "predicted", "observed", "lower", "upper")
        ]
    return rows


def provider_figures(models: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    """Indicator to one row per provider (index) with the measures as columns."""
    providers = models[models["part"] == PROVIDER]
    return {
        str(name): part.pivot(index="unit", columns="measure", values="value").sort_index()
        for name, part in providers.groupby("indicator")
    }
