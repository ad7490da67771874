"""Admissions of people with metastatic disease: before the diagnosis, at it, and for treatment.

What belongs here: episodes with their codes and procedures. What does not: drugs, radiotherapy and meetings
(`course.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.patients import Patients, offsets
from naome_pipeline.synthetic.randomness import Integers, days, generator, happens, pick, repeated

SITE_CODES = {
    "bone": ["C795"],
    "liver": ["C787"],
    "lung": ["C780", "C782"],
    "brain": ["C793"],
    "other": ["C786", "C798", "C772", "C775"],
}
# Nodes that are regional or not clearly distant: no evidence of distant spread.
REGIONAL_NODES = ["C770", "C771", "C773", "C778", "C779"]
HISTORY_CODES = [
    "I500",
    "J449",
    "E119",
    "N183",
    "F03",
    "I48",
    "I10",
    "G20",
    "R296",
    "M810",
    "I252",
    "I693",
    "I739",
    "M069",
    "F329",
    "D649",
    "K703",
]
SUBTYPE_SITES = ("bone", "liver", "lung", "brain", "other")


def _episodes(people: Integers, day: Integers, codes: list[list[str]], **more: Any) -> pd.DataFrame:
    table = pd.DataFrame({"person": people, "day": day})
    table["codes"] = pd.Series(codes, dtype=object)
    for name, empty in (("procedures", list), ("procedure_days", list)):
        given = more.get(name)
        table[name] = pd.Series(given if given is not None else [empty() for _ in codes], dtype=object)
    table["source"] = more.get("source", "19")
    table["destination"] = more.get("destination", "19")
    return table


def history(patients: Patients, seed: int) -> pd.DataFrame:
    """Admissions before diagnosis with long-term conditions, around the edges of both look-back windows."""
    rng = generator(seed, "history")
    people = np.arange(patients.metastatic)
    frail = np.clip((patients.age[people] - 40) / 25, 0.1, 2.2)
    owner, _ = repeated(np.minimum(rng.poisson(frail), 6))
    before = days(rng, 20, 760, len(owner), edges=(30, 31, 365, 366, 730, 731), share=0.15)
    amount = rng.integers(1, 4, len(owner))
    drawn = rng.integers(0, len(HISTORY_CODES), (len(owner), 3))
    codes = [
        list(dict.fromkeys(HISTORY_CODES[c] for c in row[:n])) for row, n in zip(drawn, amount, strict=True)
    ]
    home = happens(rng, np.where(patients.age[owner] >= 80, 0.12, 0.01), len(owner))
    leaving = happens(rng, 0.5, len(owner))
    return _episodes(
        owner,
        patients.diagnosis[owner] - before,
        codes,
        source=np.where(home & ~leaving, pick(rng, ["54", "65", "85"], None, len(owner)), "19"),
        destination=np.where(home & leaving, pick(rng, ["54", "65", "85"], None, len(owner)), "19"),
    )


def diagnosis_episodes(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    """Admissions that name metastases: of most people soon after the spread was found, of some outside the window."""
    rng = generator(seed, "diagnosis episodes")
    seen = people[happens(rng, cal.HOSPITAL_EVIDENCE, len(people))]
    owner, _ = repeated(rng.integers(1, 3, len(seen)))
    person = seen[owner]
    recurrent = patients.state[person] == 1
    off = days(rng, 0, 70, len(person), edges=(-32, -31, 120, 121), share=0.08)
    off = np.where(recurrent, np.abs(off), off)
    chosen = {name: patients.sites[name][person] & happens(rng, 0.7, len(person)) for name in SUBTYPE_SITES}
    which = rng.integers(0, 4, len(person))
    regional = happens(rng, 0.25, len(person))
    nodes = pick(rng, REGIONAL_NODES, None, len(person))
    codes = []
    for row in range(len(person)):
        found = ["C509"]
        found += [
            SITE_CODES[name][which[row] % len(SITE_CODES[name])]
            for name in SUBTYPE_SITES
            if chosen[name][row]
        ]
        if regional[row]:
            found.append(nodes[row])
        codes.append(found)
    return _episodes(person, patients.spread[person] + off, codes)


def mistaken_codes(patients: Patients, seed: int) -> pd.DataFrame:
    """Admissions of people without spread that are given a code of secondary cancer by mistake, long after diagnosis."""
    rng = generator(seed, "mistaken codes")
    early = np.flatnonzero(patients.state == 0)
    person = early[happens(rng, cal.MISTAKEN_SECONDARY_CODE, len(early))]
    code = pick(rng, ["C795", "C780", "C787", "C798"], None, len(person))
    off = days(rng, 122, 2000, len(person), edges=(121, 122), share=0.05)
    return _episodes(person, patients.diagnosis[person] + off, [["C509", c] for c in code])


def metastasis_biopsies(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    """Biopsies of some people whose disease came back, around the recurrence; some at a breast, which proves nothing."""
    rng = generator(seed, "metastasis biopsies")
    person = people[happens(rng, cal.METASTASIS_BIOPSY, len(people)) & (patients.state[people] == 1)]
    day = patients.spread[person] + days(rng, -20, 150, len(person), edges=(-32, -31, 180, 181), share=0.1)
    procedure = pick(rng, ["J141", "E591", "W361", "B322"], [3, 2, 3, 1], len(person))
    dated = happens(rng, 0.8, len(person))
    return _episodes(
        person,
        day,
        [["C509"] for _ in person],
        procedures=[[p] for p in procedure],
        procedure_days=[[int(d)] if known else [None] for d, known in zip(day, dated, strict=True)],
    )


def resections(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    """Operations on the breast of some people with de novo disease; some are not dated."""
    rng = generator(seed, "resections")
    treated = people[happens(rng, cal.RESECTION, len(people)) & (patients.state[people] == 2)]
    day = patients.spread[treated] + days(rng, 20, 300, len(treated), edges=(-32, -31, 0, 365, 366))
    procedure = pick(rng, ["B274", "B283", "B285"], None, len(treated))
    dated = happens(rng, 0.8, len(treated))
    return _episodes(
        treated,
        day,
        [["C509"] for _ in treated],
        procedures=[[p] for p in procedure],
        procedure_days=[[int(d) if known else None] for d, known in zip(day, dated, strict=True)],
    )


def cord_compressions(patients: Patients, people: Integers, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Admissions with spinal cord compression, and the urgent radiotherapy some of them had."""
    rng = generator(seed, "cord compression")
    affected = people[patients.sites["bone"][people] & happens(rng, cal.CORD_COMPRESSION, len(people))]
    owner, _ = repeated(1 + happens(rng, 0.2, len(affected)))
    person = affected[owner]
    day = patients.spread[person] + days(
        rng, 121, 400, len(person), edges=(-32, -31, 10, 365, 366), share=0.3
    )
    recurrent = patients.state[person] == 1
    day = np.where(recurrent, np.maximum(day, patients.spread[person]), day)
    with_secondary = happens(rng, 0.8, len(person))
    first = pick(rng, ["G952", "G992"], None, len(person))
    codes = [[a, "C795" if b else "M545"] for a, b in zip(first, with_secondary, strict=True)]
    lag = rng.integers(0, 4, len(person))
    operated = happens(rng, 0.25, len(person))
    irradiated = ~operated & happens(rng, 0.7, len(person))
    dated = happens(rng, 0.7, len(person))
    episodes = _episodes(
        person,
        day,
        codes,
        procedures=[["V251"] if o else [] for o in operated],
        procedure_days=[
            [int(d + g) if known else None] if o else []
            for d, g, o, known in zip(day, lag, operated, dated, strict=True)
        ],
    )
    urgent = pd.DataFrame(
        {
            "person": person[irradiated],
            "day": (day + lag)[irradiated],
            "field": "Z665",
            "course": 9,
        }
    )
    return episodes, urgent


def chemotherapy_deliveries(
    patients: Patients, given: pd.DataFrame, hospital_only: Integers, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Chemotherapy as hospitals code it: admitted and outpatient; some people have nothing else.

    `given`: cytotoxic drugs as recorded elsewhere; `hospital_only`: people whose chemotherapy is coded here alone.
    """
    rng = generator(seed, "deliveries")
    cycles = given[["person", "cycle_day"]].drop_duplicates()
    cycles = cycles[happens(rng, 0.4, len(cycles))]
    start = patients.spread[hospital_only] + offsets(rng, len(hospital_only))
    owner, number = repeated(rng.integers(1, 5, len(hospital_only)))
    person = np.concatenate([cycles["person"].to_numpy(), hospital_only[owner]])
    day = np.concatenate([cycles["cycle_day"].to_numpy(), start[owner] + 21 * number])
    admitted = happens(rng, 0.5, len(person))
    code = pick(rng, ["X722", "X723", "X731", "X352", "X701"], None, len(person))
    episodes = _episodes(
        person[admitted],
        day[admitted],
        [["Z511", "C509"] for _ in range(int(admitted.sum()))],
        procedures=[[c] for c in code[admitted]],
        procedure_days=[[int(d)] for d in day[admitted]],
    )
    clinic = pd.DataFrame(
        {
            "person": person[~admitted],
            "day": day[~admitted],
            "procedure": code[~admitted],
            # 5 and 6: seen; 3: did not attend, so nothing was given.
            "attended": pick(rng, ["5", "6", "3"], [8, 1, 1], int((~admitted).sum())),
        }
    )
    return episodes, clinic
