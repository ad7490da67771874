"""The methodology supplement of a yearly release, as PDF/UA and as HTML."""

from assets.reports.output import report_node
from naome_pipeline.reports.methodology.supplement import write_methodology

node = report_node(
    "methodology_supplement",
    "Definitions, parameters with their basis, code lists, models with diagnostics and disclosure control of the release.",
    write_methodology,
    cadence="year",
)
