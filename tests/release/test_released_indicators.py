"""What may be shown of a count: small numbers below the nation are hidden, and everything computed from them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import naome_pipeline
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.parameters import parameters

SQL = (Path(naome_pipeline.__file__).parent / "disclosure" / "released_indicators.sql").read_text(
    encoding="utf-8"
)
COMPUTED = ("numerator", "proportion", "lower", "upper")


def released(tmp_path: Path, level: str, numerator: int | None, denominator: int, **more: float) -> dict:
    """One count as it would be released."""
    share = None if numerator is None else numerator / denominator
    counts = pd.DataFrame(
        [
            {
                "indicator": "P1",
                "period_kind": "quarter",
                "period": "2025 Q1",
                "period_end": pd.Timestamp("2025-03-31"),
                "level": level,
                "unit_code": {"trust": "RAJ", "alliance": "E56000035", "nation": "England"}[level],
                "subgroup": "all",
                "denominator": denominator,
                "numerator": numerator,
                "proportion": share,
                "lower": share,
                "upper": share,
                "median_days": more.get("median_days"),
                "lower_quartile_days": more.get("median_days"),
                "upper_quartile_days": more.get("median_days"),
            }
        ]
    ).astype(
        {
            "numerator": "Int64",
            "proportion": "Float64",
            "lower": "Float64",
            "upper": "Float64",
            "median_days": "Float64",
            "lower_quartile_days": "Float64",
            "upper_quartile_days": "Float64",
        }
    )
    providers = pd.DataFrame(
        {
            "trust_code": ["RAJ"],
            "trust_name": ["A trust"],
            "alliance_code": ["E56000035"],
            "alliance_name": ["An Alliance"],
            "nation": ["England"],
        }
    )
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        engine = Engine(connection)
        engine.attach({"indicator_counts": counts, "providers": providers})
        values = {name: p.value for name, p in parameters().items()}
        found = engine.fetch(engine.prepare(SQL, values)).to_dict("records")
    assert len(found) == 1
    return {str(k): v for k, v in found[0].items()}


@pytest.mark.parametrize("level", ["trust", "alliance"])
@pytest.mark.parametrize(
    ("numerator", "denominator", "shown_numerator", "shown_denominator"),
    [
        (5, 10, True, True),
        (4, 10, False, True),
        (1, 10, False, True),
        (0, 10, True, True),
        (10, 10, True, True),
        (9, 10, False, True),  # one person outside the numerator
        (6, 10, False, True),  # four
        (0, 4, False, False),
        (4, 4, False, False),
        (1, 1, False, False),
        (0, 5, True, True),
    ],
)
def test_small_counts_below_the_nation_are_hidden(
    tmp_path, level, numerator, denominator, shown_numerator, shown_denominator
):
    row = released(tmp_path, level, numerator, denominator)
    assert pd.notna(row["denominator"]) == shown_denominator
    for column in COMPUTED:
        assert pd.notna(row[column]) == shown_numerator
    assert (row["suppressed"] == "") == (shown_numerator and shown_denominator)


def test_the_nation_is_shown_whole(tmp_path):
    row = released(tmp_path, "nation", 1, 3)
    assert (row["numerator"], row["denominator"], row["suppressed"]) == (1, 3, "")


def test_durations_of_few_people_are_hidden(tmp_path):
    assert pd.isna(released(tmp_path, "trust", None, 4, median_days=30.0)["median_days"])
    assert released(tmp_path, "trust", None, 5, median_days=30.0)["median_days"] == 30.0


def test_names_come_with_the_codes(tmp_path):
    row = released(tmp_path, "trust", 5, 10)
    assert (row["unit_name"], row["alliance_code"], row["nation"]) == ("A trust", "E56000035", "England")
    assert released(tmp_path, "alliance", 5, 10)["unit_name"] == "An Alliance"
