"""Turning delivered text into typed values: the SQL expressions, generated from the registry.

What belongs here: one expression per value type and the status of required columns. What does not: reading
files or deciding what happens to unusable rows (`reading.py`).

Every date form the registry knows is told apart by its shape before it is parsed, so no form can be taken for another:
ISO with or without a time, DD/MM/YYYY and DD/MM/YY, DD-MON-YYYY and DD-MON-YY, and eight digits. Of eight digits the
middle pair decides: a century (18 to 21) there means DDMMYYYY, a month (01 to 12) means YYYYMMDD.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence, Set
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
from naome_pipeline.deliveries.text_files import Blanks
from naome_pipeline.engine import literal, quoted

EARLIEST_DATE = dt.date(1900, 1, 1)
MISSING, UNREADABLE, IMPOSSIBLE = "missing_value", "unreadable_value", "impossible_date"
_REASONS = (MISSING, UNREADABLE, IMPOSSIBLE)
_BLANKS = literal(" \t\n\r\xa0")
# How many places of a list are typed: no more than needed, in few steps.
_LIST_SIZES = (4, 8, 16)
# So many first places of a list are typed as columns of their own.
_PLACES_ALONE = 2
_UPPER_CASE = frozenset({"code", "provider", "icd10", "opcs4"})
_WITH_FORM = frozenset({"date", "integer", "decimal", "quintile"})

# Gives the SQL of a delivered column (`cycle.CYCLE_NUMBER`), or None when no file has it.
Locate = Callable[[str], str | None]


@dataclass(frozen=True)
class TypedColumns:
    """SQL of one table in steps, each over the names of the one before: delivered text, `texts`, `parsed`, `values`.

    `columns`: canonical name to value; `statuses`: required column to null or the reason it is unusable;
    `unreadable`: canonical name to the number of values of the row that became null although something was there.
    The last three stand over `values`, which keeps the parsed values they need.
    """

    texts: dict[str, str] = field(default_factory=dict)
    parsed: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Why a row can be unusable: reason and required column, in the order of the codes."""
        return [(reason, column) for column in self.statuses for reason in _REASONS]

    @property
    def code(self) -> str:
        """The SQL of the position of a row's first reason in `reasons`; null when the row is usable."""
        codes = []
        for number, status in enumerate(self.statuses.values()):
            branches = (f"WHEN '{r}' THEN {number * len(_REASONS) + i}" for i, r in enumerate(_REASONS))
            codes.append(f"CASE {status} {' '.join(branches)} END")
        if not codes:
            return "NULL"
        # Nearly every row is usable, which is quickly seen.
        usable = " AND ".join(f"{self.columns[column]} IS NOT NULL" for column in self.statuses)
        return f"CASE WHEN {usable} THEN NULL ELSE COALESCE({', '.join(codes)}) END"


def cleaned(raw: str, blanks: Blanks = Blanks.ANY) -> str:
    """Text without surrounding blanks, tabs and line ends; nothing left is null.

    `blanks`: which can be there; most texts need no trimming when not any can.
    """
    trimmed = f"NULLIF(TRIM({raw}, {_BLANKS}), '')"
    if blanks == Blanks.ANY:
        return trimmed
    # '!' follows the space: what sorts before it is empty or begins with a blank. That costs a tenth of looking at the end.
    ends = f" OR ENDS_WITH({raw}, ' ')" if blanks == Blanks.SPACES else ""
    return f"CASE WHEN {raw} < '!'{ends} THEN {trimmed} ELSE {raw} END"


def date_value(text: str, snapshot_date: dt.date) -> str:
    """A date from cleaned text in any known form; null when it is none. Years of two digits lie before the snapshot."""
    latest = f"DATE '{snapshot_date}'"
    day = f"SPLIT_PART({text}, ' ', 1)"
    short_slash = f"TRY_STRPTIME({day}, '%d/%m/%y')::DATE"
    short_month = f"TRY_STRPTIME({text}, '%d-%b-%y')::DATE"

    def before_snapshot(value: str) -> str:
        return f"CASE WHEN {value} > {latest} THEN ({value} - INTERVAL 100 YEAR)::DATE ELSE {value} END"

    # Nothing comes first, which most places of a list hold, then the three usual forms, told apart by their length: the others
    # cost several comparisons.
    return f"""CASE
        WHEN {text} IS NULL THEN NULL
        WHEN {text} LIKE '____-__-__' THEN TRY_CAST({text} AS DATE)
        WHEN STRLEN({text}) = 10 AND {text} LIKE '__/__/____' THEN TRY_STRPTIME({text}, '%d/%m/%Y')::DATE
        WHEN STRLEN({text}) = 9 AND {text} LIKE '__-___-__' THEN {before_snapshot(short_month)}
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
    if whole_part:
        return f"TRY_CAST(FLOOR({_number(text)}) AS INTEGER)"
    number = _number(text)
    return f"CASE WHEN {number} = FLOOR({number}) THEN TRY_CAST({number} AS INTEGER) END"


def _without_merge_mark(text: str) -> str:
    return f"CASE WHEN LENGTH({text}) > 1 AND RIGHT({text}, 1) = 'm' THEN {text}[:-2] ELSE {text} END"


def _without_dots(text: str) -> str:
    return f"CASE WHEN CONTAINS({text}, '.') THEN REPLACE({text}, '.', '') ELSE {text} END"


def parsed_value(type_name: str, text: str, snapshot_date: dt.date, *, whole_part: bool = False) -> str:
    """The value of a cleaned text (codes: in upper case), before values that mean "nothing recorded" are removed."""
    match type_name:
        case "text" | "identifier" | "code" | "provider":
            return text
        case "registry_code":
            return f"UPPER({_without_merge_mark(text)})"
        case "icd10":
            trimmed = f"NULLIF(RTRIM(REPLACE({text}, '.', ''), 'X-'), '')"
            fillers = " OR ".join(f"ENDS_WITH({text}, '{filler}')" for filler in "X-.")
            # RTRIM costs seven times what a look at the end does.
            return f"CASE WHEN {fillers} THEN {trimmed} ELSE {_without_dots(text)} END"
        case "opcs4":
            return _without_dots(text)
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


def delivered_text(
    source: Source,
    locate: Locate,
    snapshot_date: dt.date,
    position: int | None = None,
    blanks: Blanks = Blanks.ANY,
) -> str | None:
    """The cleaned text of a canonical column (of one list position: as delivered), or None when no file has it."""

    def first(names: Sequence[str]) -> str | None:
        return next((found for name in names if (found := locate(name)) is not None), None)

    def at_position(name: str) -> list[str]:
        names = expanded((name,))
        return [name] if position is None else list(names[position : position + 1])

    if source.together:
        parts = [part for name in source.together if (part := locate(name)) is not None]
        if len(parts) < len(source.together):
            return None
        texts = [cleaned(part, blanks) for part in parts]
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
        # A place of a list that has one source is cleaned with the others of its list.
        several = position is None or len(found) > 1
        texts = [cleaned(text, blanks) if several else text for text in found]
        raw = texts[0] if len(texts) == 1 else f"COALESCE({', '.join(texts)})"
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
    layout: TableLayout,
    locate: Locate,
    snapshot_date: dt.date,
    imd_one_means: str | None = None,
    blanks: Blanks = Blanks.ANY,
    *,
    stand_ins: bool = True,
    wanted: Set[str] | None = None,
) -> TypedColumns:
    """The expressions of every canonical column of a layout, or of those that are `wanted`, absent ones null.

    `imd_one_means` overrides the layout's when the file itself says what quintile 1 means; `blanks` is what is known of
    the ends of the files' values. Without `stand_ins` a column that has them is judged by its own values.
    """
    typed = TypedColumns()
    direction = imd_one_means or layout.imd_one_means
    columns = [c for c in data_set(layout.data_set).columns if wanted is None or c.name in wanted]
    for column in columns:
        value = _Value(column.type, snapshot_date, blanks)
        source = layout.columns.get(column.name)
        if column.width is not None:
            _add_list(typed, column, source, locate, value)
        else:
            _add_single(typed, column, source, locate, value, reverse=direction == "least_deprived")
    for column in columns:
        if column.fallback and (stand_ins or not column.fallback_for_unreadable):
            _add_fallback(typed, column)
    for column in columns:
        if column.kept_without and stand_ins:
            _keep_without(typed, column.name)
    return typed


@dataclass(frozen=True)
class _Value:
    """How values of one type are made: from delivered text to cleaned text, to parsed value, to final value."""

    type_name: str
    snapshot_date: dt.date
    blanks: Blanks

    @property
    def has_form(self) -> bool:
        return self.type_name in _WITH_FORM

    def text(self, cleaned_text: str) -> str:
        """The cleaned text as it is parsed: codes are in upper case."""
        return f"UPPER({cleaned_text})" if self.type_name in _UPPER_CASE else cleaned_text

    def parsed(self, text: str, *, whole_part: bool = False) -> str:
        return parsed_value(self.type_name, text, self.snapshot_date, whole_part=whole_part)

    def nothing(self, parsed: str) -> str:
        return f"COALESCE({means_nothing(self.type_name, parsed) or 'NULL'}, FALSE)"

    def final(self, parsed: str) -> str:
        """The parsed value, or null where it means nothing or is a day on which nothing can have happened."""
        if self.type_name == "date":
            # What means nothing are days before the earliest one.
            return f"CASE WHEN {parsed} BETWEEN DATE '{EARLIEST_DATE}' AND DATE '{self.snapshot_date}' THEN {parsed} END"
        if means_nothing(self.type_name, parsed):
            return f"CASE WHEN {self.nothing(parsed)} THEN NULL ELSE {parsed} END"
        return parsed

    def lost(self, text: str, parsed: str, value: str) -> str:
        """The condition that something was there and is no value."""
        return f"{value} IS NULL AND {text} IS NOT NULL AND NOT {self.nothing(parsed)}"

    def status(self, text: str, parsed: str, value: str) -> str:
        """Null, or why there is no value."""
        reasons = f"WHEN {text} IS NULL OR {self.nothing(parsed)} THEN '{MISSING}'"
        if self.has_form:
            reasons += f" WHEN {parsed} IS NULL THEN '{UNREADABLE}'"
        return f"CASE WHEN {value} IS NULL THEN CASE {reasons} ELSE '{IMPOSSIBLE if self.has_form else MISSING}' END END"


def _steps(name: str) -> tuple[str, str, str]:
    """The names of a value's cleaned text, parsed value and final value."""
    return quoted(f"x_{name}"), quoted(f"p_{name}"), quoted(f"v_{name}")


def _add_steps(
    typed: TypedColumns,
    name: str,
    raw: str,
    value: _Value,
    *,
    whole_part: bool = False,
    required: bool = False,
) -> None:
    """The steps of one value from its cleaned text; what says why there is none is carried on where that is asked."""
    text, parsed, _ = _steps(name)
    typed.texts[f"x_{name}"] = raw
    typed.parsed[f"p_{name}"] = value.parsed(text, whole_part=whole_part)
    typed.values[f"v_{name}"] = value.final(parsed)
    if required or value.has_form:
        typed.parsed[f"x_{name}"] = text
        typed.values.update({f"x_{name}": text, f"p_{name}": parsed})


def _add_single(
    typed: TypedColumns,
    column: Column,
    source: Source | None,
    locate: Locate,
    value: _Value,
    *,
    reverse: bool,
) -> None:
    raw = delivered_text(source, locate, value.snapshot_date, blanks=value.blanks) if source else None
    name = column.name
    if raw is None or source is None:
        typed.columns[name] = f"CAST(NULL AS {value_types()[column.type].duckdb})"
        if column.required:
            typed.statuses[name] = literal(MISSING)
        return
    if source.codes:
        raw = translated(raw, source.codes)
    _add_steps(typed, name, value.text(raw), value, whole_part=source.whole_part, required=column.required)
    text, parsed, final = _steps(name)
    if column.required:
        typed.statuses[name] = value.status(text, parsed, final)
    elif value.has_form:
        typed.unreadable[name] = f"CASE WHEN {value.lost(text, parsed, final)} THEN 1 ELSE 0 END"
    typed.columns[name] = f"6 - {final}" if reverse and column.type == "quintile" else final


def _add_list(
    typed: TypedColumns, column: Column, source: Source | None, locate: Locate, value: _Value
) -> None:
    """A list keeps nulls in place and ends with its last value: positions never move, empty tails are not stored.

    Most of a hospital record's twenty or more places are empty. The first places are typed as columns, and the whole list
    only where a later place is filled: that took a fifth off reading admissions with one value in most lists.
    """
    name, kind = column.name, value_types()[column.type].duckdb
    places = range(column.width or 0)
    found = [delivered_text(source, locate, value.snapshot_date, i) for i in places] if source else []
    while found and found[-1] is None:
        found.pop()
    if not found:
        typed.columns[name] = f"CAST(NULL AS {kind}[])"
        return
    raws = [raw or "CAST(NULL AS VARCHAR)" for raw in found]
    firsts = [f"{name} {place}" for place in range(min(len(raws), _PLACES_ALONE))]
    for first, raw in zip(firsts, raws, strict=False):
        _add_steps(typed, first, value.text(cleaned(raw, value.blanks)), value)
    lost = [value.lost(*_steps(first)) for first in firsts]
    final = [_steps(first)[2] for first in firsts]
    branches = [
        f"WHEN {final[i]} IS NOT NULL THEN [{', '.join(final[: i + 1])}]" for i in reversed(range(len(final)))
    ]
    amounts = [f"CASE WHEN {condition} THEN 1 ELSE 0 END" for condition in lost]
    if len(raws) > len(firsts):
        _add_whole_list(typed, name, raws, len(firsts), value)
        text, parsed, whole = _steps(name)
        last = f"LIST_MAX(LIST_TRANSFORM({whole}, LAMBDA v, i: CASE WHEN v IS NOT NULL THEN i END))"
        branches.insert(0, f"WHEN {whole} IS NOT NULL THEN {whole}[1 : COALESCE({last}, 0)]")
        branches.insert(0, f"WHEN {whole}[-1] IS NOT NULL THEN {whole}")
        # What was there and is no value, less what means nothing.
        gone = f"LIST_COUNT({text}) - LIST_COUNT({whole})"
        nothing = f"LEN(LIST_FILTER({parsed}, LAMBDA p: {value.nothing('p')}))"
        amount = f"CASE WHEN {gone} > 0 THEN {gone} - {nothing} ELSE 0 END"
        amounts = [f"CASE WHEN {text} IS NULL THEN {' + '.join(amounts)} ELSE {amount} END"]
    if value.has_form:
        typed.unreadable[name] = " + ".join(amounts)
    typed.columns[name] = f"CASE {' '.join(branches)} ELSE CAST([] AS {kind}[]) END"


def _add_whole_list(typed: TypedColumns, name: str, raws: Sequence[str], alone: int, value: _Value) -> None:
    """The steps of a list with anything behind its first places; null where there is nothing."""
    branches = [
        f"WHEN COALESCE({', '.join(raws[size:])}, NULL) IS NULL THEN {_list(raws[:size]) if size > alone else 'NULL'}"
        for size in (alone, *_LIST_SIZES)
        if size < len(raws)
    ]
    filled = f"CASE {' '.join(branches)} ELSE {_list(raws)} END"
    text, parsed, _ = _steps(name)
    typed.texts[f"x_{name}"] = f"LIST_TRANSFORM({filled}, LAMBDA t: {value.text(cleaned('t', value.blanks))})"
    typed.parsed[f"p_{name}"] = f"LIST_TRANSFORM({text}, LAMBDA t: {value.parsed('t')})"
    typed.values[f"v_{name}"] = f"LIST_TRANSFORM({parsed}, LAMBDA p: {value.final('p')})"
    if value.has_form:
        typed.parsed[f"x_{name}"] = text
        typed.values.update({f"x_{name}": text, f"p_{name}": parsed})


def _list(texts: Sequence[str]) -> str:
    return f"CAST([{', '.join(texts)}] AS VARCHAR[])"


def _add_fallback(typed: TypedColumns, column: Column) -> None:
    """A required value that is missing is taken from the first fallback column that has one."""
    value, status = typed.columns[column.name], typed.statuses[column.name]
    others = f"COALESCE({', '.join(typed.columns[other] for other in column.fallback)})"
    stands_in = "TRUE" if column.fallback_for_unreadable else f"{status} = {literal(MISSING)}"
    typed.columns[column.name] = f"CASE WHEN {value} IS NULL AND {stands_in} THEN {others} ELSE {value} END"
    typed.statuses[column.name] = (
        f"CASE WHEN {value} IS NULL AND NOT ({stands_in} AND {others} IS NOT NULL) THEN {status} END"
    )
    if column.fallback_for_unreadable:
        typed.unreadable[column.name] = (
            f"CASE WHEN {value} IS NULL AND {status} <> {literal(MISSING)} AND {others} IS NOT NULL THEN 1 ELSE 0 END"
        )


def _keep_without(typed: TypedColumns, name: str) -> None:
    """A row is no worse for want of this value; one that was there and is lost counts as those of other columns do."""
    status = typed.statuses.pop(name)
    lost = f"CASE WHEN {status} IN ({literal(UNREADABLE)}, {literal(IMPOSSIBLE)}) THEN 1 ELSE 0 END"
    typed.unreadable[name] = f"{typed.unreadable[name]} + {lost}" if name in typed.unreadable else lost
