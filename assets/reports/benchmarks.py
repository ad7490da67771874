"""The one-page benchmark of every trust."""

from assets.reports.output import report_node
from naome_pipeline.reports.benchmark import write_benchmarks

node = report_node(
    "benchmarks",
    "One page per trust as PDF/UA: its released values beside its Alliance and nation, and where they lie among the limits.",
    write_benchmarks,
    cadence="year",
)
