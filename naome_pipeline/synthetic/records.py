"""Events and documents written down as records: one frame per file, its columns named as published.

Dates are day arrays and become text in the file's own format when it is written. The oddities of real files that a
reader must survive are put in here: sentinel dates, padded dashes, `5.0`, codes with fillers, blanks.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.course import BNF, PRODUCTS, Course
from naome_pipeline.synthetic.dirt import impossible, unreadable
from naome_pipeline.synthetic.documentation import Documentation
from naome_pipeline.synthetic.formats import FORMATS
from naome_pipeline.synthetic.patients import EPOCH, Patients, day_number
from naome_pipeline.synthetic.providers import Providers
from naome_pipeline.synthetic.randomness import Integers, days, either, generator, happens, month_start, pick

_FOREVER = 10**6
SENTINELS = [day_number(pd.Timestamp(day).date()) for day in ("1800-01-01", "1801-01-01")]
DIAGNOSIS_COLUMNS = 7


def dates(values: Integers | NDArray) -> NDArray:
    """Days since 1970 as dates; what lies beyond any delivery is no date."""
    values = np.asarray(values, dtype=np.int64)
    return np.where(np.abs(values) > _FOREVER, np.datetime64("NaT"), values.astype("datetime64[D]"))


def financial_year(values: Integers) -> NDArray:
    """The HES name of the financial year of each day: `2324` for 2023/24, text with its leading zero."""
    months = values.astype("datetime64[D]").astype("datetime64[M]").astype(int) - 3
    start = 1970 + months // 12
    return np.array([f"{y % 100:02d}{(y + 1) % 100:02d}" for y in start], dtype=object)


# What full registration calls the columns of rapid registration.
_FULL_REGISTRATION = {
    "PATIENT_ID": "PATIENTID",
    "TUMOUR_AVP_ID": "TUMOURID",
    "DIAGNOSISDATE": "DIAGNOSISDATEBEST",
    "TUMOUR_SITE": "SITE_ICD10_O2",
    "GENDER": "SEX",
    "STAGE": "STAGE_BEST",
    "ETHNICCATEGORY": "ETHNICITY",
    "IMD_QUINTILE": "QUINTILE_2019",
    "TUMOUR_PERFORMANCESTATUS": "PERFORMANCESTATUS",
    "TRUST_CODE": "DIAG_TRUST",
}


def tumour_records(
    patients: Patients, documentation: Documentation, seed: int, registration: str
) -> pd.DataFrame:
    """rcrd_tumour, or the same registrations as ncrd_tumour."""
    rng = generator(seed, "tumour records")
    table = documentation.tumours
    person = table["person"].to_numpy()
    size = len(table)
    years = (table["day"].to_numpy() - patients.diagnosis[person]) // 365
    age = np.where(patients.age_known[person], (patients.age[person] + years).astype(str), None)
    # 1 = least deprived in files of the registry: the other way round than everywhere else.
    turned = np.char.add(
        (6 - patients.imd_quintile[person]).astype(str), np.where(happens(rng, 0.05, size), ".0", "")
    )
    quintile = either(patients.imd_quintile[person] == 0, None, turned)
    unknown_sex = ~table["index"].to_numpy() & happens(rng, 0.2, size)
    frame = pd.DataFrame(
        {
            "SK": np.arange(1, size + 1),
            "PATIENT_ID": patients.person_id[person],
            "TUMOUR_AVP_ID": table["tumour_id"],
            "DIAGNOSISDATE": dates(table["day"].to_numpy()),
            "TUMOUR_SITE": table["site"],
            "CANCER_GROUP": np.where(table["site"].str.startswith("C50"), "Breast", "Other"),
            "GENDER": np.where(unknown_sex, "9", patients.sex[person].astype(str)),
            "AGE": age,
            "STAGE": table["stage"],
            "ETHNICCATEGORY": patients.ethnicity[person],
            "IMD_QUINTILE": quintile,
            "TUMOUR_PERFORMANCESTATUS": table["performance_status"],
            "BASISOFDIAGNOSIS": table["basis"],
            "TRUST_CODE": patients.code_sent[person],
            "SOURCE": "RCRD",
        }
    )
    if registration == "rcrd_tumour":
        return frame
    return frame.rename(columns=_FULL_REGISTRATION).drop(columns=["SK", "CANCER_GROUP", "SOURCE"])


def pathway_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """rcrd_pathway: referral and first-seen events; event types 20 and 24 are the ones that are decoded."""
    rng = generator(seed, "pathway records")
    people = len(patients)
    before = days(rng, 1, 60, people)
    parts = [
        pd.DataFrame(
            {
                "patientid": patients.person_id,
                "event_type": kind,
                "event_property_1": pick(rng, ["1", "2", None], None, people),
                "event_date": dates(np.minimum(patients.diagnosis - before + lag, snapshot)),
                "trust_code": patients.code_sent,
            }
        )[happens(rng, 0.8, people)]
        for kind, lag in (("20", 0), ("24", 7))
    ]
    return pd.concat(parts, ignore_index=True)


def cosd_records(
    patients: Patients, documentation: Documentation, meetings: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """The COSD flat view, meetings in their blocks."""
    rng = generator(seed, "cosd records")
    table = documentation.cosd
    person = table["person"].to_numpy()
    recurrence = table["recurrence_day"].to_numpy()
    recurred = recurrence < _FOREVER
    frame = pd.DataFrame(
        {
            "pseudo_cr0010_nhs_number": patients.person_id[person],
            "pseudo_c000070_unique_record_id": table["record_id"],
            "record_type": pick(rng, ["CO", "COé"], [99, 1], len(table)),
            "cr0030_provider_id": patients.code_sent[person],
            "cr3170_person_stated_gender_code": patients.sex[person].astype(str),
            "cr0150_ethnic_category": patients.ethnicity[person],
            "pp_cr0370_diag_primary_diag_icd": pick(rng, ["C509", "C50X", "C50.9"], [8, 1, 1], len(table)),
            "pp_cr2030_diag_date_of_primary_diag_clin_agreed": dates(table["day"].to_numpy()),
            "pp_cr6230_org_site_id_of_diag": patients.code_sent[person],
            "pp_cr0510_performance_status_adult": table["performance_status"],
            "pp_cr6960_diag_metastatic_type_1": table["type_1"],
            "pp_cr6960_diag_metastatic_type_2": table["type_2"],
            "cr2050_clinical_nurse_specialist_indication_code": table["nurse"],
            "npp_cr6500_date_diagnosis_clinically_agreed": dates(recurrence),
            "npp_cr7100_diag_original_primary_diagnosis_icd": either(recurred, "C509", None),
            "npp_cr6520_rec1_metastatic_type1": either(recurred, "03", None),
            "npp_cr1590_rec1_metastatic_site1": either(
                recurred, np.where(patients.sites["bone"][person], "11", "03"), None
            ),
        }
    )
    for position in range(1, 5):
        frame[f"pp_cr6970_diag_metastatic_site_{position}"] = table[f"site_{position}"]
    return pd.concat([frame, _meeting_blocks(table, meetings)], axis=1)


def _meeting_blocks(table: pd.DataFrame, meetings: pd.DataFrame) -> pd.DataFrame:
    """Care plan date and up to four meeting blocks, on the person's main record."""
    main = table.index[table["main"]]
    row_of = pd.Series(main, index=table.loc[main, "person"])
    blocks = {}
    plans = meetings[meetings["place"] == "care_plan"]
    day = np.full(len(table), _FOREVER * 2, dtype=np.int64)
    day[row_of.loc[plans["person"]].to_numpy()] = plans["day"]
    blocks["cr0430_mdt_discussion_date_cancer"] = dates(day)
    written = meetings[meetings["place"] == "block"].copy()
    written["block"] = written.groupby("person").cumcount() + 1
    for block in range(1, 5):
        here = written[written["block"] == block]
        rows = row_of.loc[here["person"]].to_numpy()
        day = np.full(len(table), _FOREVER * 2, dtype=np.int64)
        day[rows] = here["day"]
        kind = np.full(len(table), None, dtype=object)
        kind[rows] = here["code"]
        missed = np.full(len(table), None, dtype=object)
        missed[rows] = either(here["discussed"], None, "1")
        blocks[f"cr3080_mdt_date{block}"] = dates(day)
        blocks[f"cr3190_mdt_type{block}"] = kind
        blocks[f"cr8100_mdt_discussion{block}"] = missed
    return pd.DataFrame(blocks, index=table.index)


def fitness_records(patients: Patients, documentation: Documentation) -> pd.DataFrame:
    """cosd_fitness."""
    table = documentation.fitness
    return pd.DataFrame(
        {
            "NhsNumber": patients.person_id[table["person"].to_numpy()],
            "FitnessAssessmentIndicator": table["done"],
            "FitnessAssessmentDate": dates(table["day"].to_numpy()),
            "ClinicalFrailtyScale": [None if v is None else str(v) for v in table["scale"]],
        }
    )


def pathology_records(patients: Patients, documentation: Documentation) -> pd.DataFrame:
    """cosd_pathology."""
    table = documentation.pathology
    return pd.DataFrame(
        {
            "NhsNumber": patients.person_id[table["person"].to_numpy()],
            "SampleCollectionDate": dates(table["sample_day"].to_numpy()),
            "InvestigationResultDate": dates(table["result_day"].to_numpy()),
            "SpecimenNature": table["specimen"],
            "EstrogenReceptorStatus": table["er"],
            "PRStatus": table["pr"],
            "HER2Status": table["her2"],
            "HER2ISHStatus": table["ish"],
        }
    )


def admission_records(patients: Patients, episodes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """hes_apc, with the financial year of the file in the column `FYEAR`."""
    rng = generator(seed, "admission records")
    size = len(episodes)
    person = episodes["person"].to_numpy()
    day = episodes["day"].to_numpy()
    start = day.copy()
    undated = happens(rng, 0.03, size)
    start[undated] = SENTINELS[0]
    admitted = np.where(undated, day, day - happens(rng, 0.2, size))
    code = patients.code_sent[person]
    frame = pd.DataFrame(
        {
            "TOKEN_PERSON_ID": patients.person_id[person],
            "EPIKEY": [f"{10_000_000 + n}" for n in range(size)],
            "FYEAR": financial_year(day),
            "ADMIDATE": dates(admitted),
            "DISDATE": dates(day + rng.integers(0, 9, size)),
            "EPISTART": np.where(undated, start.astype("datetime64[D]"), dates(start)),
            "EPIORDER": pick(rng, ["1", "2", "1.0"], [8, 1, 1], size),
            "ADMIMETH": pick(rng, ["11", "21", "13"], None, size),
            "ADMISORC": episodes["source"],
            "CLASSPAT": pick(rng, ["1", "2"], None, size),
            "DISDEST": episodes["destination"],
            "PROCODE3": [c[:3] for c in code],
            "PROCODET": code,
            "SEX": patients.sex[person].astype(str),
            "ETHNOS": patients.ethnicity[person],
        }
    )
    codes = episodes["codes"].to_list()
    for position in range(DIAGNOSIS_COLUMNS):
        frame[f"DIAG_{position + 1:02d}"] = [
            _filled(c[position]) if position < len(c) else None for c in codes
        ]
    frame["OPERTN_01"] = [
        p[0] if p else mark
        for p, mark in zip(episodes["procedures"], pick(rng, ["-   ", "&", None], None, size), strict=True)
    ]
    done = np.array(
        [SENTINELS[1] if not d or d[0] is None else d[0] for d in episodes["procedure_days"]], dtype=np.int64
    )
    frame["OPDATE_01"] = done.astype("datetime64[D]")
    return frame


def _filled(code: str) -> str:
    """Three-character ICD-10 codes carry a filler in HES."""
    return code if len(code) > 3 else code + "X"


def early_surgery(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """Operations on early disease; some name regional nodes, which are no distant spread."""
    rng = generator(seed, "early surgery")
    early = np.flatnonzero(patients.state < 2)
    person = early[happens(rng, 0.65, len(early))]
    day = patients.diagnosis[person] + days(rng, 10, 90, len(person))
    possible = (day <= np.minimum(patients.death[person], snapshot)).nonzero()[0]
    person, day = person[possible], day[possible]
    nodes = happens(rng, 0.15, len(person))
    # Liver metastases coded long before the breast tumour belong to another disease.
    before = happens(rng, 0.002, len(person))
    procedure = pick(rng, ["B274", "B283", "B285", "B282"], None, len(person))
    return pd.DataFrame(
        {
            "person": person,
            "day": np.where(before, patients.diagnosis[person] - 32, day),
            "codes": [
                ["C787"] if b else (["C509", "C773"] if n else ["C509"])
                for n, b in zip(nodes, before, strict=True)
            ],
            "procedures": [[p] for p in procedure],
            "procedure_days": [[int(d)] for d in day],
            "source": "19",
            "destination": "19",
        }
    )


def clinic_records(patients: Patients, clinic: pd.DataFrame) -> pd.DataFrame:
    """hes_op: appointments at which chemotherapy was coded. `FYEAR` only places the row in a file."""
    person = clinic["person"].to_numpy()
    return pd.DataFrame(
        {
            "Token_Person_ID": patients.person_id[person],
            "ATTENDKEY": [f"{500_000_000 + n}" for n in range(len(clinic))],
            "APPTDATE": dates(clinic["day"].to_numpy()),
            "ATTENDED": clinic["attended"],
            "DIAG_01": "R69X6",
            "OPERTN_01": clinic["procedure"],
            "OPERTN_02": "-",
            "PROCODET": patients.code_sent[person],
            "FYEAR": financial_year(clinic["day"].to_numpy()),
        }
    )


def drug_records(patients: Patients, course: Course, providers: Providers, seed: int) -> pd.DataFrame:
    """sact. Another hospital decides on some of the treatment that the person's own one gives."""
    rng = generator(seed, "drug records")
    table = course.drugs[course.drugs["source"] == "sact"].reset_index(drop=True)
    person = table["person"].to_numpy()
    size = len(table)
    cycle = table["cycle_day"].to_numpy()
    day = table["day"].to_numpy()
    start = table.groupby(["person", "regimen"])["cycle_day"].transform("min").to_numpy()
    # Where the drug was given on the first day of the cycle, the date of administration is sometimes left out.
    blank = (day == cycle) & happens(rng, 0.04, size)
    name = table["drug"].to_numpy()
    lower = happens(rng, 0.1, size)
    number = table["cycle"].astype(str) + pick(rng, ["", ".0"], [9, 1], size)
    given_by = patients.code_sent[person]
    elsewhere = np.array(providers.codes, dtype=object)[rng.integers(0, len(providers.codes), size)]
    decided_by = either(happens(rng, 0.1, size), elsewhere, given_by)
    return pd.DataFrame(
        {
            "NHS_Number": patients.person_id[person],
            "Organisation_Identifier_Code_Of_Provider": decided_by,
            "Primary_Diagnosis": "C509",
            "Intent_Of_Treatment": table["intent"],
            "Regimen": table["regimen"],
            "Performance_Status_At_Start_Of_Regimen_Adult": patients.performance_status[person].astype(str),
            "Start_Date_Of_Regimen": dates(start),
            "Cycle_Number": number,
            "Start_Date_Of_Cycle": dates(cycle),
            "Drug_Name": np.where(lower, np.char.lower(name.astype(str)), name).astype(object),
            "Administration_Date": np.where(blank, np.datetime64("NaT"), day.astype("datetime64[D]")),
            "Organisation_Identifier_Of_SACT_Administration": given_by,
        }
    )


def radiotherapy_records(patients: Patients, course: Course) -> pd.DataFrame:
    """rtds."""
    table = course.radiotherapy
    person = table["person"].to_numpy()
    start = table.groupby(["person", "course"])["day"].transform("min").to_numpy()
    fractions = table.groupby(["person", "course"])["day"].transform("size").to_numpy()
    return pd.DataFrame(
        {
            "PATIENTID": patients.person_id[person],
            "RADIOTHERAPYEPISODEID": [f"E{p}{c}" for p, c in zip(person, table["course"], strict=True)],
            "ATTENDID": [f"A{n:08d}" for n in range(len(table))],
            "APPTDATE": dates(table["day"].to_numpy()),
            "RADIOTHERAPYPRIORITY": "U",
            "TREATMENTSTARTDATE": dates(start),
            "RADIOTHERAPYDIAGNOSISICD": "C509",
            "RADIOTHERAPYINTENT": "01",
            "PRESCRIPTIONID": [f"P{p}{c}" for p, c in zip(person, table["course"], strict=True)],
            "RTTREATMENTREGION": "M",
            "RTTREATMENTANATOMICALSITE": table["field"],
            "RTPRESCRIBEDDOSE": np.where(fractions == 1, "8.0", "20"),
            "PRESCRIBEDFRACTIONS": fractions,
            "RTACTUALDOSE": np.where(fractions == 1, "8.0", "20"),
            "RTACTUALFRACTIONS": fractions,
            "RTTREATMENTMODALITY": "05",
            "ORGCODEPROVIDER": patients.code_sent[person],
        }
    )


def prescription_records(patients: Patients, course: Course) -> pd.DataFrame:
    """pcpd: a prescription is dated by its month."""
    table = course.drugs[course.drugs["source"] == "pcpd"].reset_index(drop=True)
    person = table["person"].to_numpy()
    return pd.DataFrame(
        {
            "prescription_dataid": [f"{900_000_000 + n}" for n in range(len(table))],
            "ppatient_id": patients.person_id[person],
            "presc_date": dates(month_start(table["day"].to_numpy())),
            "presc_quantity": "56",
            "item_number": "1",
            # A value with a comma, quoted as a writer of CSV would.
            "drug_paid": '"'
            + table["drug"].map(PRODUCTS).fillna(table["drug"].astype(str) + ", tablets")
            + '"',
            "bnf_code": table["drug"].map(BNF),
            "pat_age": patients.age[person],
            "sex": patients.sex[person].astype(str),
        }
    )


def waiting_time_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """cwt: one row per person who came through a cancer waiting times pathway."""
    rng = generator(seed, "waiting time records")
    person = np.arange(len(patients))[happens(rng, 0.85, len(patients))]
    diagnosis = patients.diagnosis[person]
    start = diagnosis + days(rng, 7, 62, len(person))
    started = start <= np.minimum(snapshot, patients.death[person])
    return pd.DataFrame(
        {
            "pseudo_patientid": patients.person_id[person],
            "site_icd10": "C509",
            "crtp_date": dates(diagnosis - days(rng, 1, 40, len(person))),
            "treat_period_start": dates(diagnosis),
            "treat_start": dates(np.where(started, start, _FOREVER * 2)),
            "modality": pick(rng, ["01", "02", "03", "05"], None, len(person)),
            "cte_type": np.where(patients.state[person] == 2, "08", "01"),
            "org_treat_start": patients.code_sent[person],
        }
    )


def death_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """deaths: registered within three weeks, and by the snapshot; a few without a usable date."""
    rng = generator(seed, "death records")
    person = np.flatnonzero(patients.death <= snapshot)
    died = patients.death[person]
    registered = np.minimum(died + rng.integers(1, 21, len(person)), snapshot)
    cancer = patients.spread[person] < _FOREVER
    undated = patients.undated[person]
    frame = pd.DataFrame(
        {
            "DEC_CONF_NHS_NUMBER": patients.person_id[person],
            "DEC_SEX": patients.sex[person].astype(str),
            "REG_DATE": dates(np.where(undated, 2 * _FOREVER, registered)),
            "REG_DATE_OF_DEATH": dates(np.where(undated, 2 * _FOREVER, died)),
            "S_UNDERLYING_COD_ICD10": np.where(
                cancer, "C509", pick(rng, ["I219", "J440", "F03"], None, len(person))
            ),
            "S_COD_CODE_1": np.where(
                cancer & happens(rng, cal.HOSPITAL_EVIDENCE, len(person)), "C795", "R54"
            ),
            "POD_NHS_ESTABLISHMENT": pick(rng, ["1", "2", "Résidence"], [60, 39, 1], len(person)),
        }
    )
    if undated.any():
        form = FORMATS["deaths"]
        written = [
            None,
            unreadable(form),
            impossible(form, dt.date.fromordinal(EPOCH.toordinal() + snapshot), 0),
        ]
        text = np.full(len(person), None, dtype=object)
        text[undated] = [written[n % len(written)] for n in range(int(undated.sum()))]
        frame["!REG_DATE_OF_DEATH"] = text
    return frame
