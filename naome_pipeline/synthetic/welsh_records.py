"""Welsh events and documents written down as records: CaNISC up to 2021, the Cancer Dataset Forms from 2022, PEDW, deaths.

Frames named as their files, columns named as in the layouts. What the Welsh records can say is decided in `wales.py`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.synthetic.course import Course
from naome_pipeline.synthetic.documentation import Documentation
from naome_pipeline.synthetic.patients import Patients
from naome_pipeline.synthetic.randomness import NEVER, Integers, either, generator, happens, pick
from naome_pipeline.synthetic.records import DIAGNOSIS_COLUMNS, dates, death_records
from naome_pipeline.synthetic.wales import (
    FORMS_FROM,
    local_recurrences,
    places_of_residence,
    registered_surgery,
)

Frames = dict[str, pd.DataFrame]
# The boards whose people Velindre treats.
VELINDRE, SOUTH_EAST = "RQF", ("7A4", "7A5", "7A6")
_ABSENT = int(NEVER)


def welsh_records(
    patients: Patients,
    documentation: Documentation,
    course: Course,
    stays: pd.DataFrame,
    seed: int,
    snapshot: int,
) -> Frames:
    """Every file of a Welsh delivery. `stays`: all admissions, those for early disease among them."""
    places, lives = places_of_residence(patients, seed)
    surgery = registered_surgery(stays, patients.diagnosis, seed)
    admitted = stays.drop(index=surgery.index[surgery["only_here"]])
    deaths = death_records(patients, seed, snapshot)
    return {
        **_registrations(patients, documentation, lives, seed, snapshot),
        **_meetings(patients, course.meetings),
        **_recurrences(patients, documentation, seed, snapshot),
        **_tissue(patients, documentation, snapshot),
        **_drugs(patients, course.drugs),
        **_radiotherapy(patients, course.radiotherapy),
        **_surgery(patients, surgery),
        "pedw.txt": _admissions(patients, admitted, seed),
        "adde_deaths.csv": pd.DataFrame(
            {
                "pseudo_patientid": deaths["DEC_CONF_NHS_NUMBER"],
                "DEATH_DT": deaths["REG_DATE_OF_DEATH"],
                "DEATH_REG_DT": deaths["REG_DATE"],
                "DEATHCAUSE_DIAG_UNDERLYING_CD": deaths["S_UNDERLYING_COD_ICD10"],
                "DEATHCAUSE_DIAG_1_CD": deaths["S_COD_CODE_1"],
            }
        ),
        "wimd.csv": places,
    }


def _by_era(subject: str, day: NDArray, canisc: pd.DataFrame, forms: pd.DataFrame) -> Frames:
    """The rows dated before the forms as CaNISC has them, the others as the forms have them."""
    late = day >= FORMS_FROM
    return {
        f"canisc_{subject}.csv": canisc[~late].reset_index(drop=True),
        f"cdf_{subject}.csv": forms[late].reset_index(drop=True),
    }


def _months_of_birth(patients: Patients, seed: int) -> NDArray:
    """The first day of the month in which somebody was born who has this age at diagnosis."""
    rng = generator(seed, "months of birth")
    month = patients.diagnosis.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    born = month - 12 * patients.age - rng.integers(0, 12, len(patients))
    return np.where(
        patients.age_known, born.astype("datetime64[M]").astype("datetime64[D]"), np.datetime64("NaT")
    )


def _of_index(table: pd.DataFrame, rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns of a table with one row per person, on the person's index registration; blank on the others."""
    found = table.drop_duplicates("person").set_index("person")[columns].reindex(rows["person"])
    found.index = rows.index
    found.loc[~rows["index"]] = None
    return found.astype(object).replace({np.nan: None})


def _registrations(
    patients: Patients, documentation: Documentation, lives: NDArray, seed: int, snapshot: int
) -> Frames:
    rng = generator(seed, "Welsh records")
    rows = documentation.tumours
    person, day = rows["person"].to_numpy(), rows["day"].to_numpy()
    at_diagnosis = _of_index(documentation.cosd, rows, ["site_1", "site_2", "site_3", "nurse"])
    receptors = _of_index(documentation.pathology, rows, ["er", "pr", "her2"])
    frailty = _of_index(documentation.fitness, rows, ["scale"])["scale"].map(
        lambda scale: None if pd.isna(scale) else str(int(scale))
    )
    sex = pick(rng, ["F", "2"], [19, 1], len(patients))
    sex = np.where(patients.sex == 1, "M", sex)
    born, died = (
        _months_of_birth(patients, seed),
        dates(np.where(patients.death <= snapshot, patients.death, _ABSENT)),
    )
    ethnicity = patients.ethnicity
    diagnosis = pd.DataFrame(
        {
            "pseudo_patientid": patients.person_id[person],
            "pseudo_tumourid": rows["tumour_id"],
            "diagnosis_date": dates(day),
            "site_icd10": rows["site"],
            "basis_of_diagnosis": rows["basis"],
            "m_category": rows["m_category"],
            "stage": rows["stage"],
            "metastatic_site": at_diagnosis["site_1"],
            "performance_status": rows["performance_status"],
            "hospital_of_diagnosis": patients.code_sent[person],
            "er_status": receptors["er"],
            "pr_status": receptors["pr"],
            "her2_status": receptors["her2"],
            "clinical_frailty_scale": frailty,
        }
    )
    forms = diagnosis.rename(
        columns={
            "pseudo_patientid": "NHSNumber",
            "pseudo_tumourid": "UniquePathwayIdentifier",
            "diagnosis_date": "DateOfDiagnosis",
            "site_icd10": "PrimaryDiagnosisICD",
            "basis_of_diagnosis": "BasisOfDiagnosis",
            "m_category": "MCategory",
            "stage": "StageGrouping",
            "metastatic_site": "MetastaticSite1",
            "performance_status": "PerformanceStatus",
            "hospital_of_diagnosis": "OrganisationSiteOfDiagnosis",
            "er_status": "ERStatus",
            "pr_status": "PRStatus",
            "her2_status": "HER2Status",
            "clinical_frailty_scale": "ClinicalFrailtyScale",
        }
    ).assign(
        Sex=sex[person],
        BirthMonth=born[person],
        EthnicCategory=ethnicity[person],
        LSOA2011Code=lives[person],
        DateOfDeath=died[person],
        MetastaticSite2=at_diagnosis["site_2"],
        MetastaticSite3=at_diagnosis["site_3"],
        ClinicalNurseSpecialistIndication=at_diagnosis["nurse"],
    )
    seen = np.unique(person[day < FORMS_FROM])
    nurse = rows[rows["index"] & (rows["day"] < FORMS_FROM) & at_diagnosis["nurse"].notna()]
    who = nurse["person"].to_numpy()
    return _by_era("diagnosis", day, diagnosis, forms) | {
        "canisc_patient.csv": pd.DataFrame(
            {
                "pseudo_patientid": patients.person_id[seen],
                "sex": sex[seen],
                "birth_month": born[seen],
                "ethnic_category": ethnicity[seen],
                "lsoa11_code": lives[seen],
                "date_of_death": died[seen],
            }
        ),
        "canisc_keyworker.csv": pd.DataFrame(
            {
                "pseudo_patientid": patients.person_id[who],
                "pseudo_tumourid": nurse["tumour_id"].to_numpy(),
                "keyworker_assigned": "Y",
                "cns_contact": at_diagnosis["nurse"].loc[nurse.index].to_numpy(),
            }
        ),
    }


def _meetings(patients: Patients, meetings: pd.DataFrame) -> Frames:
    day = meetings["day"].to_numpy()
    number = np.arange(1, len(meetings) + 1)
    person = patients.person_id[meetings["person"].to_numpy()]
    code = meetings["code"]
    canisc = pd.DataFrame(
        {"pseudo_patientid": person, "record_key": number, "mdt_date": dates(day), "mdt_type": code}
    )
    forms = pd.DataFrame({"NHSNumber": person, "FormNumber": number, "MDTDate": dates(day), "MDTType": code})
    return _by_era("mdt", day, canisc, forms)


def _recurrences(patients: Patients, documentation: Documentation, seed: int, snapshot: int) -> Frames:
    distant = documentation.cosd.loc[
        documentation.cosd["recurrence_day"] < NEVER, ["person", "recurrence_day"]
    ]
    distant = distant.rename(columns={"recurrence_day": "day"}).assign(kind="03")
    table = pd.concat(
        [distant, local_recurrences(patients, seed, snapshot).assign(kind="01")], ignore_index=True
    )
    who, day = table["person"].to_numpy(), table["day"].to_numpy()
    site = either(table["kind"] == "03", np.where(patients.sites["bone"][who], "11", "03"), None)
    number, person = np.arange(1, len(table) + 1), patients.person_id[who]
    canisc = pd.DataFrame(
        {
            "pseudo_patientid": person,
            "record_key": number,
            "recurrence_date": dates(day),
            "recurrence_type": table["kind"],
            "recurrence_site": site,
        }
    )
    forms = pd.DataFrame(
        {
            "NHSNumber": person,
            "FormNumber": number,
            "RecurrenceDate": dates(day),
            "RecurrenceType": table["kind"],
            "RecurrenceSite1": site,
        }
    )
    return _by_era("recurrence", day, canisc, forms)


def _tissue(patients: Patients, documentation: Documentation, snapshot: int) -> Frames:
    table = documentation.metastatic_tissue
    table = table[table["day"] <= snapshot]
    person, day = patients.person_id[table["person"].to_numpy()], table["day"].to_numpy()
    canisc = pd.DataFrame({"pseudo_patientid": person, "pathology_date": dates(day), "specimen_nature": "5"})
    forms = pd.DataFrame({"NHSNumber": person, "PathologyReportDate": dates(day), "SpecimenNature": "5"})
    return _by_era("pathology", day, canisc, forms)


def _treated_at(patients: Patients, person: Integers) -> NDArray:
    board = np.array([code[:3] for code in patients.code_sent[person]], dtype=object)
    return np.where(np.isin(board.astype(str), SOUTH_EAST), VELINDRE, board)


def _drugs(patients: Patients, drugs: pd.DataFrame) -> Frames:
    who, day = drugs["person"].to_numpy(), drugs["cycle_day"].to_numpy()
    start = drugs.groupby(["person", "regimen"])["cycle_day"].transform("min").to_numpy()
    person, place = patients.person_id[who], _treated_at(patients, who)
    palliative = drugs["intent"].isin(["02", "P"])
    canisc = pd.DataFrame(
        {
            "pseudo_patientid": person,
            "drug_start_date": dates(start),
            "regimen": drugs["regimen"],
            "drug_name": drugs["drug"],
            "cycle_date": dates(day),
            "drug_intent": np.where(palliative, "P", "C"),
            "drug_provider": place,
        }
    )
    forms = pd.DataFrame(
        {
            "NHSNumber": person,
            "RegimenName": drugs["regimen"],
            "RegimenStartDate": dates(start),
            "CycleStartDate": dates(day),
            "DrugName": drugs["drug"],
            "TreatmentIntent": np.where(palliative, "02", "01"),
            "OrganisationOfTreatment": place,
        }
    )
    return _by_era("drug_therapy", day, canisc, forms)


def _radiotherapy(patients: Patients, courses: pd.DataFrame) -> Frames:
    who, day = courses["person"].to_numpy(), courses["day"].to_numpy()
    person, place = patients.person_id[who], _treated_at(patients, who)
    dose = np.where(courses["fractions"] == 1, "8.0", "20")
    canisc = pd.DataFrame(
        {
            "pseudo_patientid": person,
            "rt_start_date": dates(day),
            "rt_site": courses["field"],
            "rt_dose": dose,
            "rt_fractions": courses["fractions"],
            "rt_intent": "01",
            "rt_provider": place,
        }
    )
    forms = pd.DataFrame(
        {
            "NHSNumber": person,
            "RadiotherapyStartDate": dates(day),
            "TreatmentSite": courses["field"],
            "DoseGiven": dose,
            "FractionsGiven": courses["fractions"],
            "TreatmentIntent": "01",
            "OrganisationOfTreatment": place,
        }
    )
    return _by_era("radiotherapy", day, canisc, forms)


def _surgery(patients: Patients, surgery: pd.DataFrame) -> Frames:
    who, day = surgery["person"].to_numpy(), surgery["day"].to_numpy()
    person, place = patients.person_id[who], patients.code_sent[who]
    canisc = pd.DataFrame(
        {
            "pseudo_patientid": person,
            "procedure_date": dates(day),
            "procedure_opcs": surgery["procedure"].to_numpy(),
            "hospital_of_surgery": place,
        }
    )
    forms = pd.DataFrame(
        {
            "NHSNumber": person,
            "ProcedureDate": dates(day),
            "ProcedureOPCS": surgery["procedure"].to_numpy(),
            "OrganisationOfTreatment": place,
        }
    )
    return _by_era("surgery", day, canisc, forms)


def _admissions(patients: Patients, stays: pd.DataFrame, seed: int) -> pd.DataFrame:
    rng = generator(seed, "PEDW records")
    size, person, day = len(stays), stays["person"].to_numpy(), stays["day"].to_numpy()
    undated = happens(rng, 0.03, size)
    frame = pd.DataFrame(
        {
            "pseudo_patientid": patients.person_id[person],
            "SPELL_NUM_PE": [f"S{number:08d}" for number in range(size)],
            "provider": patients.code_sent[person],
            "admission_date": dates(np.where(undated, day, day - happens(rng, 0.2, size))),
            "discharge_date": dates(day + rng.integers(0, 9, size)),
            "episode_start": dates(np.where(undated, _ABSENT, day)),
            "episode_order": pick(rng, ["1", "2"], [9, 1], size),
            "admission_method": pick(rng, ["11", "21", "13"], None, size),
            "patient_class": pick(rng, ["1", "2"], None, size),
            "admission_source": stays["source"].to_numpy(),
            "discharge_destination": stays["destination"].to_numpy(),
        }
    )
    codes = stays["codes"].to_list()
    for position in range(DIAGNOSIS_COLUMNS):
        frame[f"diag_{position + 1:02d}"] = [c[position] if position < len(c) else None for c in codes]
    frame["oper_01"] = stays["procedures"].str[0].to_numpy()
    done = [_ABSENT if not d or d[0] is None else d[0] for d in stays["procedure_days"]]
    frame["operdate_01"] = dates(np.array(done, dtype=np.int64))
    return frame
