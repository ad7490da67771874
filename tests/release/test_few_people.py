"""National tables made by SQL say nothing of very few people, under the policy in force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assets.release import (
    released_survival,
    released_treatment_incidence,
    released_variation,
    released_yearly_change,
)
from naome_pipeline.build import BuildContext, Node
from naome_pipeline.disclosure.policy import ENVIRONMENT_VARIABLE
from naome_pipeline.engine import Engine, EngineSettings, open_connection

SURVIVAL = [
    "time", "survival", "lower", "upper", "standard_error", "at_risk", "events", "median", "median_lower", "median_upper",
    "restricted_mean", "restricted_mean_se", "restricted_mean_lower", "restricted_mean_upper",
]  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        yield Engine(connection)


def made(
    node: Node, engine: Engine, folder: Path, monkeypatch: Any, policy: str, **tables: pd.DataFrame
) -> tuple[Any, dict[str, float | None]]:
    """The table that a node makes of these, and what it tells its gate."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, policy)
    engine.attach(tables)
    context = BuildContext(engine, None, None, folder, {}, {}, None)  # type: ignore[arg-type]
    node.make(context)
    return pd.read_parquet(context.table_path), context.measures


def survival() -> pd.DataFrame:
    """England and Wales, of whom four have a brain metastasis and three are still at risk after three years."""
    rows = []
    for level, unit, subgroup, people, at_risk in (
        ("nation", "England", "all", 90, (60, 40)),
        ("nation", "Wales", "all", 20, (12, 3)),
        ("both_nations", "England and Wales", "all", 110, (72, 43)),
        ("nation", "England", "brain", 9, (6, 5)),
        ("nation", "Wales", "brain", 4, (2, 1)),
        ("trust", "R01", "all", 30, (9, 8)),
    ):
        for time, left in zip((365, 1096), at_risk, strict=True):
            row = dict.fromkeys(SURVIVAL, 0.5) | {"time": time, "at_risk": left, "events": 2}
            rows.append(
                {"level": level, "unit_code": unit, "subgroup": subgroup, "people": people, "deaths": 2} | row
            )
    return pd.DataFrame(rows)


def test_survival_of_few_people_or_of_few_at_risk_is_not_published(engine, tmp_path, monkeypatch):
    table, measures = made(
        released_survival.node, engine, tmp_path, monkeypatch, "public", survival_estimates=survival()
    )
    found = table.set_index(["unit_code", "subgroup", "time"]).sort_index()
    assert "trust" not in set(table["level"])
    few: Any = found.loc[("Wales", "brain")]
    assert few.drop(columns="level").isna().all().all()
    assert found.loc[("England", "brain", 365), "at_risk"] == 6
    late, early = found.loc[("Wales", "all", 1096)], found.loc[("Wales", "all", 365)]
    assert early[["people", "survival", "at_risk", "median"]].notna().all()
    assert late[["survival", "lower", "upper", "standard_error", "at_risk", "events"]].isna().all()
    assert late[["people", "median"]].notna().all()
    both = found.loc[("England and Wales", "all", 1096)]
    assert both[["survival", "at_risk", "events"]].isna().all(), "less England's 40 it would say three"
    assert found.loc[("England and Wales", "all", 365), "at_risk"] == 72
    assert measures == {"rows_about_few_people": 0}


def test_time_to_treatment_of_few_people_is_not_published(engine, tmp_path, monkeypatch):
    rows = [
        (level, unit, "all", day, people, 2, 0.1, 0.2, 0.1, 0.3)
        for level, unit, people in (
            ("nation", "England", 40), ("nation", "Wales", 3), ("both_nations", "England and Wales", 43),
        )
        for day in (31, 62)
    ]  # fmt: skip
    columns = [
        "level", "unit_code", "subgroup", "day", "people", "treated", "died_untreated", "incidence", "lower", "upper",
    ]  # fmt: skip
    table, measures = made(
        released_treatment_incidence.node, engine, tmp_path, monkeypatch, "public",
        treatment_incidence=pd.DataFrame(rows, columns=pd.Index(columns)),
    )  # fmt: skip
    shown = table[table["people"].notna()]
    assert set(shown["unit_code"]) == {"England"}
    assert table[table["people"].isna()][columns[5:]].isna().all().all()
    assert measures == {"rows_about_few_people": 0}


def test_a_year_that_the_indicators_hide_has_no_number_and_no_difference_to_its_neighbours(
    engine, tmp_path, monkeypatch
):
    years = pd.DataFrame(
        [("P5", nation, year, 3, 9, 0.3, 0.1, 0.0, 0.2, 0.5) for nation in ("England", "Wales") for year in range(2021, 2025)],
        columns=pd.Index(
            ["indicator", "nation", "year", "numerator", "denominator", "value", "difference", "lower", "upper", "p"]
        ),
    )  # fmt: skip
    released = pd.DataFrame(
        [
            ("P5", "nation", nation, "all", "rolling four quarters", f"{year} Q1 to {year} Q4", shown, shown)
            for nation in ("England", "Wales")
            for year in range(2021, 2025)
            for shown in ([None] if (nation, year) == ("Wales", 2022) else [9])
        ],
        columns=pd.Index(
            [
                "indicator",
                "level",
                "unit_code",
                "subgroup",
                "period_kind",
                "period",
                "numerator",
                "denominator",
            ]
        ),
    )
    table, measures = made(
        released_yearly_change.node,
        engine,
        tmp_path,
        monkeypatch,
        "public",
        yearly_change=years,
        released_indicators=released,
    )
    found = table.set_index(["nation", "year"])
    assert found.loc["England"].notna().all().all()
    assert found.loc[("Wales", 2022), ["numerator", "denominator", "value", "difference", "p"]].isna().all()
    assert found.loc[("Wales", 2023), ["difference", "lower", "upper", "p"]].isna().all()
    assert found.loc[("Wales", 2023), ["numerator", "denominator", "value"]].notna().all()
    assert found.loc[("Wales", 2024)].notna().all()
    assert measures == {"rows_about_few_people": 0}


def test_variation_among_few_people_is_not_published(engine, tmp_path, monkeypatch):
    rows = [("P5", "median_odds_ratio", 1.2, 1.0, 1.5, 0.1, 9, 400, ""),
            ("C10", "none", None, None, None, None, 4, 4, "everybody has the same outcome")]  # fmt: skip
    columns = ["indicator", "measure", "value", "lower", "upper", "p", "trusts", "people", "note"]
    variation = pd.DataFrame(rows, columns=pd.Index(columns))
    table, measures = made(
        released_variation.node, engine, tmp_path, monkeypatch, "public", provider_variation=variation
    )
    found = table.set_index("indicator")
    assert found.loc["P5", ["value", "trusts", "people"]].tolist() == [1.2, 9, 400]
    assert found.loc["C10", ["value", "trusts", "people"]].isna().all()
    assert found.loc["C10", "note"] == "about very few people"
    assert measures == {"rows_about_few_people": 0}


def test_the_internal_policy_shows_everything(engine, tmp_path, monkeypatch):
    table, measures = made(
        released_survival.node, engine, tmp_path, monkeypatch, "internal", survival_estimates=survival()
    )
    assert table.notna().all().all()
    assert measures == {"rows_about_few_people": 0}
