"""Revisions of every released table but the indicators: which published values changed since the release before.

What belongs here: which columns of a table name a row and which are its values, and comparing two releases as they were
shown. What does not: the indicators, whose counts are compared side by side (`revisions.py`).

Both values are taken from released tables, so nothing is said that was not published: where one of the releases hid a value
the entry says nothing but that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naome_pipeline.engine import literal, quoted

# Noise of a last digit is no revision.
DIGITS = 6
COLUMNS = ("table_name", "level", "row_name", "column_name", "change", "before", "now", "policy")


@dataclass(frozen=True)
class Revised:
    """How a released table is compared. `keys` name a row; `values` are compared. `dated`: a key holds the period, so that
    rows of two releases of different periods mean the same."""

    keys: tuple[str, ...]
    values: tuple[str, ...]
    dated: bool = False
    level: str = "'nation'"


TABLES: dict[str, Revised] = {
    "released_comparison": Revised(
        ("indicator", "comparison", "period", "trust_code"),
        ("denominator", "numerator", "expected", "value", "state", "direction", "overdispersed_state"),
        dated=True,
        level="'trust'",
    ),
    # The counts of a run chart are those of the indicators.
    "released_series": Revised(
        ("indicator", "level", "unit_code", "period_kind", "period"),
        ("special_cause", "variation", "limits"),
        dated=True,
        level="level",
    ),
    "released_survival": Revised(
        ("level", "unit_code", "subgroup", "time"),
        ("people", "deaths", "survival", "median", "restricted_mean"),
    ),
    "released_treatment_incidence": Revised(
        ("level", "unit_code", "subgroup", "day"), ("people", "treated", "died_untreated", "incidence")
    ),
    "released_variation": Revised(("indicator", "measure"), ("value", "trusts", "people", "note")),
    "released_factors": Revised(("indicator", "block", "factor", "measure"), ("value", "people", "note")),
    "released_risk_models": Revised(("indicator", "part", "unit", "measure", "note"), ("value",)),
    "released_yearly_change": Revised(
        ("indicator", "nation", "year"), ("numerator", "denominator", "difference"), dated=True
    ),
    "released_intervention_effects": Revised(
        ("intervention", "indicator", "design", "term"), ("estimate", "expected", "note")
    ),
    "released_recurrence_rates": Revised(
        ("nation", "certainty", "year"), ("people", "recurred", "incidence", "died_before")
    ),
    "released_recurrence_evidence": Revised(
        ("nation", "certainty", "source"), ("people", "found_by_one_source_only")
    ),
    "released_registry_agreement": Revised(
        ("measure", "item", "period_kind", "period", "level", "unit_code"),
        ("denominator", "numerator", "kappa", "note"),
        dated=True,
        level="level",
    ),
    "released_definitions": Revised(
        ("indicator",),
        (
            "title",
            "kind",
            "denominator_text",
            "numerator_text",
            "direction",
            "follow_up_days",
            "records_indicator",
            "risk_adjustment",
            "guideline",
            "construction",
            "status",
            "reason",
            "nations",
            "not_in",
        ),
        dated=True,
    ),
    "released_not_known": Revised(("indicator", "nation", "period"), ("who", "not_known"), dated=True),
    "released_attrition": Revised(("step", "title"), ("removed", "remaining")),
    "released_data_sets": Revised(
        ("data_set",), ("delivered", "complete_to", "rows_in", "rows_out", "rows_quarantined")
    ),
}


@dataclass(frozen=True)
class Compared:
    """The files of one table in two releases, and the columns that both have."""

    now: Path
    before: Path
    columns: Sequence[str]


def table_revisions_sql(
    tables: Mapping[str, Compared], indicators: tuple[Path, Path] | None, *, same_period: bool
) -> str:
    """SQL giving one row per value that differs between two releases, over all tables (COLUMNS), values as text.

    `indicators`: the released indicators now and before: when they were made under two disclosure policies the result is
    empty, as it is without an earlier release (None). Between two periods only rows in both are compared, and only those
    of tables that say which period a row is about.
    """
    parts = []
    for name, entry in TABLES.items():
        if indicators is None or name not in tables or not (same_period or entry.dated):
            continue
        parts += _parts(name, entry, tables[name], indicators, same_period)
    if not parts:
        return (
            "SELECT " + ", ".join(f"CAST(NULL AS VARCHAR) AS {column}" for column in COLUMNS) + " WHERE FALSE"
        )
    return "\nUNION ALL\n".join(parts)


def _parts(
    name: str, entry: Revised, files: Compared, indicators: tuple[Path, Path], same_period: bool
) -> list[str]:
    keys = [key for key in entry.keys if key in files.columns]
    now, before = (
        f"(SELECT *, TRUE AS there FROM read_parquet({literal(path)}))" for path in (files.now, files.before)
    )
    joined = " AND ".join(f"n.{quoted(key)} IS NOT DISTINCT FROM b.{quoted(key)}" for key in keys)
    said = ", ".join(f"COALESCE({_text(f'n.{quoted(k)}')}, {_text(f'b.{quoted(k)}')})" for k in keys)
    level = "COALESCE(n.level, b.level)" if entry.level == "level" and "level" in keys else entry.level
    policy_now, policy_before = (
        f"(SELECT MAX(policy) FROM read_parquet({literal(path)}))" for path in indicators
    )
    both = "" if same_period else " AND n.there AND b.there"
    return [
        f"SELECT {literal(name)} AS table_name, {level} AS level, CONCAT_WS(' | ', {said}) AS row_name, "
        f"{literal(column)} AS column_name, CASE WHEN b.there IS NULL THEN 'new' WHEN n.there IS NULL THEN 'withdrawn' "
        f"ELSE 'changed' END AS change, {_text(f'b.{quoted(column)}')} AS before, {_text(f'n.{quoted(column)}')} AS now, "
        f"{policy_now} AS policy FROM {now} AS n FULL OUTER JOIN {before} AS b ON {joined} "
        f"WHERE {_text(f'n.{quoted(column)}')} IS DISTINCT FROM {_text(f'b.{quoted(column)}')}{both} "
        f"AND {policy_now} = {policy_before}"
        for column in entry.values
        if column in files.columns
    ]  # fmt: skip


def _text(column: str) -> str:
    """A value as text, without the noise of its last digits; nothing for an empty one."""
    number = f"TRY_CAST({column} AS DOUBLE)"
    return (
        f"NULLIF(CASE WHEN TYPEOF({column}) IN ('DOUBLE', 'FLOAT') THEN CASE WHEN isnan({number}) THEN NULL "
        f"ELSE CAST(ROUND({number}, {DIGITS}) AS VARCHAR) END ELSE CAST({column} AS VARCHAR) END, '')"
    )
