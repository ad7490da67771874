"""The latent events as somebody who reads the records could know them at best: which tumour is the first, on what day a drug was
given, what was coded.

What belongs here: preparing events for the truth. What does not: any rule that counts people (`truth.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from naome_pipeline.synthetic.patients import Patients
from naome_pipeline.synthetic.randomness import month_start


def first_tumours(tumours: pd.DataFrame) -> pd.DataFrame:
    """The first breast tumour of each person, by person; of two on one day the one that has spread."""
    breast = tumours[tumours["site"].str.startswith("C50")]
    spread = breast["stage"].str.startswith("4").eq(True) | breast["m_category"].eq("1")
    ordered = breast.assign(spread=spread).sort_values(
        ["person", "day", "spread", "tumour_id"], ascending=[True, True, False, True]
    )
    return ordered.drop_duplicates("person")


def dated_drugs(drugs: pd.DataFrame, patients: Patients, snapshot: int) -> pd.DataFrame:
    """Drugs on the days that can be known: of a prescription the 15th of its month, or the day of the diagnosis or death
    of that month where the 15th is on the wrong side of it."""
    person = drugs["person"].to_numpy()
    given = drugs["day"].to_numpy()
    month = month_start(given)
    day = month + 14
    diagnosis, death = patients.diagnosis[person], patients.death[person]
    day = np.where(month_start(diagnosis) == month, np.maximum(day, diagnosis), day)
    died = (death <= snapshot) & (month_start(np.minimum(death, snapshot)) == month)
    day = np.where(died, np.minimum(day, death), day)
    return drugs.assign(day=np.where(drugs["source"] == "pcpd", day, given))


def coded_diagnoses(episodes: pd.DataFrame, patients: Patients) -> pd.DataFrame:
    """person, episode, day, off, code: one row per diagnosis of every admission."""
    table = episodes[["person", "day", "codes"]].rename_axis("episode").reset_index()
    table = table.explode("codes", ignore_index=True).rename(columns={"codes": "code"}).dropna(subset="code")
    table["off"] = table["day"] - patients.diagnosis[table["person"].to_numpy()]
    return table


def distant_cosd_sites(records: pd.DataFrame) -> pd.DataFrame:
    """Distant sites of each record: skin, other and unknown sites only where the spread is called distant."""
    typed = (records["type_1"] == "03") | (records["type_2"] == "03")
    found = {}
    for position in range(1, 5):
        code = records[f"site_{position}"]
        always = code.isin(["02", "03", "04", "09", "10", "11"])
        sometimes = code.isin(["07", "08", "98"]) & typed
        found[position] = code.where(always | sometimes)
    return pd.DataFrame(found)


def procedures(episodes: pd.DataFrame) -> pd.DataFrame:
    """person, day, code of every operation on admission; undated ones take the day of the episode."""
    rows = [
        (person, day if done is None else done, code)
        for person, day, codes, when in zip(
            episodes["person"],
            episodes["day"],
            episodes["procedures"],
            episodes["procedure_days"],
            strict=True,
        )
        for code, done in zip(codes, when, strict=True)
    ]
    return pd.DataFrame(rows, columns=["person", "day", "code"]).astype({"person": int, "day": int})
