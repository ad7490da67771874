"""The gate of a united table keeps every rule about its own rows, however it is written."""

from __future__ import annotations

import dataclasses

import pytest

from assets.feeds import nodes
from naome_pipeline.gates import load_suite, united_suite

OWN = [
    "EXTRACT(YEAR FROM mbc_date) < 2000",
    "sex IS DISTINCT FROM 'x'",
    "TRIM(BOTH ' ' FROM sex) = ''",
    "'FROM' = sex",
]
OTHERS = [
    "(SELECT COUNT(*) FROM people) < 1",
    "person_id IN (\n  SELECT p.person_id\nFROM people AS p)",
    "EXISTS (FROM people)",
]


@pytest.mark.parametrize(("text", "kept"), [*((t, True) for t in OWN), *((t, False) for t in OTHERS)])
@pytest.mark.parametrize("part", ["rules", "measures"])
def test_only_what_asks_other_tables_is_left_out(text, kept, part):
    own = load_suite("cohort", "people")
    metric = f"{part.removesuffix('s')}.planted"
    content = {
        **own.content,
        "meta": {**own.content["meta"], "profile": {**own.profile, part: {"planted": text}}},
        "expectations": [
            {
                "type": "x",
                "kwargs": {"column": metric, "max_value": 0},
                "meta": {"name": "planted", "why": "planted"},
            }
        ],
    }
    united = united_suite(dataclasses.replace(own, content=content))
    assert ("planted" in united.profile[part]) is kept
    assert (metric in {e["kwargs"]["column"] for e in united.expectations}) is kept


def test_every_rule_the_united_gates_leave_out_selects_from_a_table():
    for node in (node for node in nodes("annual") if node.united):
        own = load_suite(node.layer, node.name).profile
        for part in ("rules", "measures"):
            for name in set(own.get(part, {})) - set(node.suite.profile[part]):
                assert "(SELECT " in own[part][name], (node.name, name)
