"""Which quarters of diagnosis make up which reporting period."""

from naome_pipeline.build import BuildContext, Node, code_of
from naome_pipeline.indicators.reporting_periods import reporting_periods
from naome_pipeline.periods import Quarter


def _make(context: BuildContext) -> None:
    context.write_frame(reporting_periods(Quarter.parse(context.delivered.scope.period)))


node = Node(
    layer="indicators",
    name="reporting_periods",
    description="Quarters, rolling four quarters and the audit period, as quarters of diagnosis.",
    make=_make,
    code=code_of("indicators/reporting_periods.py", "parameters.yaml", "periods.py"),
    uses_delivery=lambda delivered, previous, lake: {"period": delivered.scope.period},
)
