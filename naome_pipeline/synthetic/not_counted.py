"""Treatment of people with metastatic breast cancer that is for something else: another cancer, or osteoporosis.

What belongs here: drugs, radiotherapy and procedures that a careless rule would count as treatment of the breast cancer. What
does not: anything the truth counts, or what a careless rule would take for its spread (`second_cancers.py`).

Each kind of record has a generator of its own and is written beside the others, which stay as they are.
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.synthetic.patients import Patients
from naome_pipeline.synthetic.randomness import Integers, days, generator, happens, month_start, pick
from naome_pipeline.synthetic.records import admission_records, clinic_records, dates

# Of people with metastatic disease: how many have such records of each kind. Assumptions: enough for a rule to fail on.
OF_ANOTHER_CANCER, FOR_OSTEOPOROSIS = 0.04, 0.15
# After the look-back of comorbidity, and within the window of treatment, whose last day is among them.
_FIRST_DAY, _LAST_DAY = -30, 365
# Products for osteoporosis. General practice that does not say which denosumab it gave, gave that one.
_OSTEOPOROSIS = [
    ("0606020Z0BBAAAA", "Prolia 60mg/1ml, injection"),
    ("0606020Z0AAAAAA", "Denosumab 60 mg/1 ml, injection"),
    ("0606020Z0", "Denosumab"),
    ("0606020W0AAAAAA", "Ibandronic acid 150mg, tablets"),
    ("0606020W0BBAAAA", "Bonviva 3mg/3ml, injection"),
    ("0606020V0BBAAAA", "Aclasta 5mg/100ml, infusion"),
    ("0606020V0AAAAAA", "Zoledronic acid 5 mg/100 ml, infusion"),
]


def drug_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """sact: cytotoxic drugs for another cancer."""
    person, day = _treated(patients, seed, "drugs", snapshot)
    rng = generator(seed, "other treatment, sact")
    size = len(person)
    drug = pick(rng, ["OXALIPLATIN", "CISPLATIN", "DOCETAXEL"], None, size)
    return pd.DataFrame(
        {
            "NHS_Number": patients.person_id[person],
            "Organisation_Identifier_Code_Of_Provider": patients.code_sent[person],
            "Primary_Diagnosis": pick(rng, ["C187", "C349", "C61X", "C859"], None, size),
            "Intent_Of_Treatment": pick(rng, ["01", "02"], None, size),
            "Regimen": drug,
            "Performance_Status_At_Start_Of_Regimen_Adult": "1",
            "Start_Date_Of_Regimen": dates(day),
            "Cycle_Number": "1",
            "Start_Date_Of_Cycle": dates(day),
            "Drug_Name": drug,
            "Administration_Date": dates(day),
            "Organisation_Identifier_Of_SACT_Administration": patients.code_sent[person],
        }
    )


def radiotherapy_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """rtds: attendances of another cancer, to bone, brain and elsewhere."""
    person, day = _treated(patients, seed, "radiotherapy", snapshot)
    rng = generator(seed, "other treatment, rtds")
    size = len(person)
    return pd.DataFrame(
        {
            "PATIENTID": patients.person_id[person],
            "RADIOTHERAPYEPISODEID": [f"T{p}" for p in person],
            "ATTENDID": [f"T{n:08d}" for n in range(size)],
            "APPTDATE": dates(day),
            "RADIOTHERAPYPRIORITY": "R",
            "TREATMENTSTARTDATE": dates(day),
            "RADIOTHERAPYDIAGNOSISICD": pick(rng, ["C61", "C349", "C20"], None, size),
            "RADIOTHERAPYINTENT": pick(rng, ["01", "02"], None, size),
            "PRESCRIPTIONID": [f"T{p}" for p in person],
            "RTTREATMENTREGION": "P",
            "RTTREATMENTANATOMICALSITE": pick(rng, ["Z665", "Z011", "Z246"], None, size),
            "RTPRESCRIBEDDOSE": "20",
            "PRESCRIBEDFRACTIONS": 1,
            "RTACTUALDOSE": "20",
            "RTACTUALFRACTIONS": 1,
            "RTTREATMENTMODALITY": "05",
            "ORGCODEPROVIDER": patients.code_sent[person],
        }
    )


def stays(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """hes_apc: admissions for another cancer at which chemotherapy was given, some with its spread among the codes."""
    person, day = _treated(patients, seed, "stays", snapshot)
    rng = generator(seed, "other treatment, stays")
    codes = [["C187"], ["C349", "C787"], ["Z511", "C56"]]
    frame = admission_records(
        patients,
        pd.DataFrame(
            {
                "person": person,
                "day": day,
                "codes": [codes[n] for n in rng.integers(0, len(codes), len(person))],
                "procedures": [["X722"] for _ in person],
                "procedure_days": [[int(d)] for d in day],
                "source": "19",
                "destination": "19",
            }
        ),
        # Another seed than that of the other admissions: how a record is written is drawn by its place in the table.
        seed + 1,
    )
    return frame.assign(EPIKEY=[f"{70_000_000 + n}" for n in range(len(frame))])


def appointments(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """hes_op: appointments for another cancer at which chemotherapy was given."""
    person, day = _treated(patients, seed, "appointments", snapshot)
    clinic = pd.DataFrame({"person": person, "day": day, "procedure": "X722", "attended": "5"})
    frame = clinic_records(patients, clinic).assign(DIAG_01="C189")
    return frame.assign(ATTENDKEY=[f"{570_000_000 + n}" for n in range(len(frame))])


def prescription_records(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """pcpd: bone agents at the dose for osteoporosis."""
    rng = generator(seed, "osteoporosis")
    person, day = _possible(
        patients, *_drawn(patients, seed, "osteoporosis, people", FOR_OSTEOPOROSIS), snapshot
    )
    product = [_OSTEOPOROSIS[n] for n in rng.integers(0, len(_OSTEOPOROSIS), len(person))]
    return pd.DataFrame(
        {
            "prescription_dataid": [f"{970_000_000 + n}" for n in range(len(person))],
            "ppatient_id": patients.person_id[person],
            "presc_date": dates(month_start(day)),
            "presc_quantity": "1",
            "item_number": "1",
            "drug_paid": [f'"{name}"' for _, name in product],
            "bnf_code": [code for code, _ in product],
            "pat_age": patients.age[person],
            "sex": patients.sex[person].astype(str),
        }
    )


def _treated(patients: Patients, seed: int, kind: str, snapshot: int) -> tuple[Integers, Integers]:
    drawn = _drawn(patients, seed, f"other treatment, who, {kind}", OF_ANOTHER_CANCER)
    return _possible(patients, *drawn, snapshot)


def _drawn(patients: Patients, seed: int, topic: str, share: float) -> tuple[Integers, Integers]:
    rng = generator(seed, topic)
    metastatic = (patients.state == 2).nonzero()[0]
    person = metastatic[happens(rng, share, len(metastatic))]
    after = days(rng, _FIRST_DAY, _LAST_DAY, len(person), edges=(0, _LAST_DAY), share=0.1)
    return person, patients.diagnosis[person] + after


def _possible(
    patients: Patients, person: Integers, day: Integers, snapshot: int
) -> tuple[Integers, Integers]:
    possible = day <= pd.Series(patients.death[person]).clip(upper=snapshot).to_numpy()
    return person[possible], day[possible]
