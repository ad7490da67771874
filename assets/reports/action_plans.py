"""The Local Action Plan of every trust."""

from assets.reports.output import report_node
from naome_pipeline.reports.action_plan import write_action_plans

node = report_node(
    "action_plans",
    "One Local Action Plan per trust as a Word document: the recommendations, the trust's position, columns to fill in.",
    write_action_plans,
    cadence="year",
)
