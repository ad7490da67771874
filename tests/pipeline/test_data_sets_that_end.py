"""A data set that ends before the snapshot: stopped when nobody says so; when the sender does, people are followed no further.

Whoever has no record of a drug counts as untreated, and whoever has no record of a death as alive.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.gates import GateFailed
from naome_pipeline.home import Home
from naome_pipeline.reports import wording
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.outputs import packed_parts
from tests.pipeline.releases import FEED, PERIOD, Refreshed, build_every_node, make_release

DRUGS_END, DEATHS_END = dt.date(2025, 8, 31), dt.date(2025, 6, 30)
# Too few people die in a month of this delivery for its gate to judge the deaths; of the drugs it can.
ENDS = {"sact": DRUGS_END, "deaths": DEATHS_END}


def cut(path: Path, columns: tuple[str, ...], form: str, last: dt.date, delimiter: str) -> None:
    """Take the rows out of a file that are dated after a day by the first of these columns that has a date; rows without a usable
    one stay. `form`: how pandas writes it."""
    head, *lines = path.read_text(encoding="latin-1").splitlines(keepends=True)
    places = [head.strip().split(delimiter).index(column) for column in columns]
    trailer = lines.pop() if lines[-1].startswith("COUNT") else ""

    def early(line: str) -> bool:
        values = line.split(delimiter)
        day = next((values[place] for place in places if values[place]), "")
        return not pd.to_datetime(day, format=form, errors="coerce") > pd.Timestamp(last)

    kept = [line for line in lines if early(line)]
    assert 0 < len(lines) - len(kept) < len(lines) / 5
    if trailer:
        trailer = f"COUNT IN FILE{delimiter}{len(kept)}\n"
    path.write_text("".join([head, *kept, trailer]), encoding="latin-1")


def described(delivery: Path, **more: Any) -> None:
    kept = ("feed", "period", "layout", "snapshot_date", "synthetic", "version")
    write_manifest(delivery, **read_manifest(delivery).model_dump(include=set(kept)) | more)


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """A delivery without the drugs and deaths of its last months, whose manifest does not say so."""
    delivery = tmp_path_factory.mktemp("short") / "delivery"
    write_delivery(delivery, feed=FEED, period=PERIOD, people=8_000, seed=5, volume=0.0)
    cut(
        delivery / "sact.csv",
        ("Administration_Date", "Start_Date_Of_Cycle", "Start_Date_Of_Regimen"),
        "%Y-%m-%d",
        DRUGS_END,
        ",",
    )
    cut(delivery / "deaths.txt", ("REG_DATE_OF_DEATH", "REG_DATE"), "%d%m%Y", DEATHS_END, "|")
    described(delivery)
    return delivery


@pytest.fixture(scope="module")
def ended(short, tmp_path_factory) -> Refreshed:
    """The same with its ends in the manifest, released."""
    described(short, complete_to=ENDS)
    home = Home.locate(tmp_path_factory.mktemp("ended") / "home").create()
    receive_delivery(short, home.landing)
    build_every_node(home)
    return Refreshed(home, short, short.with_name("delivery-truth"))


def last_quarter(release: Refreshed, indicator: str) -> dt.date:
    counts = release.frame("indicator_counts").query("indicator == @indicator and period_kind == 'quarter'")
    return counts["period_end"].max().date()


def test_one_that_nobody_says_ends_is_stopped(short, tmp_path):
    home = Home.locate(tmp_path / "home").create()
    described(short)
    receive_delivery(short, home.landing)
    with pytest.raises(
        GateFailed, match=r"gate of 'sact' failed: reaches_the_end: months_missing_at_end is 4"
    ) as stop:
        build_every_node(home)
    assert "complete_to" in str(stop.value)


def test_a_year_of_admissions_that_was_not_sent_is_stopped(tmp_path):
    with pytest.raises(
        GateFailed, match=r"gate of 'hes_apc' failed: no_month_is_missing: months_missing_inside is 12"
    ):
        make_release(tmp_path, through_dagster=False, people=3_000, volume=0.3, without=["hes_apc_2324.txt"])


def test_each_indicator_ends_where_its_own_data_do(ended):
    snapshot = dt.date(2025, 12, 31)
    assert ended.lake_snapshot() == snapshot
    for indicator, end, days in (
        ("P5", DRUGS_END, 365),
        ("P7", snapshot, 365),
        ("P10_1y", DEATHS_END, 365),
        ("P8", snapshot, 0),
    ):
        last = last_quarter(ended, indicator)
        assert last + dt.timedelta(days=days) <= end, indicator
        following = (pd.Timestamp(last) + pd.offsets.QuarterEnd(1)).date()
        assert following + dt.timedelta(days=days) > end or following > dt.date(2025, 9, 30), indicator
    assert last_quarter(ended, "P5") == last_quarter(ended, "P10_1y") == dt.date(2024, 6, 30)
    assert last_quarter(ended, "P7") == dt.date(2024, 12, 31)


def test_what_is_published_is_what_the_whole_records_give(ended):
    """The truth knows the drugs and deaths that were cut away: no number that is left may miss them."""
    people = ended.true("people").query("in_cohort")[["person_id", "mbc_date"]]
    truth = ended.true("indicators").query("in_denominator").merge(people, on="person_id")
    quarter = pd.to_datetime(truth["mbc_date"]).dt.to_period("Q").dt.end_time.dt.normalize()
    true = truth.assign(period_end=quarter).groupby(["indicator", "period_end"])["value"].agg(["sum", "size"])
    counts = ended.frame("indicator_counts").query(
        "level == 'nation' and subgroup == 'all' and period_kind == 'quarter' and numerator.notna()"
    )
    compared = counts.set_index(["indicator", "period_end"]).join(true, how="inner")
    assert set(compared.index.get_level_values(0)) >= {"P5", "P7", "P9", "P10_1y"}
    assert (compared["numerator"] == compared["sum"]).all()
    assert (compared["denominator"] == compared["size"]).all()


def test_everybody_counts_as_alive_until_the_deaths_end_and_not_beyond(ended):
    facts = ended.frame("person_facts").query("not died_undated")
    died = pd.to_datetime(facts["mbc_date"]) + pd.to_timedelta(facts["days_to_death"], unit="D")
    estimate = ended.frame("survival_estimates").query("level == 'nation' and subgroup == 'all'").iloc[0]
    assert estimate["people"] == (pd.to_datetime(facts["mbc_date"]) <= pd.Timestamp(DEATHS_END)).sum()
    # The cancer registry knows of later deaths; they are not counted, as those of everybody else are not.
    assert estimate["deaths"] == (died <= pd.Timestamp(DEATHS_END)).sum()


def test_the_release_says_which_data_sets_end_before_it(ended):
    sets = ended.frame("released_data_sets").set_index("data_set")["complete_to"]
    assert sets["sact"].date() == DRUGS_END
    assert sets["rtds"].date() == dt.date(2025, 12, 31)
    facts = ended.frame("provenance").set_index("item")["value"]
    assert facts["data sets that end before"] == "deaths on 2025-06-30, sact on 2025-08-31"
    page = packed_parts(
        (ended.home.reports / FEED / PERIOD / "v001" / "index.html").read_text(encoding="utf-8")
    )["data"]
    assert {row["data_set"]: row["complete_to"] for row in page["data_sets"]}[
        wording.data_set("sact")
    ] == "2025-08-31"
    assert {row["indicator"]: row["followed_to"] for row in page["indicators"]}["P5"] == "2025-08-31"
