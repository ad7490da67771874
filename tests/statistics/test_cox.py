"""Cox regression against R's survival package and lifelines."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, datasets

from naome_pipeline.statistics.cox import fit_cox, observed_and_expected
from naome_pipeline.statistics.errors import NotEstimable


def test_lung():
    # coxph(Surv(time, status) ~ age + sex + ph.ecog, lung), ties = "efron". R stops one step short of ours (eps = 1e-9).
    data = datasets.load_lung().dropna(subset=["ph.ecog"])
    fit = fit_cox(data[["age", "sex", "ph.ecog"]], data["time"], data["status"])
    assert fit.coefficients == pytest.approx(
        [0.0110667645600735, -0.552612395703631, 0.463728475370428], abs=1e-9
    )
    # summary() of the same model: standard errors and log-likelihood.
    assert fit.standard_errors == pytest.approx([0.009267, 0.167739, 0.113577], abs=5e-7)
    assert fit.log_likelihood == pytest.approx(-729.2301, abs=5e-5)
    assert fit.names == ("age", "sex", "ph.ecog")


def test_heart_with_late_entry():
    # coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart); Kalbfleisch and Prentice, table 6.2.
    data = datasets.load_stanford_heart_transplants()
    data["transplant"] = data["transplant"].astype(float)
    fit = fit_cox(data[["age", "year", "surgery", "transplant"]], data["stop"], data["event"], data["start"])
    assert fit.coefficients == pytest.approx([0.02717, -0.14635, -0.63721, -0.01025], abs=5e-6)
    assert fit.standard_errors == pytest.approx([0.01371, 0.07047, 0.36723, 0.31375], abs=5e-6)
    assert fit.expected.sum() == pytest.approx(75)


def test_german_breast_cancer_study():
    # coxph(Surv(time, cens) ~ ., GBSG2), grade with polynomial contrasts: Hothorn and Everitt, A Handbook of
    # Statistical Analyses Using R, chapter on survival analysis.
    g = datasets.load_gbsg2()
    columns = pd.DataFrame(
        {
            "horTh": (g["horTh"] == "yes").astype(float),
            "age": g["age"],
            "menostat": (g["menostat"] == "Post").astype(float),
            "tsize": g["tsize"],
            "tgrade.L": g["tgrade"].map({"I": -1, "II": 0, "III": 1}) / np.sqrt(2),
            "tgrade.Q": g["tgrade"].map({"I": 1, "II": -2, "III": 1}) / np.sqrt(6),
            "pnodes": g["pnodes"],
            "progrec": g["progrec"],
            "estrec": g["estrec"],
        }
    )
    fit = fit_cox(columns, g["time"], g["cens"])
    published = [
        -0.3462784,
        -0.0094592,
        0.2584448,
        0.0077961,
        0.5512988,
        -0.2010905,
        0.0487886,
        -0.0022172,
        0.0001973,
    ]
    errors = [
        0.1290747,
        0.0093006,
        0.1834765,
        0.0039390,
        0.1898441,
        0.1219654,
        0.0074471,
        0.0005735,
        0.0004504,
    ]
    assert fit.coefficients == pytest.approx(published, abs=5.1e-8)
    assert fit.standard_errors == pytest.approx(errors, abs=5.1e-8)


def test_ties_and_late_entry_agree_with_lifelines():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=150), "b": rng.integers(0, 2, 150)})
    frame["time"], frame["died"] = rng.integers(5, 25, 150), rng.integers(0, 2, 150)
    frame["entry"] = rng.integers(0, 5, 150)
    theirs = CoxPHFitter().fit(frame, "time", "died", entry_col="entry", fit_options={"precision": 1e-10})
    fit = fit_cox(frame[["a", "b"]], frame["time"], frame["died"], frame["entry"])
    assert fit.coefficients == pytest.approx(theirs.params_.to_numpy(), abs=1e-6)
    assert fit.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-8)


def test_expected_deaths_without_covariate_effect_are_the_hazard():
    # One covariate with no information: expected is close to the Nelson-Aalen hazard, and sums to the deaths.
    rng = np.random.default_rng(3)
    time, died = np.arange(1, 41), np.ones(40)
    fit = fit_cox(rng.permutation(np.repeat([0.0, 1.0], 20)), time, died)
    assert fit.expected.sum() == pytest.approx(40)
    assert (np.diff(fit.expected / np.exp(fit.coefficients[0] * 0)) != 0).all()
    shuffled = rng.permutation(40)
    again = fit_cox(np.arange(40) % 2, time[shuffled], died)
    assert again.expected.sum() == pytest.approx(40)


def test_level_without_deaths_is_reported_not_hidden():
    rng = np.random.default_rng(5)
    rare = np.append(np.ones(10), np.zeros(190))
    fit = fit_cox(
        pd.DataFrame({"age": rng.normal(size=200), "rare": rare}), rng.exponential(1, 200), 1 - rare
    )
    assert fit.separated == ("rare",)
    assert fit.expected.sum() == pytest.approx(190)
    assert fit.expected[:10].sum() < 1e-6


def test_observed_and_expected_per_provider():
    table = observed_and_expected(["b", "a", "b"], [1, 0, 1], [0.5, 0.7, 0.8])
    assert table["provider"].tolist() == ["a", "b"]
    assert table["ratio"].tolist() == pytest.approx([0, 2 / 1.3])
    assert table["people"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("x", "time", "died", "refusal"),
    [
        ([1, 2], [1, 2], [0, 0], NotEstimable),
        ([1, 1], [1, 2], [1, 0], NotEstimable),
        ([1, np.nan], [1, 2], [1, 0], ValueError),
        ([1, 2, 3], [1, 2], [1, 0], ValueError),
    ],
)
def test_nothing_to_model_is_refused(x, time, died, refusal):
    with pytest.raises(refusal):
        fit_cox(x, time, died)
