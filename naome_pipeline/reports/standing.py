"""How many results of hospitals a release shows, how many it hides, and the words for both.

What belongs here: the account that every document gives of the comparison. What does not: which results lie beyond the limits
(`outliers.py`), or which may be shown (`disclosure/`).

A hidden result may lie anywhere: a document that speaks of shown results without saying how many are hidden would say that
there is nothing to find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from naome_pipeline.reports import numbers
from naome_pipeline.reports.reading import ADJUSTED, ASSESSED, POTENTIAL, Reading, judged_by

HIDDEN_STATE = "hidden"
WORSE, BETTER = "worse", "better"
# Interpolated upper limits run up to one event below the count that is rare enough (statistics/funnel.py).
EXACT_TAIL = (
    "The exact chance of a result as far out or further decides the state, not the drawn line: people come in whole numbers, so "
    "the upper line can run less than one person too low, and a point just outside it can be within."
)


@dataclass(frozen=True)
class Standing:
    """Results, each of one hospital and one indicator: those that can be shown and are judged, potential outliers among them
    by side, those hidden, and those of too few people to judge."""

    shown: int
    worse: int
    better: int
    hidden: int
    not_assessed: int

    @property
    def not_shown(self) -> str:
        """`21 more are hidden to protect people.` and who learns of them; nothing where none is hidden."""
        if not self.hidden:
            return ""
        number = numbers.count(self.hidden) + (" more" if self.shown else "")
        hidden = f"{number} {'is' if self.hidden == 1 else 'are'} hidden to protect people"
        return f"{hidden}. Where one of those lies beyond the limits, the audit tells the hospital alone."


def standing(rows: Iterable[Mapping[str, Any]]) -> Standing:
    """The account of some released comparisons."""
    given = list(rows)
    far = [row["direction"] for row in given if row["state"] == POTENTIAL]
    states = [row["state"] for row in given]
    return Standing(
        shown=sum(state in ASSESSED for state in states),
        worse=far.count(WORSE),
        better=far.count(BETTER),
        hidden=states.count(HIDDEN_STATE),
        not_assessed=sum(state not in (*ASSESSED, HIDDEN_STATE) for state in states),
    )


def without_adjustment(reading: Reading) -> dict[str, str]:
    """Indicators that ask for risk adjustment and have none in this release, with the reason: nobody is judged by them."""
    compared, models = reading.frame("released_comparison"), reading.frame("released_risk_models")
    adjusted = set(compared.loc[compared["comparison"] == "risk adjusted", "indicator"])
    reasons = models[(models["part"] == "note") & models["measure"].isin(["not modelled", "not converged"])]
    why = reasons.drop_duplicates("indicator").set_index("indicator")["note"].to_dict()
    asked = reading.frame("released_definitions").sort_values("position")
    asked = asked[asked["available"] & (asked["risk_adjustment"] != "none")]
    return {
        str(name): str(why.get(name) or "this release shows no adjusted result")
        for name in asked["indicator"]
        if name in set(compared["indicator"]) - adjusted
    }


def adjustment_said(reading: Reading) -> dict[str, str]:
    """Every indicator that asks for risk adjustment, with what this release has instead; nothing where it has an adjusted
    result."""
    unadjusted, compared = without_adjustment(reading), set(reading.frame("released_comparison")["indicator"])

    def said(name: str) -> str:
        if name in unadjusted:
            return f"not in this release: {unadjusted[name]}"
        return "" if name in compared else "not compared in this release"

    return {name: said(name) for name, row in reading.definitions.items() if judged_by(row) == ADJUSTED}


def not_adjusted_words(missing: Mapping[str, str]) -> str:
    """Those indicators in one sentence; nothing where there are none."""
    if not missing:
        return ""
    named = "; ".join(f"{name} ({reason})" for name, reason in missing.items())
    return f"Not adjusted in this release, so shown unadjusted, and nobody is judged by it: {named}."
