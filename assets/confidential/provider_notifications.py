"""Letters to trusts whose results lie beyond the limits, shown or hidden, and the register of their responses."""

from assets.confidential.output import confidential_node
from naome_pipeline.confidential.notifications import write_notifications

node = confidential_node(
    "provider_notifications",
    "Letters per stage to trusts whose results lie beyond the limits, also where the release hides them, and the register of "
    "responses. For each trust alone and for the audit team; never in the reports folder.",
    write_notifications,
    cadence="year",
)
