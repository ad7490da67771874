"""National tables made by SQL say nothing of very few people, under the policy in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.release import (
    released_factors,
    released_recurrence_evidence,
    released_risk_models,
    released_survival,
    released_treatment_incidence,
    released_variation,
    released_yearly_change,
)
from naome_pipeline.build import BuildContext, Node
from naome_pipeline.disclosure.policy import ENVIRONMENT_VARIABLE
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.indicators.registry import registry
from naome_pipeline.statistics.survival import survival_by_group

SURVIVAL = [
    "time", "survival", "lower", "upper", "standard_error", "at_risk", "events", "median", "median_lower", "median_upper",
    "restricted_mean", "restricted_mean_se", "restricted_mean_lower", "restricted_mean_upper",
]  # fmt: skip


VARIATION = ["indicator", "measure", "value", "lower", "upper", "p", "trusts", "people", "note"]
TREATMENT = [
    "level", "unit_code", "subgroup", "day", "people", "treated", "died_untreated", "incidence", "lower", "upper",
]  # fmt: skip
FACTORS = ["indicator", "block", "factor", "measure"]
BOTH, EVERYBODY = "both_nations", "England and Wales"


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


def with_nothing_hidden() -> dict[str, pd.DataFrame]:
    """Released indicators that show all they have, and what the indicators count."""
    definitions = [
        *((name, "everybody in the cohort") for name in ("P1", "D1")),
        ("P10_1y", "everybody whose death has a date"),
        ("T1", "people treated"),
        ("P4", "people known to be HER2 positive"),
    ]
    return {
        "released_indicators": audited(D1={"England": 90, "Wales": 20, EVERYBODY: 110}),
        "indicator_definitions": pd.DataFrame(
            [(name, text, "de_novo") for name, text in definitions],
            columns=pd.Index(["indicator", "denominator_text", "cohort"]),
        ),
    }


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
        released_survival.node, engine, tmp_path, monkeypatch, "public",
        survival_estimates=survival(), **with_nothing_hidden(),
    )  # fmt: skip
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


def treatment(people: dict[str, int]) -> pd.DataFrame:
    """So many people of each nation, and of both together."""
    rows = [
        (BOTH if unit == EVERYBODY else "nation", unit, "all", day, n, 2, 0.1, 0.2, 0.1, 0.3)
        for unit, n in (people | {EVERYBODY: sum(people.values())}).items()
        for day in (31, 62)
    ]
    return pd.DataFrame(rows, columns=pd.Index(TREATMENT))


def test_time_to_treatment_of_few_people_is_not_published(engine, tmp_path, monkeypatch):
    table, measures = made(
        released_treatment_incidence.node, engine, tmp_path, monkeypatch, "public",
        treatment_incidence=treatment({"England": 40, "Wales": 3}), **with_nothing_hidden(),
    )  # fmt: skip
    shown = table[table["people"].notna()]
    assert set(shown["unit_code"]) == {"England"}
    assert table[table["people"].isna()][TREATMENT[5:]].isna().all().all()
    assert measures == {"rows_about_few_people": 0}


def with_a_hidden_quarter(indicator: str, nation: str, subgroup: str) -> dict[str, pd.DataFrame]:
    """The released indicators hide one quarter of people whose other quarters they show."""
    given = with_nothing_hidden()
    hidden = audited(**{indicator: {nation: None}}).assign(
        period_kind="quarter", period="2023 Q3", subgroup=subgroup
    )
    return given | {"released_indicators": pd.concat([given["released_indicators"], hidden])}


def test_all_quarters_of_survival_less_the_shown_ones_are_not_a_hidden_one(engine, tmp_path, monkeypatch):
    """England hides two people of a quarter among those with a brain metastasis, Wales some of everybody."""
    few = with_a_hidden_quarter("D1", "England", "brain")
    wales = with_a_hidden_quarter("D1", "Wales", "all")
    few["released_indicators"] = pd.concat([few["released_indicators"], wales["released_indicators"]])
    table, measures = made(
        released_survival.node, engine, tmp_path, monkeypatch, "public", survival_estimates=survival(), **few
    )
    found = table.set_index(["unit_code", "subgroup", "time"]).sort_index().drop(columns="level")
    assert found.loc["England", "brain"].isna().all(axis=None)
    assert found.loc["Wales", "all"].isna().all(axis=None)
    assert found.loc[EVERYBODY, "all"].isna().all(axis=None), "less England's it would be that of Wales"
    assert found.loc[("England", "all", 365)].notna().all()
    assert measures == {"rows_about_few_people": 0}


@pytest.mark.parametrize("indicator", ["D1", "P10_1y", "T1"])
def test_all_quarters_of_the_treated_less_the_shown_ones_are_not_a_hidden_one(
    indicator, engine, tmp_path, monkeypatch
):
    table, measures = made(
        released_treatment_incidence.node, engine, tmp_path, monkeypatch, "public",
        treatment_incidence=treatment({"England": 40, "Wales": 30}),
        **with_a_hidden_quarter(indicator, "Wales", "all"),
    )  # fmt: skip
    found = table.set_index("unit_code")[TREATMENT[4:]]
    assert found.loc["England"].notna().all(axis=None)
    assert found.loc[["Wales", EVERYBODY]].isna().all(axis=None)
    assert measures == {"rows_about_few_people": 0}


@pytest.mark.parametrize("named", ["P1", "P10_1y", "T1"])
def test_indicators_that_count_the_same_people_say_so_in_the_same_words(named):
    """By the words of these three a series is told whose hidden quarters it adds up."""
    of = {n: i.denominator for n, i in registry().indicators.items() if i.cohort == "de_novo"}
    for name, denominator in of.items():
        assert (denominator.text == of[named].text) == (denominator.where == of[named].where), name


@pytest.mark.parametrize(("people", "deaths"), [(12, 1), (51, 13), (915, 308)])
def test_a_proportion_and_its_standard_error_say_how_many_people_they_are_of(people, deaths):
    """Why hiding the number of people would not be enough: of people followed to the day, Greenwood's error is s(1-s)/n."""
    found = survival_by_group(
        np.repeat("England", people), np.repeat([100.0, 400.0], [deaths, people - deaths]),
        np.repeat([1, 0], [deaths, people - deaths]), [365], restricted_mean_horizon=365,
    ).iloc[0]  # fmt: skip
    recovered = found["survival"] * (1 - found["survival"]) / found["standard_error"] ** 2
    assert recovered == pytest.approx(people)


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


def audited(**denominators: Mapping[str, int | None]) -> pd.DataFrame:
    """Released rows of the audit period: by indicator the denominator of each nation and of both; missing where it is hidden."""
    return pd.DataFrame(
        [
            (indicator, BOTH if unit == EVERYBODY else "nation", unit, "all", "audit period", "2021 to 2023", people)
            for indicator, units in denominators.items()
            for unit, people in units.items()
        ],
        columns=pd.Index(["indicator", "level", "unit_code", "subgroup", "period_kind", "period", "denominator"]),
    ).astype({"denominator": "Int64"})  # fmt: skip


def test_variation_among_few_people_is_not_published(engine, tmp_path, monkeypatch):
    rows = [("P5", "median_odds_ratio", 1.2, 1.0, 1.5, 0.1, 9, 400, ""),
            ("C10", "none", None, None, None, None, 4, 4, "everybody has the same outcome")]  # fmt: skip
    variation = pd.DataFrame(rows, columns=pd.Index(VARIATION))
    table, measures = made(
        released_variation.node, engine, tmp_path, monkeypatch, "public",
        provider_variation=variation, released_indicators=audited(P5={"England": 400}, C10={"England": None}),
    )  # fmt: skip
    found = table.set_index("indicator")
    assert found.loc["P5", ["value", "trusts", "people"]].tolist() == [1.2, 9, 400]
    assert found.loc["C10", ["value", "trusts", "people"]].isna().all()
    assert found.loc["C10", "note"] == "about very few people"
    assert measures == {"rows_about_few_people": 0}


def test_people_of_variation_less_those_of_england_are_not_the_few_of_wales(engine, tmp_path, monkeypatch):
    """28 people of both nations, of whom England shows 26: the hidden two of Wales."""
    rows = [("P4", "sigma", 0.2, 0.0, 0.5, 0.1, 9, 28, ""), ("P5", "sigma", 0.2, 0.0, 0.5, 0.1, 11, 229, "")]
    released = audited(
        P4={"England": 26, "Wales": None, EVERYBODY: None}, P5={"England": 215, "Wales": 14, EVERYBODY: 229}
    )
    table, measures = made(
        released_variation.node, engine, tmp_path, monkeypatch, "public",
        provider_variation=pd.DataFrame(rows, columns=pd.Index(VARIATION)), released_indicators=released,
    )  # fmt: skip
    found = table.set_index("indicator")
    assert found.loc["P4", ["trusts", "people"]].isna().all()
    assert found.loc["P4", ["value", "lower", "upper", "p"]].notna().all()
    assert found.loc["P5", ["trusts", "people"]].tolist() == [11, 229]
    assert measures == {"rows_about_few_people": 0}


def factors(**people: int) -> pd.DataFrame:
    """The factors of P5 among 60 people, with so many of each level."""
    rows: list[Any] = [("P5", "none", "", "median_odds_ratio", 1.3, 1.0, 1.9, None, 60, "")]
    rows += [
        ("P5", "patient", name.replace("_", ": "), "odds_ratio", 1.1, 0.7, 1.6, 0.4, n, "")
        for name, n in people.items()
    ]
    return pd.DataFrame(rows, columns=pd.Index([*FACTORS, "value", "lower", "upper", "p", "people", "note"]))


def factors_shown(made_of: tuple[Any, Any]) -> Any:
    table, measures = made_of
    assert measures == {"rows_about_few_people": 0}
    return table.set_index("factor")


def test_people_by_factor_are_published_where_no_level_has_few(engine, tmp_path, monkeypatch):
    """Of 60 people two are of other sex than the level that has a row, and three have one of two levels of ethnicity."""
    found = factors_shown(
        made(
            released_factors.node, engine, tmp_path, monkeypatch, "public",
            associated_factors=factors(liver_yes=20, sex_male=58, ethnicity_A=3, ethnicity_B=7),
            released_indicators=audited(P5={"England": 60}),
        )
    )  # fmt: skip
    assert found.loc["", "people"] == 60
    assert found.loc["liver: yes", ["value", "people"]].tolist() == [1.1, 20]
    few = found.loc[["sex: male", "ethnicity: A", "ethnicity: B"]]
    assert few[["value", "lower", "upper", "p", "people"]].isna().all(axis=None)
    assert set(few["note"]) == {"about very few people"}


def test_people_by_factor_are_not_published_of_two_nations(engine, tmp_path, monkeypatch):
    """62 people with metastases in the liver, of whom England shows 58."""
    found = factors_shown(
        made(
            released_factors.node, engine, tmp_path, monkeypatch, "public",
            associated_factors=factors(liver_yes=20),
            released_indicators=audited(P5={"England": 40, "Wales": 20, EVERYBODY: 60}),
        )
    )  # fmt: skip
    assert found.loc["", "people"] == 60
    assert found.loc["liver: yes", ["value", "lower", "upper"]].notna().all()
    assert pd.isna(found.loc["liver: yes", "people"])


def test_people_by_factor_are_not_published_beside_a_hidden_subgroup(engine, tmp_path, monkeypatch):
    released = audited(P5={"England": 60})
    hidden = audited(P5={"England": None}).assign(subgroup="liver")
    found = factors_shown(
        made(
            released_factors.node, engine, tmp_path, monkeypatch, "public",
            associated_factors=factors(liver_yes=20), released_indicators=pd.concat([released, hidden]),
        )
    )  # fmt: skip
    assert found.loc["", "people"] == 60
    assert pd.isna(found.loc["liver: yes", "people"])


def test_of_merged_levels_and_hidden_totals_no_model_says_how_many_people(engine, tmp_path, monkeypatch):
    rows = [
        (name, part, unit, measure, value, "")
        for name in ("P5", "P7")
        for part, unit, measure, value in (
            ("merged level", "ethnicity: Black", "people", 3.0), ("risk group", "1", "people", 14.0),
            ("risk group", "1", "observed", 0.5), ("coefficient", "age", "ratio", 1.1), ("provider", "R01", "people", 9.0),
        )
    ]  # fmt: skip
    models = pd.DataFrame(rows, columns=pd.Index(["indicator", "part", "unit", "measure", "value", "note"]))
    released = audited(P5={"England": 140}, P7={"England": 140, "Wales": None, EVERYBODY: None})
    table, _ = made(
        released_risk_models.node, engine, tmp_path, monkeypatch, "public",
        risk_models=models, released_indicators=released,
    )  # fmt: skip
    found = table.set_index(["indicator", "part", "measure"])["value"]
    assert found.xs("merged level", level="part").isna().all()
    assert found.loc["P5", "risk group"].notna().all()
    assert found.loc["P7", "risk group"].isna().all()
    assert found.xs("coefficient", level="part").notna().all()
    assert "provider" not in set(table["part"])


EVIDENCE = {
    ("England", "definite"): {"any": 47, "cosd_recurrence": 27, "registry_later_tumour": 20},
    ("England", "possible"): {"any": 15, "hospital_diagnosis": 11, "palliative_drug": 4},
    ("Wales", "definite"): {"any": 1, "cosd_recurrence": 1},
    ("Wales", "probable"): {"any": 11, "hospital_diagnosis": 10, "palliative_drug": 8},
    ("Scotland", "probable"): {"any": 11, "hospital_diagnosis": 10, "palliative_drug": 8},
}


def test_few_recurrences_of_a_source_or_a_certainty_are_not_published(engine, tmp_path, monkeypatch):
    """Four people of England are known from a drug alone: 15 less the 11 of hospitals. One of Wales is definite: those of the
    cohort less the 11 that are probable. A third nation hides a quarter of its cohort, whose sum the evidence is."""
    rows = [(*of, source, n, n) for of, sources in EVIDENCE.items() for source, n in sources.items()]
    evidence = pd.DataFrame(
        rows, columns=pd.Index(["nation", "certainty", "source", "people", "found_by_one_source_only"])
    )
    released = audited(P2={"England": 62, "Wales": 12, "Scotland": 11})
    quarter = audited(P2={"Scotland": None}).assign(period_kind="quarter", period="2023 Q1")
    definitions = pd.DataFrame(
        {
            "indicator": ["R1", "P2"],
            "cohort": "recurrent",
            "nations": "England, Wales, Scotland",
            "status": "experimental",
        }
    )
    table, measures = made(
        released_recurrence_evidence.node, engine, tmp_path, monkeypatch, "public",
        recurrence_evidence=evidence, indicator_definitions=definitions,
        released_indicators=pd.concat([released, quarter]),
    )  # fmt: skip
    found = table.set_index(["nation", "certainty", "source"])[
        ["people", "found_by_one_source_only"]
    ].sort_index()
    assert found.loc["England", "definite"].notna().all(axis=None)
    assert found.loc[("England", "possible", "any"), "people"] == 15
    assert found.loc["England", "possible"].drop("any").isna().all(axis=None)
    assert found.loc["Wales"].isna().all(axis=None)
    assert found.loc["Scotland"].isna().all(axis=None)
    assert measures == {"rows_about_few_people": 0}


def test_the_internal_policy_shows_everything(engine, tmp_path, monkeypatch):
    table, measures = made(
        released_survival.node, engine, tmp_path, monkeypatch, "internal",
        survival_estimates=survival(), **with_nothing_hidden(),
    )  # fmt: skip
    assert table.notna().all().all()
    assert measures == {"rows_about_few_people": 0}
