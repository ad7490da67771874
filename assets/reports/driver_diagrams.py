"""A driver diagram per goal of a yearly release, as pictures, PDF/UA and HTML."""

from assets.reports.output import report_node
from naome_pipeline.reports.drivers.diagrams import write_driver_diagrams

node = report_node(
    "driver_diagrams",
    "A driver diagram per goal: what drives it, where its measures stand, what a team can change.",
    write_driver_diagrams,
    cadence="year",
)
