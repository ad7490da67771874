"""Which published values of the other tables changed since the release before."""

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.disclosure.table_revisions import TABLES, table_revisions_sql
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.releases import TABLE as INDICATORS
from naome_pipeline.releases import compared_tables


def _make(context: BuildContext) -> None:
    previous, lake = context.previous, context.lake
    if previous is None:
        context.engine.write(table_revisions_sql({}, None, same_period=False), context.table_path)
        return
    before = {name: lake.released(previous, name) for name in _released_before(previous, lake)}
    indicators = context.inputs[INDICATORS].path, before[INDICATORS].path
    sql = table_revisions_sql(
        compared_tables(context.inputs, before),
        indicators,
        same_period=previous.period == context.delivered.scope.period,
    )
    context.engine.write(sql, context.table_path)


def _released_before(previous: Scope, lake: Lake) -> list[str]:
    """An earlier version of the pipeline may have released fewer tables."""
    return sorted({INDICATORS, *TABLES} & set(lake.release(previous)["tables"]))


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    if previous is None:
        return {"previous": None}
    before = {name: lake.released(previous, name).fingerprint for name in _released_before(previous, lake)}
    return {"previous": before, "same_period": previous.period == delivered.scope.period}


node = Node(
    layer="release",
    name="table_revisions",
    description="Every published value of the other tables that differs from the release before, with both values: "
    "comparisons, run charts, survival, models, definitions, attrition and the rest.",
    make=_make,
    inputs=(INDICATORS, *TABLES),
    uses_delivery=_uses,
)
