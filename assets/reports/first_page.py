"""The first page: one self-contained HTML file per release."""

from assets.reports.output import report_node
from naome_pipeline.reports.first_page import write_first_page

node = report_node(
    "first_page",
    "One self-contained page per release: national and provider values, completeness, attrition, provenance.",
    write_first_page,
)
