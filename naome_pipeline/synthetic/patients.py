"""The latent patients: who they are, what disease they have, since when, and when they die.

Nothing here is a record. The first people, by number, are those with metastatic disease; the scrambled identifier hides
that. Days are counted from 1970-01-01.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naome_pipeline.periods import Quarter
from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.providers import INDEPENDENT_PROVIDERS, Providers
from naome_pipeline.synthetic.randomness import NEVER, Flags, Integers, days, generator, happens, pick

ETHNIC_CODES = ["A", "B", "C", "D", "H", "J", "K", "L", "M", "N", "P", "R", "S", "X", "Z", "99", None]
ETHNIC_WEIGHTS = [70, 1, 5, 1, 2.5, 2, 1, 1.5, 2, 2, 0.5, 1, 1.5, 0.5, 4, 2, 2.5]
EPOCH = dt.date(1970, 1, 1)
# Ten decimal digits, each person another one: the multiplier has no factor in common with the modulus.
_MODULUS = 10**10
_MULTIPLIER = 7_368_787_013


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


@dataclass
class Patients:
    """One entry per person in every array. `state`: 0 early, 1 recurrent, 2 de novo; `stage`: the true stage."""

    person_id: NDArray
    state: Integers
    sex: Integers
    age: Integers
    age_known: Flags
    imd_quintile: Integers
    ethnicity: NDArray
    diagnosis: Integers
    spread: Integers
    death: Integers
    trust: Integers
    code_sent: NDArray
    nhs: Flags
    certificate_only: Flags
    er: Flags
    pr: Flags
    her2: Flags
    performance_status: Integers
    early_stage: NDArray
    sites: dict[str, Flags]
    metastatic: int
    # Whose death is registered without any usable date.
    undated: Flags

    def __len__(self) -> int:
        return len(self.state)


def draw_patients(
    people: int, period: Quarter, snapshot: dt.date, seed: int, providers: Providers
) -> Patients:
    """Draw the people of a delivery.

    `people`: at least 200. Survival of de novo disease follows the calibrated Weibull curve, with more risk for older
    and less fit people; recurrent disease starts later than 150 days after diagnosis; most early disease is survived.
    """
    rng = generator(seed, "patients")
    de_novo = round(people * cal.DE_NOVO_SHARE)
    recurrent = round(people * cal.RECURRENT_SHARE)
    state = np.zeros(people, dtype=np.int64)
    state[:de_novo] = 2
    state[de_novo : de_novo + recurrent] = 1
    last = day_number(period.end)
    first = day_number(dt.date(period.end.year - cal.DIAGNOSIS_YEARS, period.end.month, 1)) + 31
    diagnosis = rng.integers(first, last + 1, people)
    young = happens(rng, cal.YOUNG_SHARE, people)
    age = np.where(state == 2, rng.normal(71, 13, people), rng.normal(62, 13, people))
    age = np.clip(np.where(young, rng.normal(42, 8, people), age), 18, 103).astype(np.int64)
    status = np.clip(rng.poisson(np.clip((age - 40) / 32, 0.15, 2.0)), 0, 4)
    trust = rng.choice(len(providers.codes), size=people, p=providers.share)
    subtype = pick(rng, list(cal.SUBTYPES), list(cal.SUBTYPES.values()), people)
    er = (subtype == "hormone_positive") | ((subtype == "her2_positive") & happens(rng, 0.6, people))
    spread, death = _course(rng, state, diagnosis, age, status, day_number(snapshot))
    nhs = ~happens(rng, 0.01, people)
    nhs[:10] = True
    code_sent = providers.code_sent(rng, trust)
    code_sent[~nhs] = pick(rng, INDEPENDENT_PROVIDERS, None, int((~nhs).sum()))
    patients = Patients(
        person_id=identifiers(people, seed),
        state=state,
        sex=np.where(happens(rng, cal.MEN_SHARE, people), 1, 2).astype(np.int64),
        age=age,
        age_known=~happens(rng, 0.001, people),
        imd_quintile=np.where(happens(rng, 0.02, people), 0, rng.integers(1, 6, people)).astype(np.int64),
        ethnicity=pick(rng, ETHNIC_CODES, ETHNIC_WEIGHTS, people),
        diagnosis=diagnosis,
        spread=spread,
        death=death,
        trust=trust,
        code_sent=code_sent,
        nhs=nhs,
        certificate_only=happens(rng, 0.006, people),
        er=er,
        pr=er & happens(rng, 0.8, people),
        her2=subtype == "her2_positive",
        performance_status=status,
        early_stage=pick(rng, ["1", "1A", "2", "2A", "2B", "3", "3C"], None, people),
        sites=_sites(rng, people),
        metastatic=de_novo + recurrent,
        undated=happens(generator(seed, "undated deaths"), cal.DEATHS_UNDATED, people),
    )
    _plant_exclusions(patients, period)
    known_from_certificate = patients.certificate_only
    patients.death[known_from_certificate] = patients.diagnosis[known_from_certificate]
    patients.undated[known_from_certificate] = False
    return patients


def identifiers(people: int, seed: int, first: int = 0) -> NDArray:
    """The identifiers of so many people from number `first` on; those of one seed are all different."""
    numbers = (
        (np.arange(people, dtype=object) + first) * _MULTIPLIER + (seed * 97 + 12_345) * 1_009
    ) % _MODULUS
    return np.array([f"{number:010d}" for number in numbers], dtype=object)


def _sites(rng: np.random.Generator, people: int) -> dict[str, Flags]:
    sites = {name: happens(rng, share, people) for name, share in cal.SITES.items()}
    nowhere = ~np.any(list(sites.values()), axis=0)
    sites["bone"] = sites["bone"] | nowhere
    return sites


def _course(
    rng: np.random.Generator,
    state: Integers,
    diagnosis: Integers,
    age: Integers,
    status: Integers,
    snapshot: int,
) -> tuple[Integers, Integers]:
    """The day the disease is found to have spread (NEVER for early disease) and the day of death."""
    people = len(state)
    risk = np.exp(0.012 * (age - 69) + 0.22 * (status - 1)) / 0.96
    lived = (rng.exponential(1.0, people) / risk / cal.SURVIVAL_SCALE) ** (1 / cal.SURVIVAL_SHAPE) * 365.25
    lived = np.minimum(lived, 36_500).astype(np.int64)
    # The hazard of distant recurrence peaks about two years after diagnosis (New South Wales linkage study).
    free = 150 + (rng.lognormal(np.log(900), 0.8, people)).astype(np.int64)
    recurs = (state == 1) & (diagnosis + free <= snapshot)
    spread = np.where(state == 2, diagnosis, np.where(recurs, diagnosis + free, NEVER))
    old_age = (rng.exponential(1.0, people) / (cal.EARLY_YEARLY_HAZARD * np.exp(0.05 * (age - 62)))) * 365.25
    old_age = np.minimum(old_age, 36_500).astype(np.int64)
    death = np.where(spread < NEVER, np.where(spread < NEVER, spread, 0) + lived, diagnosis + old_age)
    return spread.astype(np.int64), death.astype(np.int64)


def _plant_exclusions(patients: Patients, period: Quarter) -> None:
    """The first people, by number, each meet one edge of the inclusion rules, inside the reported quarters."""
    first = day_number(period.shift(-15).start)
    last = day_number(period.end)
    patients.diagnosis[:10] = patients.spread[:10] = np.linspace(first + 100, last - 400, 10).astype(np.int64)
    patients.death[:10] = patients.diagnosis[:10] + 700
    patients.age[:10] = 60
    patients.age_known[:10] = True
    patients.certificate_only[:10] = patients.undated[:10] = False
    patients.age[0] = 17
    patients.age[1] = 18
    patients.age_known[2] = False
    patients.certificate_only[3] = True
    patients.nhs[4] = False
    patients.code_sent[4] = INDEPENDENT_PROVIDERS[0]
    patients.death[5] = patients.diagnosis[5] - 3
    for person, day in ((6, first), (7, first - 1), (8, last)):
        patients.diagnosis[person] = patients.spread[person] = day
        patients.death[person] = day + 3_000


def offsets(rng: np.random.Generator, size: int) -> Integers:
    """Days from spread to an early event, with the edges of the treatment window among them."""
    return days(rng, 5, 150, size, edges=(-32, -31, 0, 365, 366), share=0.04)
