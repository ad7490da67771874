"""The newsletter: the release announced in plain text."""

from assets.reports.output import report_node
from naome_pipeline.reports.newsletter import write_newsletter

node = report_node(
    "newsletter",
    "The text of the newsletter: the main numbers, the recommendations, how trusts compare, what changed.",
    write_newsletter,
    cadence="year",
)
