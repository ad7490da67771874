"""The dashboard's file: exactly the released numbers, nothing hidden, nothing run, the same bytes twice."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from naome_pipeline.deliveries.layouts import data_sets
from naome_pipeline.indicators.registry import availability, registry
from naome_pipeline.reports import wording
from naome_pipeline.reports.dashboard import PAGE_FILE, chart_library, packed, unpacked, write_dashboard
from naome_pipeline.reports.dashboard_data import KINDS, MOST_REVISIONS, dashboard_data
from naome_pipeline.reports.numbers import hundredths, missing, percent, tenths
from naome_pipeline.reports.released import NotReleased, ReleasedTables
from tests.reports.national import national_frames
from tests.reports.page import embedded
from tests.reports.released_tables import EVIL, frames, released


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> ReleasedTables:
    return released(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def page(tables, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("page")
    write_dashboard(tables, folder)
    return (folder / PAGE_FILE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def nation() -> dict[str, pd.DataFrame]:
    return national_frames()


@pytest.fixture(scope="module")
def national_page(nation, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("national")
    write_dashboard(released(folder, nation), folder)
    return (folder / PAGE_FILE).read_text(encoding="utf-8")


def shown(packed: int | None) -> str:
    """Tenths of a percent as the page writes them."""
    assert packed is not None
    return f"{packed // 10}.{packed % 10}%"


def test_every_cell_of_a_nation_is_packed_as_it_was_released(nation, national_page):
    data = embedded(national_page, "data")
    values = nation["released_indicators"]
    everybody = values[values["subgroup"] == "all"]
    checked = 0
    for row in everybody.iloc[:: max(len(everybody) // 20_000, 1)].itertuples(index=False):
        kind = KINDS[row.period_kind]
        cell = data["values"][row.indicator][kind][row.unit_code][data["periods"][kind].index(row.period)]
        if not missing(row.median_days):
            assert cell == [
                row.denominator, row.median_days, row.lower_quartile_days, row.upper_quartile_days
            ]  # fmt: skip
        elif missing(row.numerator):
            assert cell == [row.denominator]
        else:
            assert cell[:2] == [row.numerator, row.denominator]
            assert [shown(v) for v in cell[2:]] == [
                percent(v) for v in (row.proportion, row.lower, row.upper)
            ]
        checked += 1
    assert checked > 10_000


def test_subgroups_are_those_of_the_newest_periods(nation, national_page):
    data = embedded(national_page, "data")
    values = nation["released_indicators"]
    of = values[(values["subgroup"] == "men") & (values["period_kind"] == "audit period")]
    assert set(of["level"]) == {"nation", "alliance"}
    for row in of[of["indicator"] == "P1"].itertuples(index=False):
        cell = data["subgroups"]["P1"]["audit"][row.unit_code]["men"]
        assert cell[-4 if len(cell) == 5 else 0] == row.denominator
    codes = {u["code"] for u in data["units"]["trust"]}
    for kinds in data["subgroups"].values():
        for units in kinds.values():
            assert not codes & set(units)


def test_run_charts_and_funnels_are_packed_as_they_were_released(nation, national_page):
    data = embedded(national_page, "data")
    series = nation["released_series"]
    quarters = series[(series["level"] != "trust") & series["value"].notna()]
    for row in quarters.sample(2_000, random_state=1).itertuples(index=False):
        point = data["series"][row.indicator][row.unit_code][data["periods"]["quarter"].index(row.period)]
        assert point == [
            *(tenths(v) for v in (row.centre, row.lower, row.upper, row.moving_average)),
            row.variation if row.special_cause else "",
        ]
    comparison = nation["released_comparison"]
    for row in comparison.sample(1_000, random_state=1).to_dict("records"):
        packed = data["comparison"][row["indicator"]][row["comparison"]]["trusts"][row["trust_code"]]
        if row["suppressed"]:
            assert packed == 0
            continue
        whole = hundredths if row["comparison"] == "risk adjusted" else tenths
        assert packed[:2] == [row["numerator"], row["denominator"]]
        assert packed[3:8] == [
            whole(row[c]) for c in ("value", "lower_998", "lower_95", "upper_95", "upper_998")
        ]
        assert packed[12:14] == [row["state"], row["direction"]]


def test_a_trust_has_no_special_cause(national_page):
    data = embedded(national_page, "data")
    trusts = {u["code"] for u in data["units"]["trust"]}
    for units in data["series"].values():
        for code, points in units.items():
            assert all(p is None or len(p) == (2 if code in trusts else 5) for p in points)


def test_a_national_page_is_below_five_megabytes(national_page):
    assert len(national_page.encode()) < 5_000_000


def test_hidden_numbers_are_not_in_the_file(tables):
    data = dashboard_data(tables)
    assert data["values"]["P1"]["rolling"]["E56000002"] == [0]
    assert data["values"]["P1"]["rolling"]["RH5"] == [[17]]
    assert data["comparison"]["P1"]["unadjusted"]["trusts"]["RH5"] == 0


def test_reasons_are_plain_words(tables):
    entries = {e["indicator"]: e for e in dashboard_data(tables)["indicators"]}
    assert entries["P4"]["state"] == "Not available from this feed: it needs HER2 status, not delivered here."
    assert "it needs oestrogen receptor status and HER2 status, not" in entries["P3_her2_negative"]["state"]
    assert entries["P5"]["state"].startswith("Not yet complete: it needs 365 days")
    for entry in entries.values():
        assert not re.search(r"[a-z]_[a-z]|\w\.\w", entry["state"]), entry["state"]


def test_rates_by_years_since_diagnosis_have_their_own_table(tmp_path):
    changed = frames()
    definitions = changed["released_definitions"]
    definitions.loc[definitions["indicator"] == "R1", ["available", "reason"]] = [True, ""]
    write_dashboard(released(tmp_path, changed), tmp_path)
    page = (tmp_path / PAGE_FILE).read_text(encoding="utf-8")
    data = embedded(page, "data")
    entry = next(e for e in data["indicators"] if e["indicator"] == "R1")
    assert entry["state"] == ""
    assert [data["recurrence_rates"][0][c] for c in ("incidence", "lower", "upper", "died_before")] == [
        80,
        70,
        90,
        60,
    ]
    assert "Those whose cancer came back" in page


def test_every_reason_the_registry_can_give_is_plain():
    checked = 0
    for entry in availability("england_quarterly", {}, registry()):
        said = wording.plain_reason(entry.reason)
        assert not re.search(r"[a-z]_[a-z]|\w\.\w|[()]", said), said
        checked += said.endswith("not delivered here")
    assert checked > 20


def test_a_reason_is_not_torn_apart_at_what_a_column_means():
    """Reasons are joined by semicolons, so the meaning of a column holds none."""
    for data_set in data_sets().values():
        assert not [column.name for column in data_set.columns if ";" in column.meaning], data_set.name
    [column] = [c for c in data_sets()["pcpd"].columns if c.name == "bnf_code"]
    said = wording.plain_reason(f"{column.meaning} is not delivered (pcpd.bnf_code)")
    assert said == "it needs the BNF codes of prescriptions, not delivered here"


def test_every_data_set_has_a_name():
    assert set(data_sets()) <= set(wording.DATA_SETS)


def test_names_cannot_run(page):
    assert EVIL not in page
    assert page.count("</script>") == 4
    assert embedded(page, "data")["units"]["alliance"][0]["name"] == EVIL


def test_page_reaches_for_nothing_outside(page):
    own = page.replace(chart_library(), "")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg|vega\.github\.io/schema)|@import|url\(", own)
    assert "default-src 'none'" in page
    targets = set(re.findall(r'(?:href|src)="([^"#]+)"', own)) - {"data:,"}
    assert {t for t in targets if not re.fullmatch(r"[a-z_]+\.csv", t)} == set()


def test_what_the_page_must_say(page):
    assert "Artificial data." in page
    assert "not an NHS service" in page
    assert "Internal use only" not in page
    for row in frames()["provenance"].query("kind == 'release'").itertuples():
        assert f"<dt>{str(row.item).capitalize()}</dt>" in page
    data = embedded(page, "data")
    assert data["parameters"][0]["item"] == "minimum_age"
    assert data["attrition"][1] == {
        "step": 2, "unit": "people", "title": "Known from a death certificate only", "removed": 1234, "remaining": 55555
    }  # fmt: skip
    assert data["revisions"] == [
        ["P1", "2024 Q1", "England", "Everybody", "changed", "50 of 99", "51 of 100"]
    ]


def test_the_page_names_the_quarter_whose_people_are_not_all_known_yet(page):
    assert "come for everybody diagnosed in 2025 Q3, so a few people may be missing there." in page


def test_an_internal_release_says_so(tmp_path):
    changed = frames()
    provenance = changed["provenance"]
    provenance.loc[provenance["item"] == "disclosure for publication", "value"] = "False"
    write_dashboard(released(tmp_path, changed), tmp_path)
    assert "must not leave the audit team" in (tmp_path / PAGE_FILE).read_text(encoding="utf-8")


def test_revisions_of_the_nation_come_first_and_the_rest_is_counted(nation, national_page):
    data = embedded(national_page, "data")
    assert data["revision_count"] == len(nation["revisions"])
    assert len(data["revisions"]) == MOST_REVISIONS
    places = [r[2] == "England" for r in data["revisions"]]
    assert places == sorted(places, reverse=True)
    assert any(places)


def test_same_tables_same_bytes(tables, page, tmp_path):
    write_dashboard(tables, tmp_path)
    assert (tmp_path / PAGE_FILE).read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    "table", ["released_indicators", "released_series", "released_comparison", "revisions"]
)
def test_a_release_with_an_empty_table_still_has_a_page(table, tmp_path):
    changed = frames()
    changed[table] = changed[table].head(0)
    if table == "released_indicators":
        changed["released_series"] = changed["released_series"].head(0)
    write_dashboard(released(tmp_path, changed), tmp_path)
    data = embedded((tmp_path / PAGE_FILE).read_text(encoding="utf-8"), "data")
    assert len(data["indicators"]) == len(registry().indicators)


@pytest.mark.parametrize("name", ["people", "indicator_counts", "person_facts", "tumours", "nothing"])
def test_a_table_that_is_not_released_cannot_be_read(tables, name):
    with pytest.raises(NotReleased, match=name):
        tables.frame(name)
    with pytest.raises(NotReleased, match=name):
        ReleasedTables({name: Path("somewhere.parquet")})


@pytest.mark.parametrize("value", [1.5, -0.1, 59.3])
def test_a_percentage_in_the_place_of_a_proportion_is_refused(value):
    with pytest.raises(ValueError, match="between 0 and 1"):
        percent(value)
    with pytest.raises(ValueError, match="between 0 and 1"):
        tenths(value)


@pytest.mark.parametrize("n", range(0, 1001, 7))
def test_packed_shares_are_written_as_everywhere_else(n):
    assert shown(tenths(n / 1000.0)) == percent(n / 1000.0)
    assert shown(tenths(1 / (n + 1))) == percent(1 / (n + 1))


def test_packed_text_cannot_leave_its_element_and_comes_back_as_it_was():
    content = {"name": EVIL, "value": 593, "line": "\u2028", "nothing": None}
    text = packed(content)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", text)
    assert unpacked(text) == content
    assert packed(content) == text
