"""How each rule for recommendations ranks what the released tables show, worst first.

What belongs here: one function per rule, from released tables to ranked findings. What does not: thresholds and words
(`recommendations.yaml`), choosing among the rules (`recommendations.py`).

Only measures with a direction can be called better or worse, experimental ones and variants are left out, and of
survival one year stands for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.reading import ASSESSED, POTENTIAL, Reading


@dataclass(frozen=True)
class Found:
    """What a rule found: the indicator, the shown figures (name to text and table) and words that are no numbers."""

    indicator: str | None
    figures: Mapping[str, tuple[str, str]]
    words: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    subgroup: str | None = None


@dataclass(frozen=True)
class Basis:
    """The release a rule reads, and of each eligible indicator its row of definitions."""

    reading: Reading
    eligible: Mapping[str, Mapping[str, Any]]

    def related(self, indicator: str | None) -> set[str]:
        """The indicator with the one that says how complete its record is: one recommendation serves both."""
        if indicator is None:
            return set()
        completeness = self.eligible[indicator]["completeness_indicator"]
        return {indicator} if numbers.missing(completeness) else {indicator, str(completeness)}

    def kind(self, indicator: str | None) -> str:
        """What kind of measure an eligible indicator is; empty for none."""
        return str(self.eligible[indicator]["kind"]) if indicator else ""

    def of_kinds(self, kinds: tuple[str, ...]) -> list[str]:
        """The eligible indicators of these kinds, in the order of the registry."""
        return [name for name, row in self.eligible.items() if row["kind"] in kinds]

    def whole(self, indicator: str, subgroup: str = "all") -> Mapping[str, Any] | None:
        """The value of an indicator that stands for all, if its proportion is shown."""
        return self.reading.shown(indicator, subgroup)

    def guideline(self, indicator: str | None) -> str:
        """The guideline of an indicator; empty where none speaks of it."""
        return numbers.text(self.reading.definitions[indicator]["guideline"]) if indicator else ""


def basis_of(reading: Reading) -> Basis:
    """What the rules read of a release."""
    eligible = {
        name: row
        for name, row in reading.definitions.items()
        if row["available"]
        and row["status"] == "published"
        and row["measure"] == "proportion"
        and row["direction"] in {"higher", "lower"}
        and numbers.missing(row["variant_of"])
        and (name == "P10_1y" or not name.startswith("P10"))
    }
    return Basis(reading, eligible)


def _value_figures(row: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    table = "released_indicators"
    return {
        "numerator": (numbers.count(row["numerator"]), table),
        "denominator": (numbers.count(row["denominator"]), table),
        "value": (numbers.percent(row["proportion"]), table),
        "interval": (f"95% interval {numbers.percent_range(row['lower'], row['upper'])}", table),
    }


def _period(basis: Basis, row: Mapping[str, Any]) -> dict[str, str]:
    """The period of a value, with its nation where one alone stands for all."""
    return {"period": f"{row['period']}{basis.reading.only(row)}"}


def _completeness(basis: Basis, indicator: str, value: Mapping[str, Any]) -> str:
    """Beside a documented measure stands how complete its record is: a low value can be care or record."""
    name = basis.eligible[indicator]["completeness_indicator"]
    row = None if numbers.missing(name) else basis.reading.beside(str(name), value)
    if row is None:
        return ""
    share = numbers.percent(row["proportion"])
    return f"The record behind it is there for {share} of people; the others count as not documented."


def _ranked(found: list[tuple[float, Found]]) -> list[Found]:
    """Largest first; equal ones in the order of the registry."""
    return [f for _, f in sorted(found, key=lambda pair: -pair[0])]


def variation(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """By the lower end of the median odds ratio's interval."""
    del subgroups
    table = basis.reading.frame("released_variation")
    table = table[(table["measure"] == "median_odds_ratio") & table["lower"].notna()].set_index("indicator")
    found = []
    for name in basis.of_kinds(kinds):
        row = basis.whole(name)
        if row is None or name not in table.index:
            continue
        spread = {str(k): v for k, v in table.loc[name].to_dict().items()}
        if spread["lower"] <= threshold:
            continue
        source = "released_variation"
        figures = _value_figures(row) | {
            "ratio": (numbers.ratio(spread["value"]), source),
            "ratio_interval": (numbers.ratio_range(spread["lower"], spread["upper"]), source),
            "trusts": (
                "a hidden number of"
                if numbers.missing(spread["trusts"])
                else numbers.count(spread["trusts"]),
                source,
            ),
        }
        # The hospitals are those of both nations also where one alone shows its share.
        words = _period(basis, row) | {"whole": basis.reading.comparator(name)}
        found.append((float(spread["lower"]), Found(name, figures, words, _completeness(basis, name, row))))
    return _ranked(found)


def guideline(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """By the share of people without the care that the indicator's guideline recommends."""
    del subgroups
    found = []
    for name in basis.of_kinds(kinds):
        row = basis.whole(name)
        if row is None or not basis.guideline(name) or basis.eligible[name]["direction"] != "higher":
            continue
        short = 1 - float(row["proportion"])
        if short >= threshold:
            found.append(
                (
                    short,
                    Found(name, _value_figures(row), _period(basis, row), _completeness(basis, name, row)),
                )
            )
    return _ranked(found)


def worsening(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """By the change from the year before to the newest whole year, where its interval leaves out no change."""
    del subgroups
    table = basis.reading.frame("released_yearly_change")
    table = table.sort_values("year").drop_duplicates(["indicator", "nation"], keep="last")
    found = []
    for name in basis.of_kinds(kinds):
        for row in table[(table["indicator"] == name) & table["difference"].notna()].to_dict("records"):
            worse = -1 if basis.eligible[name]["direction"] == "higher" else 1
            nearest = row["upper"] if worse < 0 else row["lower"]
            if nearest * worse <= 0 or row["difference"] * worse < threshold:
                continue
            source = "released_yearly_change"
            figures = {
                "value": (numbers.percent(row["value"]), source),
                "year": (str(int(row["year"])), source),
                "change": (numbers.points(row["difference"]), source),
                "change_interval": (
                    f"95% interval {numbers.points_range(row['lower'], row['upper'])}",
                    source,
                ),
            }
            words = {"nation": str(row["nation"])}
            found.append((float(row["difference"] * worse), Found(name, figures, words)))
    return _ranked(found)


def data_quality(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """By the distance below the target."""
    del subgroups
    found = []
    for name in basis.of_kinds(kinds):
        row = basis.whole(name)
        if row is not None and row["proportion"] < threshold:
            figures = _value_figures(row) | {"target": (numbers.whole_percent(threshold), "provenance")}
            found.append((threshold - float(row["proportion"]), Found(name, figures, _period(basis, row))))
    return _ranked(found)


def outliers(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """By the number of potential outliers on the worse side; an indicator that asks for risk adjustment and has none names
    nobody."""
    del subgroups
    table = basis.reading.frame("released_comparison")
    found = []
    for name in basis.of_kinds(kinds):
        row = basis.whole(name)
        kind = basis.reading.judged_by(name)
        here = table[(table["indicator"] == name) & (table["comparison"] == kind)]
        outside = here[(here["state"] == POTENTIAL) & (here["direction"] == "worse")]
        if row is None or len(outside) < threshold:
            continue
        widely = here[
            (here["overdispersed_state"] == POTENTIAL) & (here["overdispersed_direction"] == "worse")
        ]
        source = "released_comparison"
        figures = _value_figures(row) | {
            "outliers": (numbers.count(len(outside)), source),
            "assessed": (
                numbers.count(here["state"].isin(ASSESSED).sum()),
                source,
            ),
            "hidden": (numbers.count((here["state"] == "hidden").sum()), source),
            "overdispersed": (numbers.count(len(widely)), source),
        }
        words = {"period": str(here["period"].iloc[0]), "comparison": kind, "only": basis.reading.only(row)}
        found.append((float(len(outside)), Found(name, figures, words, _completeness(basis, name, row))))
    return _ranked(found)


def inequality(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """By the gap between a group and everybody, where the two intervals do not overlap."""
    found = []
    for name in basis.of_kinds(kinds):
        row, higher = basis.whole(name), basis.eligible[name]["direction"] == "higher"
        for group in subgroups:
            part = basis.whole(name, group)
            if row is None or part is None or part["unit_code"] != row["unit_code"]:
                continue
            apart = part["upper"] < row["lower"] if higher else part["lower"] > row["upper"]
            gap = abs(float(row["proportion"]) - float(part["proportion"]))
            if not apart or gap < threshold:
                continue
            of_group = {f"group_{k}": v for k, v in _value_figures(part).items()}
            words = _period(basis, row) | {"subgroup": wording.subgroup(group).lower()}
            found.append((gap, Found(name, _value_figures(row) | of_group, words, subgroup=group)))
    return _ranked(found)


def recurrence(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """Whether many recurrences are known from one source alone."""
    del kinds, subgroups
    table = basis.reading.frame("released_recurrence_evidence")
    everybody = table[table["source"] == "any"]
    hidden = sorted(set(everybody.loc[everybody["people"].isna(), "nation"]))
    people = everybody[~everybody["nation"].isin(hidden)].groupby("certainty")["people"].sum()
    total = int(people.sum())
    counts = {name: int(people.to_dict().get(name, 0)) for name in ("definite", "probable", "possible")}
    if not total or counts["possible"] / total < threshold:
        return []
    source = "released_recurrence_evidence"
    shown = {"recurrent": (numbers.count(total), source)} | {
        k: (numbers.count(v), source) for k, v in counts.items()
    }
    remark = f"Without {' and '.join(hidden)}, whose numbers are hidden." if hidden else ""
    return [Found(None, shown, remark=remark)]


def missing_data(
    basis: Basis, threshold: float, kinds: tuple[str, ...], subgroups: tuple[str, ...]
) -> list[Found]:
    """Whether indicators of the plan are not available."""
    del kinds, subgroups
    planned = [
        row
        for row in basis.reading.definitions.values()
        if numbers.missing(row["variant_of"]) and not row["extension"]
    ]
    without = [row for row in planned if not row["available"]]
    if len(without) < threshold:
        return []
    source = "released_definitions"
    figures = {
        "unavailable": (numbers.count(len(without)), source),
        "planned": (numbers.count(len(planned)), source),
    }
    return [Found(None, figures, {"names": "; ".join(str(row["title"]) for row in without)})]


Ranker = Callable[[Basis, float, tuple[str, ...], tuple[str, ...]], list[Found]]
RANKERS: Mapping[str, Ranker] = {
    "variation": variation,
    "guideline": guideline,
    "worsening": worsening,
    "data_quality": data_quality,
    "outliers": outliers,
    "inequality": inequality,
    "recurrence": recurrence,
    "missing_data": missing_data,
}
