"""The indicators of the audit's plan, as its specification's tables of section 4 have them: identifier and title.

A copy held by the tests, so that a registry that lost or renamed an indicator fails without the specification at hand.
"""

from __future__ import annotations

PERFORMANCE = """
| P1 | discussed in an MDT |
| P2 | recurrent: metastatic lesion biopsied |
| P3 | ER positive: CDK4/6 inhibitor first line |
| P4 | HER2 positive: anti-HER2 first line |
| P5 | received chemotherapy |
| P6 | bone metastases: bisphosphonate or denosumab |
| P7 | received radiotherapy |
| P8 | CNS contact recorded "Yes" |
| P9 | death within 30 days of a chemotherapy cycle |
| P10 | survived at least 1, 3, 5 years |
"""
DATA_QUALITY = """
| D1 | M1, or distant recurrence, recorded |
| D2 | site of metastases at first metastatic diagnosis recorded |
| D3 | ER, PR and HER2 recorded |
| D4 | fitness assessment recorded |
| D5 | MDT date recorded |
| D6 | information on CNS contact recorded |
| D7 | stage recorded (quarterly) |
| D8 | WHO performance status recorded (quarterly) |
"""
CONTEXTUAL = """
| C1 | discussed at a breast MDT |
| C2 | at another MDT (lung, CUP, …) |
| C3 | ER and HER2 of the primary determined through a biopsy |
| C4 | ER+: endocrine-based first line |
| C5 | HER2+: single anti-HER2 first line |
| C6 | HER2+: dual anti-HER2 first line |
| C7 | triple negative, PD-L1+: checkpoint inhibitor first line |
| C8 | bone metastases: radiotherapy to that site |
| C9 | brain metastases: radiotherapy to that site |
| C10 | spinal cord compression: radiotherapy or surgery within 24 h (same or next day: the data carry dates) |
| C11 | metastatic breast CNS contact recorded |
"""
EXTENSIONS = """
| T1 | days from MBC diagnosis to first treatment |
| T2 | still on treatment 12 months after start |
| R1 | rates of distant recurrence after early breast cancer by years since diagnosis |
"""
KINDS = {"performance": PERFORMANCE, "data quality": DATA_QUALITY, "contextual": CONTEXTUAL}
# What each title of the plan must be about: words of the registry's title, in any order.
WORDS = {
    "P1": "multidisciplinary", "P2": "recurrent biopsy metastasis", "P3": "er positive cdk4/6 first-line",
    "P4": "her2 positive anti-her2 first-line", "P5": "chemotherapy", "P6": "bone metastases bisphosphonate denosumab",
    "P7": "radiotherapy", "P8": "nurse specialist recorded", "P9": "died 30 days chemotherapy cycle", "P10": "survived year",
    "D1": "metastatic distant recurrence recorded", "D2": "site metastases recorded", "D3": "er pr her2 recorded",
    "D4": "fitness assessment recorded", "D5": "date multidisciplinary recorded", "D6": "nurse specialist recorded",
    "D7": "stage recorded", "D8": "performance status recorded", "C1": "breast multidisciplinary",
    "C2": "another multidisciplinary",
    "C3": "er her2 primary biopsy", "C4": "er positive endocrine first-line", "C5": "her2 positive single anti-her2 first-line",
    "C6": "her2 positive dual anti-her2 first-line", "C7": "triple negative pd-l1 positive checkpoint inhibitor first-line",
    "C8": "bone metastases radiotherapy", "C9": "brain metastases radiotherapy",
    "C10": "spinal cord compression radiotherapy surgery same next day", "C11": "metastatic breast nurse specialist recorded",
    "T1": "days first treatment", "T2": "still treatment 12 months", "R1": "rate distant recurrence years since diagnosis",
}  # fmt: skip


def entries(table: str) -> dict[str, str]:
    """Identifier to title of every row of a table."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()
    ]
    return {row[0]: row[1] for row in rows}
