"""Every number in plans, benchmarks, summary and newsletter is the released one: read back and compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import docx
import pytest
from pypdf import PdfReader

from naome_pipeline.reports.patient_summary import CARE, LIVING, RECORDS
from naome_pipeline.reports.recommendations import recommendations
from tests.reports.annual import annual_frames, with_worse_outlier
from tests.reports.around import (
    counts_of,
    text_of,
    values_in,
    write_all,
)
from tests.reports.released_tables import released
from tests.reports.workbook import sheets_of

BOTH = "England and Wales"


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    return with_worse_outlier(annual_frames(alliances=2, trusts=12, seed=3))


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory) -> Path:
    return write_all(tables, tmp_path_factory.mktemp("numbers"))


def everybody(tables) -> Any:
    values = tables["released_indicators"]
    return values[values["subgroup"] == "all"].set_index(["indicator", "unit_code"]).sort_index()


def trust_codes(tables) -> list[str]:
    values = tables["released_indicators"]
    return sorted(values.loc[values["level"] == "trust", "unit_code"].unique())


def written(share: float) -> str:
    return f"{100 * share:.1f}"


def test_every_percentage_beside_counts_is_their_share(folder):
    found = 0
    for path in [*folder.rglob("*.docx"), *folder.rglob("*.pdf"), folder / "newsletter.txt"]:
        for share, top, bottom in values_in(text_of(path)):
            found += 1
            assert share == written(top / bottom), (path.name, share, top, bottom)
    assert found > 200


def test_plans_give_each_trusts_released_value_beside_alliance_and_nation(tables, folder, tmp_path):
    values, recommended = everybody(tables), recommendations(released(tmp_path, tables))
    names = tables["released_indicators"].drop_duplicates("unit_code").set_index("unit_code")
    assert len(recommended) == 5
    for code in trust_codes(tables):
        document = docx.Document(str(folder / "action_plans" / f"action_plan_{code}.docx"))
        rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
        assert rows[0] == [
            "Recommendation", "Current position", "Action", "Lead", "Timescale", "Progress", "Evidence",
        ]  # fmt: skip
        assert len(rows) == 6
        for row, r in zip(rows[1:], recommended, strict=True):
            assert row[0] == f"{r.number}. {r.sentence}"
            assert row[2:] == [""] * 5
            if r.indicator is None or r.indicator in ("P2", "R1"):
                assert "Your trust" not in row[1]
                continue
            own = values.loc[(r.indicator, code)]
            said = re.search(r"Your trust: (.*?)\.(?:\n|$)", row[1])
            assert said is not None
            if own["suppressed"]:
                assert said[1].startswith("hidden to protect people")
            else:
                assert values_in(said[1]) == [
                    (written(own["proportion"]), int(own["numerator"]), int(own["denominator"]))
                ]
            for other in filter(None, (names.loc[code, "alliance_code"], names.loc[code, "nation"])):
                beside = values.loc[(r.indicator, other)]
                expected = f"{names.loc[other, 'unit_name']}: {written(beside['proportion'])}% "
                assert expected in row[1], (code, r.indicator)


def test_benchmarks_give_each_value_interval_and_neighbours_on_one_page(tables, folder):
    values = everybody(tables)
    alliances = (
        tables["released_indicators"].drop_duplicates("unit_code").set_index("unit_code")["alliance_code"]
    )
    kinds = tables["released_definitions"].set_index("indicator")
    shown = kinds[kinds["kind"].isin(["performance", "data quality"]) & kinds["variant_of"].isna()].index
    compared = 0
    for code in trust_codes(tables):
        path = folder / "benchmarks" / f"benchmark_{code}.pdf"
        assert len(PdfReader(path).pages) == 1
        text = text_of(path)
        assert {(top, bottom) for _, top, bottom in values_in(text)} <= counts_of(tables, {code})
        for name in shown:
            own, nation = values.loc[(name, code)], values.loc[(name, values.loc[(name, code), "nation"])]
            said = re.search(rf"\({name}\)(.*?)(?:\([A-Z]\d+(?:_\w+)?\)|How complete|Alert: beyond)", text)
            assert said is not None, (code, name)
            expected = [written(nation["proportion"])]
            if alliances[code]:
                expected.append(written(values.loc[(name, alliances[code]), "proportion"]))
            if not own["suppressed"]:
                expected += [written(own[c]) for c in ("proportion", "lower", "upper")]
                compared += 1
            else:
                assert "hidden" in said[1]
            percentages = re.findall(r"(\d+\.\d)%", said[1])
            assert sorted(percentages) == sorted(expected), (code, name)
    assert compared > 50


def test_a_long_name_and_every_row_still_fit_on_one_page(tables, tmp_path):
    changed = {}
    for table in ("released_indicators", "released_comparison"):
        frame = tables[table].copy()
        frame["unit_name"] = frame["unit_name"].where(
            frame["unit_name"].isna() | (frame.get("level", "trust") != "trust"),
            "The Combined University and District Hospitals of a Very Long Named Place NHS Foundation Trust",
        )
        changed[table] = frame
    provenance = tables["provenance"].copy()
    provenance.loc[provenance["item"] == "disclosure for publication", "value"] = "False"
    out = write_all(tables | changed | {"provenance": provenance}, tmp_path, "benchmarks")
    for path in out.rglob("*.pdf"):
        assert len(PdfReader(path).pages) == 1, path.name


def test_the_summary_for_patients_counts_in_every_hundred_what_was_released(tables, folder):
    values = everybody(tables)
    page = text_of(folder / "patient_summary.html")
    expected = []
    for name, sentence in {**CARE, **RECORDS, **LIVING}.items():
        share = f"{100 * values.loc[(name, BOTH), 'proportion']:.0f}"
        assert sentence.format(n=share) in page, name
        expected.append(share)
    assert sorted(re.findall(r"(\d+) in every 100", page)) == sorted(expected)
    people = int(re.search(r"records of ([\d,]+) people", page)[1].replace(",", ""))  # type: ignore[index]
    counted = tables["released_definitions"].query("denominator_text == 'everybody in the cohort'")
    assert people == max(values.loc[(name, BOTH), "denominator"] for name in counted["indicator"])
    for name in ("patient_summary.pdf", "patient_summary_large_print.pdf"):
        printed = text_of(folder / name)
        assert sorted(re.findall(r"(\d+) in every 100", printed)) == sorted(expected)


def formal(tables) -> Any:
    """The comparisons by which trusts are judged, from the tables alone."""
    compared, definitions = (
        tables["released_comparison"],
        tables["released_definitions"].set_index("indicator"),
    )
    adjusted = compared["indicator"].map(definitions["risk_adjustment"] != "none")
    own = compared["indicator"].map(definitions["variant_of"].isna())
    wanted = adjusted.map({True: "risk adjusted", False: "unadjusted"})
    return compared[own & (compared["comparison"] == wanted)]


def test_every_document_counts_what_can_be_shown_and_what_is_hidden(tables, tmp_path):
    hiding = formal(tables)
    hiding = hiding[(hiding["direction"] == "worse") & hiding["state"].isin(["alert", "potential outlier"])]
    assert len(hiding) > 3
    compared = tables["released_comparison"].copy()
    figures = [c for c in compared.columns if str(compared[c].dtype) == "float64"]
    compared.loc[hiding.index, figures] = float("nan")
    compared.loc[hiding.index, ["state", "direction", "overdispersed_state"]] = ["hidden", "", ""]
    compared.loc[hiding.index, "suppressed"] = "hidden to protect people"
    made = tables | {"released_comparison": compared}
    states = formal(made)["state"]
    hidden, shown = (
        int((states == "hidden").sum()),
        int(states.isin(["within", "alert", "potential outlier"]).sum()),
    )
    assert hidden >= len(hiding)
    folder = write_all(made, tmp_path / "whole", "newsletter", "outlier_pack", "patient_summary")
    pack = text_of(folder / "outliers" / "outlier_pack.html")
    newsletter = text_of(folder / "newsletter.txt")
    said = f"{hidden} more are hidden to protect people. Where one of those lies beyond the limits, the audit tells"
    assert f"{shown} results can be shown and were judged. {said}" in pack
    assert (
        f"No result that trusts are judged by and that can be shown; of the {hidden} hidden ones nothing is said here."
        in pack
    )
    assert (
        f"{shown} results of trusts can be shown, each compared with all trusts of {BOTH} together, or of"
        in newsletter
    )
    assert said in newsletter
    assert f"We hide {hidden} more results" in text_of(folder / "patient_summary.html")
    assert "Not adjusted in this release, so shown unadjusted, and nobody is judged by it: P7 (" in pack
    for text in (pack, newsletter):
        assert "no such result" not in text


def test_the_summary_counts_trusts_far_from_the_rest(tables, folder):
    of = formal(tables)
    judged = of[of["state"].isin(["within", "alert", "potential outlier"])]
    far = judged[(judged["state"] == "potential outlier") & (judged["direction"] == "worse")]
    said = re.search(
        r"We can show results of (\d+) hospital trusts. For (\d+) of them",
        text_of(folder / "patient_summary.html"),
    )
    assert said is not None
    assert (int(said[1]), int(said[2])) == (judged["trust_code"].nunique(), far["trust_code"].nunique())


def test_the_newsletter_gives_the_national_values(tables, folder):
    values = everybody(tables)
    titles = tables["released_definitions"].set_index("title")["indicator"]
    lines = re.findall(
        r"^\* (.+?)(?: \(experimental\))?: (\d+\.\d)% \(([\d,]+) of ([\d,]+)\)", _text(folder), re.MULTILINE
    )
    assert len(lines) == 12
    for title, share, top, bottom in lines:
        of = values.loc[(titles[title], BOTH)]
        assert share == written(of["proportion"])
        assert (top, bottom) == (f"{of['numerator']:,}", f"{of['denominator']:,}")


def _text(folder: Path) -> str:
    return (folder / "newsletter.txt").read_text(encoding="utf-8")


def test_the_workbook_has_every_released_value_of_the_main_period(tables, folder):
    sheets, values = sheets_of(folder / "data_viewer.xlsx"), everybody(tables)
    measures = tables["released_definitions"].set_index("indicator")["measure"]
    for sheet, level, code in (("Trusts", "trust", "Trust code"), ("Alliances", "alliance", "Alliance code")):
        head, rows = sheets[sheet][2], sheets[sheet][3:]
        of = values[values["level"] == level].reset_index()
        of = of[of["indicator"].map(measures) == "proportion"].set_index(["indicator", "unit_code"])
        assert len(rows) == len(of)
        for row in rows:
            said = dict(zip(head, row, strict=True))
            meant = of.loc[(said["Indicator"], said[code])]
            for heading, column in (
                ("People counted", "denominator"), ("People who meet it", "numerator"), ("Share", "proportion"),
                ("Lower", "lower"), ("Upper", "upper"),
            ):  # fmt: skip
                if said[heading] == "hidden":
                    assert meant.isna()[column]
                else:
                    assert said[heading] == pytest.approx(float(meant[column]), abs=1e-12)
