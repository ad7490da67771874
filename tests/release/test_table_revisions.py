"""Revisions of every other released table: what changed is named, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from naome_pipeline.disclosure.table_revisions import COLUMNS, TABLES, Compared, table_revisions_sql
from naome_pipeline.gates import load_suite
from naome_pipeline.reports.released import RELEASED
from tests.reports.released_tables import frames

# What is about the release itself, and what says what changed.
APART = {"released_indicators", "revisions", "table_revisions", "changed_files", "provenance"}


def written(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    path = folder / f"{name}.parquet"
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(f"COPY (SELECT * FROM frame) TO '{path}' (FORMAT parquet)").fetchall()
    return path


def revised(
    folder: Path,
    name: str,
    now: pd.DataFrame,
    before: pd.DataFrame,
    *,
    same_period: bool = True,
    policy_before: str = "public",
) -> list[tuple[Any, ...]]:
    """table, row, column, change, before, now of every difference."""
    compared = Compared(
        written(folder, "now", now), written(folder, "before", before), [str(c) for c in now if c in before]
    )
    policies = [
        written(folder, f"indicators_{when}", pd.DataFrame({"policy": [policy]}))
        for when, policy in (("now", "public"), ("before", policy_before))
    ]
    sql = table_revisions_sql({name: compared}, (policies[0], policies[1]), same_period=same_period)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchdf()
    assert tuple(found.columns) == COLUMNS
    kept = found[["row_name", "column_name", "change", "before", "now"]].astype(object)
    return [tuple(None if pd.isna(v) else v for v in row) for row in kept.itertuples(index=False)]


def test_every_released_table_is_compared_with_the_one_before():
    assert set(TABLES) == set(RELEASED) - APART


@pytest.mark.parametrize("name", sorted(TABLES))
def test_keys_name_a_row_and_values_are_columns_of_the_table(name):
    profile, entry = load_suite("release", name).profile, TABLES[name]
    assert set(profile["key"]) <= set(entry.keys)
    assert {*entry.keys, *entry.values} <= set(profile["columns"])
    assert not set(entry.keys) & set(entry.values)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_same_table_has_no_revision(name, tmp_path):
    frame = frames()[name]
    assert revised(tmp_path, name, frame, frame.copy()) == []


def test_changed_new_and_withdrawn_values_are_named(tmp_path):
    before = pd.DataFrame(
        {"step": [1, 2, 3], "title": ["a", "b", "c"], "removed": [0, 5, 7], "remaining": [9, 4, 2]}
    )
    now = pd.DataFrame(
        {"step": [1, 2, 4], "title": ["a", "b", "d"], "removed": [0, 6, 1], "remaining": [9, 4, 1]}
    )
    assert revised(tmp_path, "released_attrition", now, before) == [
        ("2 | b", "removed", "changed", "5", "6"),
        ("3 | c", "remaining", "withdrawn", "2", None),
        ("3 | c", "removed", "withdrawn", "7", None),
        ("4 | d", "remaining", "new", None, "1"),
        ("4 | d", "removed", "new", None, "1"),
    ]


def comparison(**values: Any) -> pd.DataFrame:
    row = {
        "indicator": "P1", "comparison": "unadjusted", "period": "2021 to 2023", "trust_code": "RAJ", "denominator": 50.0,
        "numerator": 30.0, "expected": 29.0, "value": 0.6, "state": "within", "direction": "", "overdispersed_state": "within",
    }  # fmt: skip
    return pd.DataFrame([row | values])


def test_a_hidden_value_stays_hidden(tmp_path):
    hidden = comparison(denominator=None, numerator=None, expected=None, value=None, state="hidden")
    hidden = hidden.astype(dict.fromkeys(["denominator", "numerator", "expected", "value"], "float64"))
    found = revised(tmp_path, "released_comparison", hidden, comparison())
    row = "P1 | unadjusted | 2021 to 2023 | RAJ"
    assert (row, "numerator", "changed", "30.0", None) in found
    assert (row, "state", "changed", "within", "hidden") in found
    # Neither release gives the number away: nothing to say.
    assert revised(tmp_path, "released_comparison", hidden, hidden) == []


def test_the_last_digit_is_no_revision(tmp_path):
    assert revised(tmp_path, "released_comparison", comparison(value=0.6 + 1e-12), comparison()) == []
    assert len(revised(tmp_path, "released_comparison", comparison(value=0.61), comparison())) == 1


def test_between_periods_only_rows_that_name_their_period_are_compared(tmp_path):
    now = pd.concat([comparison(numerator=31.0), comparison(period="2022 to 2024")])
    assert revised(tmp_path, "released_comparison", now, comparison(), same_period=False) == [
        ("P1 | unadjusted | 2021 to 2023 | RAJ", "numerator", "changed", "30.0", "31.0")
    ]
    attrition = pd.DataFrame({"step": [1], "title": ["a"], "removed": [0], "remaining": [9]})
    assert (
        revised(tmp_path, "released_attrition", attrition.assign(removed=3), attrition, same_period=False)
        == []
    )


def test_a_release_under_another_policy_is_not_compared(tmp_path):
    changed = comparison(numerator=3.0)
    assert revised(tmp_path, "released_comparison", comparison(), changed, policy_before="internal") == []
    assert revised(tmp_path, "released_comparison", comparison(), changed) != []


def test_a_first_release_and_one_of_fewer_tables_compare_what_there_is(tmp_path):
    with duckdb.connect() as connection:
        first = connection.execute(table_revisions_sql({}, None, same_period=False)).fetchdf()
    assert list(first.columns) == list(COLUMNS)
    assert first.empty
    # A column that an earlier version of the pipeline did not have is no revision.
    before = comparison().drop(columns="expected")
    assert revised(tmp_path, "released_comparison", comparison(), before) == []
