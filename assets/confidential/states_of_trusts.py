"""Every trust's state in every comparison, hidden ones too, for the audit team."""

from assets.confidential.output import confidential_node
from naome_pipeline.confidential.comparisons import write_states

node = confidential_node(
    "states_of_trusts",
    "Every comparison of every trust with its numbers and state as computed, before disclosure control, and whether the "
    "release shows it; deaths against expectation; the quarters that look unsubmitted; the flags that chance alone would "
    "give. For the audit team; never in the reports folder.",
    write_states,
    also=("submissions", "survival_comparison", "alarm_account"),
)
