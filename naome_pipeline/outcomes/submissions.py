"""Quarters of a trust in which nobody has a record of drugs, or of radiotherapy: more likely not submitted than not given.

What belongs here: telling such quarters from chance, and which share of a trust's people the others leave. What does not: what
follows from it (`comparison.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import betaln

from naome_pipeline.parameters import value_of

# The data sets that each trust submits by itself, and the column that says whether a person has a record in the window.
SUBMITTED = {"sact": "in_sact", "rtds": "in_rtds"}
_COLUMNS = ["data_set", "nation", "trust_code", "quarter_start", "people", "recorded", "chance", "submitted"]


def submissions(assessed: pd.DataFrame) -> pd.DataFrame:
    """One row per data set, trust and quarter of diagnosis: people, how many of them have a record (`recorded`), the probability
    that chance leaves the silent quarters it belongs to without one (`chance`, missing where somebody has one) and whether it
    looks `submitted`.

    `assessed`: one row or more per person of the audit period: person_id, nation, trust_code, quarter_start, in_sact, in_rtds.
    Successive quarters without a record of anybody look unsubmitted where the trust's other quarters say that so many people
    without one are chance with a probability below `submission_significance`, over all quarters of all trusts of the nation
    (Bonferroni). A trust that treats few is so compared with itself, and not excused; one without any record is compared with the
    nation. A nation without any record does not submit the data set; its trusts are left out.
    """
    people = assessed.drop_duplicates("person_id")
    tables = []
    for data_set, column in SUBMITTED.items():
        counts = people.groupby(["nation", "trust_code", "quarter_start"], as_index=False)[column].agg(
            ["size", "sum"]
        )
        counts = counts.rename(columns={"size": "people", "sum": "recorded"}).sort_values(
            ["trust_code", "quarter_start"]
        )
        counts["recorded"] = counts["recorded"].astype("int64")
        counts.insert(0, "data_set", data_set)
        tables += [_of_nation(part) for _, part in counts.groupby("nation") if part["recorded"].any()]
    if not tables:
        empty = dict.fromkeys(_COLUMNS, "object") | {"people": "int64", "recorded": "int64"}
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in empty.items()})
    return pd.concat(tables, ignore_index=True)


def submitted_shares(submitted: pd.DataFrame) -> dict[str, pd.Series]:
    """Data set to trust to the share of its people who were diagnosed in quarters that look submitted."""
    people = submitted["people"]
    left = people.where(submitted["submitted"].astype(bool), 0)
    sums = (
        pd.DataFrame({"left": left, "people": people})
        .groupby([submitted["data_set"], submitted["trust_code"]])
        .sum()
    )
    shares = sums["left"] / sums["people"]
    there = shares.index.get_level_values(0)
    return {name: shares.xs(name) if name in there else pd.Series(dtype=float) for name in SUBMITTED}


def _of_nation(counts: pd.DataFrame) -> pd.DataFrame:
    trusts, silent = counts["trust_code"], counts["recorded"] == 0
    # A run of silent quarters has a number of its own, which the quarters with a record around it do not share.
    run = (silent != silent.groupby(trusts).shift()).cumsum()
    in_run = counts["people"].groupby(run).transform("sum")
    sums = counts.groupby("trust_code")[["people", "recorded"]].transform("sum")
    never = sums["recorded"] == 0
    recorded = sums["recorded"].where(~never, counts["recorded"].sum())
    others = (sums["people"] - in_run).where(~never, counts["people"].sum())
    chance = nobody_of(in_run, recorded, others).where(silent)
    submitted = ~(len(counts) * chance < value_of("submission_significance"))
    return counts.assign(chance=chance, submitted=submitted)[_COLUMNS]


def nobody_of(people: pd.Series, recorded: pd.Series, others: pd.Series) -> pd.Series:
    """The probability that none of so many people has a record where `recorded` of `others` have one: the beta-binomial
    prediction with Jeffreys' prior, which allows for how few the others are."""
    yes, no = recorded + 0.5, others - recorded + 0.5
    return np.exp(betaln(yes, no + people) - betaln(yes, no))
