"""The data viewer: released numbers as an accessible workbook."""

from assets.reports.output import report_node
from naome_pipeline.reports.data_workbook import write_data_workbook

node = report_node(
    "data_workbook",
    "The released numbers as an accessible workbook: cover, contents, notes, one table per sheet, hidden cells in words.",
    write_data_workbook,
    cadence="year",
)
