"""The numbers of the dashboard, packed from released tables for the page to show.

What belongs here: choosing and packing released numbers. What does not: computing any (the tables have them), or how the
page looks (`templates/dashboard/`).

Proportions travel as whole tenths of a percent, rounded once, here: table, chart and download of the page cannot differ
by rounding, and the page stays small. A cell is `[numerator, people, value, lower, upper]`, for durations `[people, median,
lower quartile, upper quartile]`, `[people]` where only the numerator is hidden, 0 where all is hidden, nothing where the
table has no row. `templates/dashboard/data.js` is the other end.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER, ROLLING
from naome_pipeline.parameters import parameters
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.dashboard_outcomes import dashboard_outcomes
from naome_pipeline.reports.reading import ADJUSTED, LEVELS, TRUST, Reading
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.standing import adjustment_said, without_adjustment
from naome_pipeline.reports.values import not_counted

KINDS = {QUARTER: "quarter", ROLLING: "rolling", AUDIT_PERIOD: "audit"}
MOST_REVISIONS = 15_000
_ORDER = {level: place for place, level in enumerate(LEVELS)}
BINOMIAL = "binomial"  # the limits of a run chart that are not widened
_LIMITS = ("lower_998", "lower_95", "upper_95", "upper_998")

Cell = list[Any] | int | None


def dashboard_data(tables: ReleasedTables) -> dict[str, Any]:
    """Everything the page shows that is not fixed text, as plain values ready for JSON."""
    provenance, reading = tables.frame("provenance"), Reading(tables)
    values = tables.frame("released_indicators")
    everybody = values[values["subgroup"] == "all"]
    definitions = tables.frame("released_definitions").sort_values("position")
    shown = set(everybody.loc[everybody["period_kind"] != QUARTER, "indicator"])
    days = set(definitions.loc[definitions["measure"] == "days", "indicator"])
    periods = _periods(everybody)
    revisions = tables.frame("revisions")
    return {
        "release": tables.facts(),
        "target": numbers.tenths(parameters()["data_quality_target"].value),
        "kinds": wording.KINDS,
        "indicators": [_definition(row, shown, reading) for row in definitions.to_dict("records")],
        "units": _units(reading),
        "periods": periods,
        "values": _values(everybody, periods, days),
        "groups": {name: wording.subgroup(name) for name in sorted(set(values["subgroup"]) - {"all"})},
        "subgroups": _subgroups(values[values["subgroup"] != "all"], days),
        "series": _series(tables.frame("released_series"), periods),
        "widened": _widened(tables.frame("released_series")),
        "comparison": _comparison(reading),
        "unadjusted": without_adjustment(reading),
        "adjustment": adjustment_said(reading),
        "outcomes": dashboard_outcomes(tables),
        "recurrence_rates": [
            _plain(r) | {c: numbers.tenths(r[c]) for c in ("incidence", "lower", "upper", "died_before")}
            for r in tables.frame("released_recurrence_rates").to_dict("records")
        ],
        "recurrence_evidence": [
            _plain(r) | {"source": wording.source(str(r["source"]))}
            for r in tables.frame("released_recurrence_evidence").to_dict("records")
        ],
        "revisions": _revisions(revisions),
        "revision_count": len(revisions),
        "files": [_plain(r) for r in tables.frame("changed_files").to_dict("records")],
        "attrition": [
            _plain(r) for r in tables.frame("released_attrition").sort_values("step").to_dict("records")
        ],
        "data_sets": [
            _plain(r) | {"data_set": wording.data_set(r["data_set"])}
            for r in tables.frame("released_data_sets").to_dict("records")
        ],
        "parameters": [
            _plain(r)
            for r in provenance.loc[
                provenance["kind"] == "parameter", ["item", "value", "unit", "basis", "note"]
            ].to_dict("records")
        ],
    }


def _plain(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    plain = {}
    for key, value in row.items():
        if numbers.missing(value):
            plain[str(key)] = None
        elif isinstance(value, pd.Timestamp):
            plain[str(key)] = value.date().isoformat()
        elif hasattr(value, "item"):
            plain[str(key)] = value.item()
        else:
            plain[str(key)] = value
    return plain


def _definition(row: Mapping[Hashable, Any], shown: set[str], reading: Reading) -> dict[str, Any]:
    entry = _plain(row)
    entry["not_known"] = not_counted(reading.not_known(str(entry["indicator"])))
    entry["state"] = wording.state(entry, entry["indicator"] in shown)
    entry["assessed_where"] = wording.records_needed(entry.pop("records_indicator"))
    entry["missing_in"] = wording.missing_in(str(entry["not_in"] or ""))
    for name in ("position", "reason", "available", "extension", "goal", "nations", "not_in"):
        del entry[name]
    return entry


def _periods(values: pd.DataFrame) -> dict[str, list[str]]:
    """The labels of each kind of period, oldest first."""
    found: dict[str, list[str]] = {}
    for kind, short in KINDS.items():
        of = values.loc[values["period_kind"] == kind, ["period_end", "period"]].drop_duplicates()
        found[short] = of.sort_values(["period_end", "period"])["period"].tolist()
    return found


def _units(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    """Name, code, Alliance and nation of every unit, by name."""
    return {
        level: [
            {"code": unit.code, "name": unit.name, "alliance": unit.alliance, "nation": unit.nation}
            for unit in units
        ]
        for level, units in reading.units.items()
    }


def _cell(row: Any, days: set[str]) -> Cell:
    bottom = None if numbers.missing(row.denominator) else int(row.denominator)
    if bottom is None:
        return 0
    if row.indicator in days:
        if row.suppressed or numbers.missing(row.median_days):
            return [bottom]
        return [bottom, row.median_days, row.lower_quartile_days, row.upper_quartile_days]
    if numbers.missing(row.numerator):
        return [bottom]
    shares = (row.proportion, row.lower, row.upper)
    return [int(row.numerator), bottom, *map(numbers.tenths, shares)]


def _values(values: pd.DataFrame, periods: Mapping[str, list[str]], days: set[str]) -> dict[str, Any]:
    """indicator -> kind of period -> unit -> cells along the periods, cut after the indicator's last."""
    places = {kind: {label: i for i, label in enumerate(labels)} for kind, labels in periods.items()}
    found: dict[str, Any] = {}
    for row in values.itertuples(index=False):
        kind = KINDS[str(row.period_kind)]
        cells = (
            found.setdefault(str(row.indicator), {})
            .setdefault(kind, {})
            .setdefault(row.unit_code, [None] * len(periods[kind]))
        )
        cells[places[kind][str(row.period)]] = _cell(row, days)
    for kinds in found.values():
        for units in kinds.values():
            for cells in units.values():
                while cells[-1] is None:
                    cells.pop()
    return found


def _subgroups(values: pd.DataFrame, days: set[str]) -> dict[str, Any]:
    """indicator -> rolling or audit -> unit -> subgroup -> cell, of each indicator's newest such period."""
    found: dict[str, Any] = {}
    for (name, kind), rows in values.groupby(["indicator", "period_kind"], sort=True):
        if kind == QUARTER:
            continue
        newest = rows[rows["period_end"] == rows["period_end"].max()]
        here: dict[str, Any] = {"period": newest["period"].iloc[0]}
        for row in newest.itertuples(index=False):
            here.setdefault(row.unit_code, {})[row.subgroup] = _cell(row, days)
        found.setdefault(str(name), {})[KINDS[str(kind)]] = here
    return found


def _series(series: pd.DataFrame, periods: Mapping[str, list[str]]) -> dict[str, Any]:
    """indicator -> unit -> `[centre, lower, upper, moving average, mark]` by quarter; of trusts `[lower, upper]` by year."""
    places = {kind: {label: i for i, label in enumerate(labels)} for kind, labels in periods.items()}
    found: dict[str, Any] = {}
    for row in series.itertuples(index=False):
        if numbers.missing(row.value):
            continue
        kind = KINDS[str(row.period_kind)]
        points = found.setdefault(str(row.indicator), {}).setdefault(
            row.unit_code, [None] * len(periods[kind])
        )
        limits = [numbers.tenths(v) for v in (row.centre, row.lower, row.upper, row.moving_average)]
        marked = row.variation if row.special_cause else ""
        points[places[kind][str(row.period)]] = limits[1:3] if row.level == TRUST else [*limits, marked]
    return found


def _widened(series: pd.DataFrame) -> dict[str, Any]:
    """indicator -> unit -> sigma z in hundredths, of the run charts whose limits are widened by it."""
    found: dict[str, Any] = {}
    of = series[series["limits"] != BINOMIAL].drop_duplicates(["indicator", "unit_code"])
    for row in of.itertuples(index=False):
        found.setdefault(str(row.indicator), {})[row.unit_code] = numbers.hundredths(row.sigma_z)
    return found


def _comparison(reading: Reading) -> dict[str, Any]:
    """indicator -> comparison -> period, target with what it is of, method, why nobody is judged by it, and trusts; a hidden
    trust is 0."""
    comparison = reading.frame("released_comparison")
    found: dict[str, Any] = {}
    for (name, kind), rows in comparison.groupby(["indicator", "comparison"], sort=True):
        ratio = kind == ADJUSTED
        whole = numbers.hundredths if ratio else numbers.tenths
        assessed = rows[rows["target"].notna()]
        trusts: dict[str, Any] = {}
        for row in rows.to_dict("records"):
            trusts[row["trust_code"]] = 0 if row["suppressed"] else _position(row, whole)
        found.setdefault(str(name), {})[str(kind)] = {
            "period": rows["period"].iloc[0],
            "ratio": ratio,
            "whole": reading.comparator(str(name)),
            "not_judged": reading.not_judged(str(name), str(kind)),
            "target": whole(assessed["target"].iloc[0]) if len(assessed) else None,
            "method": str(assessed["method"].iloc[0]) if len(assessed) and assessed["method"].iloc[0] else "",
            "trusts": trusts,
        }
    return found


def _position(row: Mapping[Hashable, Any], whole: Any) -> list[Any]:
    counts = [None if numbers.missing(row[c]) else int(row[c]) for c in ("numerator", "denominator")]
    expected = None if numbers.missing(row["expected"]) else round(float(row["expected"]), 1)
    limits = [whole(row[f"{wide}{c}"]) for wide in ("", "overdispersed_") for c in _LIMITS]
    said = [
        "" if numbers.missing(row[c]) else row[c]
        for c in ("state", "direction", "overdispersed_state", "overdispersed_direction", "reason")
    ]
    return [*counts, expected, whole(row["value"]), *limits, *said]


def _revisions(revisions: pd.DataFrame) -> list[list[Any]]:
    """The changed numbers, nations and newest periods first, at most MOST_REVISIONS: indicator, period, unit, group, change,
    before, now."""
    order = revisions.assign(
        rank=revisions["level"].map(_ORDER).astype(float) + (revisions["subgroup"] != "all") * len(LEVELS)
    ).sort_values(
        ["rank", "period", "indicator", "unit_code", "subgroup"], ascending=[True, False, True, True, True]
    )

    def said(row: Any, when: str) -> str:
        median = getattr(row, f"median_days_{when}")
        if not numbers.missing(median):
            return numbers.days(median)
        top, bottom = getattr(row, f"numerator_{when}"), getattr(row, f"denominator_{when}")
        if numbers.missing(top):
            return "hidden or not given" if numbers.missing(bottom) else f"hidden, of {numbers.count(bottom)}"
        return f"{numbers.count(top)} of {numbers.count(bottom)}"

    return [
        [
            r.indicator,
            r.period,
            r.unit_code,
            "Everybody" if r.subgroup == "all" else wording.subgroup(str(r.subgroup)),
            r.change,
            said(r, "before"),
            said(r, "now"),
        ]
        for r in order.head(MOST_REVISIONS).itertuples(index=False)
    ]
