"""Which published numbers changed since the release before."""

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.disclosure.revisions import revisions_sql
from naome_pipeline.lake import Lake, Scope

TABLE = "released_indicators"


def _make(context: BuildContext) -> None:
    previous = context.previous
    before = context.lake.released(previous, TABLE).path if previous else None
    same_period = previous is not None and previous.period == context.delivered.scope.period
    sql = revisions_sql(context.inputs[TABLE].path, before, same_period=same_period)
    context.engine.write(sql, context.table_path)


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    if previous is None:
        return {"previous": None}
    same_period = previous.period == delivered.scope.period
    return {"previous": lake.released(previous, TABLE).fingerprint, "same_period": same_period}


node = Node(
    layer="release",
    name="revisions",
    description="Every published cell that differs from the release before, with both values.",
    make=_make,
    inputs=(TABLE,),
    uses_delivery=_uses,
)
