"""How well distant recurrence is found, and what the loss of each data set would cost, against the synthetic truth.

    python -m benchmarks.recurrence                           20,000 people, 2% of rows planted unusable
    python -m benchmarks.recurrence --feed wales_annual       the same by what a Welsh delivery carries

What belongs here: sensitivity, specificity, predictive values and date error with intervals. What does not: the rules
(`naome_pipeline/cohort/recurrence_findings.sql`). The synthetic world decides these figures: they say that the rules work
and which data sets they lean on, not how well they do in England.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from naome_pipeline.disclosure.policy import ENVIRONMENT_VARIABLE
from naome_pipeline.statistics.intervals import wilson_interval
from tests.pipeline.releases import make_release

SOURCES = {
    "COSD": ("cosd_recurrence",),
    "registry": ("registry_later_tumour",),
    "hospital": ("hospital_diagnosis",),
    "SACT": ("palliative_drug",),
    "RTDS": ("palliative_radiotherapy",),
}
PERIODS = {"england_quarterly": "2025Q3", "england_annual": "2023", "wales_annual": "2023"}
# In Wales COSD, SACT and RTDS stand for the registry's own records of recurrence, drugs and radiotherapy.


def performance(truth: pd.DataFrame, findings: pd.DataFrame) -> dict[str, str]:
    """Measures of one reading of the evidence. `truth`: one row per person with early disease; `findings`: evidence."""
    first = findings.groupby("person_id")["finding_date"].min()
    found = truth["person_id"].isin(first.index).to_numpy()
    real = truth["recurred"].to_numpy(dtype=bool)
    dates = pd.to_datetime(truth["person_id"].map(first))
    error = (dates - pd.to_datetime(truth["true_date"])).dt.days[found & real]

    def share(top: np.ndarray, of: np.ndarray) -> str:
        n, d = int((top & of).sum()), int(of.sum())
        if d == 0:
            return "nobody"
        low, high = wilson_interval(n, d)
        return f"{n / d:.1%} ({float(low):.1%} to {float(high):.1%})"

    return {
        "found": f"{int(found.sum()):,}",
        "sensitivity": share(found, real),
        "specificity": share(~found, ~real),
        "positive predictive value": share(real, found),
        "negative predictive value": share(~real, ~found),
        "days late, median (quartiles)": "nobody"
        if error.empty
        else f"{error.median():.0f} ({error.quantile(0.25):.0f} to {error.quantile(0.75):.0f})",
    }


def main() -> None:
    """Make a delivery, refresh it, and print one row per reading of the evidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--dirt", type=float, default=0.02)
    parser.add_argument("--feed", choices=list(PERIODS), default="england_quarterly")
    options = parser.parse_args()
    os.environ[ENVIRONMENT_VARIABLE] = "internal"
    with tempfile.TemporaryDirectory() as folder:
        release = make_release(
            Path(folder),
            people=options.people,
            seed=options.seed,
            dirt=options.dirt,
            feed=options.feed,
            period=PERIODS[options.feed],
            through_dagster=False,
        )
        truth, findings = release.true("recurrences"), release.frame("recurrence_findings")
    findings = findings[findings["person_id"].isin(set(truth["person_id"]))]
    rows = {"all sources": performance(truth, findings)}
    for name, lost in SOURCES.items():
        rows[f"without {name}"] = performance(truth, findings[~findings["source"].isin(lost)])
    for name, kept in SOURCES.items():
        rows[f"{name} alone"] = performance(truth, findings[findings["source"].isin(kept)])
    recorded = truth[truth["shown"] | ~truth["recurred"]]
    rows["all sources, of those with any record of it"] = performance(recorded, findings)
    print(f"{len(truth):,} people with early disease, {int(truth['recurred'].sum()):,} of them recurred\n")
    columns = list(next(iter(rows.values())))
    print("| reading of the evidence | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(row[c] for c in columns) + " |")


if __name__ == "__main__":
    main()
