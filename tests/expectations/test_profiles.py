"""What the gates measure: numbers checked by hand, and every suite run over the tables it is meant for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.release.policies import ABOUT_FEW
from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.engine import Engine, EngineSettings, open_connection, write_parquet
from naome_pipeline.gates import CRITICAL, GateResult, Suite, judge, load_suite, profile_table
from naome_pipeline.repeats import repeated
from tests.expectations.suites import UNDER_A_POLICY, suite_names
from tests.expectations.tables import SOURCES, HandMade

CANARY = "CANARY-7731"
# Four people: A registered at stage 4, B found by a hospital code, C without spread, D (the canary) like A.
DELIVERY = {
    "tumours": f"""
        SELECT * FROM (VALUES
            ('A', 't1', DATE '2023-02-01', 'C50', '2', 71, '4', 'A', 1, 'RR8'),
            ('B', 't2', DATE '2023-02-20', 'C504', '2', 55, '2A', 'Z', 5, 'RR8'),
            ('C', 't3', DATE '2023-03-01', 'C509', '1', 63, '1', 'H', 3, 'RR8'),
            ('{CANARY}', '{CANARY}t', DATE '2023-03-02', 'C509', '2', 40, '4', '{CANARY}', NULL, 'RR8')
        ) AS t(person_id, tumour_id, diagnosis_date, site_icd10, sex, age, stage, ethnicity, imd_quintile, trust_code)
        """,
    "cosd": f"""
        SELECT * FROM (VALUES
            ('A', 'r1', DATE '2023-02-03', 'C50', ['03'], ['10'], 'Y1', [DATE '2023-02-10'], ['0102']),
            ('{CANARY}', 'r2', DATE '2023-03-03', 'C50', [], [], 'NN', [], [])
        ) AS t(person_id, record_id, diagnosis_date, site_icd10, metastatic_types, metastatic_sites, cns_code,
            mdt_dates, mdt_types)
        """,
    "hes_apc": """
        SELECT * FROM (VALUES
            ('B', 'e1', '2223', DATE '2023-02-21', DATE '2023-02-21', ['C504', 'C795']),
            ('A', 'e2', '2122', DATE '2022-06-01', DATE '2022-06-01', ['E119', 'I500', 'N183'])
        ) AS t(person_id, episode_id, financial_year, admission_date, episode_start, diagnosis_codes)
        """,
    "sact": """
        SELECT * FROM (VALUES
            ('A', 'PACLITAXEL', DATE '2023-03-01', DATE '2023-03-01'), ('A', 'TRASTUZUMAB', DATE '2023-03-01', NULL)
        ) AS t(person_id, drug_name, administration_date, cycle_start_date)
        """,
    "rtds": """
        SELECT 'B' AS person_id, 'x1' AS attendance_id, DATE '2023-04-01' AS appointment_date, 'Z66' AS anatomical_site
        """,
    "deaths": "SELECT 'B' AS person_id, DATE '2023-05-01' AS death_date, 'C509' AS underlying_cause",
}
CASES = [pytest.param(layer, name, id=f"{layer}/{name}") for layer, name in suite_names()]


@pytest.fixture(scope="module")
def few_people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandMade]:
    scratch = tmp_path_factory.mktemp("few_people")
    with open_connection(EngineSettings(scratch=scratch)) as connection:
        yield HandMade(Engine(connection), scratch, DELIVERY)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandMade]:
    scratch = tmp_path_factory.mktemp("nothing")
    with open_connection(EngineSettings(scratch=scratch)) as connection:
        yield HandMade(Engine(connection), scratch)


def given(tables: HandMade, name: str) -> dict[str, float | None]:
    """What the build adds to the profile of a table of a first release."""
    numbers: dict[str, float | None] = {"rows_to_previous": None}
    if name in SOURCES:
        rows = float(tables.engine.count(tables.table(name)))
        numbers |= {"rows_in": rows, "quarantined_share": 0.0, "delivered": float(rows > 0)}
        # Of so few records nobody knows how far they reach.
        numbers |= dict.fromkeys(("months_missing_at_end", "months_missing_inside"))
    if name == "released_indicators":
        tables.table(name)
        numbers |= tables.figures
    if name == "released_comparison":
        numbers["trusts_missing"] = 0.0
    if name in UNDER_A_POLICY:
        numbers[ABOUT_FEW] = 0.0
    if name == "released_registry_agreement":
        tables.table(name)
        numbers |= tables.agreement_figures
    return numbers


def gate(tables: HandMade, layer: str, name: str) -> list[GateResult]:
    table = tables.table(name)
    if name == "delivered_rows":
        for source in SOURCES:
            tables.table(source)
    suite = load_suite(layer, name)
    return judge(profile_table(tables.engine, table, suite, given(tables, name)), suite)


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_suite_names_exactly_the_columns_of_its_table(few_people, layer, name):
    described = few_people.engine.connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet('{few_people.table(name)}')"
    ).fetchall()
    assert sorted(load_suite(layer, name).profile["columns"]) == sorted(column for column, *_ in described)


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_honest_delivery_of_few_people_passes_and_shows_nobody(few_people, layer, name):
    results = gate(few_people, layer, name)
    assert [r.sentence for r in results if not r.passed and r.severity == CRITICAL] == []
    assert CANARY not in json.dumps([r.as_dict() for r in results]) + "".join(r.sentence for r in results)


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_empty_delivery_blocks_nowhere(nothing, layer, name):
    """A delivery without tumours (hospital files only, say) must pass every gate but that of the cohort: nothing is published of
    nobody. A first release has no before."""
    stopped = [r.name for r in gate(nothing, layer, name) if not r.passed and r.severity == CRITICAL]
    assert stopped == (["cohort_is_not_empty"] if name == "people" else [])


def test_the_few_people_are_read_as_meant(few_people):
    people = pd.read_parquet(few_people.table("people"))
    assert sorted(people["person_id"]) == ["A", "B", CANARY]
    counts = pd.read_parquet(few_people.table("indicator_counts"))
    assert set(counts["level"]) == {"nation", "alliance", "trust"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_connection(EngineSettings(scratch=tmp_path)) as connection:
        yield Engine(connection)


def test_profile_numbers_are_those_counted_by_hand(engine, tmp_path):
    table = tmp_path / "visits.parquet"
    engine.write(
        """SELECT * FROM (VALUES
            (1, 'a', 'Y1', DATE '2024-01-02', DATE '2024-01-05'),
            (1, 'a', 'Y9', DATE '2024-01-02', DATE '2024-01-01'),
            (2, 'b', NULL, DATE '2024-02-01', DATE '2024-02-01'),
            (3, 'c', 'NI', DATE '2024-03-01', NULL),
            (4, NULL, 'Y1', NULL, NULL)
        ) AS t(visit, person_id, code, start_date, end_date)""",
        table,
    )
    engine.attach({"tumours": pd.DataFrame({"person_id": ["a", "a", "b", "z"]})})
    profile = {
        "columns": ["visit", "person_id", "code"],
        "key": ["visit"],
        "null_share": ["person_id", "start_date"],
        "outside_codes": {"code": ["Y1", "NI"]},
        "rules": {"ends_before_it_starts": "end_date < start_date"},
        "measures": {"people": "COUNT(DISTINCT person_id)"},
        "references": {"person": {"table": "tumours", "column": "person_id", "to": "person_id"}},
    }
    suite = Suite("visits", {"meta": {"profile": profile}, "expectations": []}, Path("visits.json"))
    assert profile_table(engine, table, suite, {"rows_to_previous": 0.5}) == {
        "rows_to_previous": 0.5,
        "missing_columns": 0.0,
        "rows": 5.0,
        "duplicate_keys": 1.0,
        "null_share.person_id": 0.2,
        "null_share.start_date": 0.2,
        "outside_codes.code": 0.25,  # Y9, of four codes recorded
        "rule.ends_before_it_starts": 1.0,
        "measure.people": 3.0,
        "unmatched.person": 0.4,  # c and the empty one
    }


def test_a_table_in_several_files_measures_as_in_one(engine, tmp_path):
    rows = """SELECT i AS visit, IF(i % 7 = 0, NULL, 'p' || (i % 50)) AS person_id, 'c' || (i % 3) AS code,
        DATE '2024-01-01' + i::INTEGER AS start_date, IF(i = 5, NULL, ['A1', 'x']) AS codes FROM RANGE(100) AS t(i)"""
    profile = {
        "columns": ["visit", "person_id", "code", "start_date", "codes"],
        "null_share": ["person_id", "start_date"],
        "outside_codes": {"code": ["c1", "c2"], "person_id": ["p1"]},
        "rules": {"incomplete": "visit IS NULL OR person_id IS NULL OR NOT start_date IS NOT NULL"},
        "measures": {
            "with_person": "COUNT(person_id)",
            "with_start": "COUNT(start_date)",
            "odd": "SUM(LEN(LIST_FILTER(codes, lambda x: NOT REGEXP_MATCHES(x, '^[A-Z]'))))",
            "visits": "(SELECT COUNT(*) FROM others WHERE visit IS NULL)",
        },
        "repeated_values": {"people_again": "person_id", "visits_again": "visit"},
        "repeated_share": {"rows_again": ["visit", "code"]},
    }
    suite = Suite("visits", {"meta": {"profile": profile}, "expectations": []}, Path("visits.json"))
    engine.attach({"others": pd.DataFrame({"visit": pd.array([1, None], dtype="Int64")})})
    for folder in ("one", "several"):
        (tmp_path / folder).mkdir()
    write_parquet(engine.connection, f"{rows} ORDER BY visit", tmp_path / "one" / "table.parquet")
    pieces = [tmp_path / "several" / f"table_{n:04d}.parquet" for n in (1, 2)]
    for piece, part in zip(pieces, ("visit < 30", "visit >= 30"), strict=True):
        write_parquet(engine.connection, f"SELECT * FROM ({rows}) WHERE {part} ORDER BY visit", piece)
    one = profile_table(engine, tmp_path / "one" / "table.parquet", suite, {})
    assert one == profile_table(engine, tmp_path / "several" / "table_*.parquet", suite, {})
    assert one["rule.incomplete"] == 15.0
    assert one["null_share.person_id"] == 0.15
    assert one["null_share.start_date"] == 0.0
    assert one["outside_codes.code"] == 0.34
    assert one["measure.with_person"] == 85.0
    assert one["measure.with_start"] == 100.0
    assert one["measure.odd"] == 99.0
    assert one["measure.visits"] == 1.0
    assert one["measure.people_again"] == 85.0 - 50.0
    assert one["measure.visits_again"] == one["measure.rows_again"] == 0.0


def test_a_rule_that_is_no_sql_names_its_gate_also_of_a_table_in_several_files(engine, tmp_path):
    for name in ("table_0001.parquet", "table_0002.parquet"):
        engine.write("SELECT 1 AS visit", tmp_path / name)
    content = {
        "meta": {"profile": {"columns": ["visit"], "rules": {"odd": "visit IS ("}}},
        "expectations": [],
    }
    with pytest.raises(ConfigurationError, match=r"visits\.json"):
        profile_table(engine, tmp_path / "table_*.parquet", Suite("visits", content, Path("visits.json")), {})


def test_hashes_that_agree_in_half_are_no_repeats():
    same, half = 0x1111_2222_3333_4444, 0x1111_2222_0000_0000
    hashes = np.array([same, half, 7, same, half + 1, 7 << 32, same, 7 << 32], dtype=np.uint64)
    assert repeated(hashes).tolist() == [7 << 32, same]


def test_missing_columns_are_counted_and_nothing_else_is_measured(engine, tmp_path):
    table = tmp_path / "tumours.parquet"
    engine.write("SELECT 'a' AS person_id, 't' AS tumour_id", table)
    suite = load_suite("sources", "tumours")
    metrics = profile_table(engine, table, suite, {})
    assert metrics == {"missing_columns": len(suite.profile["columns"]) - 2.0, "rows": 1.0}


def changed(tables: HandMade, name: str, sql: str) -> Path:
    """A copy of a table with something wrong in it; `sql` reads the sound one as `sound`."""
    tables.engine.attach({"sound": tables.table(name)})
    path = tables.folder / f"{name}.broken.parquet"
    tables.engine.write(sql, path)
    return path


BROKEN = [
    ("sources", "tumours", "SELECT * FROM sound UNION ALL SELECT * FROM sound WHERE person_id = 'A'", "key_is_unique"),
    ("sources", "tumours", "SELECT * REPLACE ('STAGE ' || stage AS stage) FROM sound", "stages_have_a_known_form"),
    ("sources", "tumours", "SELECT * REPLACE ('B' || site_icd10 AS site_icd10) FROM sound", "has_breast_tumours"),
    ("sources", "tumours", "SELECT * REPLACE (NULL::DATE AS diagnosis_date) FROM sound", "required_values_are_present"),
    ("sources", "cosd", "SELECT * REPLACE (['3'] AS metastatic_types) FROM sound", "metastatic_types_have_known_codes"),
    ("sources", "cosd", "SELECT * REPLACE (['102'] AS mdt_types) FROM sound", "meeting_types_have_known_codes"),
    ("sources", "hes_apc", "SELECT * REPLACE (['1749'] AS diagnosis_codes) FROM sound", "diagnoses_are_icd10_codes"),
    ("sources", "hes_apc", "SELECT * REPLACE ([]::VARCHAR[] AS diagnosis_codes) FROM sound", "episodes_have_diagnoses"),
    ("sources", "delivered_rows", "SELECT * REPLACE (rows_out - 1 AS rows_out) FROM sound", "every_row_is_accounted_for"),
    ("cohort", "people", "SELECT * REPLACE (17 AS age) FROM sound", "everybody_is_adult"),
    ("cohort", "people", "SELECT * FROM sound WHERE person_id <> 'A'", "nobody_is_lost"),
    ("cohort", "people", "SELECT * REPLACE (mbc_date - 5000 AS mbc_date) FROM sound", "quarters_fit_the_dates"),
    ("cohort", "people", "SELECT * REPLACE ('X' || person_id AS person_id) FROM sound", "people_were_assessed"),
    ("cohort", "attrition", "SELECT * REPLACE (removed + 1 AS removed) FROM sound", "steps_add_up"),
    ("cohort", "attrition", "SELECT * REPLACE (remaining + 1 AS remaining) FROM sound", "ends_in_the_cohort"),
    ("cohort", "comorbidity", "SELECT * REPLACE ('fit' AS frailty, 4 AS scarf) FROM sound", "groups_fit_the_scores"),
    ("indicators", "indicator_counts", "SELECT * FROM sound WHERE level <> 'trust'", "trusts_add_up_to_nations"),
    ("indicators", "indicator_counts", "SELECT * REPLACE (denominator + 1 AS numerator) FROM sound",
     "numerators_are_within_denominators"),
    ("indicators", "indicator_counts", "SELECT * REPLACE ('Q' || indicator AS indicator) FROM sound",
     "indicators_are_in_the_registry"),
    ("indicators", "not_known", "SELECT * REPLACE (NULL::BIGINT AS not_known) FROM sound", "counts_are_possible"),
    ("release", "released_not_known", "SELECT * REPLACE (7 AS not_known) FROM sound",
     "nothing_stands_beside_a_hidden_row"),
    ("release", "released_indicators", "SELECT * REPLACE (3 AS denominator) FROM sound",
     "no_small_denominator_is_shown"),
    ("release", "released_indicators", "SELECT * REPLACE (100 AS denominator, 99 AS numerator) FROM sound",
     "no_small_remainder_is_shown"),
    ("release", "released_indicators", "SELECT * REPLACE (NULL::BIGINT AS numerator, 0.4 AS proportion) FROM sound",
     "hidden_numbers_have_no_percent"),
    ("release", "released_indicators", "SELECT * REPLACE ('' AS suppressed) FROM sound", "hidden_cells_say_so"),
    ("release", "changed_files", "SELECT * REPLACE (NULL AS rows_now) FROM sound", "changes_fit_the_counts"),
    ("release", "provenance", "SELECT * FROM sound WHERE item <> 'layout'", "release_is_identified"),
    ("reports", "dashboard", "SELECT * REPLACE ('people.parquet' AS file) FROM sound", "no_tables_are_copied_out"),
    ("reports", "national_data", "SELECT * REPLACE ('elsewhere.csv' AS file) FROM sound", "files_were_written"),
    ("reports", "open_data", "SELECT * REPLACE (0 AS bytes) FROM sound", "files_are_not_empty"),
    ("reports", "state_of_the_nation", "SELECT * FROM sound WHERE file LIKE '%.html'", "files_were_written"),
    ("reports", "methodology_supplement", "SELECT * FROM sound WHERE file LIKE '%.pdf'", "files_were_written"),
    ("reports", "driver_diagrams", "SELECT * REPLACE ('/etc/a.pdf' AS file) FROM sound", "paths_stay_inside_the_release"),
    ("reports", "publication", "SELECT * FROM sound WHERE \"table\" <> 'people'", "essential_tables_are_listed"),
    ("reports", "outlier_pack", "SELECT * FROM sound UNION ALL SELECT 'outliers/letters/a.docx', sha256, bytes FROM sound",
     "nothing_confidential_is_published"),
    ("confidential", "provider_notifications", "SELECT * FROM sound WHERE file LIKE 'letters/%'", "files_were_written"),
    ("outcomes", "provider_comparison", "SELECT * REPLACE (lower_95 - 0.1 AS upper_95) FROM sound", "limits_are_nested"),
    ("outcomes", "provider_comparison", "SELECT * REPLACE ('not assessed' AS state, '' AS reason) FROM sound",
     "not_assessed_says_why"),
    ("outcomes", "registry_agreement", "SELECT * REPLACE (denominator + 1 AS numerator) FROM sound",
     "counts_are_possible"),
    ("outcomes", "registry_agreement", "SELECT * FROM sound WHERE level <> 'trust'", "trusts_add_up_to_the_nation"),
    ("release", "released_registry_agreement", "SELECT * REPLACE (3 AS denominator) FROM sound",
     "no_small_count_is_shown"),
    ("release", "released_registry_agreement", "SELECT * REPLACE (denominator + 1 AS denominator) FROM sound",
     "agrees_with_the_lake"),
    ("outcomes", "survival_estimates", "SELECT * REPLACE (1.2 AS survival) FROM sound", "survival_is_a_proportion"),
    ("outcomes", "control_charts", "SELECT * REPLACE (NOT special_cause AS special_cause) FROM sound",
     "marks_follow_the_rules"),
    ("sources", "quarantine_summary", "SELECT * REPLACE ('odd' AS reason) FROM sound", "reasons_are_known"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "name", "sql", "expected"), BROKEN, ids=[f"{b[1]}-{b[3]}" for b in BROKEN])
def test_broken_table_is_stopped_by_the_expectation_meant_for_it(few_people, layer, name, sql, expected):
    suite = load_suite(layer, name)
    few_people.table(name)
    path = changed(few_people, name, sql)
    results = judge(profile_table(few_people.engine, path, suite, given(few_people, name)), suite)
    assert expected in {r.name for r in results if not r.passed and r.severity == CRITICAL}
    assert CANARY not in json.dumps([r.as_dict() for r in results])
