"""Drawn patients: reading scenario files, running them through the pipeline's own SQL, rendering them for people.

A scenario says in a few rows what was recorded about a few people and what must follow. Days count from the diagnosis,
which is day 0 (1 March 2023) unless a scenario says otherwise. Everybody has, unless drawn differently, one invasive
breast tumour of stage 4 at age 60, diagnosed in an NHS trust.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import naome_pipeline
from naome_pipeline.cohort.providers import provider_table
from naome_pipeline.deliveries.layouts import data_set, data_sets, value_types
from naome_pipeline.engine import Engine, EngineSettings, open_connection, quoted, run
from naome_pipeline.indicators.registry import FACTS, person_indicators_sql, person_subgroups_sql, registry
from naome_pipeline.outcomes.recurrence import EARLY, followed
from naome_pipeline.parameters import parameters

FOLDER = Path(__file__).parent / "drawn"
PACKAGE = Path(naome_pipeline.__file__).parent
DAY_0 = dt.date(2023, 3, 1)
SNAPSHOT = dt.date(2025, 12, 31)
PERIOD_END = dt.date(2025, 9, 30)
FIRST_DAY = dt.date(2021, 10, 1)
# Cohort tables in the order they are made.
STEPS = (
    "index_tumours",
    "cosd_at_diagnosis",
    "distant_findings",
    "evidence_ledger",
    "cohort_assessment",
    "people",
    "metastatic_sites",
    "receptors",
    "comorbidity",
    "case_mix",
    "treatments",
    "first_line",
    "mdt_discussions",
    "cord_compressions",
    "recurrence_findings",
    "recurrences",
)
DEFAULT_TUMOUR = {
    "diagnosis_date": "day 0",
    "site_icd10": "C509",
    "age": "60",
    "sex": "2",
    "stage": "4",
    "trust_code": "RAJ",
    "basis_of_diagnosis": "7",
}
_DAY = re.compile(r"^day ([+-]?\d+)$")


@dataclass(frozen=True)
class Scenario:
    """One rule with its drawn patients. `number` is its place over all files, from 1; `node` decides the rule."""

    number: int
    chapter: str
    title: str
    rule: str
    node: str
    records: dict[str, list[dict[str, str]]]
    expected: list[dict[str, str]]

    def person_id(self, letter: str) -> str:
        """The identifier of a drawn person, different in every scenario."""
        return f"{self.number:03d}{letter}"


def table_of(text: str) -> list[dict[str, str]]:
    """Rows of a table drawn with bars; the first line names the columns."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    header, body = lines[0], lines[1:]
    if bad := [line for line in body if len(line) != len(header)]:
        raise ValueError(
            f"a drawn row has {len(bad[0])} cells where the table has {len(header)} columns: {bad[0]}"
        )
    return [dict(zip(header, line, strict=True)) for line in body]


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All drawn scenarios, chapter by chapter."""
    found: list[Scenario] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in content["scenarios"]:
            found.append(
                Scenario(
                    number=len(found) + 1,
                    chapter=content["chapter"],
                    title=entry["title"],
                    rule=entry["rule"],
                    node=entry["node"],
                    records={name: table_of(text) for name, text in (entry.get("records") or {}).items()},
                    expected=table_of(entry["expect"]),
                )
            )
    return tuple(found)


def _value(text: str, kind: str) -> object:
    if text == "":
        return None
    if kind == "DATE":
        match = _DAY.match(text)
        return DAY_0 + dt.timedelta(days=int(match[1])) if match else dt.date.fromisoformat(text)
    return int(text) if kind == "INTEGER" else float(text) if kind == "DOUBLE" else text


def _drawn_rows(name: str) -> list[dict[str, object]]:
    """Every drawn row of one data set, over all scenarios, with the defaults filled in."""
    columns = {column.name: column for column in data_set(name).columns}
    rows: list[dict[str, object]] = []
    for scenario in scenarios():
        drawn = [dict(row) for row in scenario.records.get(name, [])]
        if name == "tumours":
            people = {row["person"] for row in scenario.expected}
            known = {row["person"] for row in drawn}
            drawn += [{"person": letter} for letter in sorted(people - known)]
        for count, given in enumerate(drawn):
            letter = given.pop("person")
            text: dict[str, str] = (DEFAULT_TUMOUR | given) if name == "tumours" else given
            row: dict[str, object] = {"person_id": scenario.person_id(letter)}
            for column_name, cell in text.items():
                column = columns[column_name]
                kind = value_types()[column.type].duckdb
                row[column_name] = (
                    [_value(part.strip(), kind) for part in cell.split(";")]
                    if column.width
                    else _value(cell, kind)
                )
            for key in ("tumour_id", "record_id", "episode_id", "attendance_id", "prescription_id"):
                if key in columns and not row.get(key):
                    row[key] = f"{scenario.number:03d}-{letter}-{count:02d}"
            rows.append(row)
    return rows


def _load(engine: Engine) -> None:
    """Create every canonical data set with the drawn rows in it."""
    for name in data_sets():
        columns = data_set(name).columns
        kinds = {c.name: value_types()[c.type].duckdb + ("[]" if c.width else "") for c in columns}
        run(
            engine.connection,
            f"CREATE TABLE {quoted(name)} ({', '.join(f'{quoted(c)} {k}' for c, k in kinds.items())})",
        )
        if rows := _drawn_rows(name):
            marks = ", ".join(f"CAST(? AS {kind})" for kind in kinds.values())
            engine.connection.executemany(
                f"INSERT INTO {quoted(name)} VALUES ({marks})", [[row.get(c) for c in kinds] for row in rows]
            )


@cache
def outcomes() -> dict[str, dict[str, object]]:
    """Person identifier to everything the pipeline concludes about the person."""
    values = {name: p.value for name, p in parameters().items()} | {
        "snapshot_date": SNAPSHOT,
        "period_end": PERIOD_END,
        "first_reported_day": FIRST_DAY,
    }
    computable = [i for i in registry().indicators.values() if i.denominator.where != "FALSE"]
    with open_connection(EngineSettings.from_environment(Path())) as connection:
        engine = Engine(connection)
        _load(engine)
        engine.attach({"providers": provider_table(SNAPSHOT)})
        for folder, name in [("cohort", step) for step in STEPS] + [
            ("indicators", table) for table in FACTS.values()
        ]:
            sql = (PACKAGE / folder / f"{name}.sql").read_text(encoding="utf-8")
            run(connection, f"CREATE TABLE {quoted(name)} AS {engine.prepare(sql, values)}")
        found: dict[str, dict[str, object]] = {}
        assessed = engine.fetch(
            "SELECT person_id, COALESCE(exclusion, 'in the cohort') AS cohort, trust_code AS trust FROM cohort_assessment"
        )
        _add(found, assessed)
        _add(found, engine.fetch("SELECT * EXCLUDE (mbc_year) FROM case_mix"))
        members = (
            "SELECT person_id, alliance_code AS alliance, mbc_date, other_tumour_within_548_days FROM people"
        )
        _add(found, engine.fetch(members))
        _add(
            found,
            engine.fetch(_listed("source", "evidence", "SELECT person_id, source FROM evidence_ledger")),
        )
        _add(
            found,
            engine.fetch("SELECT person_id, recurrence_date, certainty, reported FROM recurrences"),
        )
        _add(
            found,
            engine.fetch(
                _listed(
                    "source",
                    "recurrence_evidence",
                    "SELECT DISTINCT person_id, source FROM recurrence_findings",
                )
            ),
        )
        groups = engine.prepare(person_subgroups_sql(registry().subgroups.values()), values)
        _add(found, engine.fetch(_listed("subgroup", "subgroups", groups)))
        counted = person_indicators_sql(computable)
        for row in engine.fetch(engine.prepare(counted, values)).itertuples():
            found[str(row.person_id)][str(row.indicator)] = row.value
        recurred = engine.fetch("SELECT person_id, recurrence_date, certainty FROM recurrences")
        for row in followed(engine.fetch(EARLY), recurred, SNAPSHOT).to_dict("records"):
            found[str(row["person_id"])]["R1"] = _course_of(row)
    return found


def _course_of(person: dict[Hashable, Any]) -> str:
    """How the follow-up for recurrence ends, in words."""
    if person["recurrence"] <= person["end"]:
        return f"recurs after {person['recurrence']:.0f} days"
    return f"dies after {person['end']:.0f} days" if person["died"] else "followed to the end"


def _listed(column: str, name: str, rows: str) -> str:
    return f"SELECT person_id, STRING_AGG({column}, ', ' ORDER BY {column}) AS {name} FROM ({rows}) GROUP BY person_id"


def _add(found: dict[str, dict[str, object]], table: pd.DataFrame) -> None:
    for row in table.to_dict("records"):
        person = found.setdefault(str(row.pop("person_id")), {})
        person.update({str(k): v for k, v in row.items()})


def concluded(scenario: Scenario, letter: str, column: str) -> str:
    """What the pipeline concluded, in the words scenarios use."""
    person = outcomes().get(scenario.person_id(letter), {})
    value = person.get(column)
    if column in registry().indicators:
        if value is None or isinstance(value, str):
            return value or "not counted"
        if registry().indicators[column].measure == "days":
            return f"{value:.0f} days"
        return "yes" if value == 1 else "no"
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp | dt.date):
        return f"day {(pd.Timestamp(value).date() - DAY_0).days}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def rendered() -> str:
    """All scenarios as one Markdown page."""
    lines = [
        "# Scenarios",
        "",
        "Each rule of the audit with people drawn for it: what was recorded, and what follows. Days count from the",
        "diagnosis, day 0. Unless a scenario says otherwise, everybody has one invasive breast tumour of stage 4 at age",
        "60, diagnosed in an NHS trust. `not counted` means outside the denominator. This page is made from",
        "`tests/scenarios/drawn/`, and a test runs every line of it.",
    ]
    chapter = ""
    for scenario in scenarios():
        if scenario.chapter != chapter:
            chapter = scenario.chapter
            lines += ["", f"## {chapter}"]
        lines += ["", f"### {scenario.title}", "", f"Rule: {scenario.rule} (`{scenario.node}`)"]
        for name, rows in scenario.records.items():
            lines += ["", f"Recorded in {data_set(name).title}:", "", *_markdown(rows)]
        lines += ["", "Therefore:", "", *_markdown(scenario.expected)]
    return "\n".join(lines) + "\n"


def _markdown(rows: list[dict[str, str]]) -> list[str]:
    header = list(rows[0])
    return [
        f"| {' | '.join(header)} |",
        f"|{'|'.join(' --- ' for _ in header)}|",
        *(f"| {' | '.join(row[name] for name in header)} |" for row in rows),
    ]
