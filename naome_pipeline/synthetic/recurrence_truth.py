"""The truth about distant recurrence: what happened, and what the records show of it.

What belongs here: a second reading of the rules of the recurrent cohort (specification, sections 3 and 4), over latent events.
What does not: any reading of files or of the pipeline.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.synthetic.course import Course
from naome_pipeline.synthetic.documentation import Documentation
from naome_pipeline.synthetic.patients import Patients
from naome_pipeline.synthetic.randomness import NEVER

# Of the drugs of the modelled world, those licensed for advanced disease only; biopsies of the modelled metastases.
ADVANCED_ONLY = ["PALBOCICLIB", "FULVESTRANT", "ERIBULIN", "VINORELBINE"]
PALLIATIVE = ["02", "P"]
METASTASIS_BIOPSIES = ["J141", "E591", "W361"]


def true_recurrences(
    patients: Patients,
    documentation: Documentation,
    course: Course,
    codes: pd.DataFrame,
    procedures: pd.DataFrame,
    early: NDArray[np.bool_],
    snapshot: int,
) -> pd.DataFrame:
    """One row per person with early disease at diagnosis (`early`): person_id, recurred and true_date (what happened),
    shown, shown_date, certainty and biopsied (what the records show).

    `codes`: person, day, code of every hospital diagnosis; `procedures`: person, day, code of every operation.
    """
    count = len(patients)
    found = _evidence(patients, documentation, course, codes, snapshot)
    found = found[early[found["person"].to_numpy()]]
    first = found.groupby("person")["day"].min()
    person = first.index.to_numpy(dtype=np.int64)
    death = np.where(patients.death[person] <= snapshot, patients.death[person], NEVER)
    first = first[first.to_numpy() <= death]
    person = first.index.to_numpy(dtype=np.int64)
    sources = found.groupby("person")["source"].agg(set).loc[first.index]
    shown, day = np.zeros(count, dtype=bool), np.full(count, NEVER)
    certainty = np.full(count, None, dtype=object)
    shown[person], day[person] = True, first.to_numpy()
    certainty[person] = [
        "definite" if s & {"cosd", "registry"} else "probable" if len(s) > 1 else "possible" for s in sources
    ]
    recurred = (patients.state == 1) & (patients.spread <= snapshot)
    biopsies = procedures.loc[procedures["code"].isin(METASTASIS_BIOPSIES), ["person", "day"]]
    biopsies = pd.concat([biopsies, documentation.metastatic_tissue], ignore_index=True)
    off = biopsies["day"] - day[biopsies["person"].to_numpy()]
    biopsied = np.zeros(count, dtype=bool)
    biopsied[biopsies[off.between(-31, 180)]["person"].to_numpy(dtype=np.int64)] = True
    table = pd.DataFrame(
        {
            "person_id": patients.person_id,
            "recurred": recurred,
            "true_date": _dates(patients.spread, recurred),
            "shown": shown,
            "shown_date": _dates(day, shown),
            "certainty": certainty,
            "biopsied": biopsied,
        }
    )
    return table[early].reset_index(drop=True)


def _dates(day: NDArray[np.int64], known: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(np.where(known, day, 0).astype("datetime64[D]")).where(known)


def _evidence(
    patients: Patients, documentation: Documentation, course: Course, codes: pd.DataFrame, snapshot: int
) -> pd.DataFrame:
    """person, source, day: everything recorded after the first window that says distant recurrence."""
    tumours = documentation.tumours
    spread = tumours["stage"].str.startswith("4").eq(True) | tumours["m_category"].eq("1")
    later = tumours[tumours["site"].str.startswith("C50") & spread]
    cosd = documentation.cosd
    cosd = cosd[cosd["recurrence_day"] < NEVER][["person", "recurrence_day"]]
    coded = codes[codes["code"].str.startswith(("C78", "C79"))]
    drugs = course.drugs
    palliative = drugs["intent"].isin(PALLIATIVE) & (drugs["source"] == "sact")
    # What began by day 120 is first treatment, however long it goes on.
    begun = drugs[drugs["source"] == "sact"].groupby(["person", "regimen"])["cycle_day"].transform("min")
    new = begun.reindex(drugs.index) - patients.diagnosis[drugs["person"].to_numpy()] > 120
    given = drugs[drugs["drug"].isin(ADVANCED_ONLY) & palliative & new]
    rays = course.radiotherapy
    field = rays["field"].str.slice(0, 3)
    start = rays.groupby(["person", "course"])["day"].transform("min")
    new = start - patients.diagnosis[rays["person"].to_numpy()] > 120
    rays = rays[(field.between("Z63", "Z80") | field.between("Z01", "Z05")) & new]
    parts = [
        frame[["person", "day"]].assign(source=source)
        for source, frame in (
            ("registry", later),
            ("cosd", cosd.rename(columns={"recurrence_day": "day"})),
            ("hospital", coded),
            ("drug", given),
            ("radiotherapy", rays),
        )
    ]
    rows = pd.concat(parts, ignore_index=True)
    off = rows["day"] - patients.diagnosis[rows["person"].to_numpy()]
    return rows[(off > 120) & (rows["day"] <= snapshot)]
