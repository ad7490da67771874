"""What the Welsh registry and hospitals know about the latent patients.

What belongs here: the same people and events, cut down to what a Welsh delivery can carry. What does not: how it is written
down (`welsh_records.py`). The truth is read from what is returned here, so that it asks no more than the feed holds:
treatments are in the registry, one row per cycle or course; receptors stand on the registration; there are no outpatient
attendances and no prescriptions of general practice.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.course import DRUG_KINDS, Course
from naome_pipeline.synthetic.documentation import Documentation
from naome_pipeline.synthetic.patients import Patients, day_number, identifiers
from naome_pipeline.synthetic.providers import Providers
from naome_pipeline.synthetic.randomness import NEVER, days, either, generator, happens, pick

# The Cancer Dataset Forms replaced CaNISC with the diagnoses and events of this day.
FORMS_FROM = day_number(dt.date(2022, 1, 1))
# Welsh people have numbers of their own, so that no identifier of one seed belongs to two people.
FIRST_PERSON = 5_000_000_000
# Indicators whose items the Welsh delivery does not carry.
UNSUPPORTED = frozenset({"C3", "P6", "P6_sact", "P6_primary_care"})


def welsh_people(patients: Patients, seed: int) -> None:
    """Give the people identifiers that no person of an English delivery of the same seed has. The registry knows their deaths."""
    patients.person_id = identifiers(len(patients), seed, FIRST_PERSON)
    patients.undated[:] = False


def register_again(
    patients: Patients, providers: Providers, english: pd.DataFrame, seed: int, snapshot: int
) -> None:
    """Let some people of an English delivery be registered in Wales, too: the same person, tumour and death.

    `english`: the table `people` of its truth. Half of them have metastatic disease at diagnosis by the Welsh records,
    half early disease; the English records may say otherwise.
    """
    rng = generator(seed, "registered again")
    day = (pd.to_datetime(english["mbc_date"]) - pd.Timestamp(0)).dt.days
    inside = english[(day >= patients.diagnosis.min()) & (day <= patients.diagnosis.max())]
    known = inside[inside["age"] >= 18].sort_values("person_id")
    half = max(4, round(len(patients) * cal.REGISTERED_TWICE / 2))
    late, early = (known[known["in_cohort"] == flag] for flag in (True, False))
    chosen = [frame.iloc[rng.permutation(len(frame))[:half]] for frame in (late, early)]
    shared = pd.concat(chosen).iloc[rng.permutation(sum(len(frame) for frame in chosen))]
    de_novo = np.flatnonzero(patients.state == 2)[10:]
    slots = np.concatenate([de_novo[:half], np.flatnonzero(patients.state == 0)[:half]])[: len(shared)]
    patients.person_id[slots] = shared["person_id"].to_numpy()[: len(slots)]
    patients.sex[slots] = np.where(shared["sex"] == "male", 1, 2)[: len(slots)]
    patients.age[slots] = shared["age"].to_numpy()[: len(slots)]
    patients.diagnosis[slots] = day.loc[shared.index].to_numpy()[: len(slots)]
    died = (pd.to_datetime(shared["death_date"]) - pd.Timestamp(0)).dt.days.fillna(snapshot + 400)
    patients.death[slots] = died.to_numpy(dtype=np.int64)[: len(slots)]
    patients.spread[slots] = np.where(patients.state[slots] == 2, patients.diagnosis[slots], NEVER)
    patients.age_known[slots] = patients.nhs[slots] = True
    patients.code_sent[slots] = np.array(providers.codes, dtype=object)[patients.trust[slots]]
    patients.certificate_only[slots] = False


def welsh_documentation(patients: Patients, documentation: Documentation, seed: int) -> Documentation:
    """The registration with its sites, receptors, nurse and frailty; no second records, no types of metastasis."""
    rng = generator(seed, "Welsh registrations")
    tumours = documentation.tumours.copy()
    size, person = len(tumours), tumours["person"].to_numpy()
    late = patients.state[person] == 2
    said = happens(rng, np.where(late, 0.40, 0.60), size) & tumours["index"].to_numpy()
    tumours["m_category"] = either(said, np.where(late, "1", "0"), None)
    tumours["tumour_id"] = "W" + tumours["tumour_id"]
    tumours["performance_status"] = _unmerged(tumours["performance_status"])
    cosd = documentation.cosd[documentation.cosd["main"]].copy()
    person = cosd["person"].to_numpy()
    cosd["day"] = patients.diagnosis[person]
    cosd["nurse"] = _unmerged(cosd["nurse"])
    for column in ("type_1", "type_2", "performance_status", "site_4"):
        cosd[column] = None
    # CaNISC has room for one site, the forms for three.
    for column in ("site_2", "site_3"):
        cosd[column] = either(patients.diagnosis[person] >= FORMS_FROM, cosd[column], None)
    fitness = documentation.fitness[documentation.fitness["scale"].notna()].assign(done=None)
    return Documentation(
        tumours=tumours,
        cosd=cosd.reset_index(drop=True),
        fitness=fitness.reset_index(drop=True),
        pathology=_registered_receptors(patients, documentation.pathology),
        metastatic_tissue=_metastatic_tissue(patients, documentation.pathology, seed),
    )


def _unmerged(codes: pd.Series) -> pd.Series:
    """Codes without the m by which the English registry marks merged values."""
    return codes.str.replace("m$", "", regex=True)


def _registered_receptors(patients: Patients, pathology: pd.DataFrame) -> pd.DataFrame:
    """What the registration says of the receptors: the first report near the diagnosis, in situ hybridisation deciding."""
    day = pathology["sample_day"].where(pathology["sample_day"] < NEVER, pathology["result_day"])
    near = (day - patients.diagnosis[pathology["person"].to_numpy()]).between(-31, 120)
    table: pd.DataFrame = pathology[near]
    table = table[~table["person"].duplicated()].copy()
    table["sample_day"] = table["result_day"] = patients.diagnosis[table["person"].to_numpy()]
    her2 = table["ish"].where(table["ish"].notna(), table["her2"])
    table["her2"] = her2.replace({"N1": "N", "N2": "N"})
    table["er"], table["pr"] = _unmerged(table["er"]), _unmerged(table["pr"])
    return table.assign(ish=None, specimen=None).reset_index(drop=True)


def _metastatic_tissue(patients: Patients, pathology: pd.DataFrame, seed: int) -> pd.DataFrame:
    """person, day: reports on a metastasis, near the diagnosis or the recurrence; the day is that of the report."""
    rng = generator(seed, "Welsh metastatic tissue")
    recurred = np.flatnonzero((patients.state == 1) & (patients.spread < NEVER))
    person = recurred[happens(rng, 0.15, len(recurred))]
    day = patients.spread[person] + days(rng, -20, 150, len(person), edges=(-32, -31, 180, 181), share=0.1)
    early = pathology.loc[pathology["specimen"] == "5", ["person", "result_day"]]
    early = early.rename(columns={"result_day": "day"})
    return pd.concat([early, pd.DataFrame({"person": person, "day": day})]).drop_duplicates()


def welsh_course(course: Course) -> Course:
    """Drugs by the start of their cycle, radiotherapy by the start of its course, meetings that took place."""
    drugs = course.drugs
    kind = drugs["drug"].map(DRUG_KINDS)
    drugs = drugs[~((drugs["source"] == "pcpd") & (kind == "bone_agent"))].copy()
    drugs["regimen"] = drugs["regimen"].where(drugs["regimen"].notna(), drugs["drug"])
    drugs["day"], drugs["source"] = drugs["cycle_day"], "sact"
    drugs = drugs.drop_duplicates(["person", "day", "drug", "regimen"]).reset_index(drop=True)
    courses = course.radiotherapy.groupby(["person", "course", "field"], as_index=False, sort=True)
    rays: Any = courses["day"].agg(day="min", fractions="size")
    rays = rays.drop_duplicates(["person", "day", "field"]).reset_index(drop=True)
    meetings = course.meetings[course.meetings["discussed"]].assign(place="block")
    return dataclasses.replace(
        course,
        drugs=drugs,
        radiotherapy=rays,
        clinic=course.clinic.iloc[:0],
        meetings=meetings.reset_index(drop=True),
    )


def registered_surgery(episodes: pd.DataFrame, diagnosis: np.ndarray, seed: int) -> pd.DataFrame:
    """person, day, procedure, only_here: operations on the breast that the registry holds; some are in no admission.

    The index is that of `episodes`.
    """
    rng = generator(seed, "registered surgery")
    first = episodes["procedures"].str[0]
    on_breast = first.str.startswith(("B27", "B28")).eq(True)
    table = episodes[on_breast]
    held = table[happens(rng, 0.7, len(table))]
    after = held["day"].to_numpy() >= diagnosis[held["person"].to_numpy()]
    alone = held["codes"].str.len().eq(1) & held["codes"].str[0].eq("C509")
    only = alone & after & happens(rng, 0.4, len(held))
    return pd.DataFrame(
        {"person": held["person"], "day": held["day"], "procedure": first[held.index], "only_here": only}
    )


def local_recurrences(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """person, day: disease that came back in the breast, which is no distant recurrence."""
    rng = generator(seed, "local recurrences")
    early = np.flatnonzero(patients.state == 0)
    person = early[happens(rng, 0.03, len(early))]
    day = patients.diagnosis[person] + days(rng, 130, 2_000, len(person))
    possible = day <= np.minimum(patients.death[person], snapshot)
    return pd.DataFrame({"person": person[possible], "day": day[possible]})


def places_of_residence(patients: Patients, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """The places of Wales with their deprivation (lsoa_code, wimd_2019_rank, wimd_2019_quintile), and where each lives."""
    rng = generator(seed, "residence")
    number = 1_909
    rank = rng.permutation(number) + 1
    table = pd.DataFrame(
        {
            "lsoa_code": [f"W01{place:06d}" for place in range(1, number + 1)],
            "wimd_2019_rank": rank,
            "wimd_2019_quintile": (rank - 1) * 5 // number + 1,
        }
    )
    lives = pick(rng, [None, "E01000001"], None, len(patients))
    for quintile in range(1, 6):
        here = patients.imd_quintile == quintile
        codes = table.loc[table["wimd_2019_quintile"] == quintile, "lsoa_code"].to_numpy()
        lives[here] = rng.choice(codes, int(here.sum()))
    return table, lives
