"""Open data: the released numbers as tidy CSV with a data dictionary."""

from assets.reports.output import report_node
from naome_pipeline.reports.open_data import write_open_data

node = report_node("open_data", "The released numbers as tidy CSV with a data dictionary.", write_open_data)
