"""Trusts are compared with all trusts together, and judged by the comparison that counts alone: every output says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from naome_pipeline.reports.state_of_the_nation.report import PAGE_FILE, write_state_of_the_nation
from tests.reports.annual import annual_frames, suppressed, with_worse_outlier
from tests.reports.around import text_of, write_all
from tests.reports.released_tables import released
from tests.reports.workbook import sheets_of

BOTH = "England and Wales"
UNADJUSTED_ONLY = "P7"  # asks for risk adjustment, and the made-up release has no model of it


def written(tables: dict[str, Any], folder: Path) -> Path:
    out = write_all(tables, folder)
    write_state_of_the_nation(released(folder / "tables", tables), out)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = with_worse_outlier(annual_frames(alliances=2, trusts=12, seed=3))
    definitions = made["released_definitions"].copy()
    definitions.loc[definitions["indicator"] == "P6", ["nations", "not_in"]] = [
        "England",
        "Wales: too few records",
    ]
    compared = made["released_comparison"]
    compared = compared[(compared["indicator"] != "P6") | ~compared["trust_code"].str.startswith("7")]
    tables = made | {"released_definitions": definitions, "released_comparison": compared}
    return written(tables, tmp_path_factory.mktemp("judged"))


def test_no_output_calls_the_value_of_both_nations_that_of_a_trusts_own(folder):
    pack = text_of(folder / "outliers" / "outlier_pack.html")
    assert f"compares each trust with all trusts of {BOTH} together" in pack
    assert f"% ({BOTH})" in pack
    assert f"around the figure of {BOTH}" in text_of(folder / PAGE_FILE)
    assert f"dashed line {BOTH}, dotted" in text_of(folder / PAGE_FILE)
    dictionary = (folder / "data_dictionary.csv").read_text(encoding="utf-8")
    assert "value the trust is compared with: of all trusts together" in dictionary
    assert f"compared with all trusts of {BOTH} together" in str(
        sheets_of(folder / "data_viewer.xlsx")["Comparison of trusts"][:3]
    )
    for path in folder.glob("benchmarks/*.pdf"):
        assert f"Against the limits around {BOTH}" in text_of(path)
    for text in (pack, text_of(folder / "newsletter.txt"), dictionary):
        for wrong in ("with its nation", "beside the nation", "with the nation"):
            assert wrong not in text


def test_a_release_of_one_nation_speaks_of_no_other(tmp_path):
    made = annual_frames(("England",), alliances=2, trusts=12, seed=3)
    folder = write_all(made, tmp_path, "outlier_pack", "newsletter")
    pack = text_of(folder / "outliers" / "outlier_pack.html")
    assert "compares each trust with all trusts of England together. Alert" in pack
    assert "compared with all trusts of England together. " in text_of(folder / "newsletter.txt")


def test_a_measure_of_one_nation_is_compared_within_it(folder):
    assert "denosumab, England only risk adjusted" in text_of(folder / PAGE_FILE)
    pages = [text_of(path) for path in folder.glob("benchmarks/benchmark_R*.pdf")]
    assert any("(England)" in page for page in pages)


def test_a_trust_reads_why_it_is_not_judged_by_what_is_shown_unadjusted(folder):
    compared = {path: text_of(path) for path in folder.glob("benchmarks/benchmark_R*.pdf")}
    said = [text.partition(f"({UNADJUSTED_ONLY})")[2].partition("(P8)")[0] for text in compared.values()]
    assert len(said) == 12
    assert all("not judged: not adjusted in this release" in text for text in said)


def test_results_shown_without_adjustment_are_not_said_to_be_hidden(tmp_path):
    made = annual_frames(alliances=2, trusts=12, seed=3)
    everything = suppressed(made)["released_comparison"]
    as_it_was, compared = made["released_comparison"], everything.copy()
    shown = compared["indicator"] == UNADJUSTED_ONLY
    assert (as_it_was.loc[shown, "state"] == "within").any()
    compared.loc[shown] = as_it_was.loc[shown]
    folder = written(made | {"released_comparison": compared}, tmp_path)
    report, letter = text_of(folder / PAGE_FILE), text_of(folder / "newsletter.txt")
    pack, summary = (
        text_of(folder / "outliers" / "outlier_pack.html"),
        text_of(folder / "patient_summary.html"),
    )
    assert "No result that hospitals are judged by can be shown." in report
    assert "No hospital's number by where people were diagnosed is shown" in report
    assert "No result that trusts are judged by can be shown in this release." in letter
    assert "No result that trusts are judged by can be shown in this release." in pack
    assert "we cannot show any result that we judge hospitals by" in summary
    assert "We only tell the hospitals whose results are far from the rest." in summary
    for text in (report, letter, pack, summary):
        for wrong in (
            "No result of a",
            "No result can be shown",
            "cannot show how hospitals compare",
            "Only the hospitals are told",
        ):
            assert wrong not in text
