"""Logistic regression against statsmodels, and what happens when an outcome separates."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from naome_pipeline.statistics.diagnostics import area_under_curve, brier_score, calibration, diagnose
from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.logistic import fit_logistic


def made(seed: int = 1, size: int = 800) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(size), rng.normal(size=(size, 3))])
    y = (rng.random(size) < 1 / (1 + np.exp(-x @ [-0.5, 0.8, -0.4, 0.0]))).astype(float)
    return x, y


def test_agrees_with_statsmodels():
    x, y = made()
    ours, theirs = fit_logistic(x, y), sm.Logit(y, x).fit(disp=0)
    assert ours.coefficients == pytest.approx(theirs.params, abs=1e-8)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse, abs=1e-8)


def test_order_of_rows_does_not_matter():
    x, y = made()
    order = np.random.default_rng(2).permutation(len(y))
    assert fit_logistic(x[order], y[order]).coefficients == pytest.approx(
        fit_logistic(x, y).coefficients, rel=1e-12
    )


def test_expected_events_are_the_observed_ones():
    x, y = made()
    assert fit_logistic(x, y).probabilities(x).sum() == pytest.approx(y.sum(), abs=1e-6)


def test_separation_is_named_and_stays_balanced():
    x, y = made(size=200)
    x = np.column_stack([x, (np.arange(200) < 6).astype(float)])
    y[:6] = 1
    found = fit_logistic(x, y, ["constant", "a", "b", "c", "always"])
    assert found.separated == ("always",)
    assert np.all(np.isfinite(found.coefficients))
    assert found.probabilities(x).sum() == pytest.approx(y.sum(), abs=1e-4)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_everybody_alike_is_refused(outcome):
    with pytest.raises(NotEstimable, match="same outcome"):
        fit_logistic(np.ones((20, 1)), np.full(20, outcome))


def test_missing_values_are_refused():
    x, y = made(size=50)
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match="matrix"):
        fit_logistic(x, y)


def test_discrimination_calibration_and_error_by_hand():
    outcome, probability = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    # Of four pairs of one event and one other, three are in order.
    assert area_under_curve(outcome, probability) == 0.75
    assert brier_score(outcome, probability) == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)


def test_a_model_is_calibrated_on_its_own_data_and_an_exaggerated_one_is_not():
    x, y = made(size=4000)
    fit = fit_logistic(x, y)
    predicted = fit.probabilities(x)
    intercept, slope = calibration(y, predicted)
    assert (intercept, slope) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-6))
    log_odds = np.log(predicted / (1 - predicted))
    assert calibration(y, 1 / (1 + np.exp(-2 * log_odds)))[1] == pytest.approx(0.5, abs=1e-6)
    found = diagnose(y, predicted)
    assert found.deciles["people"].sum() == 4000
    assert found.deciles["events"].sum() == y.sum()
