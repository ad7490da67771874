"""Which patient, hospital and regional factors go with each indicator, and how much of the variation they account for.

What belongs here: the factors and the order in which they enter. What does not: the model
(`statistics/variation.py`), fair expectations for a provider (`risk.py`). An association is not a cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from naome_pipeline.outcomes.risk import FRAILTY, SITES, STATUS, people_frame
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.design_matrix import CaseMix, Categorical, Design, plan_design
from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.variation import Variation, between_provider_variation

COLUMNS = ["indicator", "block", "factor", "measure", "value", "lower", "upper", "p", "people", "note"]
# Blocks in the order in which they enter the model.
NONE, PATIENT, HOSPITAL, REGIONAL = "none", "patient", "hospital", "regional"
NOT_RECORDED = "not recorded"
VOLUME = "twice the people a year"
NO_ALLIANCE = "no Cancer Alliance"
_PATIENT: dict[str, Categorical] = {
    "age": Categorical(reference="50 to 69"),
    "sex": Categorical(reference="female"),
    "ethnicity": Categorical(reference="White"),
    "imd_quintile": Categorical(reference="5"),
    "charlson": Categorical(reference="0"),
    "frailty": Categorical(reference=FRAILTY[0]),
    "performance_status": Categorical(reference=STATUS[0]),
    **{site: Categorical(reference="no") for site in SITES},
}


def associated_factors(
    assessed: pd.DataFrame, case_mix: pd.DataFrame, indicators: Iterable[str]
) -> pd.DataFrame:
    """Odds ratios of the factors, and the median odds ratio between trusts that is left after each block of them.

    `assessed`: person_id, indicator, outcome, trust_code, alliance_code; `case_mix`: one row per person. Random
    intercept per trust; blocks enter one after the other: patient, hospital (people a year), regional (Cancer
    Alliance). A value that was not recorded is a level of its own: this describes who the records are about, it does
    not adjust anybody. Columns: COLUMNS; measures are odds_ratio (against the reference level, all blocks of
    patient and hospital factors in the model), median_odds_ratio (after the block and those before it) and
    likelihood_ratio (of the block, with its p). An indicator that cannot be modelled has one row with a note.
    """
    rows: list[tuple[Any, ...]] = []
    for name in sorted(set(indicators) & set(assessed["indicator"])):
        people = _people(assessed[assessed["indicator"] == name], case_mix, name)
        least = value_of("model_minimum_events")
        if min(people[name].sum(), len(people) - people[name].sum()) < least:
            note = f"fewer than {int(least)} people in or outside the numerator"
            rows.append((name, NONE, "", "none", None, None, None, None, len(people), note))
            continue
        try:
            rows += [(name, *row) for row in _rows(people, name)]
        except NotEstimable as problem:
            rows.append((name, NONE, "", "none", None, None, None, None, len(people), str(problem)))
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    kinds = dict.fromkeys(["indicator", "block", "factor", "measure", "note"], "string")
    kinds |= dict.fromkeys(["value", "lower", "upper", "p"], "float64") | {"people": "int64"}
    return table.astype(kinds)


def _people(assessed: pd.DataFrame, case_mix: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row per person with every factor as a level, volume as the binary logarithm of people a year."""
    frame = people_frame(assessed, case_mix, [name])
    bands: Any = pd.cut(
        frame["age"],
        [-np.inf, 50, 70, 80, np.inf],
        right=False,
        labels=["under 50", "50 to 69", "70 to 79", "80 or over"],
    )
    frame["age"] = bands.astype(object)
    for factor in _PATIENT:
        known = frame[factor].notna()
        levels = frame[factor].map(lambda v: f"{v:g}" if isinstance(v, float) else str(v))
        frame[factor] = levels.where(known, NOT_RECORDED)
    a_year = frame.groupby("trust_code")["person_id"].transform("size") / frame["year"].nunique()
    frame[VOLUME] = np.log2(a_year.astype(float))
    alliances = assessed.drop_duplicates("person_id").set_index("person_id")["alliance_code"]
    frame["alliance"] = frame["person_id"].map(alliances).fillna(NO_ALLIANCE).astype(str)
    return frame


def _rows(people: pd.DataFrame, name: str) -> list[tuple[Any, ...]]:
    rare = int(value_of("rare_level_people"))
    blocks = {
        PATIENT: plan_design(people, CaseMix(categorical=_PATIENT, minimum_people=rare)),
        HOSPITAL: plan_design(people, CaseMix(linear=(VOLUME,))),
        REGIONAL: plan_design(people, CaseMix(categorical={"alliance": Categorical()}, minimum_people=rare)),
    }
    columns = {block: _columns(design, people) for block, design in blocks.items()}
    trusts, outcome = people["trust_code"].to_numpy(), people[name].to_numpy(dtype=float)
    fits: dict[str, Variation] = {NONE: between_provider_variation(trusts, outcome)}
    for block, factors in zip(columns, accumulate(columns.values(), _beside), strict=True):
        fits[block] = between_provider_variation(trusts, outcome, factors=factors)

    rows: list[tuple[Any, ...]] = []
    before: Variation | None = None
    for block, fit in fits.items():
        rows.append((block, "", "median_odds_ratio", *fit.median_odds_ratio, None, len(people), ""))
        if before is not None:
            gain = max(2 * (fit.log_likelihood - before.log_likelihood), 0.0)
            p = float(stats.chi2.sf(gain, max(columns[block].shape[1], 1)))
            notes = "; ".join(blocks[block].notes)
            rows.append((block, "", "likelihood_ratio", gain, None, None, p, len(people), notes))
        before = fit
    for term in fits[HOSPITAL].factors.to_dict("records"):
        factor = str(term["term"])
        if factor != "constant":
            rows.append(_odds(people[name], columns, factor, term))
    return rows


def _odds(
    outcome: pd.Series, columns: dict[str, pd.DataFrame], factor: str, term: Mapping[Any, Any]
) -> tuple[Any, ...]:
    block = PATIENT if factor in columns[PATIENT] else HOSPITAL
    inside = columns[block][factor].to_numpy()
    members = int(inside.sum()) if block == PATIENT else len(inside)
    if block == PATIENT and outcome[inside == 1].nunique() == 1:
        note = "everybody of this level has the same outcome: there is no finite odds ratio"
        return (block, factor, "odds_ratio", None, None, None, None, members, note)
    return (
        block,
        factor,
        "odds_ratio",
        term["odds_ratio"],
        term["lower"],
        term["upper"],
        term["p"],
        members,
        "",
    )


def _columns(design: Design, people: pd.DataFrame) -> pd.DataFrame:
    matrix = pd.DataFrame(design.matrix(people), columns=pd.Index(design.names))
    return matrix.drop(columns="constant")


def _beside(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([left, right], axis=1)
