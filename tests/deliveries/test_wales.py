"""The Welsh layouts: hand-written files of CaNISC, the Cancer Dataset Forms, PEDW and deaths, read into canonical tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.layouts import Source, bundle, feed, table_layout
from naome_pipeline.deliveries.receiving import AcceptedDelivery
from tests.deliveries.small import deliver, read

FILES = {
    "canisc_patient.csv": """\
pseudo_patientid,sex,birth_month,ethnic_category,lsoa11_code,date_of_death
W1,F,1958-07-01,A,W01000001,2022-01-05
W2,M,2003-03-01,,W01000002,
W3,Z,1950-01-01,Z,E01000001,
""",
    "canisc_diagnosis.csv": """\
pseudo_patientid,pseudo_tumourid,diagnosis_date,site_icd10,m_category,stage,metastatic_site,performance_status,hospital_of_diagnosis,er_status,pr_status,her2_status,clinical_frailty_scale
W1,T1,2019-06-30,C50.9,1,4,11,1,7A1A4,P,P,N,5
W2,T2,2021-03-01,C509,0,2A,,,7A601,N,N,B,
W3,T3,2020-05-05,C509,,,,9,7A4,,,,
W3,T4,2020-08-05,C509,,,,9,7A4,,,,
""",
    "canisc_keyworker.csv": """\
pseudo_patientid,pseudo_tumourid,keyworker_assigned,keyworker_date,cns_contact
W1,T1,Y,2019-07-01,Y1
W2,T2,Y,2021-03-02,
""",
    "canisc_mdt.csv": """\
pseudo_patientid,record_key,mdt_date,mdt_type
W1,1,2019-07-02,0101
W1,2,2019-09-02,
""",
    "canisc_recurrence.csv": """\
pseudo_patientid,record_key,recurrence_date,recurrence_type,recurrence_site
W2,1,2022-10-10,03,03
""",
    "canisc_pathology.csv": """\
pseudo_patientid,investigation_date,investigation_type,pathology_date,specimen_nature
W2,,,2022-10-20,5
""",
    "canisc_drug_therapy.csv": """\
pseudo_patientid,drug_start_date,drug_end_date,regimen,drug_name,cycle_date,drug_intent,drug_provider
W1,2019-08-01,,DOCETAXEL,DOCETAXEL,2019-08-22,P,RQF
W1,2019-08-01,,LETROZOLE,LETROZOLE,,P,7A1
""",
    "canisc_radiotherapy.csv": """\
pseudo_patientid,rt_start_date,rt_end_date,rt_site,rt_dose,rt_fractions,rt_intent,rt_provider
W1,2019-10-01,2019-10-05,Z665,20,5,01,RQF
W1,2019-10-01,2019-10-05,,20,5,01,RQF
""",
    "canisc_surgery.csv": """\
pseudo_patientid,procedure_date,procedure_opcs,hospital_of_surgery
W2,2021-04-01,B27.4,7A601
""",
    "cdf_diagnosis.csv": """\
NHSNumber,UniquePathwayIdentifier,Sex,BirthMonth,EthnicCategory,LSOA2011Code,DateOfDeath,DateOfDiagnosis,PrimaryDiagnosisICD,MCategory,StageGrouping,MetastaticSite1,MetastaticSite2,MetastaticSite3,PerformanceStatus,OrganisationSiteOfDiagnosis,ERStatus,PRStatus,HER2Status,ClinicalFrailtyScale,ClinicalNurseSpecialistIndication
W4,U4,F,19610901,B,W01000002,,20230831,C501,1,4,03,04,,2,7A3C7,P,N,P,,Y4
""",
    "cdf_mdt.csv": "NHSNumber,FormNumber,MDTDate,MDTType\nW4,9,20230905,0102\n",
    "cdf_recurrence.csv": "NHSNumber,FormNumber,RecurrenceDate,RecurrenceType,RecurrenceSite1,RecurrenceSite2\n"
    "W3,2,20230101,03,02,11\n",
    "cdf_drug_therapy.csv": "NHSNumber,RegimenName,RegimenStartDate,CycleStartDate,DrugName,TreatmentIntent,"
    "OrganisationOfTreatment\nW4,PHESGO,20230920,20230920,PHESGO,02,7A3\n",
    "cdf_radiotherapy.csv": "NHSNumber,RadiotherapyStartDate,TreatmentSite,TreatmentIntent\nW4,20231001,Z01,01\n",
    "pedw.csv": """\
pseudo_patientid,SPELL_NUM_PE,provider,admission_date,discharge_date,episode_start,episode_end,episode_order,admission_method,patient_class,diag_01,diag_02,oper_01,operdate_01
W1,S1,7A1A4,2019-07-10,2019-07-14,2019-07-10,,1,21,1,C509,C795,X722,2019-07-11
W1,S1,7A1A4,2019-07-10,2019-07-14,,,2,21,1,C50X,,,
""",
    "deaths.txt": "pseudo_patientid|DEATH_DT|DEATH_REG_DT|DEATHCAUSE_DIAG_UNDERLYING_CD\n"
    "W1|2022-01-05|2022-01-09|C509\nW1|2022-01-05|2022-01-20|C509\n",
    "wimd.csv": "lsoa_code,wimd_2019_rank,wimd_2019_quintile\nW01000001,12,1\nW01000002,1800,5\n",
}


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> AcceptedDelivery:
    folder = tmp_path_factory.mktemp("wales") / "d"
    return deliver(folder, FILES, layout="wales_annual_2025", feed="wales_annual", period="2023")


def of(delivery: AcceptedDelivery, data_set: str, **wanted: str) -> list[dict]:
    rows, _, _ = read(delivery, data_set)
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_every_file_is_recognised_and_the_delivery_acceptable(delivery):
    report = check_delivery(delivery.path)
    assert report.acceptable, report.findings
    assert not [finding for finding in report.findings if "no file of" in str(finding)]


def test_a_registration_of_canisc_takes_the_person_the_nurse_and_the_deprivation_from_their_own_files(
    delivery,
):
    [row] = of(delivery, "tumours", tumour_id="T1")
    assert (row["person_id"], row["diagnosis_date"], row["site_icd10"]) == (
        "W1",
        dt.date(2019, 6, 30),
        "C509",
    )
    assert (row["sex"], row["ethnicity"], row["imd_quintile"]) == ("2", "A", 1)
    assert (row["stage"], row["m_category"], row["performance_status"]) == ("4", "1", "1")
    assert (row["er_status"], row["pr_status"], row["her2_status"]) == ("P", "P", "N")
    assert (row["cns_code"], row["trust_code"]) == ("Y1", "7A1A4")
    assert row["death_date"] == dt.date(2022, 1, 5)


def test_age_is_in_completed_years_from_the_month_of_birth(delivery):
    # Born in July 1958, diagnosed on the last day of June 2019: 61 only in July.
    assert [row["age"] for row in of(delivery, "tumours", tumour_id="T1")] == [60]
    assert [row["age"] for row in of(delivery, "tumours", tumour_id="T2")] == [18]
    assert [row["age"] for row in of(delivery, "tumours", tumour_id="U4")] == [61]


def test_a_place_outside_wales_has_no_welsh_deprivation_and_unspecified_sex_is_not_guessed(delivery):
    [row] = of(delivery, "tumours", tumour_id="T3")
    assert (row["imd_quintile"], row["sex"]) == (None, "9")
    assert table_layout("tumours", "canisc").imd_one_means == "most_deprived"


def test_a_key_worker_alone_is_no_contact_with_a_nurse_specialist(delivery):
    [row] = of(delivery, "tumours", tumour_id="T2")
    assert (row["cns_code"], row["sex"]) == (None, "1")


def test_a_registration_of_the_forms_reads_their_own_dates_and_names(delivery):
    [row] = of(delivery, "tumours", tumour_id="U4")
    assert (row["diagnosis_date"], row["imd_quintile"], row["cns_code"]) == (dt.date(2023, 8, 31), 5, "Y4")
    assert (row["sex"], row["her2_status"], row["trust_code"]) == ("2", "P", "7A3C7")


def test_sites_meetings_and_recurrences_of_both_registry_layouts_are_in_one_table(delivery):
    rows = of(delivery, "cosd")
    assert {row["record_id"]: row["metastatic_sites"] for row in rows if row["diagnosis_date"]} == {
        "T1": ["11"],
        "T2": [],
        "T3": [],
        "T4": [],
        "U4": ["03", "04"],
    }
    meetings = {(r["person_id"], r["mdt_dates"][0], *r["mdt_types"]) for r in rows if r["mdt_dates"]}
    assert meetings == {
        ("W1", dt.date(2019, 7, 2), "0101"),
        ("W1", dt.date(2019, 9, 2)),
        ("W4", dt.date(2023, 9, 5), "0102"),
    }
    recurrences = {
        r["person_id"]: (r["recurrence_date"], r["recurrence_types"], r["recurrence_sites"])
        for r in rows
        if r["recurrence_date"]
    }
    assert recurrences == {
        "W2": (dt.date(2022, 10, 10), ["03"], ["03"]),
        "W3": (dt.date(2023, 1, 1), ["03"], ["02", "11"]),
    }


def test_registrations_without_a_frailty_scale_are_no_fault(delivery):
    rows, quarantined, counts = read(delivery, "cosd_fitness")
    assert not quarantined
    assert counts.rows_in == len(rows) == 4
    assert [row["clinical_frailty_scale"] for row in rows if row["person_id"] == "W1"] == ["5"]


def test_treatments_of_the_registry_go_where_the_english_ones_are(delivery):
    drugs = {row["drug_name"]: row for row in of(delivery, "sact")}
    assert drugs["DOCETAXEL"]["administration_date"] == dt.date(2019, 8, 22)
    assert drugs["LETROZOLE"]["administration_date"] == dt.date(2019, 8, 1)
    assert (drugs["PHESGO"]["intent"], drugs["PHESGO"]["provider_code"]) == ("02", "7A3")
    courses = of(delivery, "rtds", person_id="W1")
    assert sorted(str(row["anatomical_site"]) for row in courses) == ["None", "Z665"]
    assert {row["appointment_date"] for row in courses} == {dt.date(2019, 10, 1)}
    [surgery] = of(delivery, "registry_treatments")
    assert (surgery["event_code"], surgery["opcs4_code"]) == ("B274", "B274")


def test_episodes_of_one_spell_are_told_apart_and_an_undated_one_takes_the_admission(delivery):
    first, second = sorted(of(delivery, "hes_apc"), key=lambda row: row["episode_id"])
    assert (first["episode_id"], second["episode_id"]) == ("S1-1", "S1-2")
    assert first["diagnosis_codes"] == ["C509", "C795"]
    assert first["procedure_dates"] == [dt.date(2019, 7, 11)]
    assert second["episode_start"] == dt.date(2019, 7, 10)


def test_a_death_registered_twice_is_kept_once(delivery):
    rows, quarantined, _ = read(delivery, "deaths")
    assert [row["registration_date"] for row in rows] == [dt.date(2022, 1, 9)]
    assert [row["reason"] for row in quarantined] == ["duplicate_key"]


def test_every_layout_of_the_welsh_bundle_says_that_it_is_an_assumption():
    tables = bundle("wales_annual_2025").tables
    assert len({(table.data_set, table.version) for table in tables}) == 20
    for table in tables:
        layout = table_layout(table.data_set, table.version)
        assert layout.basis == "assumption", (table.data_set, table.version)
        assert layout.assumptions
    delivered = {table.data_set for table in tables}
    assert delivered >= {feed("wales_annual").spine, *feed("wales_annual").expected}


def test_years_between_needs_two_dates():
    with pytest.raises(ValueError, match="two columns"):
        Source(years_between=("birth_month",))


def test_a_form_without_its_name_is_recognised_by_its_header(tmp_path: Path):
    files = {"meetings_north.csv": FILES["cdf_mdt.csv"], "cdf_diagnosis.csv": FILES["cdf_diagnosis.csv"]}
    delivery = deliver(tmp_path / "d", files, layout="wales_annual_2025", feed="wales_annual", period="2023")
    assert [row["mdt_types"] for row in of(delivery, "cosd", person_id="W4") if row["mdt_dates"]] == [
        ["0102"]
    ]
