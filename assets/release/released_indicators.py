"""Counts as they may be shown: disclosure control, then an attack on its own result, which the gate judges."""

from collections.abc import Mapping
from typing import Any

from naome_pipeline.apart import run_apart
from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.disclosure.release import CountedTables, released_and_attacked
from naome_pipeline.indicators.registry import registry
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.ledger import Entry, basis_of, known_to, shown_before

INPUTS = (
    "indicator_counts", "person_facts", "person_indicators", "person_subgroups", "providers", "reporting_periods",
)  # fmt: skip


def _published_before(lake: Lake, scope: Scope) -> list[Entry]:
    inputs = {name: lake.published(scope, name).fingerprint for name in INPUTS}
    return known_to(lake, scope, basis_of(inputs, node.code_version, policy_in_force().id))


def _make(context: BuildContext) -> None:
    engine, scope = context.engine, context.delivered.scope
    tables = CountedTables(
        engine.fetch("SELECT * FROM indicator_counts"),
        engine.fetch("SELECT person_id, nation, alliance_code, trust_code, quarter_start FROM person_facts"),
        engine.fetch("SELECT * FROM person_indicators"),
        engine.fetch("SELECT * FROM person_subgroups"),
        engine.fetch("SELECT * FROM reporting_periods"),
        engine.fetch("SELECT * FROM providers ORDER BY ALL"),
    )
    shown, policy = shown_before(_published_before(context.lake, scope)), policy_in_force()
    if policy.mode == "none":
        released, figures = released_and_attacked(tables, shown, registry(), policy)
    else:
        # Half a minute of Python, and of programmes that return to it all the time: in a thread it would hold up the models.
        released, figures = run_apart(released_and_attacked, tables, shown, registry(), policy)
    context.measures.update(figures)
    context.write_frame(released)


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    known = [entry.sha256 for entry in _published_before(lake, delivered.scope)]
    return {"policy": policy_in_force().model_dump(), "published before": known}


node = Node(
    layer="release",
    name="released_indicators",
    description="Every published indicator value below and at national level, shown, rounded or hidden by the disclosure "
    "policy in force; the gate attacks the result.",
    make=_make,
    inputs=INPUTS,
    uses_delivery=_uses,
    priority=1,
)
