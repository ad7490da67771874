"""Which quarters of which trusts look as if no drugs, or no radiotherapy, had been submitted."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.submissions import submissions


def _make(context: BuildContext) -> None:
    people = context.engine.fetch(
        "SELECT DISTINCT person_id, nation, trust_code, quarter_start, in_sact, in_rtds FROM assessed_people ORDER BY ALL"
    )
    context.write_frame(submissions(people))


node = Node(
    layer="outcomes",
    name="submissions",
    description="Per trust and quarter of diagnosis of the audit period: people, those with a record of drugs or radiotherapy, "
    "and whether a quarter without any looks unsubmitted. A trust with too many such quarters is not assessed by its treatments.",
    make=_make,
    inputs=("assessed_people",),
)
