"""Every comparison of a release as it was computed, with what the release shows of it.

What belongs here: joining the two. What does not: computing a comparison (`outcomes/comparison.py`), hiding one
(`disclosure/outcomes.py`), or what is written about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.periods import Quarter
from naome_pipeline.reports.about import About
from naome_pipeline.reports.outliers import Flag, flags_among
from naome_pipeline.reports.reading import Row, Unit, formal_comparisons
from naome_pipeline.reports.released import ReleasedTables

KEYS = ["indicator", "comparison", "trust_code"]
# What these outputs read of a release beside the comparisons before disclosure control.
RELEASED_INPUTS = ("released_comparison", "released_definitions", "provenance", "changed_files")
STATES_FILE = "states.csv"
UNSUBMITTED_FILE, SURVIVAL_FILE, ALARMS_FILE = (
    "unsubmitted_quarters.csv",
    "survival.csv",
    "alarms_by_chance.csv",
)
_FIGURES = [
    "numerator", "denominator", "expected", "value", "target", "lower_998", "lower_95", "upper_95", "upper_998",
    "overdispersed_lower_998", "overdispersed_lower_95", "overdispersed_upper_95", "overdispersed_upper_998", "p_low",
    "p_high", "phi", "tau_squared",
]  # fmt: skip
_SAID = [
    "state", "direction", "overdispersed_state", "overdispersed_direction", "domain", "reason", "method",
]  # fmt: skip
COLUMNS = [
    "indicator", "title", "comparison", "period", "trust_code", "trust_name", *_FIGURES, *_SAID, "judged_by", "in_the_release",
]  # fmt: skip


@dataclass(frozen=True)
class Comparisons:
    """`table`: one row per indicator, comparison and trust, in the columns of provider_comparison, with `period`,
    `unit_name` and `suppressed` as in the release. `names`: trust to its name."""

    table: pd.DataFrame
    names: Mapping[str, str]
    definitions: Mapping[str, Row]
    about: About

    @classmethod
    def of(cls, comparison: pd.DataFrame, providers: pd.DataFrame, released: ReleasedTables) -> Comparisons:
        """`comparison`: provider_comparison; `providers`: trust_code and trust_name."""
        shown: Any = released.frame("released_comparison")
        named = providers.drop_duplicates("trust_code")[["trust_code", "trust_name"]]
        names: dict[str, str] = dict(named.itertuples(index=False))
        hidden = shown.set_index(KEYS)["suppressed"].to_dict()
        table = comparison.sort_values(KEYS, ignore_index=True)
        table["unit_name"] = table["trust_code"].map(names).astype(object)
        spans = dict(shown[["indicator", "period"]].itertuples(index=False))
        table["period"] = table["indicator"].map(spans).fillna("").astype(object)
        table["suppressed"] = [
            hidden.get(key, "not released") for key in table[KEYS].itertuples(index=False, name=None)
        ]
        definitions: dict[str, Any] = {
            str(row["indicator"]): row
            for row in released.frame("released_definitions").sort_values("position").to_dict("records")
        }
        return cls(table, names, definitions, About.of(released))

    @property
    def flags(self) -> list[Flag]:
        """Every result beyond the limits of the comparisons that count, shown by the release or not."""
        order = list(self.definitions)
        formal = formal_comparisons(self.table, self.definitions)
        rows = [formal[key] for key in sorted(formal, key=lambda k: (order.index(k[0]), k[1]))]
        named = self.table.drop_duplicates("trust_code")[["trust_code", "unit_name"]]
        units = {
            str(code): Unit("trust", str(code), str(name), None, "")
            for code, name in named.itertuples(index=False)
            if isinstance(name, str)
        }
        return flags_among(rows, self.definitions, units)


def write_states(
    given: Comparisons, folder: Path, submitted: pd.DataFrame, survival: pd.DataFrame, alarms: pd.DataFrame
) -> None:
    """Write what the audit team reads before it writes to anybody, from the tables submissions, survival_comparison and
    alarm_account beside the comparisons.

    `states.csv`: every comparison with its figures, whether trusts are judged by it, and whether it is shown; `survival.csv`:
    deaths of every trust against those expected; `unsubmitted_quarters.csv`: the trusts to ask about drugs or radiotherapy
    that they seem not to have sent; `alarms_by_chance.csv`: how many flags chance alone would give.
    """
    _write_unsubmitted(given, submitted, folder)
    deaths = survival.sort_values("trust_code", ignore_index=True)
    deaths.insert(1, "trust_name", deaths["trust_code"].map(dict(given.names)))
    deaths.to_csv(folder / SURVIVAL_FILE, index=False, lineterminator="\n")
    alarms.to_csv(folder / ALARMS_FILE, index=False, lineterminator="\n")
    formal = formal_comparisons(given.table, given.definitions)
    judging = {(row["indicator"], row["comparison"]) for row in formal.values()}
    titles = {name: row["title"] for name, row in given.definitions.items()}
    pairs = given.table[["indicator", "comparison"]].itertuples(index=False, name=None)
    table = given.table.rename(columns={"unit_name": "trust_name"}).assign(
        title=given.table["indicator"].map(titles),
        judged_by=["yes" if pair in judging else "no" for pair in pairs],
        in_the_release=given.table["suppressed"].map(lambda said: said or "shown"),
    )
    table[COLUMNS].to_csv(folder / STATES_FILE, index=False, lineterminator="\n")


def _write_unsubmitted(given: Comparisons, submitted: pd.DataFrame, folder: Path) -> None:
    rows = submitted[~submitted["submitted"].astype(bool)]
    rows = rows.sort_values(["data_set", "trust_code", "quarter_start"])
    table = pd.DataFrame(
        {
            "data_set": rows["data_set"],
            "trust_code": rows["trust_code"],
            "trust_name": rows["trust_code"].map(dict(given.names)),
            "diagnosed_in": [Quarter.containing(day).label for day in rows["quarter_start"]],
            "people": rows["people"],
            "with_a_record": rows["recorded"],
            "probability_of_chance": rows["chance"],
        }
    )
    table.to_csv(folder / UNSUBMITTED_FILE, index=False, lineterminator="\n")
