"""What the pipeline's reading does with the four files, and the three indicators, in plain Polars.

Every column of the layouts is typed, unusable rows are set aside with file, line and reason, repeats are removed, code
lists are looked at, typed tables are written, and no row is lost. A file has one date form here and a record is one line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import polars as pl

from benchmarks.comparison_files import (
    EARLIEST,
    FILES,
    FIRST_DAY,
    LAST_DAY,
    NO_DATES,
    SET_ASIDE,
    DeliveredFile,
    parquet_path,
)
from naome_pipeline.cohort.providers import provider_table
from naome_pipeline.deliveries.layouts import Column
from naome_pipeline.deliveries.manifest import read_manifest
from naome_pipeline.reference import reference_path

_UPPER = ("code", "provider", "icd10", "opcs4")
_TYPES = {"integer": pl.Int32, "quintile": pl.Int32, "decimal": pl.Float64, "date": pl.Date}


def judged_in_polars(folder: Path) -> pd.DataFrame:
    """The counts by trust and quarter; beside the delivery the typed tables and the rows set aside."""
    snapshot = read_manifest(folder).snapshot_date
    tables, aside = {}, []
    (folder.parent / "judged_polars").mkdir()
    for name in FILES:
        file = DeliveredFile(folder / name)
        tables[file.target.name], rows = _read(file, snapshot)
        aside.append(rows)
        tables[file.target.name].write_parquet(parquet_path(folder.parent, "judged_polars", file))
    pl.concat(aside).write_parquet(folder.parent / "judged_polars" / "set_aside.parquet")
    return indicators(tables, snapshot)


def _read(file: DeliveredFile, snapshot: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The usable rows of a file, typed, and the others (`SET_ASIDE`)."""
    form, columns = file.form, file.target.columns
    # The file of deaths is the one that is not UTF-8, in columns that are not read.
    encoding = "utf8" if file.encoding == "utf-8" else "utf8-lossy"
    lines = pl.read_csv(
        file.path,
        has_header=False,
        skip_rows=1,
        separator="\x01",
        quote_char=None,
        infer_schema=False,
        new_columns=["record"],
        encoding=encoding,
        row_index_name="line",
        row_index_offset=2,
    )
    cells = pl.read_csv(
        file.path,
        separator=form.delimiter,
        columns=file.read,
        infer_schema=False,
        truncate_ragged_lines=True,
        encoding=encoding,
    )
    record = pl.col("record")
    outside_quotes = record
    if lines["record"].str.contains('"', literal=True).any():
        outside_quotes = record.str.replace_all('"[^"]*"', "")
    trailer = record.str.starts_with(form.trailer) if form.trailer else pl.lit(False)
    malformed = outside_quotes.str.count_matches(form.delimiter, literal=True) != len(file.header) - 1
    line_reason = pl.when(trailer).then(pl.lit("trailer_line")).when(malformed).then(pl.lit("malformed_line"))
    read = (
        pl.concat([lines, cells], how="horizontal")
        .lazy()
        .with_columns(line_reason=line_reason)
        .with_columns(_cleaned(file))
        .with_columns(_parsed(file, column, snapshot) for column in columns)
        .with_columns(_status(column, snapshot) for column in columns if column.required)
        .with_columns(_final(file, column, snapshot) for column in columns)
        .with_columns(step for column in columns if column.fallback for step in _fallen_back(column))
        .with_columns(
            reason=pl.coalesce("line_reason", *(f"status {c.name}" for c in columns if c.required)),
            column=pl.when(pl.col("line_reason").is_null()).then(
                pl.coalesce(
                    pl.when(pl.col(f"status {c.name}").is_not_null()).then(pl.lit(c.name))
                    for c in columns
                    if c.required
                )
            ),
        )
    )
    names = [column.name for column in columns]
    judged = read.select("line", "reason", "column", *names).collect()
    good = judged.filter(pl.col("reason").is_null())
    repeats = _repeats(file, good)
    usable = good.filter(~pl.col("line").is_in(repeats["line"].implode())).select(names)
    aside = pl.concat([judged.filter(pl.col("reason").is_not_null()).select(repeats.columns), repeats])
    if len(usable) + len(aside) != len(lines):
        raise AssertionError(f"{file.path.name}: rows were lost")
    usable.select(  # the gate's shares, computed and not kept
        ((~pl.col(name).is_in(codes)).sum() / pl.col(name).count()).alias(name)
        for name, codes in file.code_lists.items()
    )
    return usable, aside.with_columns(
        file=pl.lit(file.path.name),
        line=pl.col("line").cast(pl.Int64),
        record=lines["record"].gather(aside["line"] - 2),
    ).select(SET_ASIDE)


def _place(column: Column, place: int) -> str:
    return f"x {column.name} {place}"


def _cleaned(file: DeliveredFile) -> list[pl.Expr]:
    """The text of each place of each column: trimmed, the first that is not empty."""

    def text(name: str) -> pl.Expr:
        trimmed = pl.col(name).str.strip_chars()
        return pl.when(trimmed != "").then(trimmed)

    return [
        pl.coalesce([text(name) for name in names]).alias(_place(column, place))
        for column in file.target.columns
        for place, names in enumerate(file.places(column))
    ]


def _value(kind: str, text: pl.Expr, date_format: str) -> pl.Expr:
    """The value of a cleaned text."""
    if kind in _UPPER:
        text = text.str.to_uppercase()
    match kind:
        case "registry_code":
            merged = (text.str.len_bytes() > 1) & text.str.ends_with("m")
            return pl.when(merged).then(text.str.strip_suffix("m")).otherwise(text).str.to_uppercase()
        case "icd10":
            code = text.str.replace_all(".", "", literal=True).str.strip_chars_end("X-")
            return pl.when((code != "") & ~code.str.starts_with("R69")).then(code)
        case "opcs4":
            code = text.str.replace_all(".", "", literal=True)
            return pl.when(~code.is_in(["-", "&"])).then(code)
        case "quintile":
            digit = text.str.slice(0, 1).cast(pl.Int32, strict=False)
            return pl.when(digit.is_between(1, 5)).then(digit)
        case "integer":
            number = text.cast(pl.Float64, strict=False)
            return pl.when(number.is_finite() & (number == number.floor())).then(
                number.cast(pl.Int32, strict=False)
            )
        case "decimal":
            number = text.cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number)
        case "date":
            return text.str.to_date(date_format, strict=False)
    return text


def _parsed(file: DeliveredFile, column: Column, snapshot: dt.date) -> pl.Expr:
    """The value of a column before impossible days are removed; a list without its empty end."""
    places = range(len(file.places(column)))
    if not places:
        kind = _TYPES.get(column.type, pl.String)
        return pl.lit(None, pl.List(kind) if column.width else kind).alias(f"p {column.name}")
    values = [_value(column.type, pl.col(_place(column, place)), file.form.dates) for place in places]
    if column.width is None:
        return values[0].alias(f"p {column.name}")
    filled = pl.max_horizontal(
        pl.when(value.is_not_null()).then(place + 1).otherwise(0)
        for place, value in zip(places, values, strict=True)
    )
    return pl.concat_list(values).list.head(filled).alias(f"p {column.name}")


def _possible(column: Column, snapshot: dt.date) -> pl.Expr:
    return pl.col(f"p {column.name}").is_between(EARLIEST, snapshot)


def _status(column: Column, snapshot: dt.date) -> pl.Expr:
    """Why a required value cannot be used, or null."""
    parsed, text = pl.col(f"p {column.name}"), pl.col(_place(column, 0))
    status = pl.when(text.is_null()).then(pl.lit("missing_value"))
    if column.type == "date":
        status = (
            status.when(parsed.is_null())
            .then(pl.lit("unreadable_value"))
            .when(parsed.is_in(NO_DATES))
            .then(pl.lit("missing_value"))
            .when(~_possible(column, snapshot))
            .then(pl.lit("impossible_date"))
        )
    else:
        status = status.when(parsed.is_null()).then(pl.lit("missing_value"))
    return status.alias(f"status {column.name}")


def _final(file: DeliveredFile, column: Column, snapshot: dt.date) -> pl.Expr:
    value = pl.col(f"p {column.name}")
    if column.type == "date":
        value = pl.when(_possible(column, snapshot)).then(value)
    if column.type == "quintile" and file.layout.imd_one_means == "least_deprived":
        value = 6 - value
    return value.alias(column.name)


def _fallen_back(column: Column) -> list[pl.Expr]:
    """A missing value is taken from another column."""
    other = pl.coalesce(column.fallback)
    missing = pl.col(f"status {column.name}") == "missing_value"
    value = pl.when(missing).then(other).otherwise(pl.col(column.name)).alias(column.name)
    status = pl.when(~(missing & other.is_not_null())).then(pl.col(f"status {column.name}"))
    return [value, status.alias(f"status {column.name}")]


def _repeats(file: DeliveredFile, good: pl.DataFrame) -> pl.DataFrame:
    """The rows that repeat a key or a whole row, with the reason; the earliest stays."""
    names = [column.name for column in file.target.columns]
    key = list(file.target.key or names)
    suspects = good.filter(pl.struct(key).is_duplicated() if len(key) > 1 else pl.col(key[0]).is_duplicated())
    if earliest := file.target.keep_earliest:
        suspects = suspects.sort(earliest, "line", nulls_last=True)
    return suspects.filter(~pl.struct(key).is_first_distinct()).select(
        "line",
        reason=pl.when(
            pl.col("line").is_in(suspects.filter(~pl.struct(names).is_first_distinct())["line"].implode())
        )
        .then(pl.lit("duplicate_row"))
        .otherwise(pl.lit("duplicate_key")),
        column=pl.lit(None, pl.String),
    )


def _days(since: str, until: str) -> pl.Expr:
    return (pl.col(until) - pl.col(since)).dt.total_days()


def indicators(tables: Mapping[str, pl.DataFrame | pl.LazyFrame], snapshot: dt.date) -> pd.DataFrame:
    """People, chemotherapy, radiotherapy, had_cycle and died by trust and quarter, from the four typed tables."""
    breast = tables["tumours"].lazy().filter(pl.col("site_icd10").str.starts_with("C50"))
    first = breast.sort("diagnosis_date", "tumour_id").unique("person_id", keep="first", maintain_order=True)
    spread = (
        breast.filter(pl.col("stage").str.starts_with("4"))
        .join(first.select("person_id", first_day="diagnosis_date"), on="person_id")
        .filter(_days("first_day", "diagnosis_date").is_between(0, 120))
        .select("person_id")
        .unique()
    )
    known = provider_table(snapshot)
    providers = pl.LazyFrame({name: known[name].tolist() for name in ("provider_code", "trust_code")})
    people = (
        first.join(spread, on="person_id", how="semi")
        .select(
            "person_id",
            "age",
            "basis_of_diagnosis",
            day="diagnosis_date",
            provider_code=pl.col("trust_code").str.slice(0, 3),
        )
        .join(providers, on="provider_code")
        .join(tables["deaths"].lazy().select("person_id", death="death_date"), on="person_id", how="left")
        .filter(
            pl.col("age") >= 18,
            pl.col("basis_of_diagnosis").ne_missing("0"),
            pl.col("death").is_null() | (pl.col("death") >= pl.col("day")),
            pl.col("day").is_between(FIRST_DAY, LAST_DAY),
        )
        .select("person_id", "day", "death", "trust_code")
    )
    cytotoxic = (
        pl.scan_csv(reference_path("drug_groups"), infer_schema=False)
        .filter(pl.col("is_chemotherapy") == "yes", pl.col("group") != "supportive_or_other")
        .select("code")
    )
    given = (
        tables["sact"]
        .lazy()
        .select(
            "person_id",
            administered="administration_date",
            cycle=pl.coalesce("cycle_start_date", "administration_date"),
            code=pl.col("drug_name").str.to_uppercase(),
        )
        .join(cytotoxic, on="code", how="semi")
        .join(people, on="person_id")
        .group_by("person_id")
        .agg(
            chemotherapy=_days("day", "administered").is_between(-31, 365).any(),
            cycle=pl.col("cycle")
            .filter(
                _days("day", "cycle").is_between(-31, 365),
                pl.col("death").is_null() | (pl.col("cycle") <= pl.col("death")),
            )
            .max(),
        )
    )
    irradiated = (
        tables["rtds"]
        .lazy()
        .join(people, on="person_id")
        .filter(_days("day", "appointment_date").is_between(-31, 365))
        .select("person_id", radiotherapy=True)
        .unique()
    )
    counted = (
        people.join(given, on="person_id", how="left")
        .join(irradiated, on="person_id", how="left")
        .group_by("trust_code", quarter_start=pl.col("day").dt.truncate("1q"))
        .agg(
            people=pl.len(),
            chemotherapy=pl.col("chemotherapy").sum(),
            radiotherapy=pl.col("radiotherapy").sum(),
            had_cycle=pl.col("cycle").count(),
            died=_days("cycle", "death").is_between(0, 30).sum(),
        )
        .collect()
    )
    return pd.DataFrame(counted.to_dicts())
