"""Turning delivered text into typed values: the SQL expressions, generated from the registry.

What belongs here: one expression per value type and the status of required columns. What does not: reading
files or deciding what happens to unusable rows (`reading.py`).

Every date form the registry knows is told apart by its shape before it is parsed, so no form can be taken for another:
ISO with or without a time, DD/MM/YYYY and DD/MM/YY, DD-MON-YYYY and DD-MON-YY, and eight digits. Of eight digits the
middle pair decides: a century (18 to 21) there means DDMMYYYY, a month (01 to 12) means YYYYMMDD.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from naome_pipeline.deliveries.layouts import (
    Column,
    Condition,
    Source,
    TableLayout,
    data_set,
    expanded,
    value_types,
)
from naome_pipeline.engine import literal, quoted

EARLIEST_DATE = dt.date(1900, 1, 1)
MISSING, UNREADABLE, IMPOSSIBLE = "missing_value", "unreadable_value", "impossible_date"
_BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
_WITH_FORM = frozenset({"date", "integer", "decimal", "quintile"})

# Gives the SQL of a delivered column (`cycle.CYCLE_NUMBER`), or None when no file has it.
Locate = Callable[[str], str | None]


@dataclass(frozen=True)
class TypedColumns:
    """SQL of one table in steps, each over the names of the one before: delivered text, `texts`, `parsed`, `values`.

    `columns`: canonical name to value; `statuses`: required column to null or the reason it is unusable;
    `unreadable`: canonical name to the number of values of the row that became null although something was there.
    The last three stand over `values`.
    """

    texts: dict[str, str] = field(default_factory=dict)
    parsed: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def selection(self, source: str, *carried: str) -> str:
        """The nested SELECT over a delivered table up to `values`, with columns that are carried along."""
        for step in (self.texts, self.parsed, self.values):
            listed = ", ".join([*carried, *(f"{sql} AS {quoted(name)}" for name, sql in step.items())])
            source = f"(SELECT {listed} FROM {source})"
        return source


def cleaned(raw: str) -> str:
    """Text without surrounding blanks, tabs and line ends; nothing left is null."""
    return f"NULLIF(TRIM({raw}, {_BLANKS}), '')"


def date_value(text: str, snapshot_date: dt.date) -> str:
    """A date from cleaned text in any known form; null when it is none. Years of two digits lie before the snapshot."""
    latest = f"DATE '{snapshot_date}'"
    day = f"SPLIT_PART({text}, ' ', 1)"
    short_slash = f"TRY_STRPTIME({day}, '%d/%m/%y')::DATE"
    short_month = f"TRY_STRPTIME({text}, '%d-%b-%y')::DATE"

    def before_snapshot(value: str) -> str:
        return f"CASE WHEN {value} > {latest} THEN ({value} - INTERVAL 100 YEAR)::DATE ELSE {value} END"

    return f"""CASE
        WHEN {text} LIKE '____-__-__' THEN TRY_CAST({text} AS DATE)
        WHEN {text} LIKE '____-__-__ __:%' OR {text} LIKE '____-__-__T__:%' THEN TRY_CAST({text}[1:10] AS DATE)
        WHEN {day} LIKE '%_/%_/____' THEN TRY_STRPTIME({day}, '%d/%m/%Y')::DATE
        WHEN {day} LIKE '%_/%_/__' THEN {before_snapshot(short_slash)}
        WHEN {text} LIKE '%_-___-____' THEN TRY_STRPTIME({text}, '%d-%b-%Y')::DATE
        WHEN {text} LIKE '%_-___-__' THEN {before_snapshot(short_month)}
        WHEN LENGTH({text}) = 8 AND {text}[5:6] BETWEEN '18' AND '21' THEN TRY_STRPTIME({text}, '%d%m%Y')::DATE
        WHEN LENGTH({text}) = 8 AND {text}[5:6] BETWEEN '01' AND '12' THEN TRY_STRPTIME({text}, '%Y%m%d')::DATE
    END"""


def _number(text: str) -> str:
    return f"CASE WHEN ISFINITE(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) END"


def _integer(text: str, *, whole_part: bool) -> str:
    number = f"FLOOR({_number(text)})" if whole_part else _number(text)
    return f"CASE WHEN {number} = FLOOR({number}) THEN TRY_CAST({number} AS INTEGER) END"


def _without_merge_mark(text: str) -> str:
    return f"CASE WHEN LENGTH({text}) > 1 AND RIGHT({text}, 1) = 'm' THEN {text}[:-2] ELSE {text} END"


def parsed_value(type_name: str, text: str, snapshot_date: dt.date, *, whole_part: bool = False) -> str:
    """The value of a cleaned text, before values that mean "nothing recorded" are removed."""
    match type_name:
        case "text" | "identifier":
            return text
        case "code" | "provider":
            return f"UPPER({text})"
        case "registry_code":
            return f"UPPER({_without_merge_mark(text)})"
        case "icd10":
            return f"NULLIF(RTRIM(REPLACE(UPPER({text}), '.', ''), 'X-'), '')"
        case "opcs4":
            return f"REPLACE(UPPER({text}), '.', '')"
        case "quintile":
            return f"CASE WHEN {text}[1:1] BETWEEN '1' AND '5' THEN TRY_CAST({text}[1:1] AS INTEGER) END"
        case "integer":
            return _integer(text, whole_part=whole_part)
        case "decimal":
            return _number(text)
        case "date":
            return date_value(text, snapshot_date)
    raise ValueError(f"no rule for values of type {type_name}")


def means_nothing(type_name: str, value: str) -> str | None:
    """The condition that a parsed value stands for "nothing recorded"; None when the type has no such value."""
    rules = value_types()[type_name]
    kind = "DATE " if type_name == "date" else ""
    conditions = [f"STARTS_WITH({value}, {literal(prefix)})" for prefix in rules.null_prefixes]
    if rules.null_values:
        conditions.append(f"{value} IN ({', '.join(kind + literal(v) for v in rules.null_values)})")
    return " OR ".join(conditions) or None


def translated(raw: str, codes: Mapping[str, str]) -> str:
    """The canonical code for a code of the file; what the list does not name stays as it is."""
    whens = " ".join(f"WHEN {literal(old.upper())} THEN {literal(new)}" for old, new in codes.items())
    return f"CASE UPPER({cleaned(raw)}) {whens} ELSE {raw} END"


def years_between(born: str, then: str, snapshot_date: dt.date) -> str:
    """Completed years between two delivered dates, as text; null when one of them is no date."""
    first, second = (date_value(f"({cleaned(raw)})", snapshot_date) for raw in (born, then))
    return f"CAST(DATE_SUB('year', {first}, {second}) AS VARCHAR)"


def raw_text(
    source: Source, locate: Locate, snapshot_date: dt.date, position: int | None = None
) -> str | None:
    """The delivered text of a canonical column (of one list position), or None when no file has it."""

    def first(names: Sequence[str]) -> str | None:
        return next((found for name in names if (found := locate(name)) is not None), None)

    def at_position(name: str) -> list[str]:
        several = expanded((name,))
        return [name] if position is None else list(several[position : position + 1])

    if source.together:
        parts = [part for name in source.together if (part := locate(name)) is not None]
        if len(parts) < len(source.together):
            return None
        texts = [cleaned(part) for part in parts]
        if source.date_parts:
            texts = [texts[0], *(f"LPAD({text}, 2, '0')" for text in texts[1:])]
        raw = " || '-' || ".join(texts)
        if source.years_between:
            raw = years_between(parts[0], parts[1], snapshot_date)
    else:
        choices = [first([single for name in source.names for single in at_position(name)])]
        choices += [locate(name) for name in source.else_from]
        found = list(dict.fromkeys(choice for choice in choices if choice is not None))
        if not found:
            return None
        raw = found[0] if len(found) == 1 else f"COALESCE({', '.join(cleaned(f) for f in found)})"
    if source.only_where is not None:
        condition = condition_sql(source.only_where, locate)
        return None if condition is None else f"CASE WHEN {condition} THEN {raw} END"
    return raw


def condition_sql(condition: Condition, locate: Locate) -> str | None:
    """The SQL of a condition on a delivered column; None when no file has the column."""
    column = locate(condition.column)
    if column is None:
        return None
    allowed = ", ".join(literal(value) for value in condition.values)
    # 1.0 is how some extracts write the flag 1.
    return f"COALESCE(UPPER(REGEXP_REPLACE({cleaned(column)}, '\\.0$', '')) IN ({allowed}), FALSE)"


def typed_columns(
    layout: TableLayout, locate: Locate, snapshot_date: dt.date, imd_one_means: str | None = None
) -> TypedColumns:
    """The expressions of every canonical column of a layout, absent ones null.

    `imd_one_means` overrides the layout's when the file itself says what quintile 1 means.
    """
    typed = TypedColumns()
    direction = imd_one_means or layout.imd_one_means
    columns = data_set(layout.data_set).columns
    for column in columns:
        source = layout.columns.get(column.name)
        if column.width is not None:
            _add_list(typed, column, source, locate, snapshot_date)
        else:
            _add_single(typed, column, source, locate, snapshot_date, reverse=direction == "least_deprived")
    for column in columns:
        if column.fallback:
            _add_fallback(typed, column)
    return typed


def _add_single(
    typed: TypedColumns,
    column: Column,
    source: Source | None,
    locate: Locate,
    snapshot_date: dt.date,
    *,
    reverse: bool,
) -> None:
    raw = raw_text(source, locate, snapshot_date) if source else None
    name = column.name
    if raw is None or source is None:
        typed.columns[name] = f"CAST(NULL AS {value_types()[column.type].duckdb})"
        if column.required:
            typed.statuses[name] = literal(MISSING)
        return
    if source.codes:
        raw = translated(raw, source.codes)
    _add_value(typed, column.type, name, raw, snapshot_date, whole_part=source.whole_part)
    value, status = quoted(f"v_{name}"), quoted(f"s_{name}")
    if column.required:
        typed.statuses[name] = status
    elif column.type in _WITH_FORM:
        typed.unreadable[name] = f"CASE WHEN {status} IN ('{UNREADABLE}', '{IMPOSSIBLE}') THEN 1 ELSE 0 END"
    typed.columns[name] = f"6 - {value}" if reverse and column.type == "quintile" else value


def _add_list(
    typed: TypedColumns, column: Column, source: Source | None, locate: Locate, snapshot_date: dt.date
) -> None:
    """A list keeps nulls in place and ends with its last value: positions never move, empty tails are not stored."""
    name, kind = column.name, value_types()[column.type].duckdb
    raws = [raw_text(source, locate, snapshot_date, i) for i in range(column.width or 0)] if source else []
    while raws and raws[-1] is None:
        raws.pop()
    if not raws:
        typed.columns[name] = f"CAST(NULL AS {kind}[])"
        return
    elements, lost = [], []
    for i, raw in enumerate(raws, start=1):
        if raw is None:
            elements.append(f"CAST(NULL AS {kind})")
            continue
        _add_value(typed, column.type, f"{name}_{i}", raw, snapshot_date)
        elements.append(quoted(f"v_{name}_{i}"))
        if column.type in _WITH_FORM:
            status = quoted(f"s_{name}_{i}")
            lost.append(f"CASE WHEN {status} IN ('{UNREADABLE}', '{IMPOSSIBLE}') THEN 1 ELSE 0 END")
    branches = [
        f"WHEN {elements[n - 1]} IS NOT NULL THEN [{', '.join(elements[:n])}]"
        for n in range(len(elements), 0, -1)
    ]
    typed.columns[name] = f"CASE {' '.join(branches)} ELSE CAST([] AS {kind}[]) END"
    if lost:
        typed.unreadable[name] = " + ".join(lost)


def _add_value(
    typed: TypedColumns,
    type_name: str,
    name: str,
    raw: str,
    snapshot_date: dt.date,
    *,
    whole_part: bool = False,
) -> None:
    """Text, parsed value, final value and status of one delivered value."""
    text, parsed = quoted(f"x_{name}"), quoted(f"p_{name}")
    typed.texts[f"x_{name}"] = cleaned(raw)
    typed.parsed[f"p_{name}"] = parsed_value(type_name, text, snapshot_date, whole_part=whole_part)
    absent = f"{parsed} IS NULL"
    if type_name in _WITH_FORM:
        typed.parsed[f"t_{name}"] = f"{text} IS NOT NULL"
        absent = f"NOT {quoted(f't_{name}')}"
    checks = [f"WHEN {absent} THEN '{MISSING}'"]
    if nothing := means_nothing(type_name, parsed):
        checks.append(f"WHEN {nothing} THEN '{MISSING}'")
    if type_name in _WITH_FORM:
        checks.append(f"WHEN {parsed} IS NULL THEN '{UNREADABLE}'")
    if type_name == "date":
        checks.append(
            f"WHEN {parsed} NOT BETWEEN DATE '{EARLIEST_DATE}' AND DATE '{snapshot_date}' THEN '{IMPOSSIBLE}'"
        )
    status = f"CASE {' '.join(checks)} END"
    typed.values[f"s_{name}"] = status
    typed.values[f"v_{name}"] = f"CASE WHEN {status} IS NULL THEN {parsed} END"


def _add_fallback(typed: TypedColumns, column: Column) -> None:
    """A required value that is missing is taken from the first fallback column that has one."""
    value, status = typed.columns[column.name], typed.statuses[column.name]
    others = f"COALESCE({', '.join(typed.columns[other] for other in column.fallback)})"
    typed.columns[column.name] = f"CASE WHEN {status} = {literal(MISSING)} THEN {others} ELSE {value} END"
    typed.statuses[column.name] = (
        f"CASE WHEN {status} = {literal(MISSING)} AND {others} IS NOT NULL THEN NULL ELSE {status} END"
    )
