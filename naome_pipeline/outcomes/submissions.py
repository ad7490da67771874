"""Quarters of a trust in which nobody has a record of drugs, or of radiotherapy: more likely not submitted than not given.

What belongs here: telling such quarters from chance, and how many of a trust's people they leave out. What does not: what follows
from it (`comparison.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import betaln

from naome_pipeline.parameters import value_of

# The data sets that each trust submits by itself, and the column that says whether a person has a record in the window.
SUBMITTED = {"sact": "in_sact", "rtds": "in_rtds"}


def submitted_shares(assessed: pd.DataFrame) -> dict[str, pd.Series]:
    """Data set to trust to the share of its people who were diagnosed in quarters that do not look unsubmitted.

    `assessed`: one row or more per person of the audit period: person_id, nation, trust_code, quarter_start, in_sact, in_rtds.
    Successive quarters without a record of anybody look unsubmitted where the trust's other quarters say that so many people
    without one are chance with a probability below `submission_significance`, over all quarters of all trusts of the nation
    (Bonferroni). A trust that treats few is so compared with itself, and not excused; one without any record is compared with the
    nation. A nation without any record does not submit the data set; its trusts are left out.
    """
    people = assessed.drop_duplicates("person_id")
    found = {}
    for data_set, column in SUBMITTED.items():
        counts = (
            people.groupby(["nation", "trust_code", "quarter_start"])[column]
            .agg(people="size", recorded="sum")
            .reset_index()
            .sort_values(["trust_code", "quarter_start"])
        )
        shares = [_of_nation(part) for _, part in counts.groupby("nation") if part["recorded"].any()]
        found[data_set] = pd.concat(shares) if shares else pd.Series(dtype=float)
    return found


def _of_nation(counts: pd.DataFrame) -> pd.Series:
    trusts, silent = counts["trust_code"], counts["recorded"] == 0
    # A run of silent quarters has a number of its own, which the quarters with a record around it do not share.
    run = (silent != silent.groupby(trusts).shift()).cumsum()
    in_run = counts["people"].groupby(run).transform("sum")
    sums = counts.groupby("trust_code")[["people", "recorded"]].transform("sum")
    never = sums["recorded"] == 0
    recorded = sums["recorded"].where(~never, counts["recorded"].sum())
    others = (sums["people"] - in_run).where(~never, counts["people"].sum())
    chance = nobody_of(in_run, recorded, others)
    left = counts["people"].where(~silent | (len(counts) * chance >= value_of("submission_significance")), 0)
    return left.groupby(trusts).sum() / counts["people"].groupby(trusts).sum()


def nobody_of(people: pd.Series, recorded: pd.Series, others: pd.Series) -> pd.Series:
    """The probability that none of so many people has a record where `recorded` of `others` have one: the beta-binomial
    prediction with Jeffreys' prior, which allows for how few the others are."""
    yes, no = recorded + 0.5, others - recorded + 0.5
    return np.exp(betaln(yes, no + people) - betaln(yes, no))
