"""The quarterly dashboard: one self-contained HTML file per release."""

from assets.reports.output import report_node
from naome_pipeline.reports.dashboard import write_dashboard

node = report_node(
    "dashboard",
    "The dashboard of a release in one file that opens from disk: trusts beside a peer, Alliance and nation, run charts, "
    "funnels, data quality, subgroups, what changed, definitions and provenance.",
    write_dashboard,
)
