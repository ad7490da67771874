"""Spreadsheet files: what was written comes back, text stays text, the same bytes twice."""

from __future__ import annotations

import datetime as dt
import zipfile

import pandas as pd
import pytest

from naome_pipeline.reports.spreadsheet import write_workbook
from tests.reports.workbook import sheets_of

ROWS = [
    ("=1+1", 3, 0.25, None, dt.date(2025, 9, 30)),
    ("a & <b> \x0b ü", -1, float("nan"), pd.NA, pd.Timestamp("1900-03-01")),
]


def test_values_come_back_and_text_is_never_a_formula(tmp_path):
    path = tmp_path / "book.xlsx"
    write_workbook(path, {"One": (["text", "int", "share", "nothing", "day"], ROWS), "Two": (["x"], [])})
    sheets = sheets_of(path)
    assert sheets["One"] == [
        ["text", "int", "share", "nothing", "day"],
        ["=1+1", 3.0, 0.25, None, 45930.0],
        ["a & <b>  ü", -1.0, None, None, 61.0],
    ]
    assert sheets["Two"] == [["x"]]


def test_same_rows_same_bytes_without_a_clock(tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(tmp_path / name, {"One": (["text", "int", "share", "nothing", "day"], ROWS)})
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize("name", ["", "a" * 32, "a/b", "a[b]"])
def test_a_name_no_sheet_can_have_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="cannot name a sheet"):
        write_workbook(tmp_path / "book.xlsx", {name: (["x"], [])})
