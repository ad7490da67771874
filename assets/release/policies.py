"""How a statement becomes a released table under the disclosure policy in force.

What belongs here: giving it the policy's `fewest_people`. What does not: tables that need more than one statement, the
statements themselves (`naome_pipeline/disclosure/`).
"""

from __future__ import annotations

from dataclasses import replace

from naome_pipeline.build import BuildContext, Node, sql_node
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.engine import literal
from naome_pipeline.stored import fingerprint_of

ABOUT_FEW = "rows_about_few_people"
# What is true of an indicator of a row `made` that has a hidden national denominator of the audit period.
AUDIT_HIDDEN = (
    "EXISTS (SELECT 1 FROM released_indicators AS r WHERE r.level IN ('nation', 'both_nations') "
    "AND r.period_kind = 'audit period' AND r.indicator = made.indicator AND r.denominator IS NULL{})"
)
# What is true of a row `made` about people some of whose quarters or years are hidden: who is meant is said by indicators that
# count the same people, since a denominator's words change with its parameters.
SERIES_HIDDEN = (
    "EXISTS (SELECT 1 FROM released_indicators AS r JOIN indicator_definitions AS i ON r.indicator = i.indicator "
    "WHERE r.level IN ('nation', 'both_nations') AND r.unit_code = made.unit_code AND r.subgroup = made.subgroup "
    "AND r.denominator IS NULL AND i.denominator_text IN "
    "(SELECT denominator_text FROM indicator_definitions WHERE indicator IN ({})))"
)
EVERYBODY, TREATED = "'P1', 'P10_1y'", "'T1'"
WHOLE_HIDDEN, PART_HIDDEN = AUDIT_HIDDEN.format(" AND r.subgroup = 'all'"), AUDIT_HIDDEN.format("")


def policy_node(name: str, about_few: str) -> Node:
    """A node made by `<name>.sql`, in which `$fewest_people` is the policy's.

    `about_few`: what is true of a row that says too much about too few people, the row being called `made`, beside the
    tables the statement reads; its gate gets their number, ABOUT_FEW.
    """
    plain = sql_node("release", name, folder="disclosure", given=("fewest_people",))

    def make(context: BuildContext) -> None:
        values = {**context.values, "fewest_people": policy_in_force().fewest_people}
        context.engine.write(context.engine.prepare(str(plain.sql), values), context.table_path)
        said = about_few.replace("$fewest_people", str(values["fewest_people"]))
        counted = (
            f"SELECT COUNT(*) AS rows FROM read_parquet({literal(context.table_path)}) AS made WHERE {said}"
        )
        context.measures[ABOUT_FEW] = float(context.engine.fetch(counted)["rows"].iloc[0])

    return replace(
        plain,
        make=make,
        code=fingerprint_of({"sql": plain.code, "about_few": about_few}),
        uses_delivery=lambda delivered, previous, lake: {"policy": policy_in_force().model_dump()},
    )
