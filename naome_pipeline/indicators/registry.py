"""The indicator registry: what is measured, how, and from which delivered columns.

What belongs here: loading, checking and generating SQL from `registry.yaml`. What does not: any definition of
an indicator: those are data. Adding an indicator touches the YAML file and its scenario test, nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any, Literal

import sqlglot
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlglot import exp
from sqlglot.errors import SqlglotError

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.deliveries.layouts import data_set, data_sets
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.engine import DIALECT
from naome_pipeline.gates import load_suite
from naome_pipeline.parameters import PERIOD_VALUES, parameters, with_values

REGISTRY_FILE = Path(__file__).with_name("registry.yaml")
NOT_AVAILABLE = "not available in this feed"
# The table that indicators of a cohort are expressions over.
FACTS = {"de_novo": "person_facts", "recurrent": "recurrent_facts"}


class Criterion(BaseModel):
    """Who counts: a sentence for people and an expression over the columns of `person_facts`, or of `recurrent_facts`
    for an indicator of the recurrent cohort."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    where: str


class Indicator(BaseModel):
    """One indicator, or one variant of an indicator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    goal: int
    kind: Literal["performance", "data quality", "contextual"]
    denominator: Criterion
    numerator: Criterion
    # Who may belong to the denominator and is outside it, because what decides is not known.
    unknown: Criterion | None = None
    direction: Literal["higher", "lower", "neutral"]
    follow_up_days: int = Field(ge=0)
    # The data sets that have to reach to the end of the follow-up.
    followed_in: list[str] = Field(default_factory=list)
    # Others that the number is read from.
    read_from: list[str] = Field(default_factory=list)
    needs: list[str]
    construction: str
    cohort: Literal["de_novo", "recurrent"] = "de_novo"
    # A cumulative incidence is no count of people: the outcomes compute it.
    measure: Literal["proportion", "days", "cumulative incidence"] = "proportion"
    variant_of: str | None = None
    completeness: str | None = None
    # How complete the records are that say who or what is counted: a trust below the minimum is not assessed.
    records: str | None = None
    part_of: str | None = None
    guideline: str | None = None
    status: Literal["published", "experimental"] = "published"
    risk_adjustment: str = "none"
    extension: bool = False
    unavailable: dict[str, str] = Field(default_factory=dict)

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The data sets that its number is read from."""
        return (*self.followed_in, *self.read_from)


class Subgroup(BaseModel):
    """A part of the cohort that indicators are also shown for, to nation and Alliance only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    where: str
    needs: list[str]
    read_from: list[str] = Field(default_factory=list)


class Registry(BaseModel):
    """All goals, indicators and subgroups, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    goals: dict[int, str]
    indicators: dict[str, Indicator]
    subgroups: dict[str, Subgroup]

    @model_validator(mode="after")
    def _references_exist(self) -> Registry:
        for indicator in self.indicators.values():
            for other in (
                indicator.variant_of,
                indicator.completeness,
                indicator.records,
                indicator.part_of,
            ):
                if other is not None and other not in self.indicators:
                    raise ValueError(f"indicator {indicator.id} refers to {other}, which is not defined")
            if indicator.follow_up_days and not indicator.followed_in:
                raise ValueError(
                    f"indicator {indicator.id} has follow-up and names no data set in followed_in"
                )
            if unknown := sorted(set(indicator.rests_on) - set(data_sets())):
                raise ValueError(
                    f"indicator {indicator.id} rests on {', '.join(unknown)}, which is no data set"
                )
            if indicator.goal not in self.goals:
                raise ValueError(f"indicator {indicator.id} has goal {indicator.goal}, which is not defined")
        return self

    def followed_in(self, names: Iterable[str] | None = None) -> set[str]:
        """The data sets that some indicators are followed in; without names, all of them."""
        return {
            table
            for name in (self.indicators if names is None else names)
            for table in self.indicators[name].followed_in
        }


class Availability(BaseModel):
    """Whether an indicator can be computed from a delivery, and if not, why."""

    model_config = ConfigDict(frozen=True)

    indicator: str
    available: bool
    status: str
    reason: str


def load_registry(path: Path = REGISTRY_FILE) -> Registry:
    """Read and check a registry file; ConfigurationError says what is wrong in it."""
    raw = read_configuration(path)
    with understanding(path):
        for section in ("indicators", "subgroups"):
            raw[section] = {key: {"id": key, **_filled(entry)} for key, entry in raw[section].items()}
        found = Registry.model_validate(raw)
        _refuse_unknown_names(found)
        return found


def _refuse_unknown_names(registry: Registry) -> None:
    """ValueError for an expression that names a column its table does not have, or no parameter."""
    for indicator in registry.indicators.values():
        if indicator.measure != "cumulative incidence":
            for part in ("denominator", "numerator", "unknown"):
                if criterion := getattr(indicator, part):
                    _refuse_unknown(
                        f"indicator {indicator.id}, {part}", criterion.where, FACTS[indicator.cohort]
                    )
    for subgroup in registry.subgroups.values():
        _refuse_unknown(f"subgroup {subgroup.id}", subgroup.where, FACTS["de_novo"])


def _refuse_unknown(place: str, expression: str, table: str) -> None:
    try:
        tree = sqlglot.parse_one(f"SELECT 1 WHERE {expression}", dialect=DIALECT)
    except SqlglotError:
        raise ValueError(f"{place}: '{expression}' is no expression") from None
    named = {p.name for p in tree.find_all(exp.Parameter, exp.Placeholder)}
    if unknown := sorted(named - set(parameters()) - set(PERIOD_VALUES)):
        raise ValueError(f"{place}: there is no parameter {', '.join(unknown)}")
    columns = {name.lower() for name in load_suite("indicators", table).profile["columns"]}
    if unknown := sorted({c.name for c in tree.find_all(exp.Column) if c.name.lower() not in columns}):
        raise ValueError(f"{place}: {table} has no column {', '.join(unknown)}")


def _filled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with the parameters its texts name written out, and its days of follow-up added up (`$a + $b`). Expressions keep
    the names: the engine binds them."""
    filled = {
        key: with_values(value, signed=False) if key in ("title", "construction") else value
        for key, value in entry.items()
    }
    if "unavailable" in entry:
        filled["unavailable"] = {
            feed: with_values(why, signed=False) for feed, why in entry["unavailable"].items()
        }
    for part in {"denominator", "numerator", "unknown"} & entry.keys():
        filled[part] = {**entry[part], "text": with_values(entry[part]["text"], signed=False)}
    days = entry.get("follow_up_days")
    if isinstance(days, str):
        filled["follow_up_days"] = sum(int(with_values(term.strip())) for term in days.split("+"))
    return filled


@cache
def registry() -> Registry:
    """The registry of the product."""
    return load_registry()


def missing_needs(needs: Iterable[str], supplied: Mapping[str, Set[str]]) -> list[str]:
    """The needs that a delivery does not meet.

    `needs`: `data_set.column`, alternatives separated by `|`; `supplied`: data set to delivered columns.
    """
    missing = []
    for need in needs:
        alternatives = [alternative.split(".") for alternative in need.split("|")]
        if not any(column in supplied.get(data_set, set()) for data_set, column in alternatives):
            missing.append(need)
    return missing


def missing_data_sets(feed: str, rests_on: Iterable[str], supplied: Mapping[str, Set[str]]) -> list[str]:
    """The data sets that a number rests on, that the feed expects, and that a delivery does not have. What a feed never brings is
    no gap of its delivery (decision 0014)."""
    needed = set(rests_on)
    return [name for name in feed_definition(feed).expected if name in needed and name not in supplied]


def _not_delivered(need: str) -> str:
    """A need in words: what is missing, and in brackets the columns that would supply it."""
    alternatives = need.split("|")
    table, column = alternatives[0].split(".")
    parts = [part.strip() for part in data_set(table).column(column).meaning.split(":")]
    # What follows a colon is the item in words, or a list of its codes.
    said = parts[0] if any(character.isdigit() for character in parts[-1].split(" ")[0]) else parts[-1]
    return f"{said} is not delivered ({' or '.join(alternatives)})"


def _no_data_set(name: str) -> str:
    """A missing data set in words, its name in brackets."""
    return f"the data set {data_set(name).title} is not delivered ({name})"


def availability(
    feed: str, supplied: Mapping[str, Set[str]], definitions: Registry | None = None
) -> list[Availability]:
    """For each indicator, whether a delivery of a feed with these columns supports it, and why not."""
    result = []
    for indicator in (definitions or registry()).indicators.values():
        reason = indicator.unavailable.get(feed, "")
        if not reason:
            needs = missing_needs(indicator.needs, supplied)
            said = {alternative.split(".")[0] for need in needs for alternative in need.split("|")}
            # Without what shows spread part of the cohort is not found, and every number is one of the cohort.
            rests_on = (*feed_definition(feed).evidence, *indicator.rests_on)
            gaps = [name for name in missing_data_sets(feed, rests_on, supplied) if name not in said]
            reason = "; ".join([*map(_not_delivered, needs), *map(_no_data_set, gaps)])
        status = NOT_AVAILABLE if reason else indicator.status
        result.append(
            Availability(indicator=indicator.id, available=not reason, status=status, reason=reason)
        )
    return result


def usable_subgroups(
    feed: str, supplied: Mapping[str, Set[str]], definitions: Registry | None = None
) -> list[Subgroup]:
    """The subgroups that a delivery of a feed with these columns can tell."""
    return [
        subgroup
        for subgroup in (definitions or registry()).subgroups.values()
        if not missing_needs(subgroup.needs, supplied)
        and not missing_data_sets(feed, subgroup.read_from, supplied)
    ]


def person_indicators_sql(indicators: Iterable[Indicator]) -> str:
    """SQL over `person_facts` and `recurrent_facts`: one row per person in the denominator of an indicator, with the value.

    The value is 1 or 0 for a proportion, whole days for a duration. Columns: person_id, indicator, value.
    """
    parts = []
    for indicator in indicators:
        if indicator.measure == "cumulative incidence":
            continue
        value = (
            f"CAST({indicator.numerator.where} AS DOUBLE)"
            if indicator.measure == "days"
            else f"CASE WHEN {indicator.numerator.where} THEN 1.0 ELSE 0.0 END"
        )
        parts.append(
            f"SELECT person_id, '{indicator.id}' AS indicator, CAST({value} AS DOUBLE) AS value\n"
            f"FROM {FACTS[indicator.cohort]} WHERE {indicator.denominator.where}"
        )
    if not parts:
        return (
            "SELECT person_id, CAST(NULL AS VARCHAR) AS indicator, CAST(NULL AS DOUBLE) AS value\n"
            "FROM person_facts WHERE FALSE"
        )
    return "\nUNION ALL\n".join(parts)


def of_nations_sql(sql: str, nations: Collection[str]) -> str:
    """Of the rows that a statement gives per person those of people counted in some nations; all of them when none is named."""
    if not nations:
        return sql
    named = ", ".join(f"'{nation}'" for nation in nations)
    return f"SELECT i.* FROM ({sql}) AS i JOIN counted_people AS c ON i.person_id = c.person_id WHERE c.nation IN ({named})"


def person_subgroups_sql(subgroups: Iterable[Subgroup]) -> str:
    """SQL: one row per person and subgroup the person belongs to; the recurrent cohort belongs to `all` only."""
    parts = [
        f"SELECT person_id, '{subgroup.id}' AS subgroup FROM {FACTS['de_novo']} WHERE {subgroup.where}"
        for subgroup in subgroups
    ]
    return "\nUNION ALL\n".join([*parts, f"SELECT person_id, 'all' AS subgroup FROM {FACTS['recurrent']}"])
