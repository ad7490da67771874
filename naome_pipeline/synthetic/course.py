"""What happens to people with metastatic disease: drugs, radiotherapy, admissions, meetings.

Events, not records: each carries a person (a number), a day and what was done. The truth is read from these tables;
`records.py` writes the same events down in published layouts. Nothing happens after death or after the snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.admissions import (
    chemotherapy_deliveries,
    cord_compressions,
    diagnosis_episodes,
    history,
    metastasis_biopsies,
    mistaken_codes,
    resections,
)
from naome_pipeline.synthetic.patients import Patients, offsets
from naome_pipeline.synthetic.providers import Providers
from naome_pipeline.synthetic.randomness import (
    Flags,
    Integers,
    days,
    either,
    generator,
    happens,
    pick,
    repeated,
    shifted,
)

# What the modelled clinicians give, and what kind of drug it is. Own reading of the drugs, not the pipeline's list.
CYTOTOXIC = {
    "DOCETAXEL": ["DOCETAXEL"],
    "PACLITAXEL": ["PACLITAXEL"],
    "CAPECITABINE": ["CAPECITABINE"],
    "EPIRUBICIN + CYCLOPHOSPHAMIDE": ["EPIRUBICIN", "CYCLOPHOSPHAMIDE"],
    "CARBOPLATIN + PACLITAXEL": ["CARBOPLATIN", "PACLITAXEL"],
    "VINORELBINE": ["VINORELBINE"],
    "ERIBULIN": ["ERIBULIN"],
}
CDK46 = ["PALBOCICLIB", "RIBOCICLIB", "ABEMACICLIB"]
DRUG_KINDS = (
    dict.fromkeys((d for drugs in CYTOTOXIC.values() for d in drugs), "cytotoxic")
    | dict.fromkeys(CDK46, "cdk46")
    | dict.fromkeys(["TRASTUZUMAB", "PERTUZUMAB", "PHESGO", "TRASTUZUMAB EMTANSINE"], "anti_her2")
    | dict.fromkeys(["FULVESTRANT", "LETROZOLE", "ANASTROZOLE", "TAMOXIFEN", "EXEMESTANE"], "endocrine")
    | dict.fromkeys(["ZOLEDRONIC ACID", "DENOSUMAB"], "bone_agent")
    | dict.fromkeys(["DEXAMETHASONE", "ONDANSETRON"], "supportive")
    | {"PEMBROLIZUMAB": "immunotherapy"}
)
BNF = {
    "LETROZOLE": "0803041L0AAAAAA",
    "ANASTROZOLE": "0803041B0AAAAAA",
    "TAMOXIFEN": "0803041S0AAAAAA",
    "EXEMESTANE": "0803041C0AAAAAA",
    "DENOSUMAB": "0606020Z0AAABAB",
}
# What is no tablet.
PRODUCTS = {"DENOSUMAB": "Xgeva 120mg/1.7ml, injection"}
BONE_FIELDS = ["Z665", "Z752", "Z761", "Z681"]


@dataclass
class Course:
    """Events of people with metastatic disease.

    drugs: person, day, cycle_day, drug, regimen, cycle, source (sact, pcpd), intent. radiotherapy: person, day, field, course.
    episodes: person, day, codes (list), procedures (list), procedure_days (list, None where not dated), source,
    destination. clinic: person, day, procedure, attended. meetings: person, day, code, discussed, place.
    """

    drugs: pd.DataFrame
    radiotherapy: pd.DataFrame
    episodes: pd.DataFrame
    clinic: pd.DataFrame
    meetings: pd.DataFrame


def draw_course(patients: Patients, providers: Providers, seed: int, snapshot: int) -> Course:
    """Draw every event of the metastatic people who were found to have spread by the snapshot."""
    with_spread = np.arange(patients.metastatic)[patients.spread[: patients.metastatic] <= snapshot]
    chemotherapy, hospital_only = _chemotherapy_flags(patients, providers, with_spread, seed)
    drugs = pd.concat(
        [
            _chemotherapy(patients, with_spread[chemotherapy & ~hospital_only], seed),
            _targeted(patients, with_spread, seed),
            _endocrine(patients, with_spread, seed),
            _bone_agents(patients, with_spread, seed),
        ],
        ignore_index=True,
    )
    compressions, urgent = cord_compressions(patients, with_spread, seed)
    given = drugs[(drugs["source"] == "sact") & (drugs["drug"].map(DRUG_KINDS) == "cytotoxic")]
    delivered, clinic = chemotherapy_deliveries(
        patients, given, with_spread[chemotherapy & hospital_only], seed
    )
    episodes = pd.concat(
        [
            history(patients, seed),
            diagnosis_episodes(patients, with_spread, seed),
            resections(patients, with_spread, seed),
            compressions,
            delivered,
            metastasis_biopsies(patients, with_spread, seed),
            mistaken_codes(patients, seed),
        ],
        ignore_index=True,
    )
    radiotherapy = pd.concat(
        [_radiotherapy(patients, providers, with_spread, seed), urgent], ignore_index=True
    )
    drugs = _possible(drugs, patients, snapshot).drop_duplicates(
        ["person", "day", "cycle_day", "drug", "regimen"]
    )
    # Old letters and version 3 digits mixed: P and 02 are palliative, 01 is curative.
    intent = pick(generator(seed, "intent"), ["02", "P", "01"], [6, 3, 1], len(drugs))
    return Course(
        drugs=drugs.assign(intent=intent),
        radiotherapy=_possible(radiotherapy, patients, snapshot),
        episodes=_possible(episodes, patients, snapshot),
        clinic=_possible(clinic, patients, snapshot),
        meetings=_possible(_meetings(patients, providers, seed), patients, snapshot),
    )


def _possible(events: pd.DataFrame, patients: Patients, snapshot: int) -> pd.DataFrame:
    person = events["person"].to_numpy()
    day = events["day"].to_numpy()
    # The person whose recorded death precedes the diagnosis lives on in the other records.
    alive = (day <= patients.death[person]) | (patients.death[person] < patients.diagnosis[person])
    return events[alive & (day <= snapshot)].reset_index(drop=True)


def _chemotherapy_flags(
    patients: Patients, providers: Providers, people: Integers, seed: int
) -> tuple[Flags, Flags]:
    rng = generator(seed, "chemotherapy")
    base = np.where(patients.age[people] < 70, cal.CHEMOTHERAPY_UNDER_70, cal.CHEMOTHERAPY_70_AND_OVER)
    chance = shifted(base, providers.effect("chemotherapy", patients.trust[people]))
    return happens(rng, chance, len(people)), happens(rng, 0.08, len(people))


def _cycles(
    rng: np.random.Generator,
    people: Integers,
    start: Integers,
    counts: Integers,
    interval: int | Integers,
    regimens: np.ndarray,
    contents: dict[str, list[str]],
) -> pd.DataFrame:
    """One row per cycle and drug of a regimen; some drugs are given a few days into the cycle."""
    owner, cycle = repeated(counts)
    every = interval if isinstance(interval, int) else interval[owner]
    table = pd.DataFrame(
        {
            "person": people[owner],
            "cycle_day": start[owner] + cycle * every,
            "cycle": cycle + 1,
            "regimen": regimens[owner],
        }
    )
    table["drug"] = table["regimen"].map(contents)
    table = table.explode("drug", ignore_index=True)
    late = np.where(happens(rng, 0.08, len(table)), 7, 0)
    table["day"] = table["cycle_day"].to_numpy() + late
    table["source"] = "sact"
    return table


def _chemotherapy(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    rng = generator(seed, "cycles")
    spread = patients.spread[people]
    start = spread + np.where(
        happens(rng, 0.2, len(people)), days(rng, 150, 420, len(people)), offsets(rng, len(people))
    )
    counts = rng.integers(2, 9, len(people))
    regimens = pick(rng, list(CYTOTOXIC), [3, 3, 3, 2, 1, 1, 1], len(people))
    # Clinicians mostly stop before the last month of life.
    left = patients.death[people] - start
    stopped = happens(rng, cal.CHEMOTHERAPY_STOPPED_IN_TIME, len(people))
    fitting = np.maximum((left - 31) // 21, 0)
    counts = np.where(stopped, np.minimum(counts, fitting), counts)
    contents = {name: [*drugs, "DEXAMETHASONE"] for name, drugs in CYTOTOXIC.items()}
    return _cycles(rng, people, start, counts, 21, regimens, contents)


def _targeted(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    rng = generator(seed, "targeted")
    er, her2 = patients.er[people], patients.her2[people]
    spread = patients.spread[people]
    cdk = er & ~her2 & happens(rng, cal.CDK46, len(people))
    anti = her2 & happens(rng, cal.ANTI_HER2, len(people))
    immune = ~er & ~her2 & happens(rng, 0.15, len(people))
    start = spread + days(rng, 15, 130, len(people), edges=(-31, 365, 366), share=0.02)
    length = rng.exponential(16.0, len(people)).astype(np.int64) + 1
    singles = {name: [name] for name in [*CDK46, "TRASTUZUMAB", "TRASTUZUMAB EMTANSINE", "PEMBROLIZUMAB"]}
    contents = singles | {"PHESGO": ["PHESGO"], "TRASTUZUMAB + PERTUZUMAB": ["TRASTUZUMAB", "PERTUZUMAB"]}
    her2_regimens = ["PHESGO", "TRASTUZUMAB + PERTUZUMAB", "TRASTUZUMAB", "TRASTUZUMAB EMTANSINE"]
    parts = [
        _cycles(
            rng,
            people[flag],
            start[flag],
            np.minimum(length[flag], most),
            every,
            pick(rng, names, weights, int(flag.sum())),
            contents,
        )
        for flag, names, weights, every, most in (
            (cdk, CDK46, [5, 3, 2], 28, 40),
            (anti, her2_regimens, [4, 3, 2, 1], 21, 50),
            (immune, ["PEMBROLIZUMAB"], None, 21, 20),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def _endocrine(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    rng = generator(seed, "endocrine")
    treated = people[patients.er[people] & happens(rng, cal.ENDOCRINE, len(people))]
    start = patients.spread[treated] + days(
        rng, 5, 120, len(treated), edges=(-40, -32, -31, 365, 366), share=0.04
    )
    counts = np.minimum(rng.exponential(14.0, len(treated)).astype(np.int64) + 1, 40)
    drug = pick(rng, ["LETROZOLE", "ANASTROZOLE", "TAMOXIFEN", "EXEMESTANE"], [5, 3, 1, 1], len(treated))
    owner, number = repeated(counts)
    prescriptions = pd.DataFrame(
        {
            "person": treated[owner],
            "day": start[owner] + number * 56,
            "drug": drug[owner],
            "regimen": None,
            "cycle": 0,
            "source": "pcpd",
        }
    )
    prescriptions["cycle_day"] = prescriptions["day"]
    injected = treated[happens(rng, 0.12, len(treated))]
    regimens = np.full(len(injected), "FULVESTRANT", dtype=object)
    begun = patients.spread[injected] + days(rng, 20, 200, len(injected))
    injections = _cycles(
        rng,
        injected,
        begun,
        rng.integers(2, 20, len(injected)),
        28,
        regimens,
        {"FULVESTRANT": ["FULVESTRANT"]},
    )
    return pd.concat([prescriptions, injections], ignore_index=True)


def _bone_agents(patients: Patients, people: Integers, seed: int) -> pd.DataFrame:
    rng = generator(seed, "bone agents")
    treated = people[patients.sites["bone"][people] & happens(rng, cal.BONE_AGENT, len(people))]
    start = patients.spread[treated] + days(
        rng, 10, 220, len(treated), edges=(-32, -31, 365, 366), share=0.06
    )
    counts = rng.integers(1, 14, len(treated))
    prescribed = happens(rng, 0.3, len(treated))
    owner, number = repeated(counts[prescribed])
    prescriptions = pd.DataFrame(
        {
            "person": treated[prescribed][owner],
            "day": start[prescribed][owner] + number * 28,
            "drug": "DENOSUMAB",
            "regimen": None,
            "cycle": 0,
            "source": "pcpd",
        }
    )
    prescriptions["cycle_day"] = prescriptions["day"]
    regimens = pick(rng, ["ZOLEDRONIC ACID", "DENOSUMAB"], [6, 4], int((~prescribed).sum()))
    injections = _cycles(
        rng,
        treated[~prescribed],
        start[~prescribed],
        counts[~prescribed],
        28,
        regimens,
        {"ZOLEDRONIC ACID": ["ZOLEDRONIC ACID"], "DENOSUMAB": ["DENOSUMAB"]},
    )
    return pd.concat([prescriptions, injections], ignore_index=True)


def _radiotherapy(patients: Patients, providers: Providers, people: Integers, seed: int) -> pd.DataFrame:
    rng = generator(seed, "radiotherapy")
    chance = shifted(cal.RADIOTHERAPY, providers.effect("radiotherapy", patients.trust[people]))
    treated = people[happens(rng, chance, len(people))]
    courses, course = repeated(rng.integers(1, 3, len(treated)))
    owner = treated[courses]
    start = patients.spread[owner] + days(rng, 10, 420, len(owner), edges=(-32, -31, 365, 366))
    field = pick(rng, BONE_FIELDS, None, len(owner))
    brain = patients.sites["brain"][owner] & happens(rng, 0.5, len(owner))
    breast = ~patients.sites["bone"][owner] | happens(rng, 0.15, len(owner))
    field = np.where(brain, "Z011", np.where(breast, "Z152", field))
    fractions, fraction = repeated(pick(rng, [1, 5, 10], [5, 4, 1], len(owner)).astype(np.int64))
    return pd.DataFrame(
        {
            "person": owner[fractions],
            "day": start[fractions] + fraction,
            "field": field[fractions],
            "course": course[fractions],
        }
    )


def _meetings(patients: Patients, providers: Providers, seed: int) -> pd.DataFrame:
    """Multidisciplinary meetings of everybody, around the diagnosis of the primary or the spread."""
    rng = generator(seed, "meetings")
    chance = shifted(cal.MDT_DOCUMENTED, providers.effect("meeting", patients.trust))
    people = np.arange(len(patients))[happens(rng, chance, len(patients))]
    owner, number = repeated(1 + happens(rng, 0.35, len(people)))
    person = people[owner]
    near = np.clip(rng.normal(8, 14, len(person)), -31, 90).astype(np.int64)
    edge = happens(rng, 0.05, len(person))
    near[edge] = rng.choice(np.array([-31, 90]), int(edge.sum()))
    outside = happens(rng, 0.10, len(person))
    far = pick(rng, [-60, -32, 91, 92, 150, 300], [1, 1, 2, 1, 2, 2], len(person)).astype(np.int64)
    care_plan = (number == 0) & happens(rng, 0.2, len(person))
    code = pick(rng, ["0101", "0102", "0100", "0601", "0205", None], [60, 10, 5, 8, 4, 13], len(person))
    return pd.DataFrame(
        {
            "person": person,
            "day": patients.diagnosis[person] + np.where(outside, far, near),
            "code": either(care_plan, None, code),
            "discussed": care_plan | ~happens(rng, 0.03, len(person)),
            "place": np.where(care_plan, "care_plan", "block"),
        }
    )
