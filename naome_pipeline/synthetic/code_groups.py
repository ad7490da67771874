"""Groups of diagnosis codes by the published lists, for the truth: read here a second time, by prefix, in pandas."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.reference import reference_path


def matched_groups(codes: pd.DataFrame, listed: str, group: str) -> pd.DataFrame:
    """person, name: the groups of a published code list that the codes fall in, by prefix."""
    with reference_path(listed).open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r.get("drop_for_cancer_audit", "no") == "no"]
    meaning = {
        code: sorted({r[group] for r in rows if code.startswith(r["icd10_prefix"])})
        for code in codes["code"].unique()
    }
    named = codes.assign(name=codes["code"].map(meaning)).explode("name").dropna(subset="name")
    return named[["person", "name"]].drop_duplicates()


def group_counts(codes: pd.DataFrame, listed: str, group: str, people: int) -> NDArray[np.int64]:
    """How many groups each person has, one entry per person."""
    counted = matched_groups(codes, listed, group).groupby("person").size()
    result = np.zeros(people, dtype=np.int64)
    result[counted.index.to_numpy(dtype=np.int64)] = counted.to_numpy()
    return result
