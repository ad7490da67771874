"""The State of the Nation report: accessible, complete, short, true to the released tables, sensible when parts are missing."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.reports import numbers
from naome_pipeline.reports.documents.model import Chart, Document, Paragraph, Table, Tiles
from naome_pipeline.reports.documents.page import html_page
from naome_pipeline.reports.documents.pdf import pdf_bytes
from naome_pipeline.reports.state_of_the_nation.messages import GLANCE
from naome_pipeline.reports.state_of_the_nation.report import (
    PAGE_FILE,
    PDF_FILE,
    state_of_the_nation,
    write_state_of_the_nation,
)
from tests.reports.annual import annual_frames, suppressed, without
from tests.reports.numbers_in import numbers_in, released_numbers, texts_of
from tests.reports.pdf import Tagged, read_pdf
from tests.reports.released_tables import released

TITLE = "National Audit of Metastatic Breast Cancer: State of the Nation report 2023"
# Words of the report, not numbers of the release: levels of limits and intervals, and the thirty days of P9.
FIXED = {"95%", "99.8%", "30"}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return annual_frames()


@pytest.fixture(scope="module")
def document(tables, tmp_path_factory) -> Document:
    return state_of_the_nation(released(tmp_path_factory.mktemp("tables"), tables))


@pytest.fixture(scope="module")
def pdf(document) -> Tagged:
    return read_pdf(pdf_bytes(document))


def words(document: Document) -> str:
    return "\n".join(texts_of(document))


def of_tables(tmp_path: Path, given: dict[str, pd.DataFrame]) -> Document:
    return state_of_the_nation(released(tmp_path, given))


def test_the_pdf_is_tagged_titled_in_english_and_says_that_it_meets_pdf_ua(pdf):
    assert (pdf.title, pdf.language, pdf.marked, pdf.shows_title) == (TITLE, "en-GB", True, True)
    assert "<pdfuaid:part>1</pdfuaid:part>" in pdf.metadata
    assert pdf.untagged_pages == 0
    assert pdf.fonts_not_embedded == []


def test_every_chart_has_an_alternative_that_says_its_numbers(pdf, document):
    charts = [b for s in document.sections for b in s.blocks if isinstance(b, Chart)]
    assert len(charts) == 6
    assert pdf.unlabelled_figures == 0
    assert pdf.alternatives == [c.alternative for c in charts]
    assert all(numbers_in(c.alternative) for c in charts)
    assert all(c.table.rows for c in charts)


def test_the_reading_order_is_that_of_the_sections(pdf, document):
    headings = [tag for tag in pdf.tags if tag in {"/Title", "/H1", "/H2"}]
    assert headings[:2] == ["/Title", "/H1"]
    assert headings.count("/H1") == len(document.sections)
    flat = re.sub(r"\s+", " ", pdf.text)
    places = [flat.index(f"{n} {section.title}") for n, section in enumerate(document.sections, start=1)]
    assert places == sorted(places)


def test_the_report_of_both_nations_has_at_most_ten_pages_and_a_notice_on_each(pdf):
    assert pdf.pages <= 10
    assert pdf.text.count("Made-up data: no number here says anything") >= pdf.pages + 1
    assert pdf.text.count("This is not an NHS service.") >= pdf.pages + 1


def test_the_report_has_everything_it_has_to_have(document):
    assert [s.name for s in document.sections] == [
        "key-messages", "recommendations", "at-a-glance", "cohort", "nations", "alliances", "survival", "early-deaths",
        "data-quality", "recurrence", "progress", "next", "made-from",
    ]  # fmt: skip
    text = words(document)
    for said in (
        "Guideline",
        "Who acts",
        "f" * 64,
        "NAoMe pipeline 0.1.0",
        "version 1",
        "SHA-256",
        "(experimental)",
    ):
        assert said in text, said


def derived(tables: dict[str, pd.DataFrame]) -> set[str]:
    """The counts of rows the report speaks of, counted here again."""
    found: set[Any] = set()
    comparison = tables["released_comparison"]
    for _, rows in comparison.groupby(["indicator", "comparison"]):
        found |= set(rows.groupby(["state", "direction"]).size()) | {len(rows)}
        found.add(rows["state"].isin(["within", "alert", "potential outlier"]).sum())
        found.add((~rows["state"].isin(["within", "alert", "potential outlier"])).sum())
        out = rows[rows["overdispersed_state"] == "potential outlier"]
        found |= set(out.groupby("overdispersed_direction").size())
    asked = tables["released_definitions"].set_index("indicator")
    counts = asked["risk_adjustment"].map(lambda a: "unadjusted" if a == "none" else "risk adjusted")
    own = comparison["indicator"].map(asked["variant_of"]).isna()
    formal = comparison[own & (comparison["comparison"] == comparison["indicator"].map(counts))]
    found |= set(formal[formal["state"] == "potential outlier"].groupby("direction").size())
    found |= {
        formal["state"].isin(["within", "alert", "potential outlier"]).sum(),
        (formal["state"] == "hidden").sum(),
    }
    values = tables["released_indicators"]
    levels = values[(values["subgroup"] == "all") & values["level"].isin(["both_nations", "nation"])]
    quality = levels[levels["indicator"].str.match(r"D\d$")].drop_duplicates("indicator")
    found |= {len(quality), (quality["proportion"] >= 0.9).sum()}
    evidence = tables["released_recurrence_evidence"].query("source == 'any'")
    found |= {evidence["people"].sum(), *evidence.groupby("certainty")["people"].sum()}
    parameters = tables["provenance"].query("kind == 'parameter'")
    found |= {len(parameters), *parameters.groupby("basis").size(), 0}
    return {numbers.count(n) for n in found}


def strange(text: str, tables: dict[str, pd.DataFrame], sections: int) -> list[str]:
    """Numbers of a text that no released table has."""
    allowed = (
        released_numbers(tables)
        | derived(tables)
        | FIXED
        | {"90%"}
        | {str(n) for n in range(1, sections + 1)}
    )
    return sorted(set(numbers_in(text)) - allowed)


def test_every_number_of_the_report_is_one_of_the_released_tables(document, tables):
    assert strange(words(document), tables, len(document.sections)) == []
    changed = words(document).replace("people", "12,345.6 people", 1)
    assert strange(changed, tables, len(document.sections)) == ["12,345.6"]


def test_the_large_numbers_are_the_national_ones(document, tables):
    values = tables["released_indicators"]
    both = values[(values["level"] == "both_nations") & (values["subgroup"] == "all")].set_index("indicator")
    [tiles] = [b for s in document.sections for b in s.blocks if isinstance(b, Tiles)]
    shown = {tile.label: (tile.value, tile.detail, tile.share) for tile in tiles.tiles}
    assert len(shown) == 12
    for indicator, label in GLANCE.items():
        row = both.loc[indicator]
        counts = f"{row['numerator']:,} of {row['denominator']:,} people, 2021 to 2023"
        assert shown[label] == (f"{100 * row['proportion']:.1f}%", counts, row["proportion"])


def test_page_and_pdf_have_the_numbers_of_the_document_and_no_others(document, pdf):
    known = set(numbers_in(words(document)))
    page = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", html_page(document), flags=re.DOTALL)
    labels = set(re.findall(r'aria-label="([^"]*)"', page))
    text = html.unescape(" ".join([re.sub(r"<[^>]+>", " ", page), *labels]))
    sections = {str(n) for n in range(1, len(document.sections) + 1)} | {f"{n}." for n in range(14)}
    assert set(numbers_in(text)) - known - sections == set()
    assert known - set(numbers_in(text)) == set()
    # A picture adds the numbers of its axes, and the page its own number.
    axes = {
        n
        for s in document.sections
        for b in s.blocks
        if isinstance(b, Chart)
        for t in re.findall(r">([^<>]+)</text>", b.svg)
        for n in numbers_in(t)
    }
    pages = {str(n) for n in range(1, pdf.pages + 1)}
    assert {n for n in numbers_in(pdf.text) if "." in n or "," in n} - known - axes - pages - {"6.1"} == set()


def test_equal_tables_give_equal_files(tables, tmp_path):
    found = []
    for name in ("one", "two"):
        folder, source = tmp_path / name, tmp_path / f"{name}-tables"
        folder.mkdir()
        source.mkdir()
        write_state_of_the_nation(released(source, annual_frames(trusts=20, alliances=5)), folder)
        found.append(((folder / PDF_FILE).read_bytes(), (folder / PAGE_FILE).read_bytes()))
    assert found[0] == found[1]


def test_without_a_welsh_delivery_the_report_speaks_of_england_alone(tmp_path):
    document = of_tables(tmp_path, annual_frames(nations=("England",), trusts=20, alliances=5))
    text = words(document)
    assert "Wales: this release holds no values" in text
    assert "12,267 people in England whose" not in text
    assert "people in England whose breast cancer" in text
    assert "Wales Cancer Network" not in text
    assert read_pdf(pdf_bytes(document)).unlabelled_figures == 0


def test_with_everything_below_the_nation_hidden_the_report_says_so(tables, tmp_path):
    document = of_tables(tmp_path, suppressed(annual_frames(trusts=20, alliances=5)))
    text = words(document)
    assert "Every value by Cancer Alliance is hidden in this release" in text
    assert "No hospital's number by where people were diagnosed is shown" in text
    assert "No result that hospitals are judged by can be shown." in text
    assert "potential outlier on any measure" not in text
    assert re.search(r"\d+ are hidden to protect people. Where one of those lies beyond the limits", text)
    assert read_pdf(pdf_bytes(document)).pages <= 10


def alliances_said(tmp_path: Path, shown: int) -> str:
    """What the picture of Alliances says when every value that is shown of P1 is 100%."""
    made = annual_frames(trusts=20, alliances=5)
    values = made["released_indicators"]
    of = values.index[(values["indicator"] == "P1") & (values["level"] == "alliance")]
    values.loc[of, "proportion"] = [1.0 if place < shown else np.nan for place in range(len(of))]
    document = of_tables(tmp_path, made)
    [picture] = [
        b for s in document.sections for b in s.blocks if isinstance(b, Chart) and b.name == "alliances"
    ]
    return picture.alternative


def test_alliances_that_are_all_alike_are_not_set_against_each_other(tmp_path):
    assert "meeting, 100.0% in every Alliance shown" in alliances_said(tmp_path, 5)


def test_a_single_alliance_shown_is_not_set_against_itself(tmp_path):
    said = alliances_said(tmp_path, 1)
    assert re.search(r"meeting, 100\.0% in [^.]+ alone", said)


def test_with_every_value_hidden_the_report_still_reads(tmp_path):
    levels = ("both_nations", "nation", "alliance", "trust")
    made = suppressed(annual_frames(trusts=20, alliances=5), levels)
    for name in (
        "released_survival",
        "released_yearly_change",
        "released_recurrence_rates",
        "released_variation",
    ):
        made[name] = made[name].iloc[:0]
    made["released_recurrence_evidence"] = made["released_recurrence_evidence"].iloc[:0]
    document = of_tables(tmp_path, made)
    text = words(document)
    assert "This release shows no number of people." in text
    assert "No rule found anything to recommend" in text
    assert "This release shows no survival." in text
    assert "nan" not in text.lower().replace("finance", "")
    assert read_pdf(pdf_bytes(document)).pages <= 10
    assert html_page(document).count("<section") == len(document.sections)


def test_a_hidden_national_value_is_said_to_be_hidden_and_not_to_wait_for_follow_up(tmp_path):
    """A nation of few people: some of its rows are hidden, and those of both nations with them."""
    made = annual_frames(trusts=20, alliances=5)
    few = ["P1", "P8", "P9", *(f"D{n}" for n in range(1, 9))]
    national = made["released_indicators"]["level"].isin(["nation", "both_nations"])
    away = national & made["released_indicators"]["indicator"].isin(few)
    hidden = suppressed(made, ("both_nations", "nation"))["released_indicators"]
    made["released_indicators"] = made["released_indicators"].where(~away, hidden)
    text = words(of_tables(tmp_path, made))
    titles = made["released_definitions"].set_index("indicator")["title"]
    for name in ("P1", "P8", "P9", "D1"):
        assert f"{titles[name]}: Hidden to protect people." in text
        assert f"{titles[name]}: Not yet complete" not in text


def test_a_missing_indicator_is_named_with_its_reason(tmp_path):
    made = without(annual_frames(trusts=20, alliances=5), "P9")
    document = of_tables(tmp_path, made)
    [early] = [s for s in document.sections if s.name == "early-deaths"]
    assert texts_of_section(early) == ["Not available from this feed: it needs stage, not delivered here."]
    [coming] = [s for s in document.sections if s.name == "next"]
    assert "Died within 30 days of a chemotherapy cycle: Not available" in " ".join(texts_of_section(coming))
    [glance] = [s for s in document.sections if s.name == "at-a-glance"]
    assert "Without a number in this release" in " ".join(texts_of_section(glance))


def test_a_small_nation_has_a_report(tmp_path):
    document = of_tables(tmp_path, annual_frames(nations=("Wales",)))
    text = words(document)
    assert "England: this release holds no values" in text
    assert "This release has no values by Cancer Alliance." in text
    assert "NHS Wales" in text
    assert "NHS England" not in text


def texts_of_section(section: Any) -> list[str]:
    from dataclasses import replace

    empty = Document("", "", "", (), "", (), (replace(section, title=""),))
    return [t for t in texts_of(empty) if t]


def test_a_name_cannot_become_code_or_markup(tmp_path):
    made = annual_frames(trusts=20, alliances=5)
    evil = '<script>alert("x")</script> #panic("x") $x$ \\ *b*'
    values = made["released_indicators"]
    values.loc[values["unit_code"] == "E56000001", "unit_name"] = evil
    document = of_tables(tmp_path, made)
    page = html_page(document)
    assert "<script" not in page
    assert html.escape(evil) in page or html.escape(evil, quote=False) in page or "&lt;script&gt;" in page
    assert read_pdf(pdf_bytes(document)).unlabelled_figures == 0


def test_the_newest_years_of_two_nations_are_not_said_to_be_one(tmp_path):
    made = annual_frames(trusts=8, alliances=2)
    change = made["released_yearly_change"]
    late = (change["indicator"] == "P3") & (change["nation"] == "Wales") & (change["year"] == 2023)
    document = of_tables(tmp_path, made | {"released_yearly_change": change[~late]})
    tables_of = [
        b for s in document.sections if s.name == "progress" for b in s.blocks if isinstance(b, Table)
    ]
    rows = {row[0]: row for row in tables_of[0].rows}
    titles = made["released_definitions"].set_index("indicator")["title"]
    assert rows[titles["P3"]][1] == "2022 or 2023"
    assert [cell[-7:] for cell in rows[titles["P3"]][2::2]] == [" (2023)", " (2022)"]
    assert rows[titles["P1"]][1] == "2023"
    assert all(cell.endswith("%") for cell in rows[titles["P1"]][2::2])


def test_the_message_on_survival_says_whom_it_counts(tmp_path):
    document = of_tables(tmp_path, annual_frames(trusts=8, alliances=2))
    [message] = [
        b.text
        for s in document.sections
        for b in s.blocks
        if isinstance(b, Paragraph) and b.lead == "Survival."
    ]
    assert message.startswith(
        "Alive one year after diagnosis (Kaplan-Meier, everybody diagnosed in 2020 to 2023), "
    )


def test_the_picture_of_alliances_says_how_many_of_its_values_are_hidden(tmp_path):
    made = annual_frames(trusts=20, alliances=5)
    values = made["released_indicators"]
    of = (values["level"] == "alliance") & values["indicator"].isin(["P1", "P8", "P10_1y"])
    seen = values["unit_code"] == "E56000002"
    values.loc[of & ~seen, ["numerator", "proportion", "lower", "upper"]] = None
    made["released_variation"] = made["released_variation"].head(
        0
    )  # what varies most would be drawn beside the three
    document = of_tables(tmp_path, made)
    said = "12 of the 15 values are hidden to protect people: their places are empty."
    [section] = [s for s in document.sections if s.name == "alliances"]
    assert isinstance(section.blocks[0], Paragraph)
    assert said in section.blocks[0].text
    [picture] = [b for b in section.blocks if isinstance(b, Chart)]
    assert said in picture.alternative
