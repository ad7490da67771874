"""The State of the Nation report of a yearly release, as PDF/UA and as HTML."""

from assets.reports.output import report_node
from naome_pipeline.reports.state_of_the_nation.report import write_state_of_the_nation

node = report_node(
    "state_of_the_nation",
    "The State of the Nation report: key messages, recommendations, nations, Alliances, survival and data quality, as an "
    "accessible PDF and as HTML.",
    write_state_of_the_nation,
    cadence="year",
)
