"""Uniting the nations: a table of a joint feed from the same table of its parts.

What belongs here: which rows of the parts a united table has. What does not: which delivery is a part of which joint one
(`deliveries/joining.py`), or which tables are united (the files under `assets/` that name a `united` node).

A person may be registered in two nations. The audit counts one row per person, so `registered_twice` says in which feed
such a person is kept, and every united table of people leaves out the rows of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.engine import literal
from naome_pipeline.lake import Lake, Scope

REGISTERED_TWICE = "registered_twice"
ROWS_LOST = "rows_lost"


def united_node(node: Node, only: str = "TRUE", inputs: tuple[str, ...] = ()) -> Node:
    """The node of a joint feed that has the rows of this table in all parts, one nation's for people registered in two. `only`: a
    condition on a row `t` that may read the tables named in `inputs`; the other rows are left out on purpose."""

    def make(context: BuildContext) -> None:
        parts = _tables(context.delivered, context.lake, node.name)
        wanted = {
            path: f"NOT EXISTS (SELECT 1 FROM {REGISTERED_TWICE} AS r WHERE r.person_id = t.person_id "
            f"AND r.kept_in <> {literal(feed)}) AND {only}"
            for feed, (path, _, _) in parts.items()
        }
        kept = "\nUNION ALL BY NAME\n".join(
            f"SELECT t.* FROM read_parquet({literal(path)}) AS t WHERE {condition}"
            for path, condition in wanted.items()
        )
        context.write_sql(kept)
        left_out = " + ".join(
            f"(SELECT COUNT(*) FROM read_parquet({literal(path)}) AS t WHERE NOT ({condition}))"
            for path, condition in wanted.items()
        )
        [left_out_rows] = context.engine.fetch(f"SELECT {left_out} AS n")["n"]
        rows = sum(rows for _, _, rows in parts.values())
        written = context.engine.count(context.table_path)
        context.measures[ROWS_LOST] = float(rows - int(left_out_rows) - written)

    return _united(node, make, (REGISTERED_TWICE, *inputs), "" if only == "TRUE" else only)


def summed_node(node: Node, sql: str, inputs: tuple[str, ...] = ()) -> Node:
    """The node of a joint feed that adds up a table of figures. `sql` follows `WITH parts AS (…)`, the rows of all parts, and may
    read the united tables named in `inputs`."""

    def make(context: BuildContext) -> None:
        parts = _tables(context.delivered, context.lake, node.name)
        every = " UNION ALL BY NAME ".join(
            f"SELECT * FROM read_parquet({literal(p)})" for p, _, _ in parts.values()
        )
        context.write_sql(f"WITH parts AS ({every}) {sql}")
        context.measures[ROWS_LOST] = 0.0

    return _united(node, make, inputs, sql)


def registered_twice_node() -> Node:
    """The node that says where people registered in two nations are kept.

    The first metastatic event decides, also one before the reported quarters: disease that one nation knew to have spread
    years ago is not new in the other.
    """
    names = ("cohort_assessment", "recurrences")

    def make(context: BuildContext) -> None:
        tables = {name: _tables(context.delivered, context.lake, name) for name in names}
        rows = " UNION ALL ".join(
            f"SELECT a.person_id, {literal(feed)} AS feed, {place} AS place, a.diagnosis_date, "
            "LEAST(CASE WHEN a.evidence_sources > 0 AND COALESCE(a.exclusion, 'outside_reported_quarters') = "
            "'outside_reported_quarters' THEN a.diagnosis_date END, f.recurrence_date) AS metastatic_date "
            f"FROM read_parquet({literal(tables['cohort_assessment'][feed][0])}) AS a "
            f"LEFT JOIN read_parquet({literal(tables['recurrences'][feed][0])}) AS f ON a.person_id = f.person_id"
            for place, feed in enumerate(tables["recurrences"])
        )
        context.write_sql(
            f"WITH registrations AS ({rows}), ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY person_id ORDER BY "
            "metastatic_date NULLS LAST, diagnosis_date NULLS LAST, place) AS choice, "
            "COUNT(*) OVER (PARTITION BY person_id) AS registrations FROM registrations) "
            "SELECT person_id, feed AS kept_in FROM ranked WHERE registrations > 1 AND choice = 1"
        )

    def uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
        return {name: _fingerprints(delivered, lake, name) for name in names}

    return Node(
        layer="cohort",
        name=REGISTERED_TWICE,
        description="People registered in both nations, each with the feed they are kept in: that of the first metastatic "
        "event, so that nobody counts twice.",
        make=make,
        uses_delivery=uses,
        of_parts=names,
    )


def _united(node: Node, make: Any, inputs: tuple[str, ...], sql: str = "") -> Node:
    def uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
        return {"parts": _fingerprints(delivered, lake, node.name)}

    return Node(
        layer=node.layer,
        name=node.name,
        description=f"{node.description} Of all nations of the audit.",
        make=make,
        code=sql,
        inputs=inputs,
        uses_delivery=uses,
        of_parts=(node.name,),
        united=True,
    )


def _tables(delivered: Delivered, lake: Lake, name: str) -> dict[str, tuple[Any, str, int]]:
    """Feed to file, fingerprint and rows of a table in every part."""
    found = {}
    for part in delivered.parts:
        table = lake.published(part.scope, name)
        found[part.scope.feed] = (table.path, table.fingerprint, int(table.record["rows"]))
    return found


def _fingerprints(delivered: Delivered, lake: Lake, name: str) -> dict[str, str]:
    return {feed: fingerprint for feed, (_, fingerprint, _) in _tables(delivered, lake, name).items()}
