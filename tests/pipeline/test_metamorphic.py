"""What must not change a number: the order of rows, how rows are split over files. What must double it: twice the people.
What must move and nothing else: every date, a quarter later. What must appear and change nothing else: one more indicator."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from assets.feeds import nodes
from naome_pipeline.build import Delivered, build
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.engine import literal, quoted
from naome_pipeline.home import Home
from naome_pipeline.indicators import registry as registry_module
from naome_pipeline.lake import PUBLICATION, Scope
from naome_pipeline.reports.national_data import DATA_FILE
from naome_pipeline.tables import TABLE_FILE
from tests.pipeline.releases import FEED, PERIOD, Refreshed, engine_of_a_node
from tests.reports.page import embedded
from tests.reports.workbook import sheets_of

TABLES = (
    "people",
    "treatments",
    "indicator_counts",
    "released_indicators",
    "provider_comparison",
    "survival_estimates",
)
# Columns whose values identify something: another person's must differ.
IDENTIFIERS = {
    "PATIENT_ID", "TUMOUR_AVP_ID", "patientid", "pseudo_cr0010_nhs_number", "pseudo_c000070_unique_record_id", "NhsNumber",
    "TOKEN_PERSON_ID", "Token_Person_ID", "EPIKEY", "ATTENDKEY", "AEKEY", "NHS_Number", "PATIENTID", "ATTENDID",
    "RADIOTHERAPYEPISODEID", "PRESCRIPTIONID", "pseudo_patientid", "prescription_dataid", "ppatient_id",
    "DEC_CONF_NHS_NUMBER",
}  # fmt: skip


@pytest.fixture(scope="module")
def original(make) -> Refreshed:
    return make(people=4_000, seed=12, through_dagster=False)


def lines_of(path: Path) -> tuple[bytes, list[bytes], list[bytes]]:
    """Header, records and trailer of a file, as lines."""
    header, *body = path.read_bytes().rstrip(b"\n").split(b"\n")
    trailer = [line for line in body if line.startswith(b"COUNT IN")]
    return header, [line for line in body if line not in trailer], trailer


def write(path: Path, header: bytes, body: list[bytes], trailer: list[bytes]) -> None:
    path.write_bytes(b"\n".join([header, *body, *trailer]) + b"\n")


def rebuilt(folder: Path, like: Refreshed) -> Refreshed:
    """Receive a changed copy of a delivery into a home of its own."""
    manifest = read_manifest(like.delivery)
    delivery = folder / "delivery"
    write_manifest(
        delivery,
        feed=FEED,
        period=PERIOD,
        layout=manifest.layout,
        snapshot_date=manifest.snapshot_date,
        synthetic=True,
    )
    home = Home.locate(folder / "home").create()
    receive_delivery(delivery, home.landing)
    return Refreshed(home, delivery, like.truth, made=set())


def test_order_of_rows_and_splitting_of_files_change_no_number(original, tmp_path):
    rng = random.Random(3)
    (tmp_path / "delivery").mkdir()
    for path in sorted(original.delivery.iterdir()):
        if path.name == "manifest.json":
            continue
        header, body, trailer = lines_of(path)
        rng.shuffle(body)
        if path.name in {"sact.csv", "rtds.csv", "pcpd.csv"}:
            for part in (0, 1):
                write(tmp_path / "delivery" / f"{path.stem}_{part}{path.suffix}", header, body[part::2], [])
        else:
            write(tmp_path / "delivery" / path.name, header, body, trailer)
    again = rebuilt(tmp_path, original)
    for table in TABLES:
        again.frame(table)
        before = original.lake.published(original.lake.reading_scope(FEED, PERIOD), table).record["sha256"]
        after = again.lake.published(again.lake.reading_scope(FEED, PERIOD), table).record["sha256"]
        assert after == before, table


def doubled(path: Path) -> tuple[bytes, list[bytes], list[bytes]]:
    """Every record twice, the second time with identifiers of other people and other records."""
    header, body, trailer = lines_of(path)
    delimiter = b"\t" if path.name == "cwt.txt" else b"|" if path.suffix == ".txt" else b","
    names = header.removeprefix(b"\xef\xbb\xbf").decode().split(delimiter.decode())
    places = [i for i, name in enumerate(names) if name in IDENTIFIERS]
    copies = []
    for line in body:
        cells = line.split(delimiter)
        for place in places:
            cells[place] = b"X" + cells[place]
        copies.append(delimiter.join(cells))
    return (
        header,
        body + copies,
        [b"COUNT IN FILE" + delimiter + str(2 * len(body)).encode() for _ in trailer],
    )


def test_twice_the_people_double_every_count(original, tmp_path):
    (tmp_path / "delivery").mkdir()
    for path in sorted(original.delivery.iterdir()):
        if path.name != "manifest.json":
            write(tmp_path / "delivery" / path.name, *doubled(path))
    again = rebuilt(tmp_path, original)
    keys = ["indicator", "period_kind", "period", "level", "unit_code", "subgroup"]
    before = original.frame("indicator_counts").set_index(keys).sort_index()
    after = again.frame("indicator_counts").set_index(keys).sort_index()
    assert before.index.equals(after.index)
    assert (after["denominator"] == 2 * before["denominator"]).all()
    counted = before["numerator"].notna()
    assert (after.loc[counted, "numerator"] == 2 * before.loc[counted, "numerator"]).all()
    assert (after.loc[counted, "proportion"] - before.loc[counted, "proportion"]).abs().max() < 1e-12


QUARTER_LATER, LATER_PERIOD = 92, "2025Q4"  # 2025 Q3 has 92 days
# They rest on prescriptions, which are known by their month: moved by days, a month is another one.
BY_MONTH = {"T1", "T1_31d", "T1_62d", "T2", "P6", "P6_primary_care"}


def shifted(column: str, kind: str) -> str:
    """A column of a source table with its dates a quarter later."""
    name = quoted(column)
    if kind == "date32[day]":
        return f"CAST({name} + {QUARTER_LATER} AS DATE) AS {name}"
    if kind == "list<element: date32[day]>":
        return f"list_transform({name}, lambda d: CAST(d + {QUARTER_LATER} AS DATE)) AS {name}"
    return name


def built_a_quarter_later(original: Refreshed, folder: Path) -> Refreshed:
    """The source tables of a release with every date moved, and every table of people and indicators made of them."""
    home = Home.locate(folder / "home").create()
    before = Delivered.newest(original.home, FEED, PERIOD)
    later = dataclasses.replace(
        before,
        scope=Scope(FEED, LATER_PERIOD, 1),
        snapshot_date=before.snapshot_date + dt.timedelta(days=QUARTER_LATER),
    )
    again = Refreshed(home, original.delivery, original.truth)
    waiting, done = [], set()
    for node in nodes("england_quarterly"):
        if node.layer in ("cohort", "indicators"):
            waiting.append(node)
        elif node.layer == "sources":
            table = original.lake.published(before.scope, node.name)
            columns = ", ".join(shifted(*column) for column in table.record["columns"])
            with (
                again.lake.staging() as staged,
                engine_of_a_node() as engine,
            ):
                engine.write(
                    f"SELECT {columns} FROM read_parquet({literal(table.path)})", staged / TABLE_FILE
                )
                moved = again.lake.store("sources", node.name, table.fingerprint, staged, table.record)
            again.lake.publish(later.scope, "sources", moved, "", None)
            done.add(node.name)
    while waiting:
        node = next(n for n in waiting if set(n.inputs) <= done)
        with engine_of_a_node() as engine:
            build(node, later, again.lake, engine)
        waiting.remove(node)
        done.add(node.name)
    return again


def test_every_date_a_quarter_later_moves_the_dates_and_nothing_else(original, tmp_path):
    again = built_a_quarter_later(original, tmp_path)

    def later(table: str) -> pd.DataFrame:
        return again.lake.frame(table, feed=FEED, period=LATER_PERIOD)

    move = pd.Timedelta(days=QUARTER_LATER)
    before, after = (
        t.set_index("person_id").sort_index() for t in (original.frame("people"), later("people"))
    )
    # Quarters have 90 to 92 days: people of the first days of the reported span may fall out of it or into it.
    first = before["mbc_date"].min() + pd.Timedelta(days=3)
    last = before["mbc_date"].max() - pd.Timedelta(days=3)
    inner = before.index[(before["mbc_date"] >= first) & (before["mbc_date"] <= last)]
    assert len(inner) > 50
    assert set(inner) <= set(after.index)
    everybody = before.index.intersection(after.index)
    assert len(everybody) >= len(before) - 3
    assert (after.loc[everybody, "mbc_date"] == before.loc[everybody, "mbc_date"] + move).all()
    assert after.loc[everybody, "trust_code"].equals(before.loc[everybody, "trust_code"])
    quarters = pd.PeriodIndex(after["mbc_date"], freq="Q").start_time
    assert (after["quarter_start"].to_numpy() == quarters.to_numpy()).all()

    for table, keys in (("person_indicators", ["person_id", "indicator"]), ("case_mix", ["person_id"])):
        one, two = (
            frame[frame["person_id"].isin(everybody)]
            .set_index(keys)
            .sort_index()
            .drop(columns="mbc_year", errors="ignore")
            for frame in (original.frame(table), later(table))
        )
        if table == "person_indicators":
            one, two = (f[~f.index.get_level_values("indicator").isin(BY_MONTH)] for f in (one, two))
        pd.testing.assert_frame_equal(one, two)

    # The same people counted, the periods named a quarter later.
    def national(frame: pd.DataFrame) -> pd.DataFrame:
        chosen = frame[
            (frame["level"] == "nation") & (frame["subgroup"] == "all") & (frame["period_kind"] == "quarter")
        ]
        return chosen.pivot_table(index="period", columns="indicator", values="denominator", aggfunc="sum")

    one, two = national(original.frame("indicator_counts")), national(later("indicator_counts"))
    moved_labels = [
        str(pd.Period(label.replace(" ", ""), freq="Q") + 1).replace("Q", " Q") for label in one.index
    ]
    assert moved_labels == list(two.index)
    assert list(one.columns) == list(two.columns)
    assert abs(one.fillna(0).to_numpy() - two.fillna(0).to_numpy()).max() <= 3


MADE_UP = {
    "title": "Aged 50 or over",
    "goal": 1,
    "kind": "contextual",
    "denominator": {"text": "everybody in the cohort", "where": "TRUE"},
    "numerator": {"text": "aged 50 or over at diagnosis", "where": "age >= 50"},
    "direction": "neutral",
    "follow_up_days": 0,
    "needs": ["tumours.age"],
    "construction": "Made up for a test.",
}
# What is generated from the registry's file, and so made again when the file changes; the rest follows from these.
FROM_THE_REGISTRY = ("person_indicators", "indicator_definitions", "released_indicators")


@pytest.fixture
def with_one_more(tmp_path, monkeypatch):
    """The registry with a made-up entry in its file, and nothing else changed."""
    content = yaml.safe_load(registry_module.REGISTRY_FILE.read_text(encoding="utf-8"))
    content["indicators"]["P99"] = MADE_UP
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    changed = registry_module.load_registry(path)
    monkeypatch.setattr(registry_module, "load_registry", lambda: changed)
    registry_module.registry.cache_clear()
    yield
    registry_module.registry.cache_clear()


def test_an_entry_in_the_registry_alone_appears_in_tables_metric_sheet_and_page(
    original, copied, with_one_more
):
    copy = copied(original)
    delivered, lake = Delivered.newest(copy.home, FEED, PERIOD), copy.lake
    waiting, done = [node for node in nodes(FEED) if node.name != PUBLICATION], set()
    while waiting:
        node = next(n for n in waiting if set(n.inputs) <= done)
        fresh = node.name in FROM_THE_REGISTRY
        with engine_of_a_node() as engine:
            made = dataclasses.replace(node, code=f"{node.code} changed") if fresh else node
            build(made, delivered, lake, engine)
        waiting.remove(node)
        done.add(node.name)

    def table(name: str) -> pd.DataFrame:
        return pd.read_parquet(lake.published(delivered.scope, name).path)

    counts = table("indicator_counts").query("indicator == 'P99' and level == 'nation' and subgroup == 'all'")
    audit = counts[counts["period_kind"] == "audit period"].iloc[0]
    periods = table("indicator_periods").query("indicator == 'P99' and period_kind == 'audit period'")
    quarters = periods["quarter_start"]
    people = table("person_facts")
    people = people[pd.to_datetime(people["quarter_start"]).isin(pd.to_datetime(quarters))]
    assert (audit["numerator"], audit["denominator"]) == ((people["age"] >= 50).sum(), len(people))
    assert {"nation", "alliance", "trust"} <= set(
        table("released_indicators").query("indicator == 'P99'")["level"]
    )

    def file(report: str, name: str) -> Path:
        return lake.published(delivered.scope, report).folder / "files" / name

    sheet = sheets_of(file("national_data", DATA_FILE))["Metric_info"]
    [row] = [dict(zip(sheet[0], values, strict=True)) for values in sheet[1:] if values[1] == "P99"]
    assert row["metric_name"] == MADE_UP["title"]
    assert row["numerator_description"] == MADE_UP["numerator"]["text"]
    assert row["construction_note"] == MADE_UP["construction"]
    page = embedded(file("dashboard", "index.html").read_text(encoding="utf-8"), "data")
    [shown] = [entry for entry in page["indicators"] if entry["indicator"] == "P99"]
    assert (shown["title"], shown["state"]) == (MADE_UP["title"], "")
    assert page["values"]["P99"]
    # And it changes nothing else.
    before, now = (
        original.frame("released_indicators"),
        table("released_indicators").query("indicator != 'P99'"),
    )
    keys = ["indicator", "period_kind", "period", "level", "unit_code", "subgroup"]
    pd.testing.assert_frame_equal(
        before.sort_values(keys, ignore_index=True),
        now.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )


RECEPTOR_DEFINED = {"P3", "P3_her2_negative", "P4", "D3", "C3", "C4", "C5", "C6", "C7"}


def test_no_output_of_a_feed_without_receptor_status_has_a_receptor_defined_value_and_each_says_why(original):
    """On the page, in the data file and in the open data: a reason in place of a number, and no triple negative subgroup."""
    folder = original.home.reports / FEED / PERIOD / "v001"
    page = embedded((folder / "index.html").read_text(encoding="utf-8"), "data")
    for part in ("values", "subgroups", "series", "comparison"):
        assert not RECEPTOR_DEFINED & set(page[part]), part
    states = {entry["indicator"]: entry["state"] for entry in page["indicators"]}
    for name in RECEPTOR_DEFINED - {"C7"}:
        assert re.match(r"Not available from this feed: it needs .*(receptor|HER2) status", states[name]), (
            name
        )
    assert states["C7"].startswith("Not available from this feed: ")
    assert "triple_negative" not in page["groups"]

    sheets = sheets_of(folder / DATA_FILE)
    for name in ("Indicators_trust", "Indicators_CA", "data_quality"):
        assert not RECEPTOR_DEFINED & {row[1] for row in sheets[name][1:]}, name
    header, *metrics = sheets["Metric_info"]
    metric = {row[1]: dict(zip(header, row, strict=True)) for row in metrics}
    for name in RECEPTOR_DEFINED:
        assert metric[name]["availability"].startswith("Not available from this feed: ")
        assert metric[name]["update_frequency"] == "not updated: not available"

    tables = sorted(folder.glob("*.csv"))
    assert len(tables) > 15
    for path in tables:
        written = pd.read_csv(path, dtype=str)
        if "indicator" in written and path.name != "definitions.csv":
            assert not RECEPTOR_DEFINED & set(written["indicator"].dropna()), path.name
        for column in {"subgroup", "factor"} & set(written.columns):
            said = " ".join(written[column].dropna().str.lower().unique())
            assert not re.search(r"triple|receptor|subtype|her2", said), (path.name, column)
    reasons = pd.read_csv(folder / "definitions.csv").set_index("indicator")
    assert not reasons.loc[sorted(RECEPTOR_DEFINED), "available"].any()
    assert reasons.loc[sorted(RECEPTOR_DEFINED), "reason"].str.len().gt(20).all()
