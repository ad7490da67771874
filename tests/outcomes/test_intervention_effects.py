"""Configured interventions: a planted effect is found by the design that fits, and a wrong entry is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.outcomes.interventions import COLUMNS, configured_interventions, intervention_effects
from naome_pipeline.statistics.evaluation import Intervention

QUARTERS = pd.period_range("2022Q1", "2025Q4", freq="Q")
TREATED = tuple(f"T{n:02d}" for n in range(15))


def counts(effect: float) -> pd.DataFrame:
    """30 trusts by quarter; the first half improve by `effect` from 2024 Q1; the nation is their sum."""
    rng = np.random.default_rng(6)
    rows = []
    for number in range(30):
        unit = f"T{number:02d}"
        for quarter in QUARTERS:
            after = quarter >= pd.Period("2024Q1") and unit in TREATED
            rows.append((unit, quarter, rng.binomial(200, 0.5 + (effect if after else 0)), 200))
    trusts = pd.DataFrame(rows, columns=["unit_code", "quarter", "numerator", "denominator"]).assign(
        level="trust"
    )
    nation = trusts.groupby("quarter", as_index=False)[["numerator", "denominator"]].sum()
    table = pd.concat([trusts, nation.assign(level="nation", unit_code="England")], ignore_index=True)
    ends = [q.end_time.normalize() for q in table["quarter"]]
    return table.assign(indicator="P8", period_kind="quarter", subgroup="all", period_end=ends)


def entry(**more: Any) -> Intervention:
    return Intervention.model_validate({"name": "Nurses", "start": "2024Q1", "indicators": ["P8"]} | more)


def test_with_providers_left_to_compare_it_is_difference_in_differences():
    found: Any = intervention_effects(counts(0.1), [entry(providers=TREATED)]).set_index("term")
    assert set(found["design"]) == {"difference-in-differences"}
    assert found.loc["effect", "estimate"] == pytest.approx(0.1, abs=0.02)
    assert 0.05 < found.loc["effect", "lower"] < found.loc["effect", "upper"] < 0.15
    assert found.loc["difference in trends before", "p"] > 0.01


def test_for_everybody_at_once_it_is_an_interrupted_series():
    found: Any = intervention_effects(counts(0.2), [entry()]).set_index("term")
    assert found["note"].str.startswith("autocorrelation of successive quarters").all()
    assert set(found["design"]) == {"interrupted time series"}
    assert found.loc["level change", "estimate"] == pytest.approx(0.1, abs=0.03)


def test_what_cannot_be_estimated_says_why():
    found = intervention_effects(counts(0.0), [entry(start="2025Q3")])
    assert list(found["term"]) == ["none"]
    assert "at least 8 periods before and as many after" in found["note"].iloc[0]


def test_a_mistake_of_ours_is_no_reason_to_publish():
    twice = pd.concat([counts(0.1)] * 2)
    with pytest.raises(ValueError, match="two rows for one period"):
        intervention_effects(twice, [entry(providers=TREATED)])


def test_none_is_configured_and_the_table_is_empty():
    assert configured_interventions() == []
    assert list(intervention_effects(counts(0.0), []).columns) == COLUMNS


@pytest.mark.parametrize(
    "wrong", [{"start": "2024"}, {"indicators": []}, {"surprise": 1}, {"transition": -1}]
)
def test_a_wrong_entry_is_refused(tmp_path, wrong):
    import yaml

    path = tmp_path / "interventions.yaml"
    content = {"interventions": [{"name": "Nurses", "start": "2024Q1", "indicators": ["P8"]} | wrong]}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"interventions\.yaml is wrong.*What to do"):
        configured_interventions(path)
