"""The recommendations follow from the released numbers by the stated rules, and their numbers are the released ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.indicators.registry import registry
from naome_pipeline.reports import numbers
from naome_pipeline.reports.recommendations import RULES_FILE, load_rules, recommendations, rules
from tests.reports.annual import annual_frames
from tests.reports.released_tables import frames, released

AUDIT = {
    "period_kind": "audit period",
    "period": "2021 to 2023",
    "period_end": pd.Timestamp("2023-12-31"),
    "level": "nation",
    "unit_code": "England",
    "unit_name": "England",
    "alliance_code": None,
    "nation": "England",
    "subgroup": "all",
    "suppressed": "",
    "policy": "public",
}


def row(indicator: str, numerator: int, denominator: int, half: float = 0.01, **more: object) -> dict:
    share = numerator / denominator
    return (
        AUDIT
        | {"indicator": indicator, "numerator": numerator, "denominator": denominator, "proportion": share}
        | {"lower": share - half, "upper": share + half}
        | more
    )


def spread(indicator: str, value: float, lower: float, upper: float) -> dict:
    return {
        "indicator": indicator, "measure": "median_odds_ratio", "value": value, "lower": lower, "upper": upper,
        "p": 0.01, "trusts": 120, "people": 9000, "note": "",
    }  # fmt: skip


def change(indicator: str, difference: float, lower: float, upper: float, year: int = 2023) -> dict:
    return {
        "indicator": indicator, "nation": "England", "year": year, "numerator": 700, "denominator": 1000, "value": 0.7,
        "difference": difference, "lower": lower, "upper": upper, "p": 0.01,
    }  # fmt: skip


def trusts(
    indicator: str, worse: int, better: int = 0, hidden: int = 0, comparison: str = "unadjusted"
) -> list[dict]:
    states = [("potential outlier", "worse")] * worse + [("potential outlier", "better")] * better
    states += [("hidden", "")] * hidden + [("within", "")] * 5
    kind = "unadjusted" if registry().indicators[indicator].risk_adjustment == "none" else "risk adjusted"
    return [
        {
            "indicator": indicator, "comparison": kind, "period": "2021 to 2023", "trust_code": f"R{n:02d}",
            "unit_name": f"Trust {n}", "state": state, "direction": direction, "overdispersed_state": "alert",
            "overdispersed_direction": direction, "suppressed": "", "policy": "public",
        }
        for n, (state, direction) in enumerate(states)
    ]  # fmt: skip


def tables(**changed: list[dict]) -> dict[str, pd.DataFrame]:
    """The released tables with these rows only; every indicator available, nothing missing."""
    made = frames()
    definitions = made["released_definitions"].assign(available=True, status="published")
    definitions.loc[definitions["indicator"].isin(["P2", "R1", "C10"]), "status"] = "experimental"
    made["released_definitions"] = definitions
    for name in (
        "released_indicators", "released_variation", "released_yearly_change", "released_comparison",
        "released_recurrence_evidence",
    ):  # fmt: skip
        given = pd.DataFrame(changed.get(name, []))
        made[name] = given.reindex(columns=made[name].columns) if given.empty else given
        if name == "released_comparison" and not given.empty:
            made[name] = given.reindex(columns=frames()[name].columns)
    return made


FIVE: dict[str, list[dict]] = {
    "released_indicators": [
        row("P1", 6000, 10000),
        row("P3", 5100, 6000),
        row("P4", 450, 1000),
        row("P8", 9500, 10000),
        row("P9", 300, 5000),
        row("D3", 7000, 10000),
        row("D4", 8000, 10000),
        row("D5", 7000, 10000),
        row("P1", 1500, 3000, subgroup="age_70_and_over"),
    ],
    "released_variation": [spread("P1", 1.4, 1.2, 1.6), spread("P3", 2.1, 1.05, 3.0)],
    "released_yearly_change": [
        change("P3", -0.03, -0.05, -0.01),
        change("P4", -0.2, -0.4, 0.01),
        change("P8", -0.3, -0.4, -0.2, 2022),
        change("P8", 0.01, -0.1, 0.1),
    ],
    "released_comparison": trusts("P9", worse=2, better=3, comparison="risk adjusted")
    + trusts("P8", worse=1, hidden=4),
}


def of(tmp_path: Path, given: dict[str, pd.DataFrame]) -> list[Any]:
    return recommendations(released(tmp_path, given))


def test_each_rule_takes_its_worst_indicator_that_no_earlier_rule_has_taken(tmp_path):
    found = of(tmp_path, tables(**FIVE))
    assert [(r.number, r.rule, r.indicator) for r in found] == [
        (1, "variation", "P1"),  # P3 varies more, but chance could do that
        (2, "guideline", "P4"),  # 45% have the care; P1 has been taken
        (3, "worsening", "P3"),  # P4's interval holds no change; P8 fell a year earlier
        (4, "data_quality", "D3"),  # as low as D5, which P1's recommendation serves
        (5, "outliers", "P9"),  # two on the worse side; three better ones do not count
    ]
    assert all(r.responsible and r.guideline and r.sentence and r.evidence for r in found)
    assert {r.level for r in found} == {"national", "Alliance", "trust"}
    assert found[1].guideline == "NICE TA509"
    assert found[3].guideline == "The audit's data-quality target of 90%"


def test_nobody_is_named_by_an_unadjusted_result_where_adjustment_is_asked_for(tmp_path):
    unadjusted = FIVE["released_comparison"]
    changed = [row | {"comparison": "unadjusted"} for row in unadjusted]
    found = of(tmp_path, tables(**FIVE | {"released_comparison": changed}))
    assert "P9" not in {r.indicator for r in found if r.rule == "outliers"}


def test_the_evidence_names_its_numbers(tmp_path):
    found = {r.rule: r for r in of(tmp_path, tables(**FIVE))}
    assert "450 of 1,000 people, 45.0% (95% interval 44.0% to 46.0%)" in found["guideline"].evidence
    assert (
        "factor of 1.40 in the median (95% interval 1.20 to 1.60), over 120 hospitals of England. The record"
        in (found["variation"].evidence)
    )
    assert (
        ") in 2021 to 2023. The odds of two people at two hospitals, not allowing for the mix of patients, differ"
        in (found["variation"].evidence)
    )
    assert "−3.0 percentage points" in found["worsening"].evidence
    assert "2 of 10 hospitals whose result can be shown" in found["outliers"].evidence
    assert "there for 70.0% of people; the others" in found["variation"].evidence


def test_variation_between_hospitals_of_both_nations_is_not_said_to_be_that_of_one(tmp_path):
    made = annual_frames(alliances=2, trusts=6)
    values = made["released_indicators"].copy()
    both = (values["level"] == "both_nations") & (values["subgroup"] == "all")
    values.loc[both, ["numerator", "proportion", "lower", "upper"]] = None
    [found] = [r for r in of(tmp_path, made | {"released_indicators": values}) if r.rule == "variation"]
    assert "in 2021 to 2023, England only." in found.evidence
    assert "over 137 hospitals of England and Wales" in found.evidence


def test_every_number_of_the_evidence_is_a_figure_taken_from_a_released_table(tmp_path):
    for recommendation in of(tmp_path, tables(**FIVE)):
        known = " ".join(f.text for f in recommendation.figures) + " 2021 to 2023 99.8% CDK4/6 HER2 95%"
        known += " 70.0%"  # completeness of the record behind P1
        for number in re.findall(r"\d[\d,.]*\d|\d", recommendation.evidence):
            assert number in known, (recommendation.rule, number)
        assert all(f.table.startswith(("released_", "provenance")) for f in recommendation.figures)


def test_a_gap_between_groups_and_recurrence_follow_when_earlier_rules_find_nothing(tmp_path):
    given = tables(
        released_indicators=[
            row("P3", 9500, 10000),
            row("P8", 9500, 10000),
            row("P8", 2700, 3000, subgroup="frail"),
            row("P3", 1000, 1100, subgroup="men", half=0.3),
        ],
        released_recurrence_evidence=[
            {"nation": "England", "certainty": c, "source": "any", "people": n, "found_by_one_source_only": 0}
            for c, n in (("definite", 700), ("probable", 100), ("possible", 200))
        ],
    )
    found = of(tmp_path, given)
    assert [(r.rule, r.indicator, r.subgroup) for r in found] == [
        ("inequality", "P8", "frail"),
        ("recurrence", None, None),
    ]
    assert "90.0% of this group" in found[0].evidence
    assert "Of 1,000 people" in found[1].evidence
    assert "200 are known from one source only" in found[1].evidence


def test_a_rule_may_be_asked_again_so_that_there_are_five(tmp_path):
    low = [row(f"D{n}", 5000 + 100 * n, 10000) for n in range(1, 9)]
    found = of(tmp_path, tables(released_indicators=low))
    assert [r.indicator for r in found] == ["D1", "D2", "D3", "D4", "D5"]
    assert {r.rule for r in found} == {"data_quality"}


def test_nothing_to_say_gives_no_recommendation_and_missing_data_one(tmp_path):
    assert of(tmp_path, tables()) == []
    given = tables()
    definitions = given["released_definitions"]
    definitions.loc[definitions["indicator"] == "C7", "available"] = False
    [only] = of(tmp_path, given)
    assert only.rule == "missing_data"
    assert only.evidence.startswith("1 of 31 measures")
    assert "checkpoint inhibitor" in only.evidence


def test_measures_without_a_direction_experimental_ones_and_variants_are_never_recommended(tmp_path):
    low = [row(name, 1000, 10000) for name in ("P2", "P5", "P7", "P3_her2_negative", "P10_5y")]
    varied = [spread(name, 3.0, 2.5, 3.5) for name in ("P2", "P5", "P7", "P3_her2_negative", "P10_5y")]
    assert of(tmp_path, tables(released_indicators=low, released_variation=varied)) == []


def test_the_bodies_are_those_of_the_nations_in_the_release(tmp_path):
    wales: Any = {"unit_code": "Wales", "unit_name": "Wales", "nation": "Wales"}
    given = [row("P4", 450, 1000), row("P4", 30, 100, **wales)]
    [found] = of(tmp_path, tables(released_indicators=given))
    assert found.responsible == "NHS England and NHS Wales"
    [found] = of(tmp_path, tables(released_indicators=given[:1]))
    assert found.responsible == "NHS England"


def test_the_whole_of_both_nations_is_quoted_where_there_is_one(tmp_path):
    both: Any = {"level": "both_nations", "unit_code": "England and Wales", "nation": "England and Wales"}
    given = [row("P4", 450, 1000), row("P4", 480, 1100, **both)]
    [found] = of(tmp_path, tables(released_indicators=given))
    assert "480 of 1,100 people" in found.evidence


def test_no_number_is_typed_in_the_words_of_the_rules():
    for rule in rules().rules:
        text = " ".join(
            [rule.title, rule.sentence, rule.evidence, rule.guideline, *rule.responsible.values()]
        )
        assert not re.findall(r"(?<![\w{])\d", re.sub(r"99\.8%|95%", "", text)), rule.id


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("id: variation", "id: gut_feeling", "there is no rule 'gut_feeling'"),
        ("unit: hospitals, basis: assumption", "unit: hospitals", "unit, basis and note"),
        ("parameter: data_quality_target", "note: nothing", "names a parameter"),
    ],
)
def test_a_wrong_rule_is_a_mistake_in_the_file(tmp_path, there, instead, said):
    text = RULES_FILE.read_text(encoding="utf-8")
    assert there in text
    path = tmp_path / "rules.yaml"
    path.write_text(text.replace(there, instead), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_rules(path)


@pytest.mark.parametrize(
    ("value", "said"), [(-0.0312, "−3.1"), (0.02, "+2.0"), (-0.0001, "0.0"), (None, "–")]
)
def test_differences_are_written_in_percentage_points_with_their_sign(value, said):
    assert numbers.points(value) == said
