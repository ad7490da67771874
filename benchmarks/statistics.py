"""`python -m benchmarks.statistics`: the statistics layer at national size, and simulations of its honesty.

National: 60,000 people, 130 trusts, six adjusted indicators, 10 imputations. Simulations: how often chance alone names a
trust, how often a real difference is found, how often 95% intervals hold the truth, how much imputation mends, and how often
an intervention without effect seems to have one.
`docs/statistics-checked.md` has the figures of one run.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import pandas as pd

from naome_pipeline.outcomes.associations import associated_factors
from naome_pipeline.outcomes.comparison import alarm_account, provider_comparison
from naome_pipeline.outcomes.risk import SITES, risk_models
from naome_pipeline.outcomes.submissions import submissions
from naome_pipeline.outcomes.variation import variation_by_indicator
from naome_pipeline.statistics.evaluation import difference_in_differences, interrupted_time_series
from naome_pipeline.statistics.funnel import proportion_funnel
from naome_pipeline.statistics.intervals import wilson_interval
from naome_pipeline.statistics.survival import survival_by_group

ADJUSTED = ("P5", "P6", "P7", "P9", "P10_1y")
SIZES = (20, 50, 100, 200, 500)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def national_people(
    people: int = 60_000, trusts: int = 130, seed: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assessed people (six indicators) and case mix with missing performance status, deprivation, ethnicity and subtype."""
    rng = np.random.default_rng(seed)
    person = np.array([f"P{n:06d}" for n in range(people)], dtype=object)
    trust = rng.choice(np.array([f"T{n:03d}" for n in range(trusts)], dtype=object), people)
    age = np.clip(rng.normal(68, 14, people), 18, 103).round()
    status = np.clip(rng.poisson(np.clip((age - 40) / 30, 0.2, 2)), 0, 4)
    odds = 0.8 - 0.04 * (age - 68) - 0.4 * status
    assessed = pd.concat(
        [
            pd.DataFrame(
                {
                    "person_id": person,
                    "indicator": name,
                    "outcome": (rng.random(people) < 1 / (1 + np.exp(-(odds - shift)))).astype(int),
                    "trust_code": trust,
                }
            )
            for name, shift in zip(ADJUSTED, (0.0, 0.3, 0.6, 2.5, -0.5, 0.4), strict=True)
        ],
        ignore_index=True,
    )
    known = rng.random(people) > np.where(age > 68, 0.35, 0.15)
    case_mix = pd.DataFrame(
        {
            "person_id": person,
            "age": age,
            "sex": rng.choice(np.array(["female", "male"], dtype=object), people, p=[0.99, 0.01]),
            "imd_quintile": pd.Series(rng.integers(1, 6, people)).where(rng.random(people) > 0.02),
            "ethnicity": rng.choice(
                np.array(["White", "Black", "Asian", "Mixed", "Other", None], dtype=object),
                people,
                p=[0.78, 0.04, 0.06, 0.02, 0.02, 0.08],
            ),
            "charlson": rng.integers(0, 4, people),
            "frailty": rng.choice(np.array(["fit", "mild", "moderate", "severe"], dtype=object), people),
            "performance_status": pd.Series(status.astype(str), dtype=object).where(known),
            "mbc_year": rng.integers(2019, 2025, people),
            **{site: rng.random(people) < 0.3 for site in SITES},
            "subtype": rng.choice(
                np.array(
                    ["triple_negative", "her2_positive", "hormone_positive_her2_negative", None], dtype=object
                ),
                people,
                p=[0.1, 0.12, 0.55, 0.23],
            ),
        }
    )
    return assessed, case_mix


def national() -> dict[str, float]:
    """Seconds per step and peak bytes of the statistics layer at national size."""
    assessed, case_mix = national_people()
    definitions = pd.DataFrame(
        {"indicator": ADJUSTED, "kind": "performance", "available": True, "direction": "neutral"}
    )
    treating = assessed[["person_id", "trust_code"]].drop_duplicates("person_id")
    treating = treating.rename(columns={"trust_code": "treating_trust_code"})
    began = time.monotonic()
    seconds: dict[str, float] = {}

    def done(step: str) -> None:
        seconds[step] = round(time.monotonic() - began - sum(seconds.values()), 1)
        say(f"  {step:22s} {seconds[step]:6.1f} s")

    models = risk_models(assessed, case_mix, ADJUSTED)
    done("risk models")
    submitted = submissions(assessed)
    done("submissions")
    alarm_account(provider_comparison(assessed, definitions, models, treating, submitted))
    done("provider comparison")
    variation_by_indicator(assessed)
    done("variation")
    alliance = "A" + (assessed["trust_code"].str[1:].astype(int) % 20).astype(str)
    associated_factors(assessed.assign(alliance_code=alliance), case_mix, ADJUSTED)
    done("associated factors")
    rng = np.random.default_rng(2)
    one = assessed[assessed["indicator"] == "P5"]
    survival_by_group(
        one["trust_code"].to_numpy(), rng.integers(1, 2000, len(one)), one["outcome"], [365.0, 1096.0]
    )
    done("survival by trust")
    return seconds | {
        "total_seconds": round(time.monotonic() - began, 1),
        "peak_bytes": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
    }


def chance_alone(rounds: int = 400, trusts: int = 125, share: float = 0.59) -> pd.DataFrame:
    """Share of trusts named on each side, at each level, when all trusts are alike. The nominal shares are 2.5%, 0.1%."""
    rng = np.random.default_rng(3)
    rows = []
    for size in SIZES:
        low = high = alert = 0
        for _ in range(rounds):
            table = proportion_funnel(
                np.arange(trusts),
                rng.binomial(size, share, trusts),
                np.full(trusts, size),
                direction="higher",
            ).table
            outlier = table["state"] == "potential outlier"
            low += int((outlier & (table["direction"] == "worse")).sum())
            high += int((outlier & (table["direction"] == "better")).sum())
            alert += int((table["state"] == "alert").sum())
        total = rounds * trusts
        rows.append((size, low / total, high / total, alert / total))
    return pd.DataFrame(rows, columns=pd.Index(["people per trust", "worse", "better", "alert, both sides"]))


def power(rounds: int = 2_000, share: float = 0.59) -> pd.DataFrame:
    """Share of trusts of each size found as potential outliers when they are worse by so many points."""
    rng = np.random.default_rng(4)
    rows = []
    for size in SIZES:
        row: list[float] = [size]
        for points in (0.10, 0.20, 0.30):
            table = proportion_funnel(
                np.arange(rounds),
                rng.binomial(size, share - points, rounds),
                np.full(rounds, size),
                direction="higher",
                target=share,
                adjust_overdispersion=False,
            ).table
            row.append(float((table["state"] == "potential outlier").mean()))
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(["people per trust", "10 points", "20 points", "30 points"]))


def coverage(rounds: int = 20_000) -> pd.DataFrame:
    """Share of 95% Wilson intervals that hold the truth."""
    rng = np.random.default_rng(5)
    rows = []
    for size in SIZES:
        row: list[float] = [size]
        for share in (0.05, 0.30, 0.59, 0.90):
            lower, upper = wilson_interval(rng.binomial(size, share, rounds), np.full(rounds, size))
            row.append(float(np.mean((lower <= share) & (share <= upper))))
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(["people", "5%", "30%", "59%", "90%"]))


def imputation_against_complete_cases(rounds: int = 12, people: int = 3_000) -> pd.DataFrame:
    """Mean error of the log odds ratios of performance status, missing at random given age and outcome."""
    errors: list[tuple[float, float]] = []
    for seed in range(rounds):
        assessed, case_mix = national_people(people, 30, seed=100 + seed)
        assessed = assessed[assessed["indicator"] == "P5"]
        rng = np.random.default_rng(200 + seed)
        status = np.clip(rng.poisson(np.clip((case_mix["age"].to_numpy() - 40) / 30, 0.2, 2)), 0, 4)
        outcome = rng.random(people) < 1 / (
            1 + np.exp(-(0.8 - 0.04 * (case_mix["age"].to_numpy() - 68) - 0.4 * status))
        )
        missing = rng.random(people) < np.where(outcome, 0.55, 0.10)
        case_mix = case_mix.assign(
            performance_status=pd.Series(status.astype(str), dtype=object).where(~missing)
        )
        models = risk_models(assessed.assign(outcome=outcome.astype(int)), case_mix, ["P5"])
        rows = models[models["part"] == "complete case"].pivot(
            index="unit", columns="measure", values="value"
        )
        constant = rows.loc["constant"]
        full = risk_models(
            assessed.assign(outcome=outcome.astype(int)),
            case_mix.assign(performance_status=status.astype(str)),
            ["P5"],
        )
        truth = full[
            (full["part"] == "coefficient")
            & (full["unit"] == "constant")
            & (full["measure"] == "coefficient")
        ]
        target = float(truth["value"].iloc[0])
        errors.append((abs(constant["pooled"] - target), abs(constant["complete_case"] - target)))
    table = np.array(errors)
    return pd.DataFrame(
        {
            "model": ["imputed", "complete cases"],
            "mean absolute error of the constant (log odds)": table.mean(0),
        }
    )


def without_an_effect(rounds: int = 1_000) -> pd.DataFrame:
    """Share of interrupted time series without any effect that find one (p below 5%), by length and autocorrelation."""
    rng = np.random.default_rng(6)
    rows = []
    for periods in (16, 24, 40):
        for autocorrelation in (0.0, 0.2, 0.4):
            found = np.zeros(2)
            for _ in range(rounds):
                errors = np.zeros(periods)
                for t in range(periods):
                    errors[t] = autocorrelation * errors[t - 1] + rng.normal(0, 0.015)
                people = rng.integers(900, 1100, periods)
                share = np.clip(0.6 + errors, 0, 1)
                series = interrupted_time_series(
                    rng.binomial(people, share), people, start=periods // 2, minimum_periods=8
                )
                terms = series.terms.set_index("term")
                found += terms.loc[["level change", "slope change"], "p"].to_numpy() < 0.05
            rows.append((periods, autocorrelation, *(found / rounds)))
    return pd.DataFrame(
        rows, columns=pd.Index(["quarters", "autocorrelation", "level change", "slope change"])
    )


def without_a_difference(rounds: int = 500) -> pd.DataFrame:
    """Share of differences-in-differences without any effect that find one, each provider on a course of its own."""
    rng = np.random.default_rng(7)
    rows = []
    for providers, treated in ((12, 3), (20, 10), (40, 5), (40, 20)):
        names = np.repeat([f"T{n:02d}" for n in range(providers)], 12)
        periods = np.tile(np.arange(12), providers)
        found = 0
        for _ in range(rounds):
            course = 0.5 + np.cumsum(rng.normal(0, 0.02, (providers, 12)), axis=1)
            people = np.repeat(rng.integers(10, 60, providers), 12)
            top = rng.binomial(people, np.clip(course, 0, 1).ravel())
            inside = [f"T{n:02d}" for n in range(treated)]
            found += difference_in_differences(names, periods, top, people, inside, start=6).p < 0.05
        rows.append((providers, treated, found / rounds))
    return pd.DataFrame(rows, columns=pd.Index(["providers", "with the intervention", "effect"]))


def main() -> None:
    """Run everything; the last line is one JSON object."""
    say("Statistics layer, 60,000 people, 130 trusts, 6 adjusted indicators, 10 imputations")
    result = national()
    for title, table in (
        ("Named when all trusts are alike (nominal: 0.001 worse, 0.001 better, 0.048 alert)", chance_alone()),
        ("Found as potential outlier when worse by", power()),
        ("95% Wilson intervals that hold the truth", coverage()),
        (
            "Imputation against complete cases, against the model without missing values",
            imputation_against_complete_cases(),
        ),
        ("Interrupted series without an effect that find one (nominal: 0.05)", without_an_effect()),
        (
            "Differences-in-differences without an effect that find one (nominal: 0.05)",
            without_a_difference(),
        ),
    ):
        say(f"\n{title}\n{table.round(4).to_string(index=False)}")
    say(json.dumps(result))


if __name__ == "__main__":
    main()
