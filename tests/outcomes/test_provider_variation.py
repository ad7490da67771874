"""Variation between trusts of known size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes import variation
from naome_pipeline.outcomes.variation import variation_by_indicator


def made(sigma: float, trusts: int = 60, size: int = 80, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    effect = np.repeat(rng.normal(0, sigma, trusts), size)
    outcome = rng.random(trusts * size) < 1 / (1 + np.exp(-effect))
    return pd.DataFrame(
        {
            "indicator": "P1",
            "outcome": outcome.astype(int),
            "trust_code": np.repeat(np.arange(trusts).astype(str), size),
        }
    )


def test_a_known_spread_lies_in_the_interval():
    found: Any = variation_by_indicator(made(0.5)).set_index("measure")
    assert found.loc["sigma", "lower"] < 0.5 < found.loc["sigma", "upper"]
    # exp(sqrt(2) x 0.6745 x 0.5) = 1.61 (Larsen and Merlo 2005).
    assert found.loc["median_odds_ratio", "lower"] < 1.611 < found.loc["median_odds_ratio", "upper"]
    assert found.loc["sigma", "p"] < 0.001


def test_no_spread_is_not_found():
    found: Any = variation_by_indicator(made(0.0)).set_index("measure")
    assert found.loc["sigma", "lower"] < 0.05
    assert found.loc["median_odds_ratio", "value"] < 1.2


def test_what_cannot_be_divided_says_why():
    table = made(0.3).assign(outcome=1)
    found: Any = variation_by_indicator(table)
    assert list(found["measure"]) == ["none"]
    assert "same outcome" in found["note"].iloc[0]


def test_a_fault_of_the_program_is_no_note_in_the_table(monkeypatch):
    def fault(*_: object) -> None:
        int("NHS9434765919")

    monkeypatch.setattr(variation, "between_provider_variation", fault)
    with pytest.raises(ValueError, match="9434765919"):
        variation_by_indicator(made(0.5, trusts=2))


def test_a_spread_without_upper_limit_says_that_the_people_are_too_few():
    two = pd.DataFrame({"indicator": "P1", "outcome": [1, 0], "trust_code": ["A", "B"]})
    assert "no upper limit" in variation_by_indicator(two)["note"].iloc[0]


def test_a_mistake_of_ours_is_no_reason_to_publish():
    with pytest.raises(ValueError, match="numerator must not exceed"):
        variation_by_indicator(made(0.3).assign(outcome=2))
