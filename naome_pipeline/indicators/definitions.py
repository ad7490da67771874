"""The registry as a table, one row per indicator, with its availability in one delivery.

What belongs here: the columns of that table. What does not: the definitions (`registry.yaml`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

import pandas as pd

from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.indicators.registry import Availability, Registry, availability, registry
from naome_pipeline.parameters import value_of

# Outcomes that count no indicator rest on what these need: without deaths everybody would be alive, without drugs untreated.
SURVIVAL_RESTS_ON = ("P10_1y",)
TREATMENT_RESTS_ON = ("T1", "P10_1y")


def definitions_table(
    supplied: Mapping[str, Mapping[str, Set[str]]],
    followed_to: Callable[[Iterable[str]], dt.date],
    definitions: Registry | None = None,
) -> pd.DataFrame:
    """`supplied`: per feed, data set to delivered columns; several feeds for a release of several nations. `followed_to`: the
    last day for which some data sets have all their records.

    Columns: indicator, position, title, goal, goal_title, kind, cohort, measure, denominator_text, numerator_text, direction,
    follow_up_days, followed_to (the day by which it has to be over), variant_of, completeness_indicator, records_indicator,
    risk_adjustment, guideline, construction, extension, available, status, reason (why no nation has it), nations (those that
    have it, comma between), not_in (the others, each with its reason)."""
    definitions = definitions or registry()
    available = availability_of_nations(supplied, definitions)
    return pd.DataFrame(
        [
            {
                "indicator": indicator.id,
                "position": position,
                "title": indicator.title,
                "goal": indicator.goal,
                "goal_title": definitions.goals[indicator.goal],
                "kind": indicator.kind,
                "cohort": indicator.cohort,
                "measure": indicator.measure,
                "denominator_text": indicator.denominator.text,
                "numerator_text": indicator.numerator.text,
                "direction": indicator.direction,
                "follow_up_days": indicator.follow_up_days,
                "followed_to": pd.Timestamp(followed_to(indicator.followed_in)),
                "variant_of": indicator.variant_of,
                "completeness_indicator": indicator.completeness,
                "records_indicator": indicator.records,
                "risk_adjustment": indicator.risk_adjustment,
                "guideline": indicator.guideline,
                "construction": indicator.construction,
                "extension": indicator.extension,
                "available": available[indicator.id].available,
                "status": available[indicator.id].status,
                "reason": available[indicator.id].reason,
                "nations": ", ".join(available[indicator.id].nations),
                "not_in": available[indicator.id].not_in,
            }
            for position, indicator in enumerate(definitions.indicators.values(), start=1)
        ]
    )


def audit_followed_to(
    followed_to: Callable[[Iterable[str]], dt.date], definitions: Registry | None = None
) -> list[dt.date]:
    """The dates from which audit periods count back, the newest first.

    One for all indicators of a year's follow-up or less, so that they share it: the snapshot date, or as much earlier as the data
    sets of one of them end too early. Each longer follow-up has its own, earlier by what it needs beyond the year.
    """
    year = int(value_of("audit_follow_up_days"))
    ends = {
        indicator.id: followed_to(indicator.followed_in) + dt.timedelta(days=year - indicator.follow_up_days)
        for indicator in (definitions or registry()).indicators.values()
    }
    longer = {name for name in ends if (definitions or registry()).indicators[name].follow_up_days > year}
    shared = min([followed_to(()), *(end for name, end in ends.items() if name not in longer)])
    return [shared, *sorted({ends[name] for name in longer if ends[name] < shared}, reverse=True)]


def supported(people: pd.DataFrame, definitions: pd.DataFrame, rests_on: Iterable[str]) -> pd.DataFrame:
    """The people of nations whose deliveries support all these indicators. `people`: with their nation; `definitions`: the
    table above."""
    nations = definitions.set_index("indicator")["nations"].str.split(", ").to_dict()
    return people[people["nation"].isin(set.intersection(*(set(nations[name]) for name in rests_on)))]


@dataclass(frozen=True)
class NationalAvailability:
    """Whether any nation of a release supports an indicator, which ones, and why the others do not."""

    available: bool
    status: str
    reason: str
    nations: tuple[str, ...]
    not_in: str


def availability_of_nations(
    supplied: Mapping[str, Mapping[str, Set[str]]], definitions: Registry
) -> dict[str, NationalAvailability]:
    """Indicator to its availability over the feeds of a release. A feed without any tables has no people: it is left out."""
    entries: dict[str, list[tuple[str, Availability]]] = {}
    for feed, columns in supplied.items():
        nation = " and ".join(feed_definition(feed).nations)
        for entry in availability(feed, columns, definitions):
            entries.setdefault(entry.indicator, []).append((nation, entry))
    found = {}
    for indicator, of_nations in entries.items():
        having = [(nation, entry) for nation, entry in of_nations if entry.available]
        missing = [(nation, entry) for nation, entry in of_nations if not entry.available]
        said = "; ".join(f"{nation}: {entry.reason}" for nation, entry in missing)
        reasons = {entry.reason for _, entry in missing}
        found[indicator] = NationalAvailability(
            available=bool(having),
            status=(having or missing)[0][1].status,
            reason="" if having else reasons.pop() if len(reasons) == 1 else said,
            nations=tuple(nation for nation, _ in having),
            not_in=said if having else "",
        )
    return found
