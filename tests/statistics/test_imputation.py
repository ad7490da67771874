"""Imputation: categories stay categories, associations stay associations, and nothing depends on order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.statistics.imputation import Variable, impute
from naome_pipeline.statistics.logistic import fit_logistic
from naome_pipeline.statistics.pooling import pool

VARIABLES = [
    Variable("age", "continuous"),
    Variable("status", "ordered", (0, 1, 2)),
    Variable("group", "categorical"),
]


def made(size: int = 1500, seed: int = 3) -> pd.DataFrame:
    """Status depends on age and drives the outcome; it is missing more often where the outcome happened."""
    rng = np.random.default_rng(seed)
    age = rng.normal(65, 10, size)
    status = np.clip(np.round((age - 60) / 12 + rng.normal(0, 0.6, size)), 0, 2).astype(int)
    outcome = (rng.random(size) < 1 / (1 + np.exp(1.0 - 1.0 * status))).astype(int)
    frame = pd.DataFrame(
        {
            "key": [f"K{n:05d}" for n in range(size)],
            "age": age,
            "status": pd.Series(status, dtype=object),
            "group": rng.choice(np.array(["a", "b", "c"], dtype=object), size),
            "outcome": outcome,
        }
    )
    frame.loc[rng.random(size) < np.where(outcome == 1, 0.5, 0.15), "status"] = None
    frame.loc[rng.random(size) < 0.1, "group"] = None
    return frame


def filled(frame: pd.DataFrame, seed: int = 1, imputations: int = 5) -> list[pd.DataFrame]:
    return list(impute(frame, VARIABLES, ["outcome"], "key", seed, imputations=imputations))


def test_every_missing_value_gets_an_observed_level_and_observed_values_stay():
    frame = made()
    for copy in filled(frame):
        assert copy.notna().all().all()
        assert set(copy["status"]) == {0, 1, 2}
        assert set(copy["group"]) == {"a", "b", "c"}
        known = frame["status"].notna()
        assert (copy.loc[known, "status"] == frame.loc[known, "status"]).all()


def test_same_seed_same_values_whatever_the_order_of_rows():
    frame = made(400)
    one = [c.set_index("key") for c in filled(frame)]
    other = [c.set_index("key") for c in filled(frame.sample(frac=1, random_state=9))]
    for a, b in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(a, b.loc[a.index])
    assert not filled(frame, seed=2)[0].equals(filled(frame)[0])


def coefficient(frame: pd.DataFrame) -> tuple[float, float]:
    status: Any = frame["status"].astype(float)
    fit = fit_logistic(np.column_stack([np.ones(len(frame)), status]), frame["outcome"])
    return float(fit.coefficients[1]), float(fit.covariance[1, 1])


def test_pooled_slope_is_nearer_the_truth_than_complete_cases_prevalence():
    # Missing depends on the outcome: complete cases halve the events, imputation brings them back.
    frame = made(4000)
    complete = frame.dropna()
    assert complete["outcome"].mean() < frame["outcome"].mean() - 0.08
    copies = filled(frame, imputations=10)
    assert copies[0]["outcome"].mean() == frame["outcome"].mean()
    fitted = np.array([coefficient(c) for c in copies])
    found = pool(fitted[:, 0], fitted[:, 1])
    assert abs(found.estimate - 1.0) < 2.5 * found.standard_error
    assert found.missing_information > 0.02


def test_without_missing_values_nothing_is_drawn():
    frame = made(200).dropna()
    for copy in filled(frame):
        pd.testing.assert_frame_equal(copy[list(frame.columns)], frame, check_dtype=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.assign(key="same"), "key"),
        (lambda f: f.assign(status=None), "observed"),
        (lambda f: f.drop(columns="group"), "group"),
    ],
)
def test_impossible_input_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        filled(change(made(60)))
