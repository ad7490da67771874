"""Files of other origins load by choosing their layout, and files nobody here made load as they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from naome_pipeline.build import build
from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.layouts import bundles, feeds, table_layouts
from naome_pipeline.deliveries.manifest import write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.home import Home
from tests.deliveries.small import SNAPSHOT, deliver, read, rows_of

SAMPLES = Path(__file__).parent.parent.parent.parent / "shared" / "samples"
NUMBER = 300


def test_every_layout_and_bundle_of_the_registry_is_valid():
    assert len(table_layouts()) >= 28
    assert {"england_quarterly_2025", "simulacrum_v2", "natcan_linked_extract", "hes_nhs_digital"} <= set(
        bundles()
    )
    assert {"england_quarterly", "england_annual", "wales_annual", "annual"} == set(feeds())
    for bundle in bundles().values():
        known = {(layout.data_set, layout.version) for layout in table_layouts()}
        assert {(t.data_set, t.version) for t in bundle.tables} <= known


def test_simulacrum_files_load_under_their_own_names(tmp_path):
    files: dict[str, bytes | str] = {
        "sim_av_tumour.csv": rows_of(
            "TUMOURID PATIENTID GENDER DIAGNOSISDATEBEST SITE_ICD10R4_O2_FROM2013 BEHAVIOUR_ICDO3REV2011 STAGE_BEST AGE "
            "ER_STATUS HER2_STATUS QUINTILE_2019 PERFORMANCESTATUS",
            "{n} 1{n:05d} 2 2018-03-{day:02d} C509 3 4 61 P N 1-most_deprived 1",
            NUMBER,
        ),
        "sim_av_patient.csv": rows_of(
            "PATIENTID GENDER ETHNICITY DEATHCAUSECODE_UNDERLYING VITALSTATUS VITALSTATUSDATE LINKNUMBER",
            "1{n:05d} 2 A C509 D 2020-03-{day:02d} 9{n:05d}",
            NUMBER,
        ),
        "sim_sact_drug_detail.csv": rows_of(
            "MERGED_DRUG_DETAIL_ID MERGED_CYCLE_ID ADMINISTRATION_DATE DRUG_GROUP",
            "{n} 7{n:05d} 2018-05-{day:02d} DOCETAXEL",
            NUMBER,
        ),
        "sim_sact_cycle.csv": rows_of(
            "MERGED_REGIMEN_ID MERGED_CYCLE_ID CYCLE_NUMBER START_DATE_OF_CYCLE",
            "8{n:05d} 7{n:05d} 1 2018-05-{day:02d}",
            NUMBER,
        ),
        "sim_sact_regimen.csv": rows_of(
            "ENCORE_PATIENT_ID MERGED_REGIMEN_ID START_DATE_OF_REGIMEN MAPPED_REGIMEN INTENT_OF_TREATMENT LINK_NUMBER",
            "5{n:05d} 8{n:05d} 2018-05-{day:02d} DOCETAXEL P 9{n:05d}",
            NUMBER,
        ),
        "sim_rtds_combined.csv": rows_of(
            "PATIENTID ATTENDID PRESCRIPTIONID APPTDATE RTTREATMENTANATOMICALSITE RTPRESCRIBEDDOSE RTACTUALFRACTIONS",
            "1{n:05d} A{n} P{n} 2018-06-{day:02d} Z665 8.0 1",
            NUMBER,
        ),
        "sim_av_gene.csv": rows_of(
            "TUMOURID PATIENTID GENE GENE_DESC OVERALL_TS", "{n} 1{n:05d} 1 ERBB2 a:no_abnormality", NUMBER
        ),
    }
    delivery = deliver(tmp_path / "d", files, layout="simulacrum_v2")
    rows, quarantined, _ = read(delivery, "tumours")
    assert (len(rows), quarantined) == (NUMBER, [])
    row = next(r for r in rows if r["tumour_id"] == "7")
    assert row["person_id"] == "100007"
    assert (row["er_status"], row["ethnicity"], row["imd_quintile"]) == ("P", "A", 1)
    assert row["death_date"] == dt.date(2020, 3, 8)
    drugs, quarantined, _ = read(delivery, "sact")
    assert (len(drugs), quarantined) == (NUMBER, [])
    # A drug finds its cycle, the cycle its regimen, and the regimen the registry person by the link number.
    assert {d["person_id"] for d in drugs} == {f"1{n:05d}" for n in range(NUMBER)}
    assert {d["cycle_number"] for d in drugs} == {1}
    for name in ("deaths", "rtds"):
        rows, quarantined, _ = read(delivery, name)
        assert (len(rows), quarantined) == (NUMBER, [])


def test_linked_extract_in_lower_case_loads_by_its_layout(tmp_path):
    files: dict[str, bytes | str] = {
        "ncras_tumour.csv": rows_of(
            "pseudo_patientid pseudo_tumourid diagmdy sitestr behav stage_best m_best sex agediag "
            "NHSE_reversed_imd_quintile_lsoas diag_trust tumour_performancestatus clinicalnursespecialist "
            "firstmdtmeetingdate er_status her2_status dead finmdy dco",
            "1{n:05d} 2{n:05d} 2018-03-{day:02d} C509 3 4m 1m 2 61.7 1 RAJ 1m Y1m 2018-03-{day:02d} Pm Nm 1 2020-03-{day:02d} N",
            NUMBER,
        ),
        "FILE_1.txt": rows_of(
            "STUDY_ID EPIKEY ADMIDATE EPISTART DIAG_01 PROCODE3",
            "1{n:05d} {n} 2018-03-{day:02d} 2018-03-{day:02d} C787 RAJ",
            NUMBER,
            delimiter="|",
        ),
        "cwt.txt": rows_of(
            "pseudo_patientid site_icd10 crtp_date treat_start modality",
            "1{n:05d} C509 {day:02d}/02/2018 {day:02d}/04/2018 01",
            NUMBER,
            delimiter="\t",
        ),
    }
    delivery = deliver(tmp_path / "d", files, layout="natcan_linked_extract")
    rows, quarantined, _ = read(delivery, "tumours")
    assert (len(rows), quarantined) == (NUMBER, [])
    row = next(r for r in rows if r["person_id"] == "100007")
    assert (row["stage"], row["m_category"], row["cns_code"], row["age"]) == ("4", "1", "Y1", 61)
    assert (row["er_status"], row["performance_status"], row["imd_quintile"]) == ("P", "1", 1)
    deaths, _, _ = read(delivery, "deaths")
    assert len(deaths) == NUMBER
    admissions, _, _ = read(delivery, "hes_apc")
    assert len(admissions) == NUMBER


@pytest.mark.parametrize(
    ("sample", "name", "data_set"),
    [
        ("artificial_hes_op_0304.csv", "artificial_hes_op_0304.csv", "hes_op"),
        ("artificial_hes_ae_0708.csv", "artificial_hes_ae_0708.csv", "hes_ae"),
    ],
)
def test_artificial_hospital_files_go_through_as_they_are(tmp_path, sample, name, data_set):
    if not (SAMPLES / sample).is_file():
        pytest.skip(f"the artificial HES file {sample} is not on this machine")
    from assets.feeds import nodes

    folder = tmp_path / "d"
    folder.mkdir()
    (folder / name).write_bytes((SAMPLES / sample).read_bytes())
    write_manifest(
        folder, feed="england_quarterly", period="2025Q3", layout="hes_nhs_digital", snapshot_date=SNAPSHOT
    )
    report = check_delivery(folder)
    assert report.acceptable, report.findings
    home = Home.locate(tmp_path / "home").create()
    receive_delivery(folder, home.landing)
    from naome_pipeline.build import Delivered
    from naome_pipeline.lake import Lake

    delivered, lake = Delivered.newest(home, "england_quarterly", "2025Q3"), Lake(home.lake)
    node = next(n for n in nodes("england_quarterly") if n.name == data_set)
    with open_connection(EngineSettings.from_environment(home.scratch)) as connection:
        built = build(node, delivered, lake, Engine(connection))
    measures = built.table.record["measures"]
    assert measures["rows_in"] == 1000
    assert built.table.record["rows"] + measures["rows_quarantined"] == 1000
    assert built.table.record["rows"] > 900
    assert all(result.passed for result in built.results if result.severity == "critical")
