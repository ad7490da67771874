"""The few factories that turn a node of the audit into a Dagster asset.

What belongs here: asset keys, metadata, check results, failures. What does not: what a node computes.
"""

# No postponed annotations here: Dagster reads the type of `context` when the asset is defined.
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from assets.automation import freshness_of, is_published
from assets.partitions import partitions_of
from assets.resources import PipelineResource
from naome_pipeline.build import Built, Node, build
from naome_pipeline.deliveries.layouts import data_sets
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.gates import CRITICAL, EXPECTATIONS_FOLDER, GateFailed, GateResult
from naome_pipeline.indicators.listing import LISTED_LAYOUTS
from naome_pipeline.lake import PUBLICATION
from naome_pipeline.lineage import column_lineage
from naome_pipeline.logs import log
from naome_pipeline.periods import parse_period
from naome_pipeline.troubles import described

OWNERS = ["team:national-audit"]
LAYERS = {
    "sources": "1_sources",
    "cohort": "2_cohort",
    "indicators": "3_indicators",
    "outcomes": "4_outcomes",
    "release": "5_release",
    "confidential": "6_confidential",
    "reports": "6_reports",
}


def asset_key(feed: str, table: str) -> dg.AssetKey:
    """A table of a feed is the asset `<feed>/<table>`."""
    return dg.AssetKey([feed, table])


def asset_of(node: Node, feed: str) -> dg.AssetsDefinition:
    """The asset of a node in one feed: builds, audits and publishes its table for the run's partition."""
    suite = node.suite
    parts = [part for part in feed_definition(feed).parts if part in LISTED_LAYOUTS]
    of_parts = [asset_key(part, name) for part in parts for name in node.of_parts]
    rationale = str(suite.content["meta"].get("rationale", ""))

    @dg.asset(
        key=asset_key(feed, node.name),
        deps=[*(asset_key(feed, name) for name in node.inputs), *of_parts],
        group_name=LAYERS[node.layer],
        description=f"{node.description}\n\nGate: {rationale}",
        owners=OWNERS,
        kinds={"duckdb", "sql" if node.sql else "python"},
        code_version=node.code_version,
        op_tags={"dagster/priority": str(node.priority)} if node.priority else None,
        partitions_def=partitions_of(feed),
        freshness_policy=freshness_of(feed) if node.name == PUBLICATION and is_published(feed) else None,
        metadata={
            "gate": dg.MetadataValue.path(str(EXPECTATIONS_FOLDER / node.layer / f"{node.name}.json")),
            "parameters": dg.MetadataValue.text(", ".join(node.parameter_names) or "none"),
            "code lists": dg.MetadataValue.text(", ".join(node.code_lists) or "none"),
        },
        check_specs=[
            dg.AssetCheckSpec(
                name=expectation["meta"]["name"],
                asset=asset_key(feed, node.name),
                description=expectation["meta"]["why"],
                blocking=expectation.get("severity", CRITICAL) == CRITICAL,
            )
            for expectation in suite.expectations
        ],
    )
    def materialise(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> Iterator[Any]:
        began, home = time.monotonic(), pipeline.locate()
        run_id = context.run.run_id
        period = parse_period(feed, context.partition_key).code
        where = {"run": run_id, "feed": feed, "period": period, "node": node.name}
        try:
            delivered = pipeline.delivered(feed, context.partition_key, run_id)
            with pipeline.engine() as engine:
                built = build(node, delivered, pipeline.lake(), engine)
        except GateFailed as failure:
            log(home, "node failed", **where, seconds=_since(began), message=str(failure))
            yield from _checks(context, asset_key(feed, node.name), failure.results)
            raise dg.Failure(description=_advice(failure, feed, period), allow_retries=False) from None
        except Exception as problem:  # noqa: BLE001 - every other error, whoever raised it
            # The text of a library may hold a value of a record, and a traceback would be kept for years.
            log(home, "node failed", **where, seconds=_since(began), message=described(problem))
            raise dg.Failure(description=described(problem), allow_retries=False) from None
        log(
            home,
            "node unchanged" if built.reused else "node done",
            **where,
            seconds=_since(began),
            rows=int(built.table.record["rows"]),
            warnings=sum(not result.passed for result in built.results),
            **built.notes,
        )
        yield dg.MaterializeResult(
            metadata=_metadata(node, feed, period, built),
            data_version=dg.DataVersion(built.table.record["sha256"]),
        )
        yield from _checks(context, asset_key(feed, node.name), built.results)

    return materialise


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


def _advice(failure: GateFailed, feed: str, period: str) -> str:
    return (
        f"{failure}. Nothing was published; earlier releases stay as they are. What to do: ask the sender of "
        f"the delivery about these figures, receive a corrected delivery, then run: naome refresh --feed {feed} "
        f"--period {period}. Which tables can be read until then, naome tables says"
    )


def _checks(
    context: dg.AssetExecutionContext, key: dg.AssetKey, results: list[GateResult]
) -> Iterator[dg.Output[None] | dg.AssetCheckEvaluation]:
    """What Dagster makes of each `AssetCheckResult`; it would look up the materialisation again for every one (2 ms)."""
    last = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(key, asset_partitions=[context.partition_key]), limit=1
    ).records
    target = (
        AssetCheckEvaluationTargetMaterializationData(
            storage_id=last[0].storage_id, run_id=last[0].run_id, timestamp=last[0].timestamp
        )
        if last
        else None
    )
    for result in results:
        yield dg.Output(
            None, context.assets_def.get_output_name_for_asset_check_key(dg.AssetCheckKey(key, result.name))
        )
        numbers = {"observed": result.observed, "minimum": result.minimum, "maximum": result.maximum}
        critical = result.severity == CRITICAL
        yield dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=result.name,
            passed=result.passed,
            metadata={"metric": result.metric} | {k: float(v) for k, v in numbers.items() if v is not None},
            target_materialization_data=target,
            severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
            description=result.sentence,
            blocking=critical,
            # A check that was planned for a partition is found by it.
            partition=context.partition_key if context.run.partitions_subset else None,
        )


def _metadata(node: Node, feed: str, period: str, built: Built) -> dict[str, Any]:
    record = built.table.record
    meanings = {}
    if node.name in data_sets():
        meanings = {column.name: column.meaning for column in data_sets()[node.name].columns}
    metadata: dict[str, Any] = {
        "dagster/row_count": record["rows"],
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(name, data_type, description=meanings.get(name))
                for name, data_type in record["columns"]
            ]
        ),
        "sha256": record["sha256"],
        "fingerprint": record["fingerprint"],
        "what happened": "unchanged, published again" if built.reused else "built and published",
        "read it": f"naome show {node.name} --feed {feed} --period {period}",
    }
    metadata |= {name: value for name, value in record["measures"].items() if value is not None}
    metadata |= built.notes
    if node.sql and built.input_columns:
        deps = _lineage_of(node.sql, tuple((t, tuple(c)) for t, c in sorted(built.input_columns.items())))
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(asset_key(feed, table), name) for table, name in sources]
                for column, sources in deps.items()
                if sources
            }
        )
    return metadata


@cache
def _lineage_of(
    sql: str, schema: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, list[tuple[str, str]]]:
    return column_lineage(sql, {table: list(columns) for table, columns in schema})
