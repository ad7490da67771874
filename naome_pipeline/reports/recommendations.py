"""The recommendations of a release: drawn from released numbers by the stated rules of `recommendations.yaml`.

What belongs here: asking the rules in order and writing what they found as sentences. What does not: the rules, their
thresholds and their words (the YAML file), how each ranks indicators (`recommendation_rules.py`), laying them out.

The same tables give the same recommendations. There are five where the tables support five, fewer otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.parameters import parameters
from naome_pipeline.reports import numbers
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.recommendation_rules import RANKERS, Basis, Found, basis_of
from naome_pipeline.reports.released import ReleasedTables

RULES_FILE = Path(__file__).with_name("recommendations.yaml")
Level = Literal["national", "Alliance", "trust"]


class Threshold(BaseModel):
    """The number a rule turns on, with its basis; or the name of the parameter that holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float | None = None
    unit: str = ""
    basis: Literal["plan", "published", "assumption", ""] = ""
    note: str = ""
    parameter: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Threshold:
        if (self.value is None) == (self.parameter is None):
            raise ValueError("a threshold has a value with unit, basis and note, or names a parameter")
        if self.value is not None and not (self.unit and self.basis and self.note):
            raise ValueError("a threshold says its unit, basis and note")
        return self

    def number(self) -> float:
        """The number itself."""
        return float(parameters()[self.parameter].value if self.parameter else self.value or 0.0)


class Rule(BaseModel):
    """One rule: what it looks for, from which threshold on, and the words for what it finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    level: Level
    threshold: Threshold
    sentence: str
    evidence: str
    responsible: dict[str, str]
    kinds: tuple[str, ...] = ()
    subgroups: tuple[str, ...] = ()
    guideline: str = ""

    @model_validator(mode="after")
    def _known(self) -> Rule:
        if self.id not in RANKERS:
            raise ValueError(f"there is no rule '{self.id}'; there are {', '.join(RANKERS)}")
        return self


class Rules(BaseModel):
    """All rules in the order they are asked, and what acting on each indicator means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: Threshold
    levels: dict[Level, str]
    records: str
    rules: list[Rule] = Field(min_length=1)
    actions: dict[str, str]
    otherwise: str


@dataclass(frozen=True)
class Figure:
    """One number of the evidence as it is shown, with what it is and the released table it is from."""

    name: str
    text: str
    table: str


@dataclass(frozen=True)
class Recommendation:
    """One recommendation, ready to be printed; `indicator` is None where it speaks of the data as a whole."""

    number: int
    rule: str
    reason: str
    indicator: str | None
    subgroup: str | None
    title: str
    sentence: str
    evidence: str
    figures: tuple[Figure, ...]
    guideline: str
    responsible: str
    level: Level
    level_title: str


@cache
def rules() -> Rules:
    """The rules of the product; ConfigurationError says what is wrong in the file."""
    return load_rules(RULES_FILE)


def load_rules(path: Path) -> Rules:
    """The rules of a file; ConfigurationError says what is wrong in it."""
    raw = read_configuration(path)
    with understanding(path):
        return Rules.model_validate(raw)


def recommendations(tables: ReleasedTables, given: Rules | None = None) -> list[Recommendation]:
    """At most five recommendations, in the order of the rules that chose them; `given`: other rules than the product's."""
    asked = given or rules()
    basis = basis_of(Reading(tables))
    ranked = {
        rule.id: RANKERS[rule.id](basis, rule.threshold.number(), rule.kinds, rule.subgroups)
        for rule in asked.rules
    }
    chosen: list[Recommendation] = []
    taken: set[str] = set()
    wanted = int(asked.wanted.number())
    while len(chosen) < wanted:
        before = len(chosen)
        for rule in asked.rules:
            found = next((f for f in ranked[rule.id] if not basis.related(f.indicator) & taken), None)
            if found is None or len(chosen) == wanted:
                continue
            taken |= basis.related(found.indicator) or {rule.id}
            ranked[rule.id] = [f for f in ranked[rule.id] if f is not found]
            chosen.append(_written(len(chosen) + 1, rule, found, basis, asked))
        if len(chosen) == before:
            break
    return chosen


def _written(number: int, rule: Rule, found: Found, basis: Basis, asked: Rules) -> Recommendation:
    words: dict[str, str] = {
        **{name: text for name, (text, _) in found.figures.items()},
        **found.words,
    }
    title = str(basis.reading.definitions[found.indicator]["title"]) if found.indicator else rule.title
    words["title"] = title
    action = asked.actions.get(found.indicator or "", asked.otherwise).format(title=title)
    bodies = [rule.responsible[n] for n in basis.reading.nations if n in rule.responsible] or list(
        rule.responsible.values()
    )
    guideline = basis.guideline(found.indicator) or rule.guideline.format(**words)
    if not guideline and basis.kind(found.indicator) == "data quality":
        guideline = asked.records.format(
            target=numbers.whole_percent(float(parameters()["data_quality_target"].value))
        )
    evidence = rule.evidence.format(**words)
    if found.remark:
        evidence = f"{evidence} {found.remark}"
    return Recommendation(
        number=number,
        rule=rule.id,
        reason=rule.title,
        indicator=found.indicator,
        subgroup=found.subgroup,
        title=title,
        sentence=rule.sentence.format(action=action, **words),
        evidence=evidence,
        figures=tuple(
            Figure(name.replace("_", " "), text, table) for name, (text, table) in found.figures.items()
        ),
        guideline=guideline or "None names a level",
        responsible=_listed(bodies),
        level=rule.level,
        level_title=asked.levels[rule.level],
    )


def _listed(bodies: list[str]) -> str:
    said = " and ".join(bodies) if len(bodies) < 3 else f"{', '.join(bodies[:-1])} and {bodies[-1]}"
    return said[0].upper() + said[1:]
