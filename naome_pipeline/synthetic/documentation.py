"""What hospitals and the registry wrote about each person: tumours, COSD records, fitness, pathology.

Completeness is decided here, per item; whether an item is documented at all is part of the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.patients import Patients
from naome_pipeline.synthetic.providers import Providers
from naome_pipeline.synthetic.randomness import NEVER, days, either, generator, happens, pick, shifted

NURSE_CODES = ["Y1", "Y1m", "Y2", "Y3", "Y4", "Y5", "NI", "NN"]
NURSE_WEIGHTS = [55, 8, 2, 8, 10, 6, 5, 6]
COSD_SITES = {
    "bone": ["11", "11", "10"],
    "liver": ["03"],
    "lung": ["04"],
    "brain": ["02"],
    "other": ["09", "98", "08"],
}


@dataclass
class Documentation:
    """Tables, one row per record.

    tumours: person, tumour_id, day, site, stage, m_category, performance_status, basis, index. cosd: person, record_id, day,
    performance_status, nurse, type_1, type_2, site_1 to site_4, recurrence_day, main. fitness: person, done, day, scale.
    pathology: person, sample_day, result_day, specimen, er, pr, her2, ish. metastatic_tissue: person, day of every
    report on tissue from a metastasis.
    """

    tumours: pd.DataFrame
    cosd: pd.DataFrame
    fitness: pd.DataFrame
    pathology: pd.DataFrame
    metastatic_tissue: pd.DataFrame


def document(patients: Patients, providers: Providers, seed: int, snapshot: int) -> Documentation:
    """Write the people down, as completely as hospitals do."""
    pathology = _pathology(patients, seed, snapshot)
    return Documentation(
        tumours=_tumours(patients, providers, seed, snapshot),
        cosd=_cosd(patients, providers, seed, snapshot),
        fitness=_fitness(patients, seed, snapshot),
        pathology=pathology,
        metastatic_tissue=metastatic_tissue(pathology),
    )


def metastatic_tissue(pathology: pd.DataFrame) -> pd.DataFrame:
    """person, day of the reports on a metastasis: the day of sampling, of the result where that is not known."""
    dated = pathology["sample_day"].where(pathology["sample_day"] < NEVER, pathology["result_day"])
    return pathology.assign(day=dated).loc[pathology["specimen"] == "5", ["person", "day"]]


def _tumours(patients: Patients, providers: Providers, seed: int, snapshot: int) -> pd.DataFrame:
    rng = generator(seed, "registrations")
    people = len(patients)
    recorded = np.where(patients.state == 2, cal.STAGE_RECORDED, 0.75)
    known = happens(rng, shifted(recorded, providers.effect("stage", patients.trust)), people)
    late = patients.state == 2
    stage = np.where(late & ~happens(rng, 0.08, people), "4", patients.early_stage)
    blank = pick(rng, [None, "U", "?"], [6, 2, 2], people)
    status = np.where(
        happens(rng, cal.STATUS_IN_REGISTRY, people),
        np.char.add(
            patients.performance_status.astype(str), pick(rng, ["", "m"], [9, 1], people).astype(str)
        ),
        pick(rng, [None, "9", ""], [7, 2, 1], people),
    )
    index = pd.DataFrame(
        {
            "person": np.arange(people),
            "day": patients.diagnosis,
            "site": pick(rng, ["C509", "C504", "C501", "C50"], [6, 3, 1, 1], people),
            "stage": np.where(known, stage, blank),
            # The English registrations of the modelled world carry no M category.
            "m_category": None,
            "performance_status": status,
            "basis": np.where(
                patients.certificate_only, "0", pick(rng, ["7", "5", "2", "1"], [85, 6, 5, 4], people)
            ),
            "index": True,
        }
    )
    # The people who stand at the edges of the inclusion rules have evidence beyond doubt.
    index.loc[:9, "stage"] = "4"
    others = _other_tumours(patients, seed)
    table = pd.concat([index, others], ignore_index=True)
    table = table[table["day"] <= snapshot].reset_index(drop=True)
    order = table.groupby("person").cumcount()
    table["tumour_id"] = [
        f"{800_000_000 + 10 * int(p) + int(k)}" for p, k in zip(table["person"], order, strict=True)
    ]
    return table


def _other_tumours(patients: Patients, seed: int) -> pd.DataFrame:
    """Second tumours: breast soon after (may carry the stage), breast later, skin, bowel, in situ."""
    rng = generator(seed, "other tumours")
    people = len(patients)
    person = np.arange(people)[happens(rng, 0.06, people)]
    kind = pick(rng, ["soon", "later", "skin", "bowel", "in_situ"], None, len(person))
    size = len(person)
    offset = np.select(
        [kind == "soon", kind == "later", kind == "in_situ"],
        [
            days(rng, 0, 118, size, edges=(0, 120), share=0.2),
            days(rng, 121, 900, size, edges=(121,), share=0.2),
            -days(rng, 30, 900, size),
        ],
        days(rng, -600, 600, size, edges=(-548, 548, 549), share=0.2),
    )
    late = patients.state[person] == 2
    stage = np.select(
        [(kind == "soon") & late, kind == "soon", kind == "later"],
        [pick(rng, ["4", "2A"], None, size), "1", pick(rng, ["4", "3", None], None, size)],
        pick(rng, ["2", "4", None], None, size),
    )
    site = np.select([kind == "skin", kind == "bowel", kind == "in_situ"], ["C443", "C187", "D051"], "C502")
    return pd.DataFrame(
        {
            "person": person,
            "day": patients.diagnosis[person] + offset,
            "site": site,
            "stage": stage,
            "m_category": None,
            "performance_status": None,
            "basis": "7",
            "index": False,
        }
    )


def _cosd(patients: Patients, providers: Providers, seed: int, snapshot: int) -> pd.DataFrame:
    rng = generator(seed, "cosd")
    people = len(patients)
    person = np.arange(people)[happens(rng, cal.COSD_RECORD, people)]
    main = _cosd_rows(patients, providers, person, rng)
    off = np.where(
        happens(rng, 0.85, len(person)),
        0,
        days(rng, -30, 30, len(person), edges=(-91, -90, 90, 91), share=0.2),
    )
    main["day"] = patients.diagnosis[person] + off
    main["main"] = True
    # A second record of another hospital, about something else: its items do not describe the diagnosis.
    again = person[happens(rng, 0.04, len(person))]
    second = _cosd_rows(patients, providers, again, rng)
    second["day"] = patients.diagnosis[again] + days(rng, 91, 900, len(again), edges=(91,), share=0.2)
    second["main"] = False
    table = pd.concat([main, second], ignore_index=True)
    spread = patients.spread[table["person"].to_numpy()]
    recurs = (
        (patients.state[table["person"].to_numpy()] == 1) & (spread <= snapshot) & table["main"].to_numpy()
    )
    written = recurs & happens(rng, cal.RECURRENCE_IN_COSD, len(table))
    table["recurrence_day"] = np.where(written, spread, np.iinfo(np.int64).max)
    table = table[table["day"] <= snapshot].reset_index(drop=True)
    table["record_id"] = [f"UR{number:09d}" for number in range(1, len(table) + 1)]
    return table


def _cosd_rows(
    patients: Patients, providers: Providers, person: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    size = len(person)
    late = patients.state[person] == 2
    typed = late & happens(rng, cal.METASTATIC_TYPE_RECORDED, size)
    sited = late & happens(rng, cal.METASTATIC_SITES_RECORDED, size)
    table = pd.DataFrame({"person": person})
    table["type_1"] = either(typed, "03", either(happens(rng, 0.08, size), "01", None))
    table["type_2"] = either(happens(rng, 0.05, size), "02", None)
    columns = [np.full(size, None, dtype=object) for _ in range(4)]
    place = np.zeros(size, dtype=np.int64)
    for name, codes in COSD_SITES.items():
        found = sited & patients.sites[name][person] & happens(rng, 0.85, size) & (place < 4)
        code = pick(rng, codes, None, size)
        for position in range(4):
            here = found & (place == position)
            columns[position][here] = code[here]
        place = place + found
    # Skin, or "site unknown", without a distant type: no evidence of distant spread.
    decoy = ~late & happens(rng, 0.02, size)
    columns[0][decoy] = pick(rng, ["08", "07"], None, int(decoy.sum()))
    for position in range(4):
        table[f"site_{position + 1}"] = columns[position]
    recorded = happens(
        rng, shifted(cal.NURSE_CODE_RECORDED, providers.effect("nurse", patients.trust[person])), size
    )
    table["nurse"] = np.where(
        recorded, pick(rng, NURSE_CODES, NURSE_WEIGHTS, size), pick(rng, [None, "99"], [3, 1], size)
    )
    table["performance_status"] = np.where(
        happens(rng, cal.STATUS_IN_COSD, size),
        patients.performance_status[person].astype(str),
        pick(rng, [None, "9"], [3, 1], size),
    )
    return table


def _fitness(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    rng = generator(seed, "fitness")
    people = len(patients)
    chance = np.where(patients.age >= 70, cal.FITNESS_RECORDED * 1.6, cal.FITNESS_RECORDED * 0.5)
    person = np.arange(people)[happens(rng, chance, people)]
    done = pick(rng, ["Y", "N", None], [6, 2, 2], len(person))
    scale = pick(rng, [1, 2, 3, 4, 5, 6, 7, 8, 9, None], [1, 3, 4, 3, 2, 2, 1, 1, 0.2, 8], len(person))
    scale = either(done == "N", None, scale)
    table = pd.DataFrame({"person": person, "done": done, "scale": scale})
    table["day"] = np.minimum(patients.diagnosis[person] + days(rng, -10, 40, len(person)), snapshot)
    return table


def _pathology(patients: Patients, seed: int, snapshot: int) -> pd.DataFrame:
    """Receptor status from tissue near the diagnosis, and from tissue too early or too late to describe it."""
    rng = generator(seed, "pathology")
    people = len(patients)
    person = np.arange(people)[happens(rng, cal.PATHOLOGY_RECORDED, people)]
    near = _receptors(patients, person, rng, wrong=False)
    near["sample"] = patients.diagnosis[person] + days(
        rng, -20, 40, len(person), edges=(-31, 120), share=0.05
    )
    stray = person[happens(rng, 0.08, len(person))]
    far = _receptors(patients, stray, rng, wrong=True)
    far["sample"] = patients.diagnosis[stray] + pick(rng, [-300, -32, 121, 400], None, len(stray)).astype(int)
    table = pd.concat([near, far], ignore_index=True)
    dated = happens(rng, 0.95, len(table))
    # Without a date of sampling the date of the result stands for it.
    table["result_day"] = np.where(dated, table["sample"] + 6, table["sample"])
    table["sample_day"] = np.where(dated, table["sample"], np.iinfo(np.int64).max)
    return table[table["result_day"] <= snapshot].drop(columns="sample").reset_index(drop=True)


def _receptors(patients: Patients, person: np.ndarray, rng: np.random.Generator, wrong: bool) -> pd.DataFrame:
    size = len(person)

    def status(flag: np.ndarray, missing: float) -> np.ndarray:
        said = np.where(flag[person] != wrong, "P", "N").astype(object)
        said = said + pick(rng, ["", "m"], [9, 1], size)
        return np.where(happens(rng, missing, size), pick(rng, [None, "X"], None, size), said)

    positive = patients.her2[person] != wrong
    # Immunohistochemistry: positive (3+), borderline (2+, settled by in situ hybridisation or left open), negative.
    borderline = happens(rng, 0.18, size)
    settled = happens(rng, 0.85, size)
    ihc = np.where(borderline, "B", np.where(positive, "P", pick(rng, ["N", "N1", "N2"], None, size)))
    ish = either(borderline & settled, either(positive, "P", "N"), None)
    missing = happens(rng, 0.06, size)
    return pd.DataFrame(
        {
            "person": person,
            "specimen": pick(rng, ["1", "2", "5", None], [75, 5, 10, 10], size),
            "er": status(patients.er, 0.04),
            "pr": status(patients.pr, 0.12),
            "her2": either(missing, None, ihc),
            "ish": either(missing, None, ish),
        }
    )


def documented_meetings(meetings: pd.DataFrame, documentation: Documentation) -> pd.DataFrame:
    """The meetings that reached a COSD record: those of people who have one."""
    main = documentation.cosd.loc[documentation.cosd["main"], "person"]
    return meetings[meetings["person"].isin(set(main))].reset_index(drop=True)
