"""The outlier pack: states beyond the limits, letters, dates, register of responses."""

from assets.reports.output import report_node
from naome_pipeline.reports.outliers import write_outlier_pack

node = report_node(
    "outlier_pack",
    "Trusts whose released results lie beyond the limits, with direction; letters per stage, stage dates from the timetable, "
    "and a register of responses.",
    write_outlier_pack,
    cadence="year",
)
