"""Rapid registration against full registration as published."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.disclosure.registry_agreement import attacked, released_agreement


def _make(context: BuildContext) -> None:
    fetch, policy = context.engine.fetch, policy_in_force()
    agreement = fetch("SELECT * FROM registry_agreement ORDER BY ALL")
    released = released_agreement(
        agreement,
        fetch("SELECT * FROM released_indicators"),
        fetch("SELECT * FROM providers ORDER BY ALL"),
        policy,
    )
    context.measures.update(attacked(agreement, released, policy))
    context.write_frame(released)


node = Node(
    layer="release",
    name="released_registry_agreement",
    description="Rapid registration against full registration: who is found and whether both say the same, by nation and, "
    "where small numbers allow it, by trust.",
    make=_make,
    inputs=("registry_agreement", "released_indicators", "providers"),
    uses_delivery=lambda delivered, previous, lake: {"policy": policy_in_force().model_dump()},
)
