"""Provider codes and the trusts they belong to at the snapshot date."""

from naome_pipeline.build import Node
from naome_pipeline.cohort.providers import provider_table

node = Node(
    layer="cohort",
    name="providers",
    description="Every known provider code with its trust after mergers, Cancer Alliance and nation.",
    make=lambda context: context.write_frame(provider_table(context.delivered.snapshot_date)),
    uses_delivery=lambda delivered, previous, lake: {"snapshot_date": delivered.snapshot_date},
)
