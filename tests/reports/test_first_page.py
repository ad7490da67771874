"""The first page: exactly the released numbers, nothing hidden, nothing run, the same bytes twice."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from naome_pipeline.reports.first_page import PAGE_FILE, page_content, write_first_page
from naome_pipeline.reports.numbers import count, days, percent
from naome_pipeline.reports.released import NotReleased, ReleasedTables
from tests.reports.released_tables import EVIL, frames, released


class Text(HTMLParser):
    """Collects headings, table rows and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self._cell: list[str] | None = None
        self._row: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._row = []
        if tag in {"td", "th"}:
            self._cell = []

    def handle_endtag(self, tag):
        if tag in {"td", "th"} and self._cell is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._cell = None
        if tag == "tr":
            self.rows.append(self._row)

    def handle_data(self, data):
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> ReleasedTables:
    return released(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def page(tables, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("page")
    write_first_page(tables, folder)
    return (folder / PAGE_FILE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parsed(page) -> Text:
    text = Text()
    text.feed(page)
    return text


def test_every_shown_value_of_the_table_is_in_the_page_as_it_is(parsed):
    rows = {tuple(row) for row in parsed.rows}
    values = frames()["released_indicators"]
    shown = values[values["proportion"].notna() & values["level"].isin(["alliance", "trust"])]
    for row in shown.to_dict("records"):
        cells = (
            row["unit_name"],
            row["unit_code"],
            percent(row["proportion"]),
            f"{percent(row['lower'])} to {percent(row['upper'])}",
            f"{count(row['numerator'])} of {count(row['denominator'])}",
        )
        assert cells in rows
    assert ("2024 Q3", "53.0%", "48.0% to 58.0%", "53 of 100") in rows


def test_every_percentage_of_the_page_comes_from_the_table(parsed):
    values = frames()["released_indicators"]
    allowed = {percent(v) for column in ("proportion", "lower", "upper") for v in values[column].dropna()}
    said = set(re.findall(r"\d+\.\d%", " ".join(parsed.words)))
    assert said
    assert said <= allowed


def test_hidden_values_show_their_reason_and_no_number(parsed):
    hidden = next(row for row in parsed.rows if len(row) > 1 and row[1] == "E56000002")
    assert hidden[2:] == ["hidden to protect people"]
    partly = next(row for row in parsed.rows if len(row) > 1 and row[1] == "RH5")
    assert partly[2:] == ["hidden to protect people", "17"]


def test_an_unavailable_indicator_has_its_reason_and_no_number(tables):
    entries = {e["indicator"]: e for e in page_content(tables)["entries"]}
    assert entries["P4"]["state"].startswith("Not available in this feed: ")
    assert "her2_status" in entries["P4"]["state"]
    for name in ("P3", "P4", "C7"):
        assert entries[name]["nation"] is None
        assert entries[name]["trusts"] == []


def test_an_indicator_without_complete_follow_up_says_so(tables):
    entries = {e["indicator"]: e for e in page_content(tables)["entries"]}
    assert (
        "1826 days of follow-up" in entries["P10_5y"]["state"]
        or "Not available" in entries["P10_5y"]["state"]
    )
    assert entries["P5"]["state"].startswith("Not yet complete")


def test_durations_are_days_and_never_percent(parsed):
    words = " ".join(" ".join(parsed.words).split())
    assert f"{days(41.5)} median" in words


def test_names_cannot_run(page, parsed):
    assert EVIL not in page
    assert "&lt;script&gt;alert" in page
    assert sum(tag == "script" for tag, _ in parsed.tags) == 1


def test_page_reaches_for_nothing_outside(page, parsed):
    for _, attributes in parsed.tags:
        for name in ("src", "href"):
            target = attributes.get(name)
            assert (
                target is None
                or target.startswith("#")
                or target in {"indicators.csv", "data_dictionary.csv"}
            )
    assert not re.search(r"https?://|@import|url\(", page)


def test_structure_for_screen_readers(parsed):
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert ("html", {"lang": "en-GB"}) in parsed.tags
    tables = sum(tag == "table" for tag, _ in parsed.tags)
    assert tables == sum(tag == "caption" for tag, _ in parsed.tags)
    assert all(a.get("scope") in {"col", "row"} for tag, a in parsed.tags if tag == "th")
    identifiers = [a["id"] for _, a in parsed.tags if a.get("id")]
    assert len(identifiers) == len(set(identifiers))


def test_artificial_data_are_called_artificial(page):
    assert "Artificial data." in page
    assert "not an NHS service" in page


def test_attrition_and_revisions_are_shown(parsed):
    assert ["Known from a death certificate only", "1,234", "55,555", "people"] in parsed.rows
    assert ["P1", "2024 Q1", "England", "all", "changed", "50 of 99", "51 of 100"] in parsed.rows


def test_same_tables_same_bytes(tables, page, tmp_path):
    write_first_page(tables, tmp_path)
    assert (tmp_path / PAGE_FILE).read_text(encoding="utf-8") == page


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
