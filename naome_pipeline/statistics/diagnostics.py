"""How well predicted probabilities fit what happened: discrimination, calibration, overall error, missingness.

What belongs here: figures about a risk model's predictions. What does not: the model (`risk_adjustment.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special, stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.errors import NotConverged, NotEstimable
from naome_pipeline.statistics.intervals import wilson_interval
from naome_pipeline.statistics.logistic import fit_logistic


@dataclass(frozen=True)
class Diagnostics:
    """Figures about one set of predictions.

    `auc`: probability that a person with the event had the higher prediction. `calibration_slope` (1 is perfect; below
    1 overfitted) and `calibration_intercept` (0: as many events as predicted), NaN where they cannot be estimated.
    `brier`: mean squared error; `scaled_brier` 1 − brier/(that of predicting the mean). `deciles`: one row per
    tenth of predicted risk (people, predicted, observed, lower, upper); people of equal risk stay together.
    """

    people: int
    events: int
    auc: float
    calibration_slope: float
    calibration_intercept: float
    brier: float
    scaled_brier: float
    deciles: pd.DataFrame


def diagnose(outcome: ArrayLike, probability: ArrayLike, groups: int = 10) -> Diagnostics:
    """Diagnostics of predicted `probability` (0 to 1) against `outcome` (0/1), one of each per person."""
    happened, predicted = _pair(outcome, probability)
    intercept, slope = calibration(happened, predicted)
    error, mean = brier_score(happened, predicted), happened.mean()
    return Diagnostics(
        people=len(happened),
        events=int(happened.sum()),
        auc=area_under_curve(happened, predicted),
        calibration_slope=slope,
        calibration_intercept=intercept,
        brier=error,
        scaled_brier=float(1 - error / (mean * (1 - mean))) if 0 < mean < 1 else float("nan"),
        deciles=calibration_groups(happened, predicted, groups),
    )


def average(found: Sequence[Diagnostics]) -> Diagnostics:
    """Mean of each figure over imputed data sets (Wood, Royston and White 2015 recommend within, then average).

    Averaging a person's predictions first would shrink them and make a good model look badly calibrated.
    """
    tables = pd.concat([d.deciles for d in found])
    deciles: Any = tables.groupby("group", as_index=False).mean()
    deciles["lower"], deciles["upper"] = _interval_of_means(deciles)

    def mean(name: str) -> float:
        return float(np.mean([getattr(d, name) for d in found]))

    return Diagnostics(
        found[0].people, found[0].events, mean("auc"), mean("calibration_slope"), mean("calibration_intercept"),
        mean("brier"), mean("scaled_brier"), deciles,
    )  # fmt: skip


def _interval_of_means(table: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Wilson interval of a group whose size is a mean over imputations, hence rounded."""
    people = np.round(table["people"].to_numpy())
    return wilson_interval(np.minimum(np.round(table["events"].to_numpy()), people), people)


def area_under_curve(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Area under the ROC curve, ties counting half (Mann and Whitney); NaN when all outcomes are alike."""
    happened, predicted = _pair(outcome, probability)
    events, others = happened.sum(), len(happened) - happened.sum()
    if events == 0 or others == 0:
        return float("nan")
    ranks = stats.rankdata(predicted)
    return float((ranks[happened == 1].sum() - events * (events + 1) / 2) / (events * others))


def brier_score(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference between outcome and probability (Brier 1950)."""
    happened, predicted = _pair(outcome, probability)
    return float(np.mean((happened - predicted) ** 2))


def calibration(outcome: ArrayLike, probability: ArrayLike) -> tuple[float, float]:
    """Calibration intercept (slope fixed at 1) and slope (Cox 1958); NaN where not estimable.

    The intercept is the correction to the log odds that makes predicted equal observed events.
    """
    happened, predicted = _pair(outcome, probability)
    logit = special.logit(np.clip(predicted, 1e-12, 1 - 1e-12))
    constant = np.ones((len(logit), 1))
    try:
        intercept = float(fit_logistic(constant, happened, offset=logit).coefficients[0])
    except NotEstimable:
        return float("nan"), float("nan")
    if np.ptp(logit) < 1e-9:
        return intercept, float("nan")
    try:
        fit = fit_logistic(np.column_stack([constant, logit]), happened)
    except NotConverged:
        return intercept, float("nan")
    return intercept, float("nan") if fit.separated else float(fit.coefficients[1])


def calibration_groups(outcome: ArrayLike, probability: ArrayLike, groups: int = 10) -> pd.DataFrame:
    """Predicted and observed proportion by tenth of predicted risk, observed with its Wilson interval."""
    happened, predicted = _pair(outcome, probability)
    edges = np.unique(np.quantile(predicted, np.arange(1, groups) / groups))
    place = np.searchsorted(edges, predicted, side="left")
    table: Any = pd.DataFrame({"group": place, "people": 1, "events": happened, "predicted": predicted})
    table = (
        table.groupby("group")
        .agg({"people": "sum", "events": "sum", "predicted": "mean"})
        .reset_index(drop=True)
    )
    table.insert(0, "group", np.arange(1, len(table) + 1))
    table["observed"] = table["events"] / table["people"]
    table["lower"], table["upper"] = wilson_interval(table["events"], table["people"])
    return table


def missingness(frame: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """Missing values per variable: variable, people, missing, share; the last row is people with any missing."""
    rows = [(v, len(frame), int(frame[v].isna().sum())) for v in variables]
    incomplete: Any = frame[list(variables)].isna()
    rows.append(("any", len(frame), int(incomplete.any(axis=1).sum())))
    table = pd.DataFrame(rows, columns=pd.Index(["variable", "people", "missing"]))
    table["share"] = table["missing"] / max(len(frame), 1)
    return table


def _pair(outcome: ArrayLike, probability: ArrayLike) -> tuple[FloatArray, FloatArray]:
    happened = checks.indicator(outcome, "outcome")
    predicted = checks.column(probability, "probability", len(happened))
    if len(happened) == 0:
        raise Refused("there is nobody to diagnose")
    if np.any((predicted < 0) | (predicted > 1)):
        raise Refused("probability must lie between 0 and 1")
    return happened, predicted
