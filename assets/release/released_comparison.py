"""Funnel positions of trusts as published: computed from released counts."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.disclosure.outcomes import released_comparison, trusts_missing
from naome_pipeline.disclosure.policy import policy_in_force


def _make(context: BuildContext) -> None:
    fetch, policy = context.engine.fetch, policy_in_force()
    comparison = fetch("SELECT * FROM provider_comparison")
    released = released_comparison(
        fetch("SELECT * FROM released_indicators"),
        comparison,
        fetch("SELECT indicator, direction FROM indicator_definitions"),
        fetch("SELECT trust_code, trust_name, alliance_code FROM providers ORDER BY ALL"),
        policy,
    )
    context.measures["trusts_missing"] = float(trusts_missing(released, comparison, policy))
    context.write_frame(released)


node = Node(
    layer="release",
    name="released_comparison",
    description="Funnel positions and states of trusts over the audit period, unadjusted, risk adjusted and by treating "
    "trust, computed from counts that may be shown.",
    make=_make,
    inputs=("released_indicators", "provider_comparison", "indicator_definitions", "providers"),
    uses_delivery=lambda delivered, previous, lake: {"policy": policy_in_force().model_dump()},
)
