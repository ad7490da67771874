"""Column lineage, read from the SQL: which input columns each column of a table comes from.

What belongs here: tracing columns with sqlglot. What does not: showing it (`assets/node.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from naome_pipeline.engine import DIALECT, REFERENCE_SCHEMA

Source = tuple[str, str]


def column_lineage(sql: str, schema: Mapping[str, Sequence[str]]) -> dict[str, list[Source]]:
    """Output column → sorted (table, column) pairs of the lake it is computed from.

    `schema` gives the columns of the input tables. Code lists are left out: they are not tables of the lake.
    Statements sqlglot cannot resolve give an empty mapping, never an error: lineage is information, not a gate.
    """
    columns: dict[str, object] = {table: dict.fromkeys(names, "VARCHAR") for table, names in schema.items()}
    try:
        tree = qualify(
            sqlglot.parse_one(sql, dialect=DIALECT),
            schema=columns,
            dialect=DIALECT,
            validate_qualify_columns=False,
            identify=False,
        )
        root = build_scope(tree)
    except SqlglotError:
        return {}
    if root is None:
        return {}
    return {name: sorted(sources) for name, sources in _outputs(root, {}).items()}


def _outputs(scope: Scope, known: dict[int, dict[str, set[Source]]]) -> dict[str, set[Source]]:
    if id(scope) in known:
        return known[id(scope)]
    result: dict[str, set[Source]] = {}
    known[id(scope)] = result
    if isinstance(scope.expression, exp.SetOperation):
        left, right = (_outputs(part, known) for part in scope.set_operation_scopes)
        for (name, sources), other in zip(left.items(), right.values(), strict=False):
            result[name] = sources | other
        return result
    selects: list[exp.Expr] = getattr(scope.expression, "selects", [])
    for projection in selects:
        result[projection.alias_or_name] = set().union(
            *(_origins(column, scope, known) for column in projection.find_all(exp.Column))
        )
    return result


def _origins(column: exp.Column, scope: Scope, known: dict[int, dict[str, set[Source]]]) -> set[Source]:
    source = scope.sources.get(column.table)
    if isinstance(source, Scope):
        if isinstance(source.expression, exp.Unnest):
            return set().union(
                *(_origins(inner, scope, known) for inner in source.expression.find_all(exp.Column))
            )
        return _outputs(source, known).get(column.name, set())
    if isinstance(source, exp.Table):
        return set() if source.db == REFERENCE_SCHEMA else {(source.name, column.name)}
    for unnest in scope.expression.find_all(exp.Unnest):
        if unnest.alias == column.table:
            return set().union(*(_origins(inner, scope, known) for inner in unnest.find_all(exp.Column)))
    return set()
