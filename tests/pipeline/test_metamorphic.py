"""What must not change a number: the order of rows, how rows are split over files. What must double it: twice the people."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from tests.pipeline.releases import FEED, PERIOD, Refreshed, build_every_node

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
    """Receive a changed copy of a delivery into a home of its own and build every node."""
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
    build_every_node(home)
    return Refreshed(home, delivery, like.truth)


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
    return header, body + copies, trailer


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
    assert (after.loc[counted, "upper"] <= before.loc[counted, "upper"] + 1e-12).all()
