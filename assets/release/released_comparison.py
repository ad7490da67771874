"""Funnel positions of trusts as published: computed from released counts."""

from naome_pipeline.build import BuildContext, Node, code_of
from naome_pipeline.disclosure.outcomes import released_comparison
from naome_pipeline.disclosure.policy import policy_in_force


def _make(context: BuildContext) -> None:
    fetch = context.engine.fetch
    context.write_frame(
        released_comparison(
            fetch("SELECT * FROM released_indicators"),
            fetch("SELECT * FROM provider_comparison"),
            fetch("SELECT indicator, direction FROM indicator_definitions"),
            policy_in_force(),
        )
    )


node = Node(
    layer="release",
    name="released_comparison",
    description="Funnel positions and states of trusts over the audit period, unadjusted, risk adjusted and by treating "
    "trust, computed from counts that may be shown.",
    make=_make,
    code=code_of("disclosure", "outcomes/comparison.py", "statistics"),
    inputs=("released_indicators", "provider_comparison", "indicator_definitions"),
    parameter_names=("funnel_minimum_people", "funnel_minimum_expected"),
    uses_delivery=lambda delivered, previous, lake: {"policy": policy_in_force().model_dump()},
)
