"""How many people an indicator may have to count and cannot, because what decides is not known."""

from naome_pipeline.build import Node
from naome_pipeline.indicators.not_known import not_known_sql
from naome_pipeline.indicators.registry import registry

node = Node(
    layer="indicators",
    name="not_known",
    description="Per indicator and nation, the people of the audit period who are outside the denominator because a receptor "
    "status or a site of metastases is not known; generated from the registry.",
    make=lambda context: context.write_sql(not_known_sql(registry().indicators.values())),
    inputs=("person_facts", "counted_people", "indicator_periods", "indicator_definitions"),
)
