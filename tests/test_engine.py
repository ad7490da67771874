"""The engine reads dependencies from SQL, binds parameters, and its SQL can be rendered for another engine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlglot

import naome_pipeline
from naome_pipeline.engine import Engine, EngineSettings, bind_parameters, open_connection, references_of
from naome_pipeline.lineage import column_lineage

PACKAGE = Path(naome_pipeline.__file__).parent
STATEMENTS = sorted(PACKAGE.rglob("*.sql"))


@pytest.fixture
def engine(tmp_path):
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        yield Engine(connection)


def test_dependencies_are_read_from_the_text():
    sql = """
    WITH near AS (SELECT * FROM people WHERE age >= $minimum_age)
    SELECT n.person_id FROM near AS n JOIN reference.ethnicity AS e ON n.code = e.code JOIN deaths AS d USING (person_id)
    """
    found = references_of(sql)
    assert found.tables == ("deaths", "people")
    assert found.code_lists == ("ethnicity",)
    assert found.parameters == ("minimum_age",)


def test_parameters_become_literals_and_a_missing_one_is_named(engine):
    sql = bind_parameters(
        "SELECT $day AS day, $age AS age, $text AS text",
        {"day": dt.date(2025, 9, 30), "age": 18, "text": "it's"},
    )
    assert engine.connection.execute(sql).fetchall() == [(dt.date(2025, 9, 30), 18, "it's")]
    with pytest.raises(KeyError, match="age"):
        bind_parameters("SELECT $age", {})


def test_written_tables_are_sorted_so_that_equal_content_gives_equal_bytes(engine, tmp_path):
    for name, values in (("one", [3, 1, 2]), ("two", [2, 3, 1])):
        engine.attach({name: pd.DataFrame({"x": values, "y": ["a", "b", "c"]})})
    engine.write("SELECT x FROM one", tmp_path / "one.parquet")
    rows = engine.write("SELECT x FROM two", tmp_path / "two.parquet")
    assert rows == 3
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_engine_reaches_for_no_extension(engine):
    settings = dict(
        engine.connection.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name IN "
            "('autoinstall_known_extensions', 'autoload_known_extensions')"
        ).fetchall()
    )
    assert set(settings.values()) == {"false"}


def test_connection_is_closed_when_the_body_raises(tmp_path):
    kept = []

    def fail() -> None:
        with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
            kept.append(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        kept[0].execute("SELECT 1")


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda p: p.stem)
def test_every_statement_can_be_rendered_for_spark(path):
    rendered = sqlglot.transpile(
        path.read_text(encoding="utf-8"),
        read="duckdb",
        write="spark",
        unsupported_level=sqlglot.ErrorLevel.RAISE,
    )
    assert len(rendered) == 1
    assert sqlglot.parse_one(rendered[0], dialect="spark") is not None


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda p: p.stem)
def test_every_statement_says_why_it_is_there(path):
    assert path.read_text(encoding="utf-8").startswith("-- ")


def test_lineage_follows_columns_through_steps_unions_and_lists():
    sql = """
    WITH codes AS (
        SELECT h.person_id, d.code FROM hes_apc AS h CROSS JOIN UNNEST(h.diagnosis_codes) AS d(code)
    ),
    both_sources AS (
        SELECT person_id, code AS what FROM codes UNION ALL SELECT person_id, drug_name FROM sact
    )
    SELECT b.person_id, b.what, p.age + 1 AS next_age, 'x' AS constant
    FROM both_sources AS b JOIN people AS p ON b.person_id = p.person_id
    """
    schema = {
        "hes_apc": ["person_id", "diagnosis_codes"],
        "sact": ["person_id", "drug_name"],
        "people": ["person_id", "age"],
    }
    assert column_lineage(sql, schema) == {
        "person_id": [("hes_apc", "person_id"), ("sact", "person_id")],
        "what": [("hes_apc", "diagnosis_codes"), ("sact", "drug_name")],
        "next_age": [("people", "age")],
        "constant": [],
    }


def test_lineage_of_text_that_cannot_be_resolved_is_empty():
    assert column_lineage("SELECT FROM WHERE", {}) == {}
