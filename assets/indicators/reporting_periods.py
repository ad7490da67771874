"""Which quarters of diagnosis make up which reporting period."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.indicators.definitions import audit_followed_to
from naome_pipeline.indicators.reporting_periods import reporting_periods
from naome_pipeline.periods import parse_period


def _make(context: BuildContext) -> None:
    delivered = context.delivered
    period = parse_period(delivered.scope.feed, delivered.scope.period)
    context.write_frame(reporting_periods(period, *audit_followed_to(delivered.followed_to)))


node = Node(
    layer="indicators",
    name="reporting_periods",
    description="Quarters, rolling four quarters and the audit periods, as quarters of diagnosis.",
    make=_make,
    uses_delivery=lambda delivered, previous, lake: {
        "period": delivered.scope.period,
        "followed_to": [day.isoformat() for day in audit_followed_to(delivered.followed_to)],
    },
)
