"""The national dashboard's data file: its sheets and columns, the released numbers, proportions 0 to 1, nothing hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.indicators.registry import registry
from naome_pipeline.reports.national_data import DATA_FILE, write_national_data
from tests.reports.national import national_frames
from tests.reports.released_tables import FORMULA, frames, released
from tests.reports.workbook import sheets_of

SHARES = ("pact", "Mav", "Lcl", "Ucl", "Mav_Ca", "Mav_nat")


def read(path: Path) -> dict[str, Any]:
    return {name: pd.DataFrame(rows[1:], columns=pd.Index(rows[0])) for name, rows in sheets_of(path).items()}


@pytest.fixture(scope="module")
def nation() -> dict[str, Any]:
    return national_frames(["P1", "P8", "P9", "D5", "T1"])


@pytest.fixture(scope="module")
def sheets(nation, tmp_path_factory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("national")
    write_national_data(released(folder, nation), folder)
    return read(folder / DATA_FILE)


def test_sheets_and_columns_are_those_of_the_national_dashboard(sheets):
    assert list(sheets) == [
        "Indicators_trust",
        "Indicators_CA",
        "data_quality",
        "Metric_info",
        "Audit_meta_info",
    ]
    for name in ("Indicators_trust", "data_quality"):
        assert {
            "trust_code",
            "metric_name",
            "quarter_year",
            "denominator",
            "pact",
            "Mav",
            "Mav_Ca",
            "Mav_nat",
        } <= set(sheets[name].columns)
    assert {"Lcl", "Ucl"} <= set(sheets["Indicators_trust"].columns)
    assert set(sheets["data_quality"]["metric_id"]) == {"D5"}
    assert set(sheets["Indicators_trust"]["metric_id"]) == {"P1", "P8", "P9"}


def test_proportions_are_fractions(sheets):
    for name in ("Indicators_trust", "Indicators_CA", "data_quality"):
        for column in set(SHARES) & set(sheets[name].columns):
            assert sheets[name][column].dropna().between(0, 1).all()


def test_every_trust_has_its_released_numbers_beside_alliance_and_nation(nation, sheets):
    values = nation["released_indicators"]
    values = values[(values["subgroup"] == "all") & (values["period_kind"] == "rolling four quarters")]
    at = values.set_index(["indicator", "unit_code", "period"])
    rows = sheets["Indicators_trust"]
    assert len(rows) == len(
        values[(values["level"] == "trust") & values["indicator"].isin(["P1", "P8", "P9"])]
    )
    for row in rows.sample(300, random_state=1).to_dict("records"):
        own = at.loc[(row["metric_id"], row["trust_code"], row["period"])]
        alliance = at.loc[(row["metric_id"], row["alliance_code"], row["period"])]
        national = at.loc[(row["metric_id"], "England", row["period"])]
        for said, meant in (
            (row["pact"], own["proportion"]),
            (row["numerator"], own["numerator"]),
            (row["denominator"], own["denominator"]),
            (row["Mav_Ca"], alliance["proportion"]),
            (row["Mav_nat"], national["proportion"]),
        ):
            assert (pd.isna(said) and pd.isna(meant)) or float(said) == float(meant)
        assert row["quarter_year"] == f"Q{row['period'][-1]}-{row['period'][-7:-3]}"
        if row["suppressed"]:
            assert pd.isna([row[c] for c in ("pact", "Mav", "numerator")]).all()


def test_alliances_have_the_moving_average_of_their_run_chart(nation, sheets):
    series = nation["released_series"].set_index(["indicator", "unit_code", "period"])
    for row in sheets["Indicators_CA"].sample(200, random_state=1).to_dict("records"):
        own = series.loc[(row["metric_id"], row["alliance_code"], row["period"])]
        national = series.loc[(row["metric_id"], "England", row["period"])]
        for said, meant in (
            (row["Mav"], own["moving_average"]),
            (row["Lcl"], own["lower"]),
            (row["Ucl"], own["upper"]),
            (row["Mav_nat"], national["moving_average"]),
        ):
            assert (pd.isna(said) and pd.isna(meant)) or said == meant


def test_hidden_values_names_and_reasons(tmp_path):
    write_national_data(released(tmp_path, frames()), tmp_path)
    sheets = read(tmp_path / DATA_FILE)
    hidden = sheets["Indicators_trust"].set_index("trust_code").loc["RH5"]
    assert hidden["trust_name"] == FORMULA
    assert hidden["suppressed"] == "hidden to protect people"
    assert hidden["denominator"] == 17
    assert pd.isna([hidden[c] for c in ("numerator", "pact", "Mav")]).all()
    metrics = sheets["Metric_info"].set_index("metric_id")
    assert metrics["availability"]["P4"].startswith("Not available from this feed: ")
    assert metrics["availability"]["T1"].startswith("A duration")
    meta = dict(sheets["Audit_meta_info"].itertuples(index=False, name=None))
    assert meta["data"].startswith("artificial data")
    assert meta["delivery fingerprint"] == "f" * 64


def test_the_metric_sheet_says_of_every_indicator_all_that_a_reader_needs(tmp_path):
    """Type, name, numerator, denominator, construction note, update frequency, period, risk adjustment and comment."""
    (tmp_path / "quarterly").mkdir()
    write_national_data(released(tmp_path / "quarterly", frames()), tmp_path / "quarterly")
    metrics = read(tmp_path / "quarterly" / DATA_FILE)["Metric_info"].set_index("metric_id")
    assert list(metrics.index) == list(registry().indicators)
    for name, entry in registry().indicators.items():
        row = metrics.loc[name]
        assert (row["metric_type"], row["metric_name"]) == (entry.kind, entry.title)
        assert row["numerator_description"] == entry.numerator.text
        assert row["denominator_description"] == entry.denominator.text
        assert row["construction_note"] == entry.construction
        assert row["risk_adjustment"] == entry.risk_adjustment
        assert row["update_frequency"] in {"every quarter", "not updated: not available"}
        assert row["period"]
        assert (row["update_frequency"] == "every quarter") == (row["status"] != "not available in this feed")
    assert "(rolling four quarters)" in metrics["period"]["P1"]
    assert metrics["period"]["C11"] == "none yet"
    assert metrics["comment"]["P1_recorded"] == "Variant of P1."
    assert "D5" in metrics["comment"]["P1"]
    assert "Not in the plan's list" in metrics["comment"]["T1"]
    tables = frames()
    tables["provenance"].loc[tables["provenance"]["item"] == "period", "value"] = "2023"
    definitions = tables["released_definitions"]
    definitions.loc[definitions["indicator"] == "P2", ["available", "status", "reason"]] = [
        True,
        "experimental",
        "",
    ]
    write_national_data(released(tmp_path, tables), tmp_path)
    yearly = read(tmp_path / DATA_FILE)["Metric_info"].set_index("metric_id")
    assert yearly["update_frequency"]["P1"] == "every year"
    assert yearly["comment"]["P2"].startswith("Experimental: read it with care.")


def test_same_tables_same_bytes_and_an_empty_release_has_its_sheets(tmp_path):
    empty = frames()
    for name in ("released_indicators", "released_series"):
        empty[name] = empty[name].head(0)
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_national_data(released(folder, empty), folder)
    assert (tmp_path / "a" / DATA_FILE).read_bytes() == (tmp_path / "b" / DATA_FILE).read_bytes()
    assert read(tmp_path / "a" / DATA_FILE)["Indicators_trust"].empty
