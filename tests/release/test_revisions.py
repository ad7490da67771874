"""Revisions name every published cell that changed, and only those."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from naome_pipeline.disclosure.revisions import KEYS, revisions_sql


def table(
    folder: Path,
    name: str,
    rows: list[tuple[str, str, int | None, int | None, str]],
    policy: str = "public",
) -> Path:
    """A released table: (period, unit, denominator, numerator, suppressed) per row."""
    frame = pd.DataFrame(
        [
            {
                "indicator": "P1",
                "period_kind": "quarter",
                "period": period,
                "level": "trust",
                "unit_code": unit,
                "subgroup": "all",
                "denominator": denominator,
                "numerator": numerator,
                "proportion": numerator / denominator if numerator is not None and denominator else None,
                "median_days": None,
                "suppressed": suppressed,
                "policy": policy,
            }
            for period, unit, denominator, numerator, suppressed in rows
        ]
    ).astype(
        {"denominator": "Int64", "numerator": "Int64", "proportion": "Float64", "median_days": "Float64"}
    )
    path = folder / f"{name}.parquet"
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(f"COPY (SELECT * FROM frame) TO '{path}' (FORMAT parquet)").fetchall()
    return path


def revised(now: Path, before: Path | None, *, same_period: bool) -> dict[tuple[str, str], tuple]:
    with duckdb.connect() as connection:
        sql = revisions_sql(now, before, same_period=same_period)
        found = connection.execute(
            f"SELECT period, unit_code, change, numerator_before, numerator_now FROM ({sql})"
        ).fetchall()
    return {(period, unit): tuple(rest) for period, unit, *rest in found}


def test_a_corrected_version_of_a_period_names_changed_new_and_withdrawn_cells(tmp_path):
    before = table(
        tmp_path, "b", [("Q1", "A", 10, 5, ""), ("Q1", "B", 10, 6, ""), ("Q1", "C", 10, None, "few")]
    )
    now = table(tmp_path, "n", [("Q1", "A", 10, 5, ""), ("Q1", "C", 10, 5, ""), ("Q1", "D", 20, 7, "")])
    assert revised(now, before, same_period=True) == {
        ("Q1", "B"): ("withdrawn", 6, None),
        ("Q1", "C"): ("changed", None, 5),
        ("Q1", "D"): ("new", None, 7),
    }


def test_between_periods_only_cells_in_both_are_compared(tmp_path):
    before = table(tmp_path, "b", [("Q1", "A", 10, 5, ""), ("Q2", "A", 10, 6, "")])
    now = table(tmp_path, "n", [("Q2", "A", 11, 6, ""), ("Q3", "A", 12, 7, "")])
    assert revised(now, before, same_period=False) == {("Q2", "A"): ("changed", 6, 6)}


def test_the_first_release_revises_nothing(tmp_path):
    now = table(tmp_path, "n", [("Q1", "A", 10, 5, "")])
    assert revised(now, None, same_period=False) == {}


def test_a_release_under_another_policy_is_not_compared(tmp_path):
    # An internal release shows what this one hides; "before" would publish it.
    before = table(tmp_path, "b", [("Q1", "A", 10, 3, "")], policy="internal")
    now = table(tmp_path, "n", [("Q1", "A", 10, None, "hidden")])
    assert revised(now, before, same_period=True) == {}


def test_keys_identify_a_cell():
    assert set(KEYS) == {"indicator", "period_kind", "period", "level", "unit_code", "subgroup"}
