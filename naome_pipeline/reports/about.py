"""What every output says about itself: whether its data are artificial, what it was made from, under which rules.

What belongs here: those sentences and facts, taken from the provenance of the release. What does not: where an output
puts them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from naome_pipeline.indicators.reporting_periods import quarters_not_all_found
from naome_pipeline.parameters import value_of
from naome_pipeline.periods import parse_period
from naome_pipeline.reports import wording
from naome_pipeline.reports.released import ReleasedTables

AUDIT = "NAoMe"
AUDIT_NAME = "National Audit of Metastatic Breast Cancer"
ARTIFICIAL = (
    "These data are artificial. Every number comes from people who do not exist, so nothing here says anything about a "
    "real hospital, although real organisation codes are used."
)
ARTIFICIAL_SHORT = "Made-up data: no number here says anything about real people or hospitals."
INTERNAL = "Internal use only: nothing is hidden, so this must not leave the audit team."
INTERNAL_SHORT = "Internal use only: nothing is hidden, so this must not be published."
NOT_NHS_SHORT = "This is not an NHS service."
NOT_NHS = (
    "This is not an NHS service. Questions about the care of one person belong to that person's care team."
)
_SAID = {
    "feed": "Feed",
    "period": "Period",
    "delivery version": "Delivery version",
    "delivery fingerprint": "Delivery fingerprint (SHA-256)",
    "layout": "Layout of the delivered files",
    "snapshot date": "Data drawn on",
    "data sets that end before": "Data sets that end before that",
    "evidence ends on": "Evidence of spread ends on",
    "pipeline version": "Pipeline version",
    "compared with": "Compared with",
    "synthetic data": "Artificial data",
}
_PARAMETERS = "every parameter with its basis is in provenance.csv and in the methodology of this release"


def parameters_hash(provenance: pd.DataFrame) -> str:
    """SHA-256 over the parameters of a release as published, so that two sets can be told apart."""
    of = provenance.loc[provenance["kind"] == "parameter", ["item", "value"]].sort_values("item")
    return hashlib.sha256(json.dumps(of.to_numpy().tolist()).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class About:
    """The facts of one release, how many files it was made from, and the hash of its parameters."""

    facts: Mapping[str, str]
    files: int
    parameters: str

    @classmethod
    def of(cls, tables: ReleasedTables) -> About:
        """Read from the provenance of a release."""
        changed = tables.frame("changed_files")
        files = int((changed["change"] != "gone").sum())
        return cls(tables.facts(), files, parameters_hash(tables.frame("provenance")))

    @property
    def snapshot(self) -> dt.date:
        """The day the data were drawn: the only date an output may carry."""
        return dt.date.fromisoformat(self.facts["snapshot date"])

    @property
    def period(self) -> str:
        """`2025 Q3` or `2023`."""
        return wording.period(self.facts["period"])

    @property
    def release(self) -> str:
        """`annual 2023, version 1`."""
        feed = self.facts["feed"].replace("_", " ")
        return f"{feed} {self.period}, version {self.facts['delivery version']}"

    @property
    def synthetic(self) -> bool:
        """Whether the data are artificial."""
        return self.facts.get("synthetic data") == "yes"

    @property
    def internal(self) -> bool:
        """Whether the release must not be published."""
        return self.facts.get("disclosure for publication") != "True"

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know before reading on: sentences, none or more."""
        return [*([ARTIFICIAL] if self.synthetic else []), *([INTERNAL] if self.internal else [])]

    @property
    def notices(self) -> tuple[str, ...]:
        """The same in the words that fit on every page of a document."""
        said = [*([ARTIFICIAL_SHORT] if self.synthetic else []), *([INTERNAL_SHORT] if self.internal else [])]
        return (*said, NOT_NHS_SHORT)

    @property
    def source(self) -> tuple[tuple[str, str], ...]:
        """What the release was made from, for the head of a document."""
        feed = wording.feed(self.facts["feed"])
        return (
            ("Release", f"{feed}, {self.period}, version {self.facts['delivery version']}"),
            ("Data drawn on", self.facts["snapshot date"]),
            ("Made by", f"NAoMe pipeline {self.facts['pipeline version']}"),
            (
                "From",
                f"delivery {self.facts['delivery fingerprint'][:12]}, parameters {self.parameters[:12]} (SHA-256)",
            ),
        )

    @property
    def not_all_found(self) -> str:
        """The quarters of diagnosis some of whose people may still be found, in a sentence; nothing when there are none."""
        period = parse_period(self.facts["feed"], self.facts["period"])
        seen_to = dt.date.fromisoformat(self.facts.get("evidence ends on", self.facts["snapshot date"]))
        quarters = [quarter.label for quarter in quarters_not_all_found(period, seen_to)]
        if not quarters:
            return ""
        return (
            f"Spread counts when it is seen up to day {int(value_of('de_novo_window_end'))} after diagnosis. That day had not "
            f"come for everybody diagnosed in {' and '.join(quarters)}, so a few people may be missing there."
        )

    @property
    def ends_before(self) -> str:
        """Which data sets end before the data were drawn, in a sentence; nothing when none does."""
        if not (ends := self.facts.get("data sets that end before")):
            return ""
        said = [
            f"{wording.data_set(name)} on {day}"
            for name, day in (end.split(" on ") for end in ends.split(", "))
        ]
        return f"Some records end before that day, and what is measured with them ends earlier: {', '.join(said)}."

    @property
    def policy(self) -> str:
        """What the disclosure policy does, in its own words."""
        return self.facts.get("disclosure note", "")

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """Everything the release was made from, as name and value; a fact nobody named before is there too."""
        known = [(said, self.facts[name]) for name, said in _SAID.items() if name in self.facts]
        rest = [
            (name.capitalize(), value)
            for name, value in sorted(self.facts.items())
            if name not in _SAID and not name.startswith("disclosure ")
        ]
        policy = f"{self.facts.get('disclosure id', '')}: {self.facts.get('disclosure title', '')}"
        return [
            *known,
            *rest,
            ("Delivered files", f"{self.files}, each with its SHA-256 in changed_files.csv"),
            ("Disclosure policy", policy),
            ("Parameters", f"SHA-256 {self.parameters}; {_PARAMETERS}"),
        ]

    @property
    def line(self) -> str:
        """The provenance in one line, for the foot of a page."""
        return (
            f"Release {self.release}; data drawn on {self.facts['snapshot date']}; delivery "
            f"{self.facts['delivery fingerprint'][:12]}; pipeline {self.facts['pipeline version']}; disclosure policy "
            f"“{self.facts.get('disclosure id', '')}”; parameters {self.parameters[:12]} in provenance.csv."
        )
