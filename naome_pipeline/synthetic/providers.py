"""The trusts of a delivery, how well they do, and the codes they appear under.

Real organisation codes; the effects are drawn. Mergers are resolved here a second time, from the published list of
successions, so that the pipeline's own mapping has something to agree with.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.reference import reference_path
from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.randomness import generator, happens, pick

EFFECTS = ("meeting", "chemotherapy", "radiotherapy", "nurse", "stage")
INDEPENDENT_PROVIDERS = ["NT433", "NVC20", "NV302"]
# What diagnoses breast cancer in each nation; Powys has no unit of its own (its people are seen next door).
DIAGNOSING = {"England": {"acute", "cancer_centre"}, "Wales": {"health_board"}}
WITHOUT_UNIT = {"7A7"}
# Trusts whose predecessors are common in older records: always among the chosen ones.
MERGED_TRUSTS = ("RAJ", "RH5", "RM3", "R1H", "R0D", "RAL")


@dataclass(frozen=True)
class Providers:
    """Trusts: codes, Alliance codes, effects (trusts x EFFECTS, logit scale) and which effects are planted."""

    codes: list[str]
    alliances: list[str | None]
    effects: NDArray[np.float64]
    planted: NDArray[np.bool_]
    predecessors: dict[str, list[str]]
    share: NDArray[np.float64]

    def effect(self, name: str, trust: NDArray[np.int64]) -> NDArray[np.float64]:
        """The effect of the trust each person belongs to."""
        return self.effects[trust, EFFECTS.index(name)]

    def code_sent(self, rng: np.random.Generator, trust: NDArray[np.int64]) -> NDArray:
        """The code a record carries: the trust's, a site's of 5 or 9 characters, or a predecessor's."""
        now = np.array(self.codes, dtype=object)[trust]
        before = np.array(
            [self.predecessors[c][0] if self.predecessors.get(c) else c for c in self.codes], dtype=object
        )[trust]
        base = np.where(happens(rng, 0.15, len(trust)), before, now)
        return base + pick(rng, ["", "01", "012345"], [0.75, 0.18, 0.07], len(trust))

    def table(self) -> pd.DataFrame:
        """The truth about providers: trust, alliance_code, aspect, effect, planted."""
        rows = [
            (code, alliance, aspect, float(self.effects[i, j]), bool(self.planted[i, j]))
            for i, (code, alliance) in enumerate(zip(self.codes, self.alliances, strict=True))
            for j, aspect in enumerate(EFFECTS)
        ]
        return pd.DataFrame(rows, columns=["trust", "alliance_code", "aspect", "effect", "planted"])


def _successions(snapshot: dt.date) -> dict[str, str]:
    """Predecessor to successor, as effective at the snapshot: one target each, the default where sites differ."""
    found = {}
    with reference_path("provider_successors").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            default = row["use"] == "yes" or (row["use"] == "site_level" and "default target" in row["note"])
            effective = not row["date"] or dt.date.fromisoformat(row["date"]) <= snapshot
            if default and effective:
                found[row["predecessor"]] = row["successor"]
    return found


def _today(code: str, successions: dict[str, str]) -> str:
    while code in successions:
        code = successions[code]
    return code


def choose_providers(
    people: int, seed: int, snapshot: dt.date, provider_sd: float, outliers: int, nation: str = "England"
) -> Providers:
    """Trusts of a nation enough for the number of people, their effects, and `outliers` planted ones per aspect."""
    rng = generator(seed, "providers")
    successions = _successions(snapshot)
    with reference_path("organisations").open(encoding="utf-8", newline="") as stream:
        organisations = {row["ods_code"]: row for row in csv.DictReader(stream)}
    open_trusts = sorted(
        code
        for code, row in organisations.items()
        if row["nation"] == nation
        and row["kind"] in DIAGNOSING[nation]
        and code not in successions
        and code not in WITHOUT_UNIT
    )
    wanted = min(len(open_trusts), max(cal.FEWEST_TRUSTS, people // cal.PEOPLE_PER_TRUST))
    first = [code for code in MERGED_TRUSTS if code in open_trusts]
    rest = [code for code in open_trusts if code not in first]
    chosen = sorted((first + [rest[i] for i in rng.permutation(len(rest))])[:wanted])
    effects = rng.normal(0.0, provider_sd, (len(chosen), len(EFFECTS)))
    planted = np.zeros(effects.shape, dtype=bool)
    for aspect in range(len(EFFECTS)):
        for rank, trust in enumerate(rng.permutation(len(chosen))[:outliers]):
            effects[trust, aspect] = cal.OUTLIER_SHIFT * (1 if rank % 2 else -1)
            planted[trust, aspect] = True
    predecessors: dict[str, list[str]] = {}
    for old in sorted(successions):
        predecessors.setdefault(_today(old, successions), []).append(old)
    size = rng.gamma(6.0, 1.0, len(chosen))
    return Providers(
        codes=chosen,
        alliances=[organisations[c]["cancer_alliance_code"] or None for c in chosen],
        effects=effects,
        planted=planted,
        predecessors=predecessors,
        share=size / size.sum(),
    )
