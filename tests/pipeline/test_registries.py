"""The comparison of registries as a node: which release it takes, and when it is made again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from assets.outcomes.registry_agreement import node
from naome_pipeline.build import Built, Delivered, build
from naome_pipeline.counterpart import counterpart_of
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.stored import fingerprint_of
from naome_pipeline.tables import TABLE_FILE
from tests.outcomes.registries import PLANTED, periods, registered

SNAPSHOT = dt.date(2025, 8, 31)
FULL, JOINT = Scope("england_annual", "2023", 1), Scope("annual", "2023", 1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in which full registration has been built, and nothing of rapid registration."""
    lake = Lake(tmp_path / "lake")
    fill(lake, FULL, registered())
    people = registered().drop(columns="exclusion")
    providers = pd.DataFrame({"provider_code": ["RAJ", "RH5", "RXX"], "trust_code": ["RAJ", "RH5", "RH5"]})
    put(lake, JOINT, {"people": people, "providers": providers})
    return lake


def put(lake: Lake, scope: Scope, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Store and publish frames as tables of a delivery; the entries of a release."""
    entries = {}
    for name, frame in tables.items():
        with lake.staging() as folder, duckdb.connect() as connection:
            connection.register("frame", frame)
            connection.execute(f"COPY frame TO '{folder / TABLE_FILE}' (FORMAT parquet)").fetchall()
            fingerprint = fingerprint_of({"scope": scope.label, "name": name, "content": frame.to_json()})
            record = {"columns": [], "rows": len(frame), "measures": {}}
            stored = lake.store("cohort", name, fingerprint, folder, record)
        lake.publish(scope, "cohort", stored, "none", None)
        entries[name] = {"layer": "cohort", "fingerprint": fingerprint, "rows": len(frame)}
    return entries


def fill(lake: Lake, scope: Scope, people: pd.DataFrame) -> dict[str, Any]:
    """The tables of one registry that the comparison reads."""
    texts = people.astype({"exclusion": "string", "stage": "string", "her2": "string"})
    return put(
        lake,
        scope,
        {
            "cohort_assessment": texts,
            "index_tumours": texts[["person_id", "m_category"]],
            "case_mix": texts[texts["exclusion"].isna()],
            "evidence_ledger": texts[["person_id", "source"]],
            "reporting_periods": periods(2023),
        },
    )


def release(
    lake: Lake, period: str, planted: Mapping[str, dict[str, Any]] | None = None, version: int = 1
) -> Scope:
    """A completed refresh of rapid registration."""
    scope = Scope("england_quarterly", period, version)
    lake.write_release(scope, {"tables": fill(lake, scope, registered(**(planted or {})))})
    return scope


def delivered() -> Delivered:
    accepted: Any = None  # the comparison takes nothing from the files
    part = Delivered(FULL, SNAPSHOT, {}, accepted)
    return Delivered(JOINT, SNAPSHOT, {}, accepted, (part,))


def compared(lake: Lake, tmp_path: Path) -> Built:
    with open_connection(EngineSettings.from_environment(tmp_path / "scratch")) as connection:
        return build(node, delivered(), lake, Engine(connection))


def share(built: Built, measure: str, item: str) -> float:
    frame = pd.read_parquet(built.table.path)
    rows = frame[(frame["measure"] == measure) & (frame["item"] == item)]
    return float(rows.loc[rows["period_kind"] == "all common quarters", "proportion"].iloc[0])


def test_without_a_quarterly_release_the_table_says_so_and_with_one_it_is_made_again(lake, tmp_path):
    first = pd.read_parquet(compared(lake, tmp_path).table.path)
    assert first["measure"].tolist() == ["nothing to compare"]
    assert "no release of rapid registration" in first["note"].iloc[0]

    release(lake, "2023Q4", PLANTED)
    second = compared(lake, tmp_path)
    assert not second.reused
    assert share(second, "in the cohort", "person") == 38 / 40
    assert compared(lake, tmp_path).reused

    # A corrected quarterly delivery: the comparison follows, because its fingerprint holds the tables compared.
    release(lake, "2023Q4", {"P00": {}}, version=2)
    third = compared(lake, tmp_path)
    assert not third.reused
    assert share(third, "in the cohort", "person") == 39 / 40
    assert share(third, "agrees", "stage") == 1.0


def test_the_release_of_the_same_last_quarter_comes_first_then_a_later_one_then_an_earlier_one(lake):
    def taken() -> str | None:
        found = counterpart_of(delivered(), lake)
        return found and found.rapid.period

    assert taken() is None
    release(lake, "2019Q4")  # shares no quarter of diagnosis
    assert taken() is None
    for period in ("2022Q1", "2023Q2", "2024Q3", "2024Q1", "2023Q4"):
        release(lake, period)
        assert taken() == period


def test_a_release_without_its_people_is_passed_over(lake):
    release(lake, "2023Q4", PLANTED)
    kept = release(lake, "2024Q1")
    table = lake.published(Scope("england_quarterly", "2023Q4", 1), "case_mix")
    for file in sorted(table.folder.rglob("*"), reverse=True):
        file.unlink()
    table.folder.rmdir()
    found = counterpart_of(delivered(), lake)
    assert found is not None
    assert found.rapid == kept
