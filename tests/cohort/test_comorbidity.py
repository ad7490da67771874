"""Charlson conditions and frailty deficits: drawn patients; and nobody's without hospital admissions."""

from pathlib import Path

import pandas as pd
import pytest

import naome_pipeline
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.parameters import parameters
from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of

SQL = (Path(naome_pipeline.__file__).parent / "cohort" / "comorbidity.sql").read_text(encoding="utf-8")


@scenarios_of("comorbidity")
def test_drawn_patients(scenario: Scenario):
    check(scenario)


@pytest.mark.parametrize(("admissions", "known"), [(0, False), (1, True)])
def test_nobody_is_said_to_be_fit_where_no_admission_was_delivered(tmp_path, admissions, known):
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        connection.execute(
            "CREATE TABLE people AS SELECT 'A' AS person_id, DATE '2023-03-01' AS mbc_date"
        ).fetchall()
        connection.execute(
            "CREATE TABLE hes_apc AS SELECT 'B' AS person_id, DATE '2023-01-01' AS episode_start, "
            "CAST(NULL AS VARCHAR) AS admission_source, CAST(NULL AS VARCHAR) AS discharge_destination, "
            f"['C509'] AS diagnosis_codes FROM RANGE({admissions})"
        ).fetchall()
        engine = Engine(connection)
        row = engine.fetch(engine.prepare(SQL, {name: p.value for name, p in parameters().items()})).iloc[0]
    assert [pd.isna(row[name]) for name in ("charlson", "scarf", "frailty")] == [not known] * 3
    assert not known or row["frailty"] == "fit"
