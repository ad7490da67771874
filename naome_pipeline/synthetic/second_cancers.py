"""Records of other cancers in people with breast cancer: their spread and their treatment say nothing about this one.

What belongs here: records that a careless rule would take for metastatic breast cancer. What does not: second
registrations (`documentation.py`), and anything the truth counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from naome_pipeline.synthetic.patients import Patients
from naome_pipeline.synthetic.randomness import Integers, days, generator, happens, pick
from naome_pipeline.synthetic.records import dates

# Of people with early breast cancer, how many have records of spread from another cancer; of the metastatic ones, of
# whom COSD has a second record. Assumptions: enough of each kind for a rule to fail on.
OF_EARLY, OF_METASTATIC = 0.02, 0.03


def admissions(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """Stays with spread of another cancer, near the diagnosis of the breast cancer or later. Columns as `Course.episodes`."""
    rng = generator(seed, "second cancers, admissions")
    person = _early(patients, rng)
    day = patients.diagnosis[person] + days(rng, -31, 900, len(person), edges=(0, 120, 121), share=0.3)
    person, day = _possible(patients, person, day, snapshot)
    codes = [["C189", "C787"], ["C349", "C793"], ["C61", "C795"], ["C56", "C786"]]
    return pd.DataFrame(
        {
            "person": person,
            "day": day,
            "codes": [codes[n] for n in rng.integers(0, len(codes), len(person))],
            "procedures": [[] for _ in person],
            "procedure_days": [[] for _ in person],
            "source": "19",
            "destination": "19",
        }
    )


def cosd_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """COSD records of another cancer that has spread, within weeks of the breast cancer."""
    rng = generator(seed, "second cancers, cosd")
    metastatic = np.flatnonzero(patients.state == 2)
    metastatic = metastatic[happens(rng, OF_METASTATIC, len(metastatic))]
    person = np.concatenate([_early(patients, rng), metastatic])
    day = patients.diagnosis[person] + days(rng, -90, 90, len(person), edges=(0, 30), share=0.3)
    person, day = _possible(patients, person, day, snapshot)
    size = len(person)
    return pd.DataFrame(
        {
            "pseudo_cr0010_nhs_number": patients.person_id[person],
            "pseudo_c000070_unique_record_id": [f"US{n:09d}" for n in range(1, size + 1)],
            "record_type": "CO",
            "cr0030_provider_id": patients.code_sent[person],
            "cr3170_person_stated_gender_code": patients.sex[person].astype(str),
            "cr0150_ethnic_category": patients.ethnicity[person],
            "pp_cr0370_diag_primary_diag_icd": pick(rng, ["C341", "C187", "C61X", "C56"], None, size),
            "pp_cr2030_diag_date_of_primary_diag_clin_agreed": dates(day),
            "pp_cr6230_org_site_id_of_diag": patients.code_sent[person],
            "pp_cr0510_performance_status_adult": pick(rng, ["3", "4"], None, size),
            "pp_cr6960_diag_metastatic_type_1": "03",
            "pp_cr6970_diag_metastatic_site_1": pick(rng, ["02", "03", "11"], None, size),
            "cr2050_clinical_nurse_specialist_indication_code": "Y1",
        }
    )


def drug_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """SACT records of drugs for another cancer, some of which breast cancer is given only when it has spread."""
    rng = generator(seed, "second cancers, sact")
    person = _early(patients, rng)
    day = patients.diagnosis[person] + days(rng, 121, 1_500, len(person))
    person, day = _possible(patients, person, day, snapshot)
    size = len(person)
    return pd.DataFrame(
        {
            "NHS_Number": patients.person_id[person],
            "Organisation_Identifier_Code_Of_Provider": patients.code_sent[person],
            "Primary_Diagnosis": pick(rng, ["C349", "C189"], None, size),
            "Intent_Of_Treatment": pick(rng, ["02", "P"], None, size),
            "Regimen": "VINORELBINE",
            "Performance_Status_At_Start_Of_Regimen_Adult": "1",
            "Start_Date_Of_Regimen": dates(day),
            "Cycle_Number": "1",
            "Start_Date_Of_Cycle": dates(day),
            "Drug_Name": "VINORELBINE",
            "Administration_Date": dates(day),
            "Organisation_Identifier_Of_SACT_Administration": patients.code_sent[person],
        }
    )


def radiotherapy_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """RTDS records of palliative radiotherapy to bone or brain for another cancer."""
    rng = generator(seed, "second cancers, rtds")
    person = _early(patients, rng)
    day = patients.diagnosis[person] + days(rng, 121, 1_500, len(person))
    person, day = _possible(patients, person, day, snapshot)
    size = len(person)
    return pd.DataFrame(
        {
            "PATIENTID": patients.person_id[person],
            "RADIOTHERAPYEPISODEID": [f"S{p}" for p in person],
            "ATTENDID": [f"S{n:08d}" for n in range(size)],
            "APPTDATE": dates(day),
            "RADIOTHERAPYPRIORITY": "U",
            "TREATMENTSTARTDATE": dates(day),
            "RADIOTHERAPYDIAGNOSISICD": pick(rng, ["C61", "C349"], None, size),
            "RADIOTHERAPYINTENT": "01",
            "PRESCRIPTIONID": [f"S{p}" for p in person],
            "RTTREATMENTREGION": "M",
            "RTTREATMENTANATOMICALSITE": pick(rng, ["Z665", "Z011"], None, size),
            "RTPRESCRIBEDDOSE": "8.0",
            "PRESCRIBEDFRACTIONS": 1,
            "RTACTUALDOSE": "8.0",
            "RTACTUALFRACTIONS": 1,
            "RTTREATMENTMODALITY": "05",
            "ORGCODEPROVIDER": patients.code_sent[person],
        }
    )


def _early(patients: Patients, rng: np.random.Generator) -> Integers:
    early = np.flatnonzero(patients.state < 2)
    return early[happens(rng, OF_EARLY, len(early))]


def _possible(
    patients: Patients, person: Integers, day: Integers, snapshot: int
) -> tuple[Integers, Integers]:
    possible = day <= np.minimum(patients.death[person], snapshot)
    return person[possible], day[possible]
