"""The registry against the tables of the audit's specification, and what it means to add an indicator."""

from __future__ import annotations

import re

import yaml

from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.indicators.definitions import definitions_table
from naome_pipeline.indicators.listing import LISTED_LAYOUTS, indicator_listing
from naome_pipeline.indicators.registry import (
    REGISTRY_FILE,
    availability,
    load_registry,
    person_indicators_sql,
    registry,
)
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
        assert indicator.direction in {"higher", "lower", "neutral"}
        assert indicator.goal in registry().goals
        assert indicator.follow_up_days >= 0
    # Survival is an outcome: no guideline sets its level.
    own = [i for i in registry().indicators.values() if i.kind == "performance" and not i.variant_of]
    assert {i.id for i in own if not i.guideline} == {"P10_1y", "P10_3y", "P10_5y"}


def test_receptor_defined_indicators_need_receptors_and_say_so():
    supplied = {"sact": {"drug_name"}, "cosd": {"mdt_dates"}, "tumours": {"stage"}}
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
    for name in ("P2", "C7", "C11", "R1"):
        assert not by_id[name].available
        assert by_id[name].reason


def test_reasons_are_sentences_and_not_lists_of_codes():
    for entry in availability("england_quarterly", {}):
        assert not re.search(r"(^|; )[0-9]", entry.reason), entry.reason


def test_listing_has_one_line_per_indicator_with_its_availability():
    listing = indicator_listing()
    assert list(listing["indicator"]) == list(registry().indicators)
    for feed in LISTED_LAYOUTS:
        assert listing[feed].str.match("published|experimental|not available: .{10,}").all(), feed
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
    definitions = definitions_table({"england_quarterly": {"tumours": frozenset({"age"})}}, changed)
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
