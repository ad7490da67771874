"""What the pipeline's reading does with the four files, and the three indicators, in plain pandas.

The same as `comparison_polars.py`: columns typed, unusable rows set aside with file, line and reason, repeats removed, code
lists looked at, typed tables written, no row lost. No loop over rows, except to cut the few records set aside from the file.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.comparison_files import (
    COUNTS,
    EARLIEST,
    FILES,
    FIRST_DAY,
    KEYS,
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
_TEXT = pd.StringDtype("pyarrow")
_TYPES = {"integer": pa.int32(), "quintile": pa.int32(), "decimal": pa.float64(), "date": pa.date32()}


def judged_in_pandas(folder: Path) -> pd.DataFrame:
    """The counts by trust and quarter; beside the delivery the typed tables and the rows set aside."""
    snapshot = read_manifest(folder).snapshot_date
    tables, aside = {}, []
    (folder.parent / "judged_pandas").mkdir()
    for name in FILES:
        file = DeliveredFile(folder / name)
        table, rows = _read(file, snapshot)
        aside.append(rows)
        schema = pa.schema([(column.name, _arrow_type(column)) for column in file.target.columns])
        pq.write_table(
            pa.Table.from_pandas(table, schema=schema, preserve_index=False),
            parquet_path(folder.parent, "judged_pandas", file),
            compression="zstd",
        )
        tables[file.target.name] = table
    pd.concat(aside).to_parquet(folder.parent / "judged_pandas" / "set_aside.parquet", index=False)
    return _indicators(tables, snapshot)


def _arrow_type(column: Column) -> pa.DataType:
    kind = _TYPES.get(column.type, pa.string())
    return pa.list_(kind) if column.width else kind


class _Lines:
    """The physical lines of a file: where each ends, and which have too many or too few fields (counted from 0, no header)."""

    def __init__(self, file: DeliveredFile) -> None:
        self.data, self.encoding = file.path.read_bytes(), file.encoding
        codes = np.frombuffer(self.data, np.uint8)
        self.ends = np.flatnonzero(codes == ord("\n"))
        if self.ends[-1] != len(codes) - 1:
            self.ends = np.append(self.ends, len(codes))
        separators = codes == ord(file.form.delimiter)
        if b'"' in self.data:
            separators &= ~np.logical_xor.accumulate(codes == ord('"'))
        fields = np.diff(np.searchsorted(np.flatnonzero(separators), self.ends)) + 1
        self.malformed = np.flatnonzero(fields != len(file.header))
        self.count = len(self.ends) - 1

    def records(self, lines: np.ndarray) -> list[str]:
        """The text of physical lines (the header is line 1)."""
        places = zip(self.ends[lines - 2] + 1, self.ends[lines - 1], strict=True)
        return [self.data[start:end].rstrip(b"\r").decode(self.encoding) for start, end in places]


def _read(file: DeliveredFile, snapshot: dt.date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable rows of a file, typed, and the others (`SET_ASIDE`)."""
    form, columns = file.form, file.target.columns
    lines = _Lines(file)
    cells = pd.read_csv(
        file.path,
        sep=form.delimiter,
        encoding=file.encoding,
        usecols=file.read,
        dtype=_TEXT,
        keep_default_na=False,
        na_values=[""],
        skiprows=(lines.malformed + 1).tolist(),
    )
    well_formed = np.ones(lines.count, dtype=bool)
    well_formed[lines.malformed] = False
    cells.index = pd.Index(np.flatnonzero(well_formed) + 2, name="line")
    values, statuses = {}, {}
    for column in columns:
        texts = [_text(cells, names) for names in file.places(column)]
        parsed = [_value(column.type, text, form.dates) for text in texts]
        if column.width:
            values[column.name] = _lists(parsed, cells.index, _arrow_type(column))
        elif not parsed:
            values[column.name] = pd.Series(pd.NA, cells.index, dtype=_TEXT)
        else:
            values[column.name] = _final(file, column, parsed[0], snapshot)
            if column.required:
                statuses[column.name] = _status(column, texts[0], parsed[0], values[column.name])
    for column in columns:
        if column.fallback:
            _fall_back(column, values, statuses)
    table = pd.DataFrame(values)
    reason = pd.Series(None, cells.index, dtype=object)
    because = pd.Series(None, cells.index, dtype=object)
    for name, status in statuses.items():
        new = reason.isna() & status.notna()
        reason[new], because[new] = status[new], name
    good = table[reason.isna()]
    repeats = _repeats(file, good)
    usable = good.drop(index=repeats.index)
    broken = lines.malformed + 2
    kinds = np.full(len(broken), "malformed_line", dtype=object)
    if form.trailer and len(broken) and lines.records(broken[-1:])[0].startswith(form.trailer):
        kinds[-1] = "trailer_line"
    unusable = reason.dropna()
    aside = pd.concat(
        [
            pd.DataFrame({"reason": kinds, "column": None}, index=broken),
            pd.DataFrame({"reason": unusable, "column": because[unusable.index]}),
            pd.DataFrame({"reason": repeats, "column": None}),
        ]
    )
    if len(usable) + len(aside) != lines.count:
        raise AssertionError(f"{file.path.name}: rows were lost")
    for name, codes in file.code_lists.items():  # the gate's shares, computed and not kept
        (~usable[name].dropna().isin(codes)).mean()
    aside["file"], aside["line"] = file.path.name, aside.index
    aside["record"] = lines.records(aside.index.to_numpy())
    return usable, aside[SET_ASIDE]


def _text(cells: pd.DataFrame, names: list[str]) -> pd.Series:
    """The trimmed text of the first column that is not empty."""
    texts = [cells[name].str.strip() for name in names]
    found, *others = [text.mask(text == "") for text in texts]
    for other in others:
        found = found.fillna(other)
    return found


def _value(kind: str, text: pd.Series, date_format: str) -> pd.Series:
    """The value of a cleaned text."""
    if kind in _UPPER:
        text = text.str.upper()
    match kind:
        case "registry_code":
            merged = (text.str.len() > 1) & text.str.endswith("m")
            return text.mask(merged, text.str.removesuffix("m")).str.upper()
        case "icd10":
            code = text.str.replace(".", "", regex=False).str.rstrip("X-")
            return code.mask((code == "") | code.str.startswith("R69"))
        case "opcs4":
            code = text.str.replace(".", "", regex=False)
            return code.mask(code.isin(["-", "&"]))
        case "quintile":
            digit = text.str.slice(0, 1)
            return pd.to_numeric(digit.where(digit.isin(list("12345")))).astype("Int32")
        case "integer":
            number = pd.to_numeric(text, errors="coerce").astype("Float64")
            return number.where(np.isfinite(number) & (number == np.floor(number))).astype("Int32")
        case "decimal":
            number = pd.to_numeric(text, errors="coerce").astype("Float64")
            return number.where(np.isfinite(number))
        case "date":
            return pd.to_datetime(text, format=date_format, errors="coerce")
    return text


def _lists(values: list[pd.Series], index: pd.Index, kind: pa.ListType) -> pd.Series:
    """Lists of the values in their places, without the empty end."""
    grid = np.column_stack([value.to_numpy(dtype=object) for value in values])
    filled = ~pd.isna(grid)
    lengths = np.where(filled.any(axis=1), grid.shape[1] - filled[:, ::-1].argmax(axis=1), 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    kept = grid[np.arange(grid.shape[1]) < lengths[:, None]]
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(kept, kind.value_type, from_pandas=True))
    return pd.Series(pd.arrays.ArrowExtensionArray(lists), index)


def _final(file: DeliveredFile, column: Column, value: pd.Series, snapshot: dt.date) -> pd.Series:
    if column.type == "date":
        return value.where(value.between(pd.Timestamp(EARLIEST), pd.Timestamp(snapshot)))
    if column.type == "quintile" and file.layout.imd_one_means == "least_deprived":
        return 6 - value
    return value


def _status(column: Column, text: pd.Series, parsed: pd.Series, value: pd.Series) -> pd.Series:
    """Why a required value cannot be used, or null."""
    status = pd.Series(None, value.index, dtype=object)
    status[value.isna()] = "missing_value"
    if column.type == "date":
        status[text.notna() & parsed.isna()] = "unreadable_value"
        nothing = parsed.isin([pd.Timestamp(day) for day in NO_DATES])
        status[parsed.notna() & value.isna() & ~nothing] = "impossible_date"
    return status


def _fall_back(column: Column, values: dict[str, pd.Series], statuses: dict[str, pd.Series]) -> None:
    """A missing value is taken from another column."""
    missing = statuses[column.name] == "missing_value"
    for name in column.fallback:
        value = values[column.name]
        values[column.name] = value.mask(missing & value.isna(), values[name])
    statuses[column.name] = statuses[column.name].mask(missing & values[column.name].notna(), None)


def _repeats(file: DeliveredFile, good: pd.DataFrame) -> pd.Series:
    """Line to reason of the rows that repeat a key or a whole row; the earliest stays."""
    key = list(file.target.key or good.columns)
    suspects = good[good.duplicated(key, keep=False)]
    if earliest := file.target.keep_earliest:
        suspects = suspects.sort_values(earliest, kind="stable", na_position="last")
    lists = [column.name for column in file.target.columns if column.width]
    again = suspects.assign(**{name: suspects[name].map(str) for name in lists}).duplicated()
    reasons = pd.Series(np.where(again, "duplicate_row", "duplicate_key"), suspects.index, dtype=object)
    return reasons[suspects.duplicated(key)]


def _indicators(tables: dict[str, pd.DataFrame], snapshot: dt.date) -> pd.DataFrame:
    """The work of the trusting version, on typed tables."""
    tumours, sact, rtds = tables["tumours"], tables["sact"], tables["rtds"]
    breast = tumours[tumours["site_icd10"].str.startswith("C50")].rename(columns={"diagnosis_date": "day"})
    first = breast.sort_values(["day", "tumour_id"]).drop_duplicates("person_id")
    near = breast.merge(first[["person_id", "day"]], on="person_id", suffixes=("", "_first"))
    gap = (near["day"] - near["day_first"]).dt.days
    spread = near[gap.between(0, 120) & near["stage"].str.startswith("4").fillna(False)]["person_id"]
    people = first[first["person_id"].isin(spread)].copy()
    people["provider_code"] = people.pop("trust_code").str[:3]
    people = people.merge(
        provider_table(snapshot)[["provider_code", "trust_code"]], on="provider_code"
    ).merge(
        tables["deaths"][["person_id", "death_date"]].rename(columns={"death_date": "death"}),
        on="person_id",
        how="left",
    )
    adult = (people["age"] >= 18).fillna(False)
    alive = ~(people["death"] < people["day"])
    known = (people["basis_of_diagnosis"] != "0").fillna(True)
    reported = people["day"].between(pd.Timestamp(FIRST_DAY), pd.Timestamp(LAST_DAY))
    people = people.loc[adult & alive & known & reported, ["person_id", "day", "death", "trust_code"]]
    groups = pd.read_csv(reference_path("drug_groups"), dtype=str)
    cytotoxic = groups.loc[
        (groups["is_chemotherapy"] == "yes") & (groups["group"] != "supportive_or_other"), "code"
    ]
    given = sact.loc[
        sact["drug_name"].str.upper().isin(cytotoxic),
        ["person_id", "cycle_start_date", "administration_date"],
    ].merge(people, on="person_id")
    given["cycle"] = given["cycle_start_date"].fillna(given["administration_date"])
    treated = given[(given["administration_date"] - given["day"]).dt.days.between(-31, 365)]["person_id"]
    in_time = (given["cycle"] - given["day"]).dt.days.between(-31, 365) & ~(given["cycle"] > given["death"])
    last = given[in_time].groupby("person_id")["cycle"].max()
    radiated = rtds[["person_id", "appointment_date"]].merge(people, on="person_id")
    after = (radiated["appointment_date"] - radiated["day"]).dt.days
    irradiated = radiated[after.between(-31, 365)]["person_id"]
    people = people.merge(last, left_on="person_id", right_index=True, how="left")
    people["quarter_start"] = people["day"].dt.to_period("Q").dt.start_time
    people["people"] = 1
    people["chemotherapy"] = people["person_id"].isin(treated).astype(int)
    people["radiotherapy"] = people["person_id"].isin(irradiated).astype(int)
    people["had_cycle"] = people["cycle"].notna().astype(int)
    people["died"] = (people["death"] - people["cycle"]).dt.days.between(0, 30).astype(int)
    return people.groupby(KEYS, as_index=False)[COUNTS].sum()
