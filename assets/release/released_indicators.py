"""Counts as they may be shown: disclosure control, then an attack on its own result, which the gate judges."""

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.disclosure.release import CountedTables, control_of, gate_figures, know, released_frame
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
    control = control_of(tables, registry(), policy_in_force())
    know(control, shown_before(_published_before(context.lake, scope)))
    unprotected = control.decide()
    released = released_frame(tables, control)
    context.measures.update(gate_figures(released, tables.indicator_counts, control, len(unprotected)))
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
