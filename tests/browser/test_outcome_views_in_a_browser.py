"""Survival, variation and risk models on the page, and a release of two nations: the numbers are those released."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from naome_pipeline.reports.national_data import DATA_FILE, write_national_data
from naome_pipeline.reports.numbers import percent
from tests.browser.opening import VIEWS, charts_are_drawn, download, points_of, rows_of, tab_to, unfold
from tests.reports.annual import without
from tests.reports.joint import BOTH, shown
from tests.reports.released_tables import frames, released
from tests.reports.workbook import sheets_of

pytestmark = pytest.mark.browser
TRUST = "R00B"


def test_survival_is_the_same_in_chart_table_download_and_release(reader, nations, joint, tmp_path: Path):
    page = reader.open(f"{joint}#v=survival")
    charts_are_drawn(page)
    title = "Alive after one, three and five years"
    table = nations["released_survival"]
    everybody = table[table["subgroup"] == "all"]
    unfold(page)
    rows = {(r[0], r[1]): r for r in rows_of(page, title)}
    saved = {(r[0], r[1]): r for r in download(page, title, tmp_path)[1:]}
    drawn = {p["id"]: p["value"] for p in points_of(page, title)}
    assert len(rows) == len(saved) == len(drawn) == len(everybody) == 9
    for row in everybody.itertuples():
        years = round(row.time / 365.25)
        key = (row.unit_code, f"{years} year" + ("" if years == 1 else "s"))
        assert rows[key][2] == saved[key][2] == percent(row.survival)
        assert rows[key][3] == saved[key][3] == f"{percent(row.lower)} to {percent(row.upper)}"
        assert percent(drawn[f"{row.unit_code}|{row.time:.0f}"]) == percent(row.survival)
    assert [r[0] for r in rows_of(page, "Median survival")] == ["England", "Wales", BOTH]
    assert rows_of(page, "Median survival")[0][1] == "800 days (about 26 months)"


def test_survival_of_subgroups_is_chosen_by_keyboard_and_kept_in_the_address(reader, small):
    page = reader.open(f"{small}#v=survival")
    tab_to(page, "horizon")
    page.keyboard.press("End")
    page.wait_for_function("location.hash.includes('h=1826')")
    assert page.evaluate("document.activeElement.id") == "horizon"
    # The address is written before the view: what is unfolded too early is drawn again, folded.
    caption = page.locator("table caption", has_text="Alive after 5 years by subgroup, England")
    caption.first.wait_for(state="attached")
    unfold(page)
    rows = {r[0]: r for r in rows_of(page, "Alive after 5 years by subgroup, England")}
    assert rows["Everybody"][1] == "28.3%"
    assert rows["Men"][1] == "not followed for so long"
    again = reader.open(page.locator("#address").input_value())
    assert "Alive after 5 years by subgroup" in again.locator("#view").inner_text()


def test_below_the_nation_survival_is_that_of_the_chosen_trust(reader, nation, national):
    page = reader.open(f"{national}#v=survival&t={TRUST}")
    values = nation["released_indicators"]
    row = next(r for r in rows_of(page, "Survival beside the nation") if r[0].startswith("P10_1y:"))
    cell = shown(values, "P10_1y", TRUST, "2024 Q4 to 2025 Q3")
    assert percent(cell["proportion"]) in row[2]
    assert f"{cell['numerator']} of {cell['denominator']}" in row[2]


def test_variation_says_how_much_lies_between_hospitals_or_why_not(reader, small, tmp_path: Path):
    page = reader.open(f"{small}#v=variation&i=P1")
    charts_are_drawn(page)
    title = "How much of the difference lies between hospitals"
    unfold(page)
    rows = {r[0].split(":")[0]: r for r in rows_of(page, title)}
    assert rows["P5"][1:6] == ["1.07", "1.00 to 1.47", "1.5%", "0.0% to 10.3%", "0.004"]
    assert rows["C10"][1] == "cannot be estimated from so few people"
    said = page.locator("#view").inner_text()
    assert "two people at two trusts at random, not allowing for the mix of patients" in said
    saved = {r[0].split(":")[0]: r for r in download(page, title, tmp_path)[1:]}
    assert saved["P5"][1:6] == rows["P5"][1:6]
    assert {p["label"].split(":")[0]: p["value"] for p in points_of(page, title)} == {"P1": 1.0, "P5": 1.07}
    odds = {r[0]: r for r in rows_of(page, "What goes with P1")}
    assert odds["Deprivation fifth: 1 (most deprived)"][2:4] == ["0.87", "0.70 to 1.13"]
    assert "no finite odds ratio" in odds["Metastases in brain: yes"][2]
    left = [r[:2] for r in rows_of(page, "what is left of the difference")]
    assert left == [["Nothing", "1.90"], ["Patients", "1.80"], ["Hospitals", "1.70"], ["Regions", "1.30"]]
    page.evaluate("location.hash = 'v=variation&i=C10'")
    page.get_by_text("fewer than 50 people in or outside the numerator.").wait_for()


def test_a_risk_model_shows_how_far_it_can_be_trusted(reader, small):
    page = reader.open(f"{small}#v=models&i=P5")
    charts_are_drawn(page)
    unfold(page)
    rows = {r[0]: r for r in rows_of(page, "how good the model is")}
    assert rows["Tells people apart (AUC)"][1:3] == ["0.71", "0.60"]
    assert rows["Calibration intercept"][1:3] == ["0.00", "−0.05"]
    groups = rows_of(page, "predicted and what happened")
    assert len(groups) == len(points_of(page, "P5: predicted and what happened")) == 10
    assert groups[5][1:4] == ["1,234", "50.0%", "51.0%"]
    assert rows_of(page, "had to be filled in") == [["Performance status", "27.1%"]]
    terms = {r[0]: r for r in rows_of(page, "odds ratios of the model")}
    assert terms["Metastases in liver: yes"][1:] == ["1.17", "0.90 to 1.40", "0.040", "1.08"]
    assert not any(name.startswith(("Age", "constant")) for name in terms)
    page.get_by_role("link", name="The funnel made with this model").press("Enter")
    page.wait_for_function("location.hash.includes('c=risk')")
    page.evaluate("location.hash = 'v=models&i=P9'")
    page.get_by_text("No risk model: fewer than 50 people").wait_for()


def test_year_by_year_stands_with_the_indicator(reader, small):
    page = reader.open(f"{small}#v=indicator&i=P1")
    unfold(page)
    rows = rows_of(page, "P1 by year of diagnosis")
    assert rows[0] == ["England", "2023", "50.0%", "200 of 400", "–", "–"]
    assert rows[1] == ["England", "2024", "52.5%", "210 of 400", "+2.5", "−4.4 to +9.4"]


def test_both_nations_stand_beside_a_health_board(reader, nations, joint):
    values = nations["released_indicators"]
    page = reader.open(f"{joint}#t=7A1&p=RAA")
    heads = page.locator("table thead").first.inner_text()
    assert re.search(
        r"Northern Health Board \(7A1\)\s+Peer: Northern Trust \(RAA\)\s+Wales\s+England and Wales", heads
    )
    row = next(r for r in rows_of(page, "How care is measured") if r[0].startswith("P1:"))
    for code, said in zip(("7A1", "RAA", "Wales", BOTH), row[2:], strict=True):
        cell = shown(values, "P1", code, "2024 Q1 to 2024 Q4")
        assert percent(cell["proportion"]) in said
        assert f"{cell['numerator']} of {cell['denominator']}" in said
    assert page.locator("label[for=trust]").inner_text() == "Trust or health board"


def test_what_one_nation_lacks_is_said_where_its_number_would_be(reader, joint):
    page = reader.open(f"{joint}#v=quality&t=7A1&p=RAA")
    rows = {r[0].split(":")[0]: r for r in rows_of(page, "How complete the records are")}
    lacking = (
        "Not available in Wales: it needs the dates of multidisciplinary team meetings, not delivered here."
    )
    assert rows["D5"][2] == rows["D5"][4] == rows["D5"][5] == lacking
    assert "%" in rows["D5"][3]
    assert "%" in rows["D7"][5]


def test_changes_of_a_health_board_are_those_of_its_nation_and_of_both(reader, joint):
    page = reader.open(f"{joint}#v=changes&t=7A1")
    places = [r[2] for r in rows_of(page, "Changed numbers")]
    assert sorted(places) == sorted(["Wales", BOTH, "Northern Health Board (7A1)"])


def test_two_nations_have_no_axe_violation_and_fit(reader, joint):
    from axe_playwright_python.sync_playwright import Axe

    page = reader.open(joint, 390)
    for view in ("glance", "indicator", "survival"):
        page.evaluate(f"location.hash = 'v={view}&t=7A1&i=P1'")
        page.wait_for_function(f"document.querySelector('nav [aria-current]').hash.includes('v={view}')")
        charts_are_drawn(page)
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert [(view, v["id"]) for v in Axe().run(page).response["violations"]] == []


def test_table_chart_download_and_data_file_have_the_same_numbers(reader, nation, national, tmp_path: Path):
    write_national_data(released(tmp_path, nation), tmp_path)
    sheet = sheets_of(tmp_path / DATA_FILE)["Indicators_trust"]
    lines = [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    own = [r for r in lines if (r["metric_id"], r["trust_code"]) == ("P1", TRUST)]
    page = reader.open(f"{national}#v=indicator&i=P1&t={TRUST}")
    charts_are_drawn(page)
    unfold(page)
    title = "P1 over time, rolling four quarters"
    rows = {r[0]: r[1] for r in rows_of(page, title)}
    saved = {r[0]: r[1:3] for r in download(page, title, tmp_path)[1:]}
    drawn = {p["id"]: p["value"] for p in points_of(page, title) if p["role"] == "own"}
    assert len(own) == len(rows) == 13
    for place, line in enumerate(sorted(own, key=lambda r: r["date"])):
        period = line["period"]
        if line["pact"] in ("", None):
            assert "hidden to protect people" in rows[period]
            assert f"{TRUST}|{place}" not in drawn
            continue
        value, people = (
            percent(float(line["pact"])),
            f"{line['numerator']:,.0f} of {line['denominator']:,.0f}",
        )
        assert rows[period].splitlines()[:2] == [value, people]
        assert saved[period] == [value, people]
        assert percent(drawn[f"{TRUST}|{place}"]) == value


def test_a_release_without_outcomes_reads_sensibly(reader, write):
    tables = frames()
    for name in ("survival", "treatment_incidence", "variation", "factors", "risk_models", "yearly_change"):
        tables[f"released_{name}"] = tables[f"released_{name}"].head(0)
    page = reader.open(write(tables))
    for view in VIEWS:
        page.evaluate(f"location.hash = 'v={view}&t=RAJ&i=P1'")
        page.wait_for_function(f"document.querySelector('nav [aria-current]').hash.includes('v={view}')")
        text = page.locator("main").inner_text()
        assert not re.search(r"undefined|null|NaN|\[object", text), view
    for view, said in (
        ("survival", "Not available from this feed"),
        ("variation", "no figures on variation"),
        ("models", "no risk model"),
    ):
        page.evaluate(f"location.hash = 'v={view}'")
        page.get_by_text(said).wait_for()


def test_survival_that_the_feed_does_not_support_says_why(reader, write):
    made = frames()
    for table in ("released_survival", "released_treatment_incidence"):
        made[table] = made[table].iloc[:0]
    said = reader.open(f"{write(made)}#v=survival").locator("#view").inner_text()
    assert "Not available from this feed: it needs the date of death, not delivered here." in said


def test_treatment_that_the_feed_does_not_support_says_why_below_survival(reader, write):
    made = without(frames(), "T1", "no data set holds it (sact.administration_date)")
    definitions = made["released_definitions"].copy()
    definitions.loc[definitions["indicator"] == "P10_1y", ["available", "reason"]] = [True, ""]
    made |= {
        "released_treatment_incidence": made["released_treatment_incidence"].iloc[:0],
        "released_definitions": definitions,
    }
    page = reader.open(f"{write(made)}#v=survival")
    charts_are_drawn(page)
    said = page.locator("#view").inner_text()
    assert (
        "Not available from this feed: it needs the dates of systemic treatment, not delivered here." in said
    )
