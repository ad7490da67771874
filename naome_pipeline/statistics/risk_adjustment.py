"""Risk adjustment: expected events per provider from the patients it treated, by indirect standardisation.

What belongs here: the logistic and the Cox risk model over imputed data, pooled coefficients, expected events,
adjusted rates, diagnostics and complete-case sensitivity. What does not: imputing (`imputation.py`), states and
limits (`funnel.py`), choosing covariates (the caller's).

Method: one model over all providers without provider terms; a provider's expected events are the sum of its
people's predicted probabilities, averaged over imputations; adjusted rate = observed / expected × national rate.
Assumes that the model holds everywhere and that covariates are recorded alike; it cannot remove what is not
recorded. Nationally expected equals observed by construction, also after Firth's correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.cox import fit_cox, observed_and_expected
from naome_pipeline.statistics.design_matrix import CaseMix, Design, plan_design
from naome_pipeline.statistics.diagnostics import Diagnostics, average, diagnose, missingness
from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.intervals import wilson_interval
from naome_pipeline.statistics.logistic import MAXIMUM_LIKELIHOOD, fit_logistic
from naome_pipeline.statistics.pooling import pool

_VALIDATION_GROUPS = 5


@dataclass(frozen=True)
class RiskAdjustment:
    """A risk-adjusted indicator.

    `providers`: provider, people, observed, expected, ratio, lower, upper and, for proportions, adjusted,
    adjusted_lower, adjusted_upper (0 to 1) and capped (whether the adjusted rate had to be cut at 1).
    `coefficients`: term, coefficient (log odds or log hazard ratio), standard_error, degrees_of_freedom, ratio (odds or
    hazard), lower, upper, p, missing_information.
    `expected`: predicted events per person, averaged over imputations, in the order of the rows in the denominator.
    `diagnostics`: of the model on the people it was fitted to, averaged over imputations (slope 1 and intercept 0 hold
    there by construction); `validated`: predictions for providers the model was not fitted to, five groups of
    providers in turn (Steyerberg and Harrell 2016), first imputation; None with fewer than five providers or for
    survival. `missing`: per covariate. `merged`: rare levels and where they went.
    `complete_case`: term, pooled, complete_case; None without missing values or when that model cannot be fitted.
    `notes`: everything a reader must know (separation, merged or dropped covariates), in words.
    """

    providers: pd.DataFrame
    national_rate: float
    coefficients: pd.DataFrame
    expected: FloatArray
    diagnostics: Diagnostics | None
    validated: Diagnostics | None
    missing: pd.DataFrame
    merged: pd.DataFrame
    complete_case: pd.DataFrame | None
    notes: tuple[str, ...]
    imputations: int


def risk_adjust(
    observed_frame: pd.DataFrame,
    imputed_frames: Iterable[pd.DataFrame],
    outcome: str,
    provider: str,
    case_mix: CaseMix,
    level: float = 0.95,
) -> RiskAdjustment:
    """Risk-adjust a proportion.

    `observed_frame`: one row per person with missing values as they are; a person whose `outcome` is missing is not
    in the denominator. `imputed_frames`: the same rows in the same order, complete (`imputation.impute`, or
    `[observed_frame]` when nothing is missing). The interval of the ratio is Wilson's for observed events, over the
    expectation, which is taken as known. NotEstimable when all outcomes are alike; NotConverged rather than a figure
    from a model that did not settle.
    """
    inside = observed_frame[outcome].notna().to_numpy()
    subset: Any = observed_frame[inside]
    happened = checks.indicator(subset[outcome], outcome)
    names = checks.labels(subset[provider], provider)
    design = plan_design(subset, case_mix)
    notes = list(design.notes)
    expected, estimates, variances, quality = np.zeros(len(happened)), [], [], []
    validated = None
    for number, frame in enumerate(_same_rows(imputed_frames, observed_frame), start=1):
        matrix = design.matrix(_rows(frame, inside))
        start = estimates[-1] if estimates else None
        fit = fit_logistic(matrix, happened, design.names, start=start)
        if fit.method != MAXIMUM_LIKELIHOOD:
            notes.append(
                f"imputation {number}: {', '.join(fit.separated)} separates the outcome; {fit.method} used"
            )
        predicted = fit.probabilities(matrix)
        expected += predicted
        quality.append(diagnose(happened, predicted))
        if number == 1:
            validated = _validate(matrix, happened, names, predicted, notes)
        estimates.append(fit.coefficients)
        variances.append(np.diag(fit.covariance))
    expected /= len(estimates)
    rate = float(happened.mean())
    return RiskAdjustment(
        providers=_adjusted_rates(names, happened, expected, rate, level),
        national_rate=rate,
        coefficients=_coefficients(design.names, estimates, variances, len(happened), level),
        expected=expected,
        diagnostics=average(quality),
        validated=validated,
        missing=missingness(subset, case_mix.variables),
        merged=design.merged,
        complete_case=_complete_case(subset, happened, case_mix, design, np.mean(estimates, axis=0), notes),
        notes=tuple(notes),
        imputations=len(estimates),
    )


def risk_adjust_survival(
    observed_frame: pd.DataFrame,
    imputed_frames: Iterable[pd.DataFrame],
    duration: str,
    event: str,
    provider: str,
    case_mix: CaseMix,
    entry: str | None = None,
    level: float = 0.95,
) -> RiskAdjustment:
    """Risk-adjust deaths by a Cox model: expected deaths over each person's own follow-up, O/E per provider.

    As `risk_adjust`; `duration` in days, `event` 0/1, `entry` the day from which a person is at risk. `national_rate`
    is deaths per person-day. ValueError without any event.
    """
    inside = observed_frame[event].notna().to_numpy()
    subset: Any = observed_frame[inside]
    design = plan_design(subset, case_mix)
    notes = list(design.notes)
    times = checks.column(subset[duration], duration)
    entered = None if entry is None else checks.column(subset[entry], entry)
    expected, estimates, variances = np.zeros(len(subset)), [], []
    for number, frame in enumerate(_same_rows(imputed_frames, observed_frame), start=1):
        fit = fit_cox(
            design.matrix(_rows(frame, inside))[:, 1:], times, subset[event], entered, design.names[1:]
        )
        if fit.separated:
            notes.append(
                f"imputation {number}: nobody with {', '.join(fit.separated)} dies; its ratio is not estimable"
            )
        expected += fit.expected
        estimates.append(fit.coefficients)
        variances.append(np.diag(fit.covariance))
    expected /= len(estimates)
    started = np.maximum(entered, 0) if entered is not None else 0
    return RiskAdjustment(
        providers=observed_and_expected(subset[provider], subset[event], expected, level),
        national_rate=float(subset[event].sum() / max(np.sum(times - started), 1e-300)),
        coefficients=_coefficients(design.names[1:], estimates, variances, int(subset[event].sum()), level),
        expected=expected,
        diagnostics=None,
        validated=None,
        missing=missingness(subset, case_mix.variables),
        merged=design.merged,
        complete_case=None,
        notes=tuple(notes),
        imputations=len(estimates),
    )


def _same_rows(frames: Iterable[pd.DataFrame], observed: pd.DataFrame) -> Iterator[pd.DataFrame]:
    count = 0
    for frame in frames:
        if len(frame) != len(observed) or not frame.index.equals(observed.index):
            raise Refused("an imputed frame does not have the rows of the observed frame")
        count += 1
        yield frame
    if not count:
        raise Refused("there is no imputed frame")


def _rows(frame: pd.DataFrame, inside: Any) -> Any:
    return frame[inside]


def _adjusted_rates(
    names: Any, happened: FloatArray, expected: FloatArray, rate: float, level: float
) -> pd.DataFrame:
    table = observed_and_expected(names, happened, expected, level)
    people, anticipated = table["people"].to_numpy(dtype=float), table["expected"].to_numpy()
    lower, upper = wilson_interval(table["observed"], people, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(anticipated > 0, people / anticipated, np.nan)
    table["lower"], table["upper"] = lower * scale, upper * scale
    for column, source in (("adjusted", "ratio"), ("adjusted_lower", "lower"), ("adjusted_upper", "upper")):
        table[column] = np.minimum(table[source] * rate, 1.0)
    # Observed / expected × national can pass 1 where nearly everybody has the event; a rate cannot.
    table["capped"] = table["ratio"] * rate > 1.0
    return table


def _coefficients(
    names: Sequence[str], estimates: list[FloatArray], variances: list[FloatArray], people: int, level: float
) -> pd.DataFrame:
    # One complete data set is two identical imputations: nothing varies between them.
    q, u = (np.array(x if len(x) > 1 else [x[0], x[0]]) for x in (estimates, variances))
    found = pool(q, u, max(people - len(names), 1), level)
    return pd.DataFrame(
        {
            "term": list(names),
            "coefficient": found.estimate,
            "standard_error": found.standard_error,
            "degrees_of_freedom": found.degrees_of_freedom,
            "ratio": np.exp(np.clip(found.estimate, -700, 700)),
            "lower": np.exp(np.clip(found.lower, -700, 700)),
            "upper": np.exp(np.clip(found.upper, -700, 700)),
            "p": found.p,
            "missing_information": found.missing_information,
        }
    )


def _validate(
    matrix: FloatArray, happened: FloatArray, names: Any, predicted: FloatArray, notes: list[str]
) -> Diagnostics | None:
    """Predict each fifth of the providers from the others.

    Providers are dealt out by size, then events, then expected events, so that neither their names nor the order of
    rows matter.
    """
    table: Any = pd.DataFrame({"provider": names, "people": 1, "events": happened, "expected": predicted})
    table = (
        table.groupby("provider", sort=False)
        .sum()
        .sort_values(["people", "events", "expected"], kind="stable")
    )
    if len(table) < _VALIDATION_GROUPS:
        return None
    part = (
        pd.Series(names)
        .map(dict(zip(table.index, np.arange(len(table)) % _VALIDATION_GROUPS, strict=True)))
        .to_numpy()
    )
    unseen = np.zeros(len(happened))
    try:
        for group in range(_VALIDATION_GROUPS):
            held = part == group
            varies = np.append(True, np.ptp(matrix[~held][:, 1:], axis=0) > 0)
            fit = fit_logistic(matrix[~held][:, varies], happened[~held])
            unseen[held] = fit.probabilities(matrix[held][:, varies])
    except NotEstimable as error:
        notes.append(f"validation on other providers not possible: {error}")
        return None
    return diagnose(happened, unseen)


def _complete_case(
    subset: Any,
    happened: FloatArray,
    case_mix: CaseMix,
    design: Design,
    pooled: FloatArray,
    notes: list[str],
) -> pd.DataFrame | None:
    known = subset[case_mix.variables].notna().all(axis=1).to_numpy()
    if known.all():
        return None
    if not known.any():
        notes.append("complete-case model not fitted: everybody has a missing covariate")
        return None
    try:
        fit = fit_logistic(design.matrix(subset[known]), happened[known], design.names)
    except NotEstimable as error:
        notes.append(f"complete-case model not fitted: {error}")
        return None
    if fit.separated:
        notes.append(
            f"complete-case model: {', '.join(fit.separated)} separates the outcome; {fit.method} used"
        )
    notes.append(f"complete-case model: {int(known.sum())} of {len(subset)} people")
    return pd.DataFrame({"term": design.names, "pooled": pooled, "complete_case": fit.coefficients})
