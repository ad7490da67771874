"""The registry against the tables of the audit's specification, and what it means to add an indicator."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import yaml

from naome_pipeline import parameters as parameters_module
from naome_pipeline.deliveries.layouts import data_set, feed
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.indicators.definitions import definitions_table
from naome_pipeline.indicators.listing import LISTED_LAYOUTS, indicator_listing
from naome_pipeline.indicators.registry import (
    REGISTRY_FILE,
    availability,
    load_registry,
    person_indicators_sql,
    registry,
    usable_subgroups,
)
from naome_pipeline.indicators.reporting_periods import EVIDENCE, audit_quarters, first_reported_quarter
from naome_pipeline.parameters import parameters, value_of
from naome_pipeline.periods import Quarter, Year
from tests.indicators.plan import EXTENSIONS, KINDS, WORDS, entries

SUBGROUPS = {
    "all",
    "age_70_and_over",
    "frail",
    "age_70_and_over_and_frail",
    "age_under_40",
    "men",
    "triple_negative",
    "bone",
    "liver",
    "lung",
    "brain",
    "other_site",
    "several_sites",
}


def test_the_list_of_indicators_is_that_of_the_plan_and_the_extensions_and_nothing_else():
    listed = indicator_listing().set_index("indicator")
    found: dict[str, set[str]] = {kind: set() for kind in KINDS} | {"extension": set()}
    for indicator in registry().indicators.values():
        family = (indicator.variant_of or indicator.id).split("_")[0]
        found["extension" if indicator.extension else indicator.kind].add(family)
        assert listed.loc[indicator.id, "title"] == indicator.title
    assert found == {kind: set(entries(table)) for kind, table in (*KINDS.items(), ("extension", EXTENSIONS))}
    assert [len(entries(table)) for table in KINDS.values()] == [10, 8, 11]
    assert set(registry().subgroups) == SUBGROUPS


def test_titles_are_about_what_the_plan_asks():
    titles = {i.id: i.title.lower() for i in registry().indicators.values() if not i.variant_of}
    titles["P10"] = titles["P10_1y"]
    for table in (*KINDS.values(), EXTENSIONS):
        for name, asked in entries(table).items():
            assert not [word for word in WORDS[name].split() if word not in titles[name]], (name, asked)


def test_each_entry_says_what_a_reader_needs():
    for indicator in registry().indicators.values():
        said = (indicator.title, indicator.construction, indicator.denominator.text, indicator.numerator.text)
        assert all(said)
        assert not [text for text in said if "$" in text]
    # Survival is an outcome: no guideline sets its level.
    own = [i for i in registry().indicators.values() if i.kind == "performance" and not i.variant_of]
    assert {i.id for i in own if not i.guideline} == {"P10_1y", "P10_3y", "P10_5y"}


# The last day on which something can happen that an indicator counts, in days after diagnosis: parameters, added up.
TREATED = "treatment_window_end"
LAST_DAY = {
    **dict.fromkeys(("P1", "P1_any_date", "P1_recorded", "D5", "C1", "C2"), ("mdt_window_end",)),
    "P2": ("biopsy_window_end",),
    **dict.fromkeys(("P3", "P3_her2_negative", "P4", "C4", "C5", "C6", "C7"), (TREATED, "first_line_days")),
    **dict.fromkeys(
        ("P5", "P6", "P6_sact", "P6_primary_care", "P7", "C8", "C9", "T1", "T1_31d", "T1_62d"), (TREATED,)
    ),
    "P9": (TREATED, "death_after_cycle_days"),
    "P10_1y": ("survival_days_1y",),
    "P10_3y": ("survival_days_3y",),
    "P10_5y": ("survival_days_5y",),
    "D2": ("de_novo_window_end",),
    **dict.fromkeys(("D3", "C3"), ("receptor_window_end",)),
    "C10": (TREATED, "spinal_compression_days"),
    "T2": (TREATED, "on_treatment_days", "on_treatment_tolerance"),
}
WITHOUT_WINDOW = {"P8", "P8_recorded", "D1", "D4", "D6", "D7", "D8", "C11", "R1"}


def test_nobody_is_counted_before_the_window_has_passed():
    indicators = registry().indicators
    assert set(LAST_DAY) == set(indicators) - WITHOUT_WINDOW
    for name, windows in LAST_DAY.items():
        assert indicators[name].follow_up_days >= sum(value_of(window) for window in windows), name


@pytest.mark.parametrize("window", sorted({name for windows in LAST_DAY.values() for name in windows}))
def test_a_longer_window_carries_through_to_follow_up_and_texts(monkeypatch, window):
    before = registry()
    longer = parameters()[window].model_copy(update={"value": value_of(window) + 29})
    changed = {**parameters(), window: longer}
    monkeypatch.setattr(parameters_module, "parameters", lambda: changed)
    after = load_registry()
    for name, indicator in before.indicators.items():
        used = LAST_DAY.get(name, ()).count(window)
        assert after.indicators[name].follow_up_days == indicator.follow_up_days + 29 * used, name
    if window == "mdt_window_end":
        assert (
            after.indicators["P1"].numerator.text
            == "a meeting dated 31 days before to 119 days after diagnosis"
        )


def test_no_text_repeats_a_number_of_days_that_is_a_parameter():
    content = yaml.safe_load(REGISTRY_FILE.read_text(encoding="utf-8"))
    for name, entry in content["indicators"].items():
        texts = (
            entry["title"],
            entry["construction"],
            entry["denominator"]["text"],
            entry["numerator"]["text"],
        )
        assert not re.search(r"\b[1-9]\d* days\b", " ".join(texts)), name
        assert entry["follow_up_days"] == 0 or "$" in str(entry["follow_up_days"]), name


def brought(feed_name: str) -> dict[str, set[str]]:
    """Every data set that a feed expects, with all its columns."""
    definition = feed(feed_name)
    return {
        name: {column.name for column in data_set(name).columns}
        for name in (definition.spine, *definition.expected)
    }


def available(feed_name: str, supplied: dict[str, set[str]]) -> set[str]:
    return {entry.indicator for entry in availability(feed_name, supplied) if entry.available}


def test_receptor_defined_indicators_need_receptors_and_say_so():
    supplied = brought("england_quarterly") | {"tumours": {"stage"}}
    by_id = {a.indicator: a for a in availability("england_quarterly", supplied)}
    for name in ("P3", "P4", "D3", "C3", "C4", "C5", "C6"):
        assert not by_id[name].available
        assert "er_status" in by_id[name].reason or "her2_status" in by_id[name].reason
    with_receptors = supplied | {
        "cosd_pathology": {"er_status", "pr_status", "her2_status", "specimen_nature"}
    }
    by_id = {a.indicator: a for a in availability("england_quarterly", with_receptors)}
    assert by_id["P3"].available
    assert by_id["P4"].available


def test_quarterly_feed_never_offers_what_it_cannot_support():
    everything = {
        need.split(".")[0]: {need.split(".")[1]} for i in registry().indicators.values() for need in i.needs
    }
    by_id = {a.indicator: a for a in availability("england_quarterly", everything)}
    for name in ("P2", "P10_5y", "C7", "C11", "R1"):
        assert not by_id[name].available
        assert by_id[name].reason


# The longest time after the end of the period at which data are drawn, in days: five months of a quarter, two years of a year.
DRAWN_AFTER = {Quarter(2025, 3): ("england_quarterly", 153), Year(2023): ("england_annual", 731)}


@pytest.mark.parametrize("period", DRAWN_AFTER, ids=str)
def test_an_indicator_that_can_never_have_a_value_is_not_available(period):
    feed_name, days = DRAWN_AFTER[period]
    longest = (period.end - first_reported_quarter(period).end).days + days
    for name in available(feed_name, brought(feed_name)):
        assert registry().indicators[name].follow_up_days <= longest, name
    [reason] = [a.reason for a in availability("england_quarterly", {}) if a.indicator == "P10_5y"]
    assert reason == "none of the 16 quarters of diagnosis that this feed reports is followed for 1826 days"


@pytest.mark.parametrize("period", DRAWN_AFTER, ids=str)
def test_no_indicator_claims_an_adjustment_that_its_audit_period_is_never_followed_for(period):
    drawn = period.end + dt.timedelta(days=DRAWN_AFTER[period][1])
    followed = (drawn - audit_quarters(period, drawn)[-1].end).days
    for indicator in registry().indicators.values():
        assert indicator.risk_adjustment == "none" or indicator.follow_up_days <= followed, indicator.id


FEEDS = ("england_quarterly", "england_annual", "wales_annual")
# What each data set is read for, worked out from the statements under naome_pipeline/cohort and naome_pipeline/indicators.
OF_DRUGS = {"P3", "P3_her2_negative", "P4", "C4", "C5", "C6", "C7", "T1", "T1_31d", "T1_62d", "T2"}
OF_RECEPTORS = {"P3", "P3_her2_negative", "P4", "D3", "C3", "C4", "C5", "C6", "C7"}
READ_FOR = {
    "sact": OF_DRUGS | {"P2", "P5", "P6", "P6_sact", "P6_primary_care", "P9", "R1"},
    "pcpd": OF_DRUGS | {"P6", "P6_sact", "P6_primary_care"},
    "rtds": {"P2", "P7", "C8", "C9", "C10", "T1", "T1_31d", "T1_62d", "R1"},
    "hes_op": {"P2", "P5", "T1", "T1_31d", "T1_62d"},
    "registry_treatments": {"P7", "C10", "T1", "T1_31d", "T1_62d"},
    "cosd_pathology": OF_RECEPTORS | {"P2"},
    "cosd_fitness": {"D4"},
    "somatic": {"C7"},
    "deaths": {"P9", "P10_1y", "P10_3y", "P10_5y", "T2", "R1"},
}


@pytest.mark.parametrize("feed_name", FEEDS)
def test_without_a_data_set_exactly_the_indicators_that_read_it_are_gone(feed_name):
    whole = brought(feed_name)
    before = available(feed_name, whole)
    for name in feed(feed_name).expected:
        supplied = {other: columns for other, columns in whole.items() if other != name}
        gone = before if name in EVIDENCE else before & READ_FOR.get(name, set())
        assert available(feed_name, supplied) == before - gone, name
        reasons = {a.indicator: a.reason for a in availability(feed_name, supplied)}
        for indicator in gone:
            assert re.search(rf"\b{name}\b", reasons[indicator]), (name, indicator)


def test_a_data_set_that_a_feed_never_brings_takes_nothing_away():
    for name in ("pcpd", "hes_op", "somatic"):
        assert name not in feed("wales_annual").expected
    assert {"P5", "C4", "T1", "T2"} <= available("wales_annual", brought("wales_annual"))
    assert "registry_treatments" not in feed("england_annual").expected
    assert {"P7", "C10", "T1"} <= available("england_annual", brought("england_annual"))


def test_without_what_shows_spread_no_number_is_one_of_the_cohort():
    for feed_name in FEEDS:
        assert feed(feed_name).evidence == EVIDENCE
        for name in EVIDENCE:
            supplied = {other: c for other, c in brought(feed_name).items() if other != name}
            assert not available(feed_name, supplied)


def test_a_subgroup_that_cannot_be_told_is_left_out():
    def told(feed_name: str, without: str) -> set[str]:
        supplied = {name: c for name, c in brought(feed_name).items() if name != without}
        return {subgroup.id for subgroup in usable_subgroups(feed_name, supplied)}

    assert told("england_annual", "") == SUBGROUPS
    assert not told("england_annual", "hes_apc") & {"frail", "age_70_and_over_and_frail"}
    # The registry has receptors too, but not of everybody.
    assert told("england_annual", "cosd_pathology") == SUBGROUPS - {"triple_negative"}


def test_reasons_are_sentences_and_not_lists_of_codes():
    for entry in availability("england_quarterly", {}):
        assert not re.search(r"(^|; )[0-9]", entry.reason), entry.reason


def test_listing_has_one_line_per_indicator_with_its_availability():
    listing = indicator_listing()
    assert list(listing["indicator"]) == list(registry().indicators)
    for name in LISTED_LAYOUTS:
        assert listing[name].str.match("published|experimental|not available: .{10,}").all(), name
    at = listing.set_index("indicator")
    assert str(at.loc["P3", "england_quarterly"]).startswith("not available: ")
    assert at.loc["P3", "england_annual"] == "published"
    assert at.loc["P2", "england_annual"] == at.loc["R1", "england_annual"] == "experimental"


def test_adding_an_indicator_touches_the_registry_alone(tmp_path):
    content = yaml.safe_load(REGISTRY_FILE.read_text(encoding="utf-8"))
    content["indicators"]["P99"] = {
        "title": "Aged 50 or over",
        "goal": 1,
        "kind": "contextual",
        "denominator": {"text": "everybody in the cohort", "where": "TRUE"},
        "numerator": {"text": "aged 50 or over", "where": "age >= 50"},
        "direction": "neutral",
        "follow_up_days": 0,
        "needs": ["tumours.age"],
        "construction": "Made up.",
    }
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    changed = load_registry(path)
    definitions = definitions_table(
        {"england_quarterly": brought("england_quarterly")}, lambda _: dt.date(2025, 12, 31), changed
    )
    row = definitions.set_index("indicator").loc["P99"]
    assert (row["title"], row["available"]) == ("Aged 50 or over", True)
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        engine = Engine(connection)
        connection.execute(
            "CREATE TABLE person_facts AS SELECT * FROM (VALUES ('A', 49), ('B', 50)) AS t(person_id, age)"
        ).fetchall()
        found = engine.fetch(person_indicators_sql([changed.indicators["P99"]]) + " ORDER BY person_id")
    assert found.to_dict("list") == {
        "person_id": ["A", "B"],
        "indicator": ["P99", "P99"],
        "value": [0.0, 1.0],
    }


def test_who_died_without_a_date_is_outside_the_denominators_that_rest_on_deaths():
    """Said in the registry, so that disclosure control does not take the denominators for those of everybody."""
    for indicator in registry().indicators.values():
        follows = (
            "deaths" in indicator.followed_in
            and indicator.cohort == "de_novo"
            and indicator.measure == "proportion"
        )
        assert ("NOT died_undated" in indicator.denominator.where) == follows, indicator.id
