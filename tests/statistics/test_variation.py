"""Between-provider variation against an independent numerical integration and published arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, stats

from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.variation import (
    between_provider_variation,
    intraclass_correlation,
    median_odds_ratio,
)

CBPP = pd.read_csv(Path(__file__).parent / "data" / "cbpp.csv")


def test_median_odds_ratio_as_larsen_and_merlo_define_it():
    # exp(sqrt(2 V) x 0.6745): V = 0.5 gives 1.963 (Larsen and Merlo 2005; Merlo et al. 2006).
    assert median_odds_ratio(np.sqrt(0.5)) == pytest.approx(np.exp(0.6744897501960817), abs=1e-12)
    assert median_odds_ratio(0.0) == 1.0
    assert intraclass_correlation(np.sqrt(np.pi**2 / 3)) == pytest.approx(0.5)


def marginal(parameters: np.ndarray, groups: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> float:
    """Minus the log likelihood of the random-intercept model, each group integrated on a fine grid."""
    *beta, log_sigma = parameters
    sigma, total = np.exp(log_sigma), 0.0
    # Points far denser than the integrand bends: the trapezoidal rule over the whole line then errs in the last digits only.
    u = np.linspace(-8 * sigma, 8 * sigma, 801)
    for matrix, events, people in groups:
        p = 1 / (1 + np.exp(-(matrix @ np.array(beta) + u[:, None])))
        density = np.exp(stats.binom.logpmf(events, people, p).sum(axis=1)) * stats.norm.pdf(u, 0, sigma)
        total -= np.log(integrate.trapezoid(density, u))
    return total


def test_contagious_bovine_pleuropneumonia_agrees_with_direct_integration():
    # The data of lme4's help page for glmer: incidence by herd and period.
    factors = pd.get_dummies(CBPP["period"].astype(str), prefix="period", drop_first=True, dtype=float)
    ours = between_provider_variation(CBPP["herd"], CBPP["incidence"], CBPP["size"], factors, nodes=25)
    matrix = np.column_stack([np.ones(len(CBPP)), factors.to_numpy()])
    groups = [
        (matrix[rows], CBPP["incidence"].to_numpy()[rows], CBPP["size"].to_numpy()[rows])
        for rows in (np.flatnonzero(CBPP["herd"].to_numpy() == h) for h in CBPP["herd"].unique())
    ]
    start = np.append(ours.factors["coefficient"].to_numpy(), np.log(ours.sigma.value))
    theirs = optimize.minimize(
        marginal, start, args=(groups,), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-8}
    )
    assert ours.sigma.value == pytest.approx(np.exp(theirs.x[-1]), abs=2e-3)
    assert ours.factors["coefficient"].to_numpy() == pytest.approx(theirs.x[:-1], abs=2e-3)


def test_names_and_order_do_not_matter():
    shuffled = CBPP.sample(frac=1, random_state=2)
    one = between_provider_variation(CBPP["herd"], CBPP["incidence"], CBPP["size"])
    other = between_provider_variation(
        "H" + shuffled["herd"].astype(str), shuffled["incidence"], shuffled["size"]
    )
    assert one.sigma == pytest.approx(other.sigma, rel=1e-6)


@pytest.mark.parametrize(
    ("groups", "events", "people", "refusal", "words"),
    [
        (["a", "a"], [1, 2], [5, 5], NotEstimable, "two groups"),
        (["a", "b"], [0, 0], [5, 5], NotEstimable, "same outcome"),
        (["a", "b"], [6, 0], [5, 5], ValueError, "numerator"),
    ],
)
def test_what_cannot_be_divided_is_refused(groups, events, people, refusal, words):
    with pytest.raises(refusal, match=words):
        between_provider_variation(groups, events, people)
