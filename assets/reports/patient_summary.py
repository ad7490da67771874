"""The summary for patients: a page, a PDF and large print."""

from assets.reports.output import report_node
from naome_pipeline.reports.patient_summary import write_patient_summary

node = report_node(
    "patient_summary",
    "The summary for patients in plain language, its reading age measured: a page, a PDF that meets PDF/UA, and large print.",
    write_patient_summary,
    cadence="year",
)
