"""The dashboard in a real browser: from disk, without network, by keyboard alone, at every width, in light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.reports.numbers import percent
from tests.browser.opening import VIEWS, charts_are_drawn, download, rows_of, tab_to, unfold
from tests.reports.national import national_frames
from tests.reports.released_tables import EVIL, FORMULA, frames

pytestmark = pytest.mark.browser
TRUST, PEER = "R00B", "R01C"
TRUST_NAME = "Hospitals of District 2 NHS Foundation Trust"


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_no_view_runs_out_of_the_side(reader, national, width):
    page = reader.open(national, width)
    for view in VIEWS:
        page.evaluate(f"location.hash = 'v={view}&t={TRUST}&p={PEER}&i=P1'")
        page.wait_for_function(f"document.querySelector('nav [aria-current]').hash.includes('v={view}')")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_no_violation(reader, small, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = reader.open(small, width, color_scheme=scheme)
    for view in VIEWS:
        page.evaluate(f"location.hash = 'v={view}&t=RAJ&p=RH5&i=P1'")
        page.wait_for_function(f"document.querySelector('nav [aria-current]').hash.includes('v={view}')")
        charts_are_drawn(page)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found = Axe().run(page).response["violations"]
        assert [(view, v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


def test_trust_and_peer_are_chosen_by_keyboard_and_the_address_keeps_them(reader, national):
    page = reader.open(national)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to(page, "trust")
    page.keyboard.type("district 2 nhs")
    assert page.locator("#trust-hint").inner_text() == "1 trust found"
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.querySelector('h2').innerText.includes('{TRUST_NAME}')")
    assert page.evaluate("document.activeElement.id") == "trust"
    tab_to(page, "peer")
    page.keyboard.type(PEER.lower())
    page.keyboard.press("ArrowDown")
    active = page.locator("#peer").get_attribute("aria-activedescendant")
    assert PEER in page.locator(f"#{active}").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('table thead').innerText.includes('Peer: ')")
    assert f"p={PEER}" in page.evaluate("location.hash")
    headings = page.locator("table thead").first.inner_text()
    assert TRUST_NAME in headings
    assert "Peer: Hospitals of District 29" in headings
    assert "Alliance: " in headings
    address = page.locator("#address").input_value()
    again = reader.open(address)
    assert again.locator("#view").inner_text() == page.locator("#view").inner_text()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    page.wait_for_function("!location.hash.includes('p=')")
    page.go_back()
    page.wait_for_function(f"location.hash.includes('p={PEER}')")


def test_copying_the_address_works_by_keyboard(reader, small):
    page = reader.open(f"{small}#v=quality")
    tab_to(page, "copy")
    page.keyboard.press("Enter")
    assert page.locator("#announce").inner_text() == "Address copied"


def test_an_address_with_nonsense_opens_the_first_view(reader, small):
    page = reader.open(f"{small}#v=%3Cscript%3E&t=NOBODY&i=%22&k=x&a=RAJ&c=__proto__")
    assert page.locator("h2").inner_text() == "At a glance"
    page.evaluate("location.hash = 'v=indicator&i=P1&c=__proto__&a=constructor'")
    page.wait_for_function("document.querySelector('h2').innerText.startsWith('One indicator')")


def test_glance_says_direction_interval_people_and_where_it_stands(reader, national, nation):
    page = reader.open(f"{national}#t={TRUST}&p={PEER}")
    row = next(r for r in rows_of(page, "How care is measured") if r[0].startswith("P1:"))
    assert "higher is better" in row[0]
    values = nation["released_indicators"]
    newest = values[
        (values["indicator"] == "P1")
        & (values["subgroup"] == "all")
        & (values["period"] == "2024 Q4 to 2025 Q3")
    ]
    for code, said in zip((TRUST, PEER, None, "England"), row[2:], strict=True):
        if code is None:
            continue
        cell = newest[newest["unit_code"] == code].iloc[0]
        assert percent(cell["proportion"]) in said
        assert f"{cell['numerator']:,} of {cell['denominator']:,}" in said
        assert f"{percent(cell['lower'])} to {percent(cell['upper'])}" in said
        assert "record complete (D5)" in said
    assert re.search("within the limits|alert|potential outlier", row[2])
    assert "special cause" in row[5]


def test_a_result_nobody_is_judged_by_names_no_outlier(reader, write):
    made = national_frames(["P1", "P1_recorded", "P5", "P6"])
    compared = made["released_comparison"].copy()
    # P5 asks for risk adjustment and has no model here.
    compared = compared[(compared["indicator"] != "P5") | (compared["comparison"] == "unadjusted")]
    compared = compared[
        ~compared["indicator"].str.startswith("P1") | (compared["comparison"] == "unadjusted")
    ]
    seen = (compared["trust_code"] == TRUST) & (compared["suppressed"] == "")
    compared.loc[seen, ["state", "direction"]] = ["potential outlier", "worse"]
    compared.loc[seen, ["overdispersed_state", "overdispersed_direction"]] = ["alert", "worse"]
    address = write(made | {"released_comparison": compared})
    page = reader.open(f"{address}#t={TRUST}&k=audit")
    rows = {r[0].split(":")[0]: r[2] for r in rows_of(page, "How care is measured")}
    assert set(compared.loc[seen, "indicator"]) == set(rows) == {"P1", "P1_recorded", "P5", "P6"}
    assert "not judged: not adjusted in this release" in rows["P5"]
    assert "not judged: a variant of P1" in rows["P1_recorded"]
    assert "outlier" not in rows["P5"] + rows["P1_recorded"]
    for name, kind in (("P1", "unadjusted"), ("P6", "risk adjusted")):
        assert (
            f"against England, 2022 to 2024 ({kind}): potential outlier, worse (wider limits: alert, worse)"
            in rows[name]
        )
    page.evaluate(f"location.hash = 'v=indicator&i=P5&t={TRUST}'")
    page.wait_for_function("document.querySelector('h3').innerText.startsWith('P5:')")
    unfold(page)
    caption = page.locator("figcaption", has_text="P5 funnel").inner_text()
    assert "Not judged: not adjusted in this release." in caption
    assert "State (nobody is judged by it)" in page.locator("table", has_text="P5 funnel").inner_text()


def test_chart_table_download_and_release_have_the_same_numbers(reader, national, nation, tmp_path: Path):
    page = reader.open(f"{national}#v=indicator&i=P1&t={TRUST}&c=unadjusted")
    charts_are_drawn(page)
    comparison = nation["released_comparison"]
    of = comparison[(comparison["indicator"] == "P1") & (comparison["comparison"] == "unadjusted")].set_index(
        "trust_code"
    )
    shown = of[of["suppressed"] == ""]
    drawn = page.evaluate(
        "[...document.querySelectorAll('.chart')].find(c => c.ariaLabel.includes('funnel')).drawing.data('points')"
    )
    assert {p["code"] for p in drawn} == set(shown.index)
    assert [p["code"] for p in drawn if p["lit"]] == [TRUST]
    for p in drawn:
        assert percent(p["value"]) == percent(shown["value"][p["code"]])
        assert p["size"] == shown["denominator"][p["code"]]
    name = "P1 funnel, 2022 to 2024, unadjusted"
    page.locator("summary", has_text=name).press("Enter")
    rows = {re.findall(r"\((\w+)\)$", r[0])[0]: r for r in rows_of(page, name)}
    assert set(rows) == set(of.index)
    for code, row in rows.items():
        if code in shown.index:
            assert row[1] == percent(shown["value"][code])
            assert row[2:4] == [f"{shown['numerator'][code]:,}", f"{shown['denominator'][code]:,}"]
        else:
            assert row[1] == "hidden to protect people"
    saved = download(page, name, tmp_path)
    assert [r[0] for r in saved[1:]] == [r[0] for r in rows.values()]
    assert [r[1 : len(r)] for r in rows.values()] == [[c for c in r[1:] if c != ""] for r in saved[1:]]


def test_names_with_markup_and_formulas_do_nothing(reader, small, tmp_path: Path):
    page = reader.open(f"{small}#v=indicator&i=P1&t=RH5")
    assert FORMULA in page.locator("h2").inner_text()
    page.locator("summary", has_text="P1 by trust of diagnosis").press("Enter")
    saved = download(page, "P1 by trust of diagnosis", tmp_path)
    cells = [cell for row in saved for cell in row]
    assert any(cell.startswith(f"'{FORMULA}") for cell in cells)
    assert not any(re.match(r"[=+@\t\r]|-[^0-9]", cell) for cell in cells)
    page.locator("summary", has_text="P1 by Cancer Alliance").press("Enter")
    alliances = [r[0] for r in rows_of(page, "P1 by Cancer Alliance")]
    assert f"{EVIL} (E56000002)" in alliances


def test_hidden_values_say_so_and_show_no_number(reader, small):
    page = reader.open(f"{small}#t=RH5")
    row = next(r for r in rows_of(page, "How care is measured") if r[0].startswith("P1:"))
    assert row[2].splitlines()[:2] == ["hidden to protect people", "of 17"]
    unavailable = next(r for r in rows_of(page, "How care is measured") if r[0].startswith("P4:"))
    assert unavailable[1] == "Not available from this feed: it needs HER2 status, not delivered here."


def test_charts_are_read_point_by_point_with_the_arrow_keys(reader, national):
    page = reader.open(f"{national}#v=indicator&i=P1&t={TRUST}")
    charts_are_drawn(page)
    charts = page.locator(".chart")
    assert charts.count() == 4
    for chart in charts.all():
        chart.focus()
        page.keyboard.press("ArrowRight")
        said = page.locator(f"#{chart.get_attribute('aria-describedby')}")
        first = said.inner_text()
        assert re.search(r"\d", first)
        page.keyboard.press("ArrowRight")
        assert said.inner_text() != first
        assert chart.locator("xpath=ancestor::figure//table").count() == 1
    funnel = page.locator(".chart[aria-label*=funnel]")
    text = funnel.evaluate("c => c.querySelector('svg').textContent")
    assert TRUST_NAME in text


def test_a_hidden_point_leaves_a_gap_and_its_place_on_the_axis(reader, write):
    tables: dict[str, Any] = national_frames(["P1", "D5"])
    for name in ("indicators", "series"):
        table = tables[f"released_{name}"]
        hidden = (table["unit_code"] == TRUST) & (table["period"] == "2023 Q2 to 2024 Q1")
        table.loc[hidden, ["numerator"]] = pd.NA
        table.loc[hidden, ["proportion" if name == "indicators" else "value"]] = np.nan
    page = reader.open(f"{write(tables)}#v=indicator&i=P1&t={TRUST}")
    charts_are_drawn(page)
    chart = page.locator(".chart[aria-label*='over time']")
    labels = chart.locator("svg .role-axis-label text").all_text_contents()
    periods = [label.removeprefix("to ") for label in labels if label.startswith("to ")]
    assert len(periods) == 13
    assert periods == sorted(periods)
    lines = chart.evaluate(
        "c => [...c.querySelectorAll('.mark-line path')].map(p => (p.getAttribute('d').match(/M/g) || []).length)"
    )
    assert sorted(lines) == [
        1,
        1,
        2,
        2,
        2,
    ]  # Alliance and nation whole; limits and the trust's own line broken


def test_the_chart_over_time_says_which_values_are_hidden(reader, write):
    made = national_frames(["P1"])
    values = made["released_indicators"]
    rolling = (values["period_kind"] == "rolling four quarters") & (values["subgroup"] == "all")
    figures = ["numerator", "proportion", "lower", "upper"]
    values.loc[rolling & (values["unit_code"] == TRUST), figures] = None
    values.loc[rolling & (values["unit_code"] == PEER), "numerator"] = 10
    some = values.index[rolling & (values["unit_code"] == PEER)]
    values.loc[some, ["proportion", "lower", "upper"]] = [0.5, 0.4, 0.6]
    values.loc[some[:3], figures] = None
    page = reader.open(f"{write(made)}#v=indicator&i=P1&t={TRUST}&p={PEER}")
    caption = page.locator("figcaption", has_text="P1 over time").inner_text()
    assert f"({TRUST}): every value is hidden to protect people." in caption
    assert f"({PEER}): 3 of 13 values are hidden to protect people." in caption
    assert caption.count("hidden to protect people") == 2


def test_a_definition_claims_no_adjustment_where_nobody_is_compared(reader, write):
    made = national_frames(["P1", "P5", "P10_1y"])
    compared = made["released_comparison"]
    page = reader.open(write(made | {"released_comparison": compared[compared["indicator"] != "P10_1y"]}))
    unfold(page)
    for name, said in (("P10_1y", "not compared in this release"), ("P5", "yes; see the funnel")):
        details = page.locator("details", has=page.locator(f"summary[aria-label='Definition of {name}']"))
        assert f"Adjusted for who is treated {said}" in " ".join(details.inner_text().split())


def test_a_trust_in_the_funnel_is_named_on_hover(reader, national):
    page = reader.open(f"{national}#v=indicator&i=P1&c=unadjusted")
    charts_are_drawn(page)
    funnel = page.locator(".chart[aria-label*=funnel]")
    funnel.scroll_into_view_if_needed()
    marks = funnel.locator("svg .mark-symbol path")
    assert marks.count() > 50
    marks.nth(7).hover(force=True)
    said = page.locator(f"#{funnel.get_attribute('aria-describedby')}")
    assert re.search(r"Hospitals of District \d+ .*%, \d+ of \d+", said.inner_text())


def test_data_quality_stands_against_the_target(reader, small):
    page = reader.open(f"{small}#v=quality")
    rows = {r[0].split(":")[0]: r for r in rows_of(page, "How complete the records are")}
    assert "below 90%" in rows["D5"][2]
    assert "90% reached" in rows["D7"][2]
    assert "P1" in rows["D5"][0]


def test_definitions_are_one_click_away(reader, small):
    page = reader.open(small)
    page.get_by_label("Definition of P1", exact=True).press("Enter")
    assert page.get_by_text("a meeting dated 31 days before to 90 days after diagnosis").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_the_tables_behind_its_charts_and_folds_again(reader, national, scheme, tmp_path: Path):
    page = reader.open(f"{national}#v=indicator&i=P1&t={TRUST}", color_scheme=scheme)
    charts_are_drawn(page)
    page.evaluate("window.print = () => { window.asked = true; }")
    tab_to(page, "print")
    page.keyboard.press("Enter")
    assert page.evaluate("window.asked")
    folded = page.locator("details:not([open])").count()
    page.evaluate(
        "window.addEventListener('beforeprint', () => { window.paper = [...document.querySelectorAll('details')]"
        ".map(d => [d.textContent, d.open]); })"
    )
    page.pdf(path=str(tmp_path / "page.pdf"))
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    paper = {text.split("Download")[0][:60]: shown for text, shown in page.evaluate("window.paper")}
    printed = {text for text, shown in paper.items() if shown}
    assert len(printed) == 5  # the definition, the tables of three charts, year by year
    assert any("P1 by quarter" in text for text in printed)
    assert not any("funnel" in text or "by trust of diagnosis" in text for text in printed)
    page.wait_for_function(f"document.querySelectorAll('details:not([open])').length === {folded}")


def test_without_scripts_it_says_where_the_numbers_are(reader, small):
    assert reader.open(small).locator("#unscripted").count() == 0
    page = reader.open(small, java_script_enabled=False)
    assert page.get_by_text("This page needs JavaScript").is_visible()
    assert page.locator("#unscripted a", has_text="indicators.csv").count() == 1


def _hidden(tables: dict[str, Any]) -> dict[str, Any]:
    values, comparison, series = (tables[f"released_{t}"] for t in ("indicators", "comparison", "series"))
    below = values["level"] != "nation"
    values.loc[below, ["proportion", "lower", "upper"]] = np.nan
    values.loc[below, ["numerator", "denominator"]] = pd.NA
    values.loc[below, "suppressed"] = "hidden to protect people"
    comparison["suppressed"] = "hidden to protect people"
    comparison["target"] = np.nan
    tables["released_series"] = series[series["level"] == "nation"]
    return tables


def _one_trust(tables: dict[str, Any]) -> dict[str, Any]:
    for name, column in (("indicators", "unit_code"), ("comparison", "trust_code"), ("series", "unit_code")):
        table = tables[f"released_{name}"]
        tables[f"released_{name}"] = table[table[column].isin(["RAJ", "England"])]
    return tables


def _nobody(tables: dict[str, Any]) -> dict[str, Any]:
    for name in ("indicators", "comparison", "series"):
        tables[f"released_{name}"] = tables[f"released_{name}"].head(0)
    tables["revisions"] = tables["revisions"].head(0)
    return tables


@pytest.mark.parametrize("change", [_hidden, _one_trust, _nobody])
def test_poor_releases_read_sensibly(reader, write, change):
    page = reader.open(write(change(frames())))
    for view in VIEWS:
        for more in ("&t=RAJ&p=RAJ", "&i=T1", "&i=P4"):
            page.evaluate(f"location.hash = 'v={view}{more}'")
            page.wait_for_function(f"document.querySelector('nav [aria-current]').hash.includes('v={view}')")
            text = page.locator("main").inner_text()
            assert not re.search(r"undefined|null|NaN|\[object", text), (view, more)
            assert len(text) > 100
