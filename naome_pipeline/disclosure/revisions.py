"""Revisions: which published numbers changed since the release before, and which files did.

What belongs here: comparing two releases as they were shown. What does not: why a file changed; its sender knows.
"""

from __future__ import annotations

from pathlib import Path

from naome_pipeline.engine import literal

KEYS = ("indicator", "period_kind", "period", "level", "unit_code", "subgroup")
SHOWN = ("denominator", "numerator", "proportion", "median_days")


def revisions_sql(current: Path, previous: Path | None, *, same_period: bool) -> str:
    """SQL giving one row per shown cell that differs between two released tables.

    Columns: the keys, change (`changed`, `new`, `withdrawn`), for each shown number its value before and now, policy.
    Between two periods only cells in both are compared: new quarters and dropped ones are no revision. Without
    an earlier release, or with one under another disclosure policy (an internal one shows what this one hides),
    the result is empty.
    """
    before = previous or current
    earlier = f"read_parquet({literal(before)})"
    same_policy = (
        f"(SELECT MAX(policy) FROM {earlier}) = (SELECT MAX(policy) FROM read_parquet({literal(current)}))"
    )
    keys = ", ".join(f"COALESCE(n.{k}, b.{k}) AS {k}" for k in KEYS)
    shown = ", ".join(f"b.{c} AS {c}_before, n.{c} AS {c}_now" for c in SHOWN)
    joined = " AND ".join(f"n.{k} = b.{k}" for k in KEYS)
    differs = " OR ".join(f"n.{c} IS DISTINCT FROM b.{c}" for c in (*SHOWN, "suppressed"))
    both = "" if same_period else " AND n.indicator IS NOT NULL AND b.indicator IS NOT NULL"
    nothing = " AND FALSE" if previous is None else ""
    return (
        f"SELECT {keys}, CASE WHEN b.indicator IS NULL THEN 'new' WHEN n.indicator IS NULL THEN 'withdrawn' "
        f"ELSE 'changed' END AS change, {shown}, "
        f"COALESCE(n.policy, b.policy) AS policy "
        f"FROM read_parquet({literal(current)}) AS n FULL OUTER JOIN {earlier} AS b "
        f"ON {joined} WHERE ({differs}){both}{nothing} AND {same_policy}"
    )
