"""The data file of the national dashboard."""

from assets.reports.output import report_node
from naome_pipeline.reports.national_data import write_national_data

node = report_node(
    "national_data",
    "The released numbers in the sheets and columns of the national dashboard's data file.",
    write_national_data,
)
