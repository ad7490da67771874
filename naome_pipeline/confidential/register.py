"""The register of responses: what each trust is asked, and room for what it answers.

What belongs here: the workbook the audit team keeps. What does not: letters (`letters.py`), the public page
(`naome_pipeline/reports/outliers.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS, About
from naome_pipeline.reports.accessible_workbook import Sheet, write_accessible_workbook
from naome_pipeline.reports.outlier_timetable import Timetable
from naome_pipeline.reports.outliers import Flag

REGISTER_FILE = "register_of_responses.xlsx"
_ANSWERS = [
    "Date of answer",
    "Were records wrong?",
    "What explains the result",
    "What will be done, by whom, by when",
    "Result still stands?",
]


def write_register(path: Path, flags: Sequence[Flag], timetable: Timetable, about: About) -> None:
    """Write the register: one row per result beyond the limits, hidden ones too."""
    dates = timetable.dates(about.snapshot)
    due = {
        f"{stage.id.capitalize()} by": dates[stage.id].isoformat()
        for stage in timetable.stages
        if stage.id != "results"
    }
    rows = [
        {
            "Trust code": flag.trust.code,
            "Trust": flag.trust.name,
            "Indicator": flag.indicator,
            "Title": flag.title,
            "Result": flag.result,
            "All trusts": flag.beside,
            "People": flag.people,
            "State": flag.state,
            "Direction": flag.direction,
            "State under the wider limits": flag.wide_state,
            "In the release": "shown" if flag.published else "hidden",
            **due,
            **dict.fromkeys(_ANSWERS, ""),
        }
        for flag in flags
    ]
    columns = [
        "Trust code", "Trust", "Indicator", "Title", "Result", "All trusts", "People", "State", "Direction",
        "State under the wider limits", "In the release", *due, *_ANSWERS,
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=pd.Index(columns))
    write_accessible_workbook(
        path,
        f"{AUDIT_NAME}: register of responses, {about.period}",
        [
            "Confidential: for the audit team. Results that the release hides are in it.",
            "One row for each result beyond the limits. The audit team fills in the last five columns as trusts answer.",
            NOT_NHS,
        ],
        {
            "Register": Sheet(
                "Register of responses $$limits$$",
                "This worksheet contains one table. Blank cells are to be filled in.",
                frame,
                {},
                fill_in=_ANSWERS if rows else (),
            )
        },
        {
            "limits": "Alert: beyond the 95% limits. Potential outlier: beyond the 99.8% limits. A result beyond the limits is a "
            "reason to look, not a judgement."
        },
        about,
    )
