"""One rule for all outputs: each indicator in its newest audit period, else its newest four quarters, the other period named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.reports import numbers
from naome_pipeline.reports.documents.model import Chart, Paragraph, Tiles
from naome_pipeline.reports.drivers.diagrams import write_driver_diagrams
from naome_pipeline.reports.patient_summary import write_patient_summary
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.state_of_the_nation.messages import at_a_glance, key_messages
from naome_pipeline.reports.state_of_the_nation.records import data_quality
from naome_pipeline.reports.state_of_the_nation.report import PAGE_FILE, write_state_of_the_nation
from tests.reports.annual import annual_frames
from tests.reports.around import text_of, write_all
from tests.reports.released_tables import released
from tests.reports.workbook import sheets_of

YEAR = "2022 Q1 to 2022 Q4"
NOTED = f", people diagnosed in {YEAR}"
# Indicators whose follow-up is too long for the audit period, one of them of England alone.
LATE, LATE_IN_ENGLAND = ("P3", "P10_3y"), "P4"


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    made = annual_frames(alliances=2, trusts=4, seed=1)
    values = made["released_indicators"].copy()
    late = values["indicator"].isin([*LATE, LATE_IN_ENGLAND])
    values.loc[late, ["period_kind", "period", "period_end"]] = [
        "rolling four quarters", YEAR, pd.Timestamp("2022-12-31")
    ]  # fmt: skip
    elsewhere = (values["indicator"] == LATE_IN_ENGLAND) & (values["nation"] != "England")
    # A newer year of an indicator that has an audit period is not quoted.
    newer = values[values["indicator"] == "P1"].assign(
        period_kind="rolling four quarters", period="2023 Q4 to 2024 Q3", period_end=pd.Timestamp("2024-09-30"),
        numerator=1, proportion=0.001,
    )  # fmt: skip
    compared = made["released_comparison"].copy()
    for number, name in enumerate(("P1", "P9")):
        # The second does not count: deaths are judged risk adjusted.
        of = compared.index[(compared["indicator"] == name) & (compared["comparison"] == "unadjusted")]
        compared.loc[of[number], ["state", "direction"]] = ["potential outlier", "worse"]
    return made | {
        "released_indicators": pd.concat([values[~elsewhere], newer], ignore_index=True),
        "released_comparison": compared,
    }


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("period")
    out = write_all(tables, made)
    write_state_of_the_nation(released(made / "tables", tables), out)
    write_driver_diagrams(released(made / "tables", tables), out)
    return out


def share(tables, name: str, unit: str) -> str:
    values = tables["released_indicators"]
    kind = "audit period" if name == "P1" else "rolling four quarters"
    [row] = values[
        (values["indicator"] == name) & (values["unit_code"] == unit) & (values["subgroup"] == "all")
        & (values["period_kind"] == kind)
    ].to_dict("records")  # fmt: skip
    return f"{100 * row['proportion']:.1f}%"


def title(tables, name: str) -> str:
    return tables["released_definitions"].set_index("indicator").loc[name, "title"]


def test_the_newsletter_gives_what_the_report_gives_and_names_the_period(tables, folder):
    letter = (folder / "newsletter.txt").read_text(encoding="utf-8").splitlines()
    report = text_of(folder / PAGE_FILE)
    assert not any("Without a number" in line for line in letter)
    for name, unit, noted in (
        ("P1", "England and Wales", ""),
        ("P3", "England and Wales", NOTED),
        ("P10_3y", "England and Wales", NOTED),
        ("P4", "England", f", England only{NOTED}"),
    ):
        [line] = [line for line in letter if line.startswith(f"* {title(tables, name)}: ")]
        value = share(tables, name, unit)
        assert line.partition(")")[0].startswith(f"* {title(tables, name)}: {value} (")
        assert line.partition(")")[2].partition(";")[0] == noted
        assert value in report
    assert report.count(NOTED) >= 2


def test_benchmarks_and_plans_give_the_same_period(tables, folder):
    for path in folder.glob("benchmarks/*.pdf"):
        text = text_of(path)
        england = path.stem.startswith("benchmark_R")
        for name in (*LATE, LATE_IN_ENGLAND):
            assert (f"{title(tables, name)} ({name}){NOTED}" in text) == (england or name != "P4"), name
        assert "unless a measure names another period" in text
    for path in folder.glob("action_plans/*.docx"):
        assert f"{title(tables, 'P3')}{NOTED}. Your trust: " in text_of(path)


def test_patients_read_when_and_where_a_number_is_from(folder):
    page = text_of(folder / "patient_summary.html")
    assert page.count(f"(This counts people diagnosed in {YEAR}.)") == 1
    assert f"(This counts England only, people diagnosed in {YEAR}.)" in page


def test_the_workbook_names_the_period_of_each_row(tables, folder):
    sheets = sheets_of(folder / "data_viewer.xlsx")
    for sheet in ("Nations", "Alliances", "Trusts", "Subgroups"):
        head, rows = sheets[sheet][2], sheets[sheet][3:]
        found = {(row[head.index("Indicator")], row[head.index("Diagnosed in")]) for row in rows}
        assert {(name, YEAR) for name in (*LATE, LATE_IN_ENGLAND)} <= found, sheet
        assert {period for name, period in found if name == "P1"} == {"2021 to 2023"}, sheet


def test_report_newsletter_pack_and_summary_count_the_same_results(folder):
    report = text_of(folder / PAGE_FILE)
    of_report = re.search(
        r"Of (\d+) results that can be shown, (\d+) lie beyond the 99.8% limits on the worse side", report
    )
    assert of_report is not None
    shown, worse = of_report.groups()
    assert worse == "1"
    newsletter = (folder / "newsletter.txt").read_text(encoding="utf-8")
    assert (
        f"{shown} results of trusts can be shown, each compared with all trusts of England and Wales"
        in newsletter
    )
    assert f"{shown} results can be shown and were judged." in text_of(
        folder / "outliers" / "outlier_pack.html"
    )
    for_patients = re.search(r"hospital trusts. For (\d+) of them", text_of(folder / "patient_summary.html"))
    assert for_patients is not None
    assert for_patients[1] == worse


def test_where_the_number_of_both_nations_is_hidden_that_of_one_stands_for_all(tables, tmp_path):
    values = tables["released_indicators"].copy()
    of = (values["subgroup"] == "all") & (values["period_kind"] == "audit period")
    away = of & (values["level"] == "both_nations")
    assert away.sum() > 5
    # Denominators stay: the people of one nation are few in the numerators only.
    values.loc[away, ["numerator", "proportion", "lower", "upper"]] = None
    values.loc[away, "suppressed"] = "hidden to protect people"
    england = values[of & (values["indicator"] == "P1") & (values["unit_code"] == "England")].iloc[0]
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    before = Reading(released(tmp_path / "before", tables))
    reading = Reading(released(tmp_path / "after", tables | {"released_indicators": values}))
    row = reading.shown("P1")
    assert row is not None
    assert (row["level"], row["unit_code"], row["numerator"]) == ("nation", "England", england["numerator"])
    assert reading.only(row) == ", England only"
    record = reading.beside("D5", row)
    assert record is not None
    assert (record["level"], record["unit_code"]) == ("nation", "England")
    # How many people the report is about is still the number of both nations.
    assert before.cohort is not None
    assert reading.cohort is not None
    assert reading.cohort["level"] == "both_nations"
    assert reading.cohort["denominator"] == before.cohort["denominator"]
    of_meetings = [
        b for b in key_messages(reading).blocks if isinstance(b, Paragraph) and b.lead == "Team meetings."
    ]
    assert ", England only." in of_meetings[0].text
    # So does the section on records, which would otherwise say that there is nothing to show.
    texts = [b.text for b in data_quality(reading).blocks if isinstance(b, Paragraph)]
    assert not any("shows no value" in text for text in texts)
    (of_records,) = (b for b in data_quality(reading).blocks if isinstance(b, Chart))
    assert any("England only" in row[0] for row in of_records.table.rows)
    other = reading.shown("P3")
    assert other is not None
    assert (other["level"], reading.only(other)) == ("both_nations", "")


def test_the_number_of_people_names_the_nation_it_is_of(tables, tmp_path):
    """In the first sentence, at a glance and for patients, where that of both nations together is hidden."""
    values = tables["released_indicators"].copy()
    both = (values["subgroup"] == "all") & (values["level"] == "both_nations")
    values.loc[both, ["numerator", "denominator", "proportion", "lower", "upper"]] = None
    values.loc[both, "suppressed"] = "hidden to protect people"
    definitions = tables["released_definitions"]
    everybody = definitions.loc[definitions["denominator_text"] == "everybody in the cohort", "indicator"]
    of = (
        values["indicator"].isin(everybody)
        & (values["unit_code"] == "England")
        & (values["subgroup"] == "all")
    )
    said = numbers.count(values.loc[of & (values["period"] == "2021 to 2023"), "denominator"].max())
    made = released(tmp_path, tables | {"released_indicators": values})
    reading = Reading(made)
    [who, *_] = [b.text for b in key_messages(reading).blocks if isinstance(b, Paragraph)]
    assert f"about {said} people in England whose" in who
    [tiles] = [b for b in at_a_glance(reading).blocks if isinstance(b, Tiles)]
    assert (tiles.tiles[0].value, tiles.tiles[0].detail) == (said, "England, 2021 to 2023")
    write_patient_summary(made, tmp_path)
    assert f"records of {said} people in England. " in text_of(tmp_path / "patient_summary.html")


def test_driver_diagrams_name_the_period(tables, folder):
    text = text_of(folder / "driver-diagrams.html")
    assert f"{title(tables, 'P3')}, {share(tables, 'P3', 'England and Wales')}{NOTED}" in text
