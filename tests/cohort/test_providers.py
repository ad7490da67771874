"""Mergers and places of providers."""

import datetime as dt

import pandas as pd
import pytest

from naome_pipeline.cohort.providers import final_successor, provider_table, read_code_list, successors

SNAPSHOT = dt.date(2025, 12, 31)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return provider_table(SNAPSHOT).set_index("provider_code")


@pytest.mark.parametrize(
    ("code", "trust"),
    [
        ("RAJ", "RAJ"),
        ("RDD", "RAJ"),  # merged on 1 April 2020
        ("RM4", "R0A"),  # through RW3: a chain
        ("RW6", "RM3"),  # split by site: the default target
        ("RAP", "RAL"),  # merged on 1 January 2025, before the snapshot
        ("RVJ", "RVJ"),  # merges on 1 July 2026, after it
        ("RLU", "RQ3"),  # a women's and children's trust
        ("RGM", "RGM"),
        ("7A4", "7A4"),
    ],
)
def test_codes_lead_to_the_trust_of_the_snapshot_date(table, code, trust):
    assert table.loc[code, "trust_code"] == trust


def test_a_merger_counts_from_its_date():
    assert "RAP" not in successors(dt.date(2024, 12, 31))
    assert successors(dt.date(2025, 1, 1))["RAP"] == "RAL"


def test_every_succession_that_is_used_ends_in_a_known_organisation():
    """A successor that the list of organisations lacks would leave the predecessor's people without a hospital."""
    known = {row["ods_code"] for row in read_code_list("organisations")}
    used = [row for row in read_code_list("provider_successors") if row["use"] in {"yes", "site_level"}]
    assert len(used) > 40
    assert {row["successor"] for row in used} <= known


def test_rows_marked_as_not_to_be_used_are_not(table):
    assert table.loc["RP6", "trust_code"] == "RP6" if "RP6" in table.index else True
    assert "RH1" not in successors(SNAPSHOT)
    assert "E0A" not in table.index


def test_every_english_provider_has_an_alliance_and_wales_has_none(table):
    english = table[table["nation"] == "England"]
    assert english["alliance_code"].notna().all()
    assert table.loc[table["nation"] == "Wales", "alliance_code"].isna().all()
    assert {"England", "Wales"} == set(table["nation"])


def test_a_circle_is_refused_by_name():
    with pytest.raises(ValueError, match="AAA"):
        final_successor("AAA", {"AAA": "BBB", "BBB": "AAA"})
