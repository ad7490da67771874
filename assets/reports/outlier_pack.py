"""The outlier pack: states beyond the limits that a release shows, and the dates of the outlier process."""

from assets.reports.output import report_node
from naome_pipeline.reports.outliers import write_outlier_pack

node = report_node(
    "outlier_pack",
    "Trusts whose released results lie beyond the limits, with direction, how many results are hidden, and stage dates from the "
    "timetable.",
    write_outlier_pack,
    cadence="year",
)
