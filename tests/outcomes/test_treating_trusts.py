"""By whom the last chemotherapy cycle was given: the hospital that gave it, of cycles before the death."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

import naome_pipeline
from naome_pipeline.deliveries.layouts import data_set, value_types
from naome_pipeline.engine import Engine, EngineSettings, open_connection, run
from naome_pipeline.parameters import parameters

PACKAGE = Path(naome_pipeline.__file__).parent
DAY_0 = dt.date(2024, 1, 1)


def day(n: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=n)


@pytest.fixture(scope="module")
def treating() -> dict[str, str]:
    sact = pd.DataFrame(
        [
            ("given elsewhere", day(10), "RAJ", "RM3"),
            ("giver not told", day(10), "RAJ", None),
            ("moved", day(10), "RAJ", "RAJ"),
            ("moved", day(31), "RAJ", "RM3"),
            ("planned after death", day(10), "RAJ", "RAJ"),
            ("planned after death", day(52), "RM3", "RM3"),
        ],
        columns=["person_id", "administration_date", "provider_code", "drug_provider_code"],
    ).assign(drug_name="DOCETAXEL")
    sact["cycle_start_date"] = sact["administration_date"]
    people = pd.DataFrame({"person_id": sact["person_id"].unique(), "mbc_date": DAY_0, "death_date": None})
    people.loc[people["person_id"] == "planned after death", "death_date"] = day(40)
    people["death_date"] = pd.to_datetime(people["death_date"])
    values = {name: p.value for name, p in parameters().items()}
    with open_connection(EngineSettings.from_environment(Path())) as connection:
        engine = Engine(connection)
        providers = pd.DataFrame({"provider_code": ["RAJ", "RM3"], "trust_code": ["RAJ", "RM3"]})
        engine.attach({"drawn": sact, "people": people, "providers": providers})
        for name in ("tumours", "sact", "pcpd", "rtds", "registry_treatments", "hes_apc", "hes_op"):
            columns = ", ".join(
                f"CAST(NULL AS {value_types()[c.type].duckdb}{'[]' if c.width else ''}) AS {c.name}"
                for c in data_set(name).columns
            )
            run(connection, f"CREATE TABLE {name} AS SELECT {columns} WHERE FALSE")
        run(connection, "INSERT INTO sact BY NAME SELECT * FROM drawn")
        for folder, name in (("cohort", "treatments"), ("outcomes", "treating_trusts")):
            sql = (PACKAGE / folder / f"{name}.sql").read_text(encoding="utf-8")
            run(connection, f"CREATE TABLE {name} AS {engine.prepare(sql, values)}")
        found = engine.fetch("SELECT person_id, treating_trust_code FROM treating_trusts")
    return dict(zip(found["person_id"], found["treating_trust_code"], strict=True))


@pytest.mark.parametrize(
    ("person", "trust"),
    [
        ("given elsewhere", "RM3"),
        ("giver not told", "RAJ"),
        ("moved", "RM3"),
        ("planned after death", "RAJ"),
    ],
)
def test_the_trust_that_gave_the_last_cycle(treating, person, trust):
    assert treating[person] == trust
