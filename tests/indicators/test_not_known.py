"""People outside a denominator because what decides is not known: drawn people, and what the registry asks of whom."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.indicators.not_known import not_known_sql
from naome_pipeline.indicators.registry import registry

PERIOD, END, QUARTER = "2022 to 2024", dt.date(2024, 12, 31), dt.date(2024, 10, 1)
EARLIER = dt.date(2021, 10, 1)
# person: er, her2, sites known, nation, quarter of diagnosis
PEOPLE = {
    "er_positive": ("positive", None, 1, "England", QUARTER),
    "er_negative": ("negative", "negative", 1, "England", QUARTER),
    "nothing_known": (None, None, 0, "England", QUARTER),
    "her2_negative": (None, "negative", 0, "England", QUARTER),
    "her2_positive": (None, "positive", 2, "England", QUARTER),
    "before_the_period": (None, None, 0, "England", EARLIER),
    "in_wales": (None, None, 0, "Wales", QUARTER),
}
# Who of them is meant, in England.
UNKNOWN = {
    "P3": {"nothing_known", "her2_negative", "her2_positive"},
    "P4": {"nothing_known", "er_positive"},
    # Not the one whose HER2 status rules it out, nor the one whose ER status does.
    "P3_her2_negative": {"nothing_known", "her2_negative", "er_positive"},
    "P6": {"nothing_known", "her2_negative"},
}


def counted(folder: Path, people: dict[str, tuple[Any, ...]], nations: str) -> Any:
    facts = pd.DataFrame(
        [(name, *of) for name, of in people.items()],
        columns=pd.Index(["person_id", "er", "her2", "known_sites", "nation", "quarter_start"]),
    ).assign(quarter_start=lambda f: pd.to_datetime(f["quarter_start"]))
    facts = facts.assign(bone=facts["known_sites"] == 1, subtype=None, pd_l1=None, brain=False)
    facts = facts.astype(dict.fromkeys(("er", "her2", "subtype", "pd_l1"), "string"))
    definitions = pd.DataFrame({"indicator": list(UNKNOWN), "nations": nations, "available": True})
    periods = definitions[["indicator"]].assign(
        period_kind="audit period",
        period=PERIOD,
        period_end=pd.Timestamp(END),
        quarter_start=pd.Timestamp(QUARTER),
    )
    entries = [registry().indicators[name] for name in UNKNOWN]
    with open_connection(EngineSettings.from_environment(folder)) as connection:
        engine = Engine(connection)
        engine.attach({
            "person_facts": facts,
            "counted_people": facts[["person_id", "nation", "quarter_start"]],
            "indicator_definitions": definitions,
            "indicator_periods": periods,
        })  # fmt: skip
        return engine.fetch(not_known_sql(entries)).set_index(["indicator", "nation"])


def test_whom_an_indicator_may_have_to_count_and_cannot(tmp_path):
    found = counted(tmp_path, PEOPLE, "England")
    assert set(found.index.get_level_values("nation")) == {"England"}, "a nation has what it supports"
    for name, people in UNKNOWN.items():
        assert found.loc[(name, "England"), "not_known"] == len(people), name
    assert found["period"].unique().tolist() == [PERIOD]
    assert found.loc[("P3", "England"), "who"] == "people whose ER status is not known"


def test_nobody_is_a_number_and_each_nation_has_its_own(tmp_path):
    found = counted(
        tmp_path, {"er_negative": PEOPLE["er_negative"], "in_wales": PEOPLE["in_wales"]}, "England, Wales"
    )
    assert found.loc[("P3", "England"), "not_known"] == 0
    assert found.loc[("P3", "Wales"), "not_known"] == 1


@pytest.mark.parametrize("name", [n for n, i in registry().indicators.items() if i.cohort == "de_novo"])
def test_every_denominator_of_a_known_status_or_site_says_whom_it_lacks(name):
    """Specification, section 4: an unknown receptor status or site puts a person outside the denominators that need it."""
    entry = registry().indicators[name]
    needs_it = any(
        word in entry.denominator.where for word in ("er =", "her2 =", "subtype", "pd_l1", "bone", "brain")
    )
    assert (entry.unknown is not None) == needs_it
    assert needs_it == entry.denominator.text.startswith("people known to")
