"""Planted unusable rows: which ones, what is wrong with them, and whether they destroyed something real.

Rows of `records.py` are spoiled here, in memory; rows of ordinary life are spoiled where they are written
(`background.py`), by the same rules. Every planted row is listed in the truth with its file and physical line.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from naome_pipeline.synthetic.formats import FileFormat
from naome_pipeline.synthetic.randomness import generator, pick

MALFORMED = "!malformed"
TRUTH_COLUMNS = ["file", "line", "data_set", "person_id", "reason", "column", "destroyed"]
_DUPLICATES = ("duplicate_row", "duplicate_key")


def unreadable(form: FileFormat) -> str:
    """A day that does not exist, in the file's own way of writing days."""
    text = form.dates.replace("%d", "31").replace("%m", "02").replace("%b", "FEB")
    return text.replace("%Y", "2021").replace("%y", "21")


def impossible(form: FileFormat, snapshot: dt.date, which: int) -> str:
    """A readable day on which nothing can have happened: long ago, or after the data were drawn."""
    day = snapshot + dt.timedelta(days=400) if which % 2 else dt.date(1866, 10, 14)
    text = f"{day.year:04d}".join(day.strftime(form.dates.replace("%Y", "@")).split("@"))
    return text.upper() if form.upper_dates else text


def reasons(form: FileFormat) -> list[str]:
    """What can be wrong with a row of this file."""
    found = ["malformed_line", "missing_value"]
    if form.required_date:
        found.append("unreadable_value")
    if form.required_date and not form.two_digit_years:
        found.append("impossible_date")
    return found


def spoil(
    frame: pd.DataFrame,
    form: FileFormat,
    file: str,
    person_column: str,
    rate: float,
    seed: int,
    snapshot: dt.date,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Spoil a share of the rows and append repeated ones; the second frame has the columns TRUTH_COLUMNS.

    Values that replace a typed one stand in columns named `!<column>`, malformed lines are marked in `!malformed`.
    """
    size = len(frame)
    # Some rows even of a small file, but never so many that its gate rightly stops it.
    bad = max(round(size * rate), min(size // 12, 4)) if rate > 0 else 0
    if bad == 0:
        return frame, pd.DataFrame(columns=TRUTH_COLUMNS)
    rng = generator(seed, f"dirt {file}")
    chosen = rng.permutation(size)[: bad + max(bad // 3, min(bad, 2))]
    rows, originals = np.sort(chosen[:bad]), np.sort(chosen[bad:])
    kinds = pick(rng, reasons(form), None, bad)
    frame = frame.copy()
    frame[MALFORMED] = 0
    columns: list[str | None] = []
    overrides: dict[str, dict[int, str]] = {}
    for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
        column: str | None = None
        if kind == "malformed_line":
            frame.iloc[row, frame.columns.get_loc(MALFORMED)] = 1 + number % 2  # type: ignore[index]
        elif kind == "missing_value":
            column = form.required[number % len(form.required)]
            overrides.setdefault(column, {})[int(row)] = ""
        else:
            column = form.required_date
            text = unreadable(form) if kind == "unreadable_value" else impossible(form, snapshot, number)
            overrides.setdefault(column, {})[int(row)] = text
        columns.append(column)
    frame, repeats = _repeat(frame, form, originals, rng)
    for column, values in overrides.items():
        cells = np.full(len(frame), None, dtype=object)
        cells[list(values)] = list(values.values())
        existing = frame.get(f"!{column}")
        frame[f"!{column}"] = cells if existing is None else np.where(cells == None, existing, cells)  # noqa: E711
    truth = pd.DataFrame(
        {
            "file": file,
            "line": np.concatenate([rows, np.arange(size, size + len(repeats))]) + 2,
            "data_set": form.data_set,
            "person_id": frame[person_column].to_numpy()[
                np.concatenate([rows, np.arange(size, size + len(repeats))])
            ],
            "reason": [*kinds, *repeats],
            "column": [*columns, *([None] * len(repeats))],
            "destroyed": [True] * bad + [False] * len(repeats),
        }
    )
    return frame, truth[TRUTH_COLUMNS]


def _repeat(
    frame: pd.DataFrame, form: FileFormat, originals: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[str]]:
    """The frame with copies of some rows at its end, and why each copy is unusable."""
    copies = frame.iloc[originals].copy()
    if form.variation is None:
        return pd.concat([frame, copies], ignore_index=True), ["duplicate_row"] * len(copies)
    column, value = form.variation
    varied = np.arange(len(copies)) % 2 == 1
    together = pd.concat([frame, copies], ignore_index=True)
    cells = np.full(len(together), None, dtype=object)
    if value == "later":
        # Without a day nothing can be later.
        varied &= copies[column].notna().to_numpy()
    places = len(frame) + np.flatnonzero(varied)
    if value == "later":
        later = pd.to_datetime(together[column].iloc[places]) + pd.Timedelta(days=9)
        cells[places] = [day.strftime(form.dates) for day in later]
    else:
        cells[places] = value
    together[f"!{column}"] = cells
    return together, [_DUPLICATES[int(flag)] for flag in varied]
