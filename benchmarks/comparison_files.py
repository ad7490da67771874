"""The four files of the comparison, as an analyst knows them: where each column is and how its values are written.

What belongs here: what the plain versions share. What does not: reading (`comparison_pandas.py`, `comparison_polars.py`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from naome_pipeline.deliveries.layouts import Column, DataSet, TableLayout, data_set, expanded, table_layout
from naome_pipeline.gates import load_suite
from naome_pipeline.synthetic.formats import FORMATS, FileFormat

FILES = ("rcrd_tumour.csv", "sact.csv", "rtds.csv", "deaths.txt")
FIRST_DAY, LAST_DAY = dt.date(2021, 10, 1), dt.date(2025, 9, 30)
KEYS = ["trust_code", "quarter_start"]
COUNTS = ["people", "chemotherapy", "radiotherapy", "had_cycle", "died"]
EARLIEST = dt.date(1900, 1, 1)
NO_DATES = tuple(dt.date(year, 1, 1) for year in (1800, 1801, 1802))
SET_ASIDE = ["file", "line", "reason", "column", "record"]
_KIND = {"rcrd_tumour.csv": "rcrd_tumour", "sact.csv": "sact", "rtds.csv": "rtds", "deaths.txt": "deaths"}


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the delivery with its layout."""

    path: Path

    @cached_property
    def form(self) -> FileFormat:
        """Delimiter, encoding and date format."""
        return FORMATS[_KIND[self.path.name]]

    @cached_property
    def target(self) -> DataSet:
        """The table it becomes."""
        return data_set(self.form.data_set)

    @cached_property
    def layout(self) -> TableLayout:
        """Where the columns of the table are in it."""
        return table_layout(self.form.data_set, self.form.version)

    @property
    def encoding(self) -> str:
        """The encoding, without a byte order mark that may be there."""
        return "utf-8" if self.form.encoding.startswith("utf-8") else self.form.encoding

    @cached_property
    def header(self) -> list[str]:
        """The delivered names."""
        with self.path.open(encoding=self.form.encoding) as stream:
            return stream.readline().rstrip("\r\n").split(self.form.delimiter)

    def places(self, column: Column) -> list[list[str]]:
        """The delivered columns of each place of a column (one, unless it is a list): the first with a value counts."""
        source = self.layout.columns.get(column.name)
        if source is None:
            return []
        if column.width is None:
            first = [name for name in source.names if name in self.header][:1]
            places = [first + [n for n in source.else_from if n in self.header and n not in first]]
        else:
            ranges = [expanded((name,)) for name in source.names]
            places = [
                [names[place] for names in ranges if place < len(names) and names[place] in self.header][:1]
                for place in range(column.width)
            ]
        return [place for place in places if place]

    @property
    def read(self) -> list[str]:
        """The delivered columns that are read, once each."""
        found = [name for column in self.target.columns for place in self.places(column) for name in place]
        return list(dict.fromkeys(found))

    @property
    def code_lists(self) -> dict[str, list[str]]:
        """The codes a column should have, for the share of others."""
        return dict(load_suite("sources", self.target.name).profile.get("outside_codes", {}))


def parquet_path(folder: Path, way: str, file: DeliveredFile) -> Path:
    """Where a plain version writes the typed table."""
    return folder / way / f"{file.target.name}.parquet"
